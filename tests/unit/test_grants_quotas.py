"""A grant waits for room that becomes free, and is refused where none will."""

import json
from functools import partial
from itertools import repeat

import pytest

from model_copy import grants
from model_copy.errors import (
    PolicyFullError,
    PolicyQuotaError,
    PolicyRejectedError,
    TransientError,
)
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import (
    POLICY_NAME,
    THEIRS,
    VERSION,
    VERSION_2,
    VERSIONS,
    document,
    statement,
)
from tests.unit.world import ROLE, Json, Wire, World, nothing

CHANGES = {"PutProjectPolicy", "DeleteProjectPolicy"}


def full_policy(number: int) -> Json:
    """Fill the stack's own policy up to a few characters below its limit."""
    return document(statement(ROLE, *(f"{VERSIONS}/w{each:02}/17000000000{each:02}" for each in range(number))))


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
@pytest.mark.parametrize(
    ("existing", "error"),
    [
        ("somebody-elses", PolicyQuotaError),
        ("model-copy-444444444444", PolicyFullError),
    ],
)
def test_a_project_full_of_policies_is_retried_only_if_one_is_the_stack_s(
    source: Wire,
    world: World,
    copy_request: CopyRequest,
    existing: str,
    error: type[Exception],
    code: str,
) -> None:
    settings.policies_quota, settings.policy_quota_error = 2, code
    world.put_policy("another", THEIRS)
    world.put_policy(existing, THEIRS)

    with pytest.raises(error) as caught:
        grants.ensure(source.client, copy_request)

    assert str(copy_request.source_project) in str(caught.value)
    assert set(world.source.policies) == {"another", existing}


def test_whose_policies_fill_a_project_is_judged_by_a_list_read_after_aws_refused(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy("model-copy-444444444444", THEIRS))

    with pytest.raises(PolicyFullError, match="AWS accepts no more"):
        grants.ensure(source.client, copy_request)


def test_a_project_that_has_room_again_gets_the_grant(source: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("model-copy-444444444444", THEIRS)
    source.meanwhile("ListProjectPolicies", nothing, lambda: world.delete_policy("model-copy-444444444444"))

    assert grants.ensure(source.client, copy_request) is True
    assert set(world.source.policies) == {"another", POLICY_NAME}


def test_a_policy_of_the_stack_that_comes_and_goes_between_two_lists_is_not_mistaken_for_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    passing = "model-copy-444444444444"
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(passing, THEIRS))
    source.meanwhile("ListProjectPolicies", nothing, lambda: world.delete_policy(passing))

    assert grants.ensure(source.client, copy_request) is True
    assert set(world.source.policies) == {"another", POLICY_NAME}


def test_the_stack_s_policy_gets_the_grant_if_another_execution_creates_it_in_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("one-more", THEIRS)

    def create_own() -> None:
        world.delete_policy("one-more")
        world.put_policy(POLICY_NAME, document(statement(ROLE, VERSION_2)))

    source.meanwhile("ListProjectPolicies", nothing, create_own)

    assert grants.ensure(source.client, copy_request) is True
    assert world.document(POLICY_NAME) == document(statement(ROLE, VERSION_2, VERSION))


def test_a_policy_that_keeps_changing_after_a_refusal_is_named_as_the_reason(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy("another", THEIRS)

    def create_own() -> None:
        world.delete_policy("another")
        world.put_policy(POLICY_NAME, document(statement(ROLE, VERSION_2)))

    source.meanwhile("ListProjectPolicies", nothing, create_own)
    change = partial(world.put_policy, POLICY_NAME, document(statement(ROLE, VERSION_2)))
    source.meanwhile("PutProjectPolicy", nothing, *repeat(change, 4))

    with pytest.raises(TransientError, match="other writers kept changing the policy"):
        grants.ensure(source.client, copy_request)


@pytest.mark.parametrize("name", ["model-copy-staging-444444444444", "model-copy-by-hand", "model-copy-"])
def test_a_policy_whose_name_only_begins_like_the_stack_s_is_another_s(
    source: Wire, world: World, copy_request: CopyRequest, name: str
) -> None:
    settings.policies_quota = 1
    world.put_policy(name, THEIRS)

    with pytest.raises(PolicyQuotaError, match=name):
        grants.ensure(source.client, copy_request)


def test_the_stack_s_policy_gets_the_grant_in_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy(POLICY_NAME, document(statement(ROLE, VERSION_2)))

    assert grants.ensure(source.client, copy_request) is True


def test_a_quota_error_without_any_policy_is_transient(source: Wire, copy_request: CopyRequest) -> None:
    source.return_error("PutProjectPolicy", "LimitExceededException")

    with pytest.raises(TransientError, match="Adding the grant to project policy"):
        grants.ensure(source.client, copy_request)


def test_a_document_without_room_is_not_sent(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, full_policy(20))

    with pytest.raises(PolicyFullError, match=r"it would have \d+ characters, of at most 2000"):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)


def test_a_document_may_be_filled_to_the_last_character(source: Wire, world: World, copy_request: CopyRequest) -> None:
    before = document({**statement(ROLE, VERSION_2), "Sid": ""}, statement(ROLE, VERSION_2))
    room = 2_000 - len(json.dumps(before, separators=(",", ":"))) - len(f',"{VERSION}"')
    before["Statement"][0]["Sid"] = "s" * room
    world.put_policy(POLICY_NAME, before)

    assert grants.ensure(source.client, copy_request) is True
    assert len(world.source.policies[POLICY_NAME].document) == 2_000


def test_a_document_that_is_one_character_too_long_is_not_sent(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    before = document({**statement(ROLE, VERSION_2), "Sid": ""}, statement(ROLE, VERSION_2))
    room = 2_000 - len(json.dumps(before, separators=(",", ":"))) - len(f',"{VERSION}"')
    before["Statement"][0]["Sid"] = "s" * (room + 1)
    world.put_policy(POLICY_NAME, before)

    with pytest.raises(PolicyFullError, match="it would have 2001 characters"):
        grants.ensure(source.client, copy_request)


def test_a_document_that_aws_does_not_accept_is_refused_with_its_reason(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document({**statement(ROLE, VERSION_2), "Sid": "Theirs"}))
    settings.accepts_sid = False

    with pytest.raises(PolicyRejectedError, match=f"{POLICY_NAME} of .* cannot be written: .* does not support Sid"):
        grants.ensure(source.client, copy_request)
