"""AWS accepts no document that names a role that does not exist, and one account's roles spoil no other's grant."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from model_copy import grants, runtime
from model_copy.errors import PolicyRejectedError
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import delete_role, make_role
from tests.unit.policy_samples import (
    OTHER_ACCOUNT,
    OTHER_ROLE,
    POLICY_2,
    POLICY_NAME,
    THEIRS,
    VERSION_2,
    document,
    statement,
)
from tests.unit.world import ROLE, Json, Wire, World

THIRD_ROLE = ROLE.replace("222222222222", "555555555555")


def make_role_anew(arn: str) -> None:
    delete_role(arn)
    make_role(arn)


@pytest.fixture(autouse=True)
def _roles(world: World) -> None:
    """The roles in three destination accounts; AWS is strict about them."""
    settings.roles_must_exist = True
    for role in (ROLE, OTHER_ROLE, THIRD_ROLE):
        make_role(role)


@pytest.fixture
def other_request(copy_request: CopyRequest) -> CopyRequest:
    """The same copy to another account."""
    return replace(copy_request, destination_project=replace(copy_request.destination_project, account=OTHER_ACCOUNT))


def listed(source: Wire, request: CopyRequest) -> dict[str, Json]:
    """Return the documents as AWS lists them: with the unique ids of deleted roles."""
    return {one.name: json.loads(one.document) for one in grants.read_policies(source.client, request)}


@pytest.mark.parametrize("delete", [delete_role, make_role_anew])
def test_a_grant_beside_a_deleted_role_of_the_stack_removes_that_role(
    source: Wire, world: World, copy_request: CopyRequest, delete: Callable[[str], None]
) -> None:
    before = [statement(OTHER_ROLE, THIRD_ROLE), statement(OTHER_ROLE, version=VERSION_2)]
    world.put_policy(POLICY_NAME, document(*before))
    delete(OTHER_ROLE)
    assert OTHER_ROLE not in json.dumps(listed(source, copy_request))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)

    assert listed(source, copy_request) == {POLICY_NAME: document(statement(THIRD_ROLE, ROLE))}


@pytest.mark.parametrize("theirs", [{**statement(OTHER_ROLE), "Sid": "Theirs"}, statement(OTHER_ROLE, OTHER_ACCOUNT)])
def test_beside_a_deleted_role_of_somebody_else_the_grant_goes_to_another_policy_and_theirs_stays(
    source: Wire, world: World, copy_request: CopyRequest, theirs: Json
) -> None:
    world.put_policy(POLICY_NAME, document(theirs, statement(THIRD_ROLE)))
    delete_role(OTHER_ROLE)
    before = listed(source, copy_request)[POLICY_NAME]
    assert "AROA" in json.dumps(before)

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)
    assert listed(source, copy_request) == {POLICY_NAME: before, POLICY_2: document(statement())}

    assert grants.withdraw(source.client, copy_request) == (POLICY_2, True)
    assert listed(source, copy_request) == {POLICY_NAME: before}


def test_in_a_full_project_the_grant_goes_to_the_policy_that_aws_accepts_with_it(
    source: Wire, world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.policies_quota = 2
    world.put_policy(POLICY_NAME, document({**statement(OTHER_ROLE), "Sid": "Theirs"}))
    world.put_policy(POLICY_2, document(statement(THIRD_ROLE)))
    delete_role(OTHER_ROLE)
    monkeypatch.setattr(runtime, "chance", iter([0, 0.999, 0, 0, 0]).__next__)

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)

    assert source.calls.count("PutProjectPolicy") == 3  # the first policy, a new one, and this one


def test_a_policy_that_aws_rejected_is_not_tried_again_after_a_conflict(
    source: Wire, world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put_policy(POLICY_NAME, document({**statement(OTHER_ROLE), "Sid": "Theirs"}))
    delete_role(OTHER_ROLE)
    monkeypatch.setattr(runtime, "chance", lambda: 0)
    source.meanwhile(
        "PutProjectPolicy", lambda: None, lambda: world.put_policy(POLICY_2, document(statement(THIRD_ROLE)))
    )

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)

    assert source.calls.count("PutProjectPolicy") == 3
    assert world.document(POLICY_2) == document(statement(THIRD_ROLE, ROLE))


@pytest.mark.parametrize("quota", [1, 2, 5])
@pytest.mark.parametrize("existing", [{}, {POLICY_NAME: document(statement(OTHER_ROLE))}, {"another": THEIRS}])
def test_a_request_whose_own_role_does_not_exist_is_refused_by_its_name(
    source: Wire, world: World, copy_request: CopyRequest, existing: dict[str, Json], quota: int
) -> None:
    settings.policies_quota = quota
    for name, content in existing.items():
        world.put_policy(name, content)
    delete_role(ROLE)

    with pytest.raises(PolicyRejectedError) as caught:
        grants.ensure(source.client, copy_request)

    assert f" for {ROLE}: Invalid principal: {ROLE}. Create that role if it" in str(caught.value)
    assert listed(source, copy_request) == existing


def test_a_request_without_its_role_spoils_nothing_for_other_accounts_in_the_same_policies(
    source: Wire, world: World, copy_request: CopyRequest, other_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy(POLICY_NAME, document(statement(THIRD_ROLE)))
    delete_role(ROLE)

    with pytest.raises(PolicyRejectedError):
        grants.ensure(source.client, copy_request)

    assert grants.ensure(source.client, other_request) == (POLICY_NAME, True)
    assert listed(source, other_request) == {POLICY_NAME: document(statement(THIRD_ROLE, OTHER_ROLE))}
    assert grants.withdraw(source.client, other_request) == (POLICY_NAME, True)
    assert listed(source, other_request) == {POLICY_NAME: document(statement(THIRD_ROLE))}


def test_beside_a_role_that_is_deleted_between_the_list_and_the_put_the_grant_goes_to_another_policy(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document(statement(OTHER_ROLE)))
    source.meanwhile("PutProjectPolicy", lambda: delete_role(OTHER_ROLE))

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)
    assert grants.withdraw(source.client, copy_request) == (POLICY_2, True)

    assert list(listed(source, copy_request)) == [POLICY_NAME]


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ([], {}),
        ([statement(OTHER_ROLE, version=VERSION_2)], {}),
        (
            [statement(THIRD_ROLE, OTHER_ROLE, version=VERSION_2)],
            {POLICY_NAME: document(statement(THIRD_ROLE, version=VERSION_2))},
        ),
    ],
)
def test_a_withdrawal_beside_a_deleted_role_of_the_stack_removes_both(
    source: Wire, world: World, copy_request: CopyRequest, others: list[Json], left: dict[str, Json]
) -> None:
    world.put_policy(POLICY_NAME, document(statement(OTHER_ROLE, ROLE), *others))
    delete_role(OTHER_ROLE)

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)

    assert listed(source, copy_request) == left


def test_a_withdrawal_that_somebody_s_deleted_role_prevents_is_refused_and_names_the_policy_and_that_role(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document({**statement(OTHER_ROLE), "Sid": "Theirs"}, statement()))
    delete_role(OTHER_ROLE)
    before = listed(source, copy_request)

    with pytest.raises(
        PolicyRejectedError, match=rf"policy {POLICY_NAME} of .* principal: AROA\w+\. .* correct the pr"
    ):
        grants.withdraw(source.client, copy_request)

    assert listed(source, copy_request) == before


def test_the_grant_of_a_role_that_was_deleted_goes_with_the_next_change_of_its_policy(
    source: Wire, world: World, copy_request: CopyRequest, other_request: CopyRequest
) -> None:
    grants.ensure(source.client, copy_request)
    grants.ensure(source.client, other_request)
    delete_role(ROLE)

    assert grants.withdraw(source.client, copy_request) == (None, False)
    assert grants.withdraw(source.client, other_request) == (POLICY_NAME, True)

    assert world.source.policies == {}


def test_a_document_that_aws_does_not_accept_for_another_reason_is_left_alone(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    theirs = document({**statement(OTHER_ROLE, version=VERSION_2), "Sid": "Theirs"})
    world.put_policy(POLICY_NAME, theirs)
    settings.accepts_sid = False

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)
    assert listed(source, copy_request) == {POLICY_NAME: theirs, POLICY_2: document(statement())}


def test_a_grant_that_aws_does_not_accept_anywhere_is_refused_with_its_reason(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document(statement(OTHER_ROLE)))
    source.return_error("PutProjectPolicy", "MalformedPolicyDocumentException", message="Not like this.")

    with pytest.raises(PolicyRejectedError, match=f"{POLICY_NAME}, {POLICY_2} of .* for {ROLE}: Not like this. Create"):
        grants.ensure(source.client, copy_request)

    assert source.calls.count("PutProjectPolicy") == 2
