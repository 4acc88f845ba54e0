"""A withdrawal removes the stack's own grant of this version, and nothing else."""

import pytest

from model_copy import grants, withdrawal
from model_copy.errors import PolicyRejectedError
from model_copy.request import CopyRequest
from tests.unit.policy_samples import OTHER_ACCOUNT, OTHER_ROLE, POLICY_NAME, VERSION_2, document, statement
from tests.unit.world import ROLE, Json, Wire, World

CHANGES = {"PutProjectPolicy", "DeleteProjectPolicy"}


def test_a_policy_without_statements_is_deleted(source: Wire, world: World, copy_request: CopyRequest) -> None:
    grants.ensure(source.client, copy_request)

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)

    assert world.source.policies == {}


@pytest.mark.parametrize(
    "theirs",
    [
        {**statement(), "Sid": "Theirs"},
        statement(OTHER_ACCOUNT),
        statement("arn:aws:iam::222222222222:role/before"),
        statement(ROLE, OTHER_ACCOUNT),
    ],
    ids=["sid", "another", "before", "two"],
)
def test_the_grants_of_other_copies_and_the_statements_of_others_stay(
    source: Wire, world: World, copy_request: CopyRequest, theirs: Json
) -> None:
    left = (statement(OTHER_ROLE), statement(version=VERSION_2))
    world.put_policy(POLICY_NAME, document(theirs, statement(OTHER_ROLE, ROLE), statement(version=VERSION_2)))

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)
    assert world.document(POLICY_NAME) == document(theirs, *left)

    assert grants.withdraw(source.client, copy_request) == (None, False)
    assert world.document(POLICY_NAME) == document(theirs, *left)


@pytest.mark.parametrize("policy", ["somebody-elses", "model-copy-444444444444", "model-copy-by-hand"])
def test_a_grant_in_another_policy_is_left_alone(
    source: Wire, world: World, copy_request: CopyRequest, policy: str
) -> None:
    world.put_policy(policy, document(statement()))

    assert grants.withdraw(source.client, copy_request) == (None, False)

    assert world.document(policy) == document(statement())
    assert CHANGES.isdisjoint(source.calls)


def test_a_second_withdrawal_changes_nothing(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, document(statement(ROLE, OTHER_ROLE)))
    grants.withdraw(source.client, copy_request)
    revision = world.source.policies[POLICY_NAME].revision_id

    assert grants.withdraw(source.client, copy_request) == (None, False)

    assert world.source.policies[POLICY_NAME].revision_id == revision


@pytest.mark.parametrize(
    ("roles", "operation"), [([ROLE], "DeleteProjectPolicy"), ([ROLE, OTHER_ROLE], "PutProjectPolicy")]
)
def test_a_withdrawal_whose_response_is_lost_still_counts_as_done(
    source: Wire, world: World, copy_request: CopyRequest, roles: list[str], operation: str
) -> None:
    world.put_policy(POLICY_NAME, document(statement(*roles)))
    source.lose_responses(operation)

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)

    assert not any(ROLE in policy.document for policy in world.source.policies.values())


@pytest.mark.parametrize(
    "code", ["LimitExceededException", "ServiceQuotaExceededException", "MalformedPolicyDocumentException"]
)
def test_a_withdrawal_that_aws_does_not_accept_is_refused_with_its_reason(
    source: Wire, world: World, copy_request: CopyRequest, code: str
) -> None:
    world.put_policy(POLICY_NAME, document(statement(ROLE, OTHER_ROLE)))
    source.return_error("PutProjectPolicy", code, message="Not like this.")

    with pytest.raises(PolicyRejectedError, match=f"{POLICY_NAME} of .* cannot be written for {ROLE}: Not like"):
        grants.withdraw(source.client, copy_request)


@pytest.mark.usefixtures("world")
def test_a_copy_within_an_account_has_no_grant_to_withdraw(
    copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CopyRequest, "crosses_accounts", False)

    assert withdrawal.withdraw(pytest.fail, copy_request) == {"PolicyName": None, "Withdrawn": False}
