"""A grant waits for room that becomes free, and is refused where none will."""

import pytest

from model_copy import grants
from model_copy.errors import PolicyFullError, PolicyQuotaError, TransientError
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import OTHER_ROLE, POLICY_2, POLICY_NAME, THEIRS, document, statement
from tests.unit.world import ROLE, Wire, World, nothing

OTHERS = document(statement(OTHER_ROLE))
FULL = document({**statement(OTHER_ROLE), "Sid": "s" * 1_780})


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
@pytest.mark.parametrize(("existing", "error"), [("somebody-elses", PolicyQuotaError), (POLICY_2, PolicyFullError)])
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
    world.put_policy(existing, FULL)

    with pytest.raises(error) as caught:
        grants.ensure(source.client, copy_request)

    assert str(copy_request.source_project) in str(caught.value)
    assert {name: world.document(name) for name in world.source.policies} == {"another": THEIRS, existing: FULL}


def test_a_project_full_of_others_policies_is_refused_after_three_refusals_with_pauses(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    # boto3 itself pauses and tries again after a LimitExceededException
    settings.policies_quota, settings.policy_quota_error = 1, "ServiceQuotaExceededException"
    world.put_policy("another", THEIRS)

    with pytest.raises(PolicyQuotaError, match=r"as its quota allows \(another\)"):
        grants.ensure(source.client, copy_request)

    assert source.calls == [*["ListProjectPolicies", "PutProjectPolicy"] * 3, "ListProjectPolicies"]
    assert len(world.clock.pauses) == 3
    assert all(pause <= number for number, pause in enumerate(world.clock.pauses, start=1))


def test_whose_policies_fill_a_project_is_judged_by_a_list_read_after_aws_refused(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(POLICY_2, FULL))

    with pytest.raises(PolicyFullError, match="the project has 2 policies and AWS accepts no more"):
        grants.ensure(source.client, copy_request)


def test_a_project_that_has_room_again_gets_the_grant(source: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("one-more", THEIRS)
    source.meanwhile("ListProjectPolicies", nothing, lambda: world.delete_policy("one-more"))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)
    assert set(world.source.policies) == {"another", POLICY_NAME}


def test_a_policy_of_the_stack_that_comes_and_goes_between_two_lists_is_not_mistaken_for_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(POLICY_2, FULL))
    source.meanwhile("ListProjectPolicies", nothing, lambda: world.delete_policy(POLICY_2))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)
    assert set(world.source.policies) == {"another", POLICY_NAME}


def test_where_aws_refuses_a_new_policy_an_existing_one_with_room_gets_the_grant(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy("model-copy-3", OTHERS))

    assert grants.ensure(source.client, copy_request) == ("model-copy-3", True)
    assert world.document("model-copy-3") == document(statement(OTHER_ROLE, ROLE))
    assert set(world.source.policies) == {"another", "model-copy-3"}


def test_the_stack_s_policy_gets_the_grant_if_another_execution_creates_it_in_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("one-more", THEIRS)

    def create_own() -> None:
        world.delete_policy("one-more")
        world.put_policy(POLICY_NAME, OTHERS)

    source.meanwhile("ListProjectPolicies", nothing, create_own)

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)
    assert world.document(POLICY_NAME) == document(statement(OTHER_ROLE, ROLE))


@pytest.mark.parametrize("name", ["model-copy-staging-1", "model-copy-by-hand", "model-copy-", "model-copy-1-1"])
def test_a_policy_whose_name_only_begins_like_the_stack_s_is_another_s(
    source: Wire, world: World, copy_request: CopyRequest, name: str
) -> None:
    settings.policies_quota = 1
    world.put_policy(name, OTHERS)

    with pytest.raises(PolicyQuotaError, match=name):
        grants.ensure(source.client, copy_request)

    assert world.document(name) == OTHERS


def test_the_stack_s_policy_gets_the_grant_in_a_full_project(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy(POLICY_NAME, OTHERS)

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)


def test_a_quota_error_without_any_policy_is_transient(source: Wire, world: World, copy_request: CopyRequest) -> None:
    source.return_error("PutProjectPolicy", "LimitExceededException")

    with pytest.raises(TransientError, match=r"Adding the grant to the project policies model-copy-\.\.\. failed: Bec"):
        grants.ensure(source.client, copy_request)

    assert source.calls.count("PutProjectPolicy") == 12


def test_a_document_without_room_is_not_sent(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, FULL)

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)

    assert source.calls == ["ListProjectPolicies", "PutProjectPolicy"]
    assert world.document(POLICY_NAME) == FULL
