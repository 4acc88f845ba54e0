"""The stack's grant comes and goes without harm to what others wrote."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from model_copy import grants
from model_copy.errors import (
    GrantMissingError,
    PolicyDeniedError,
    PolicyFullError,
    PolicyQuotaError,
    PolicyRejectedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.policies import ACTION, Policy
from model_copy.request import CopyRequest
from sandbox.rekognition import settings

NAME = "model-copy-222222222222"
ROLE = "arn:aws:iam::222222222222:role/model-copy-destination"
VERSIONS = "arn:aws:rekognition:eu-central-1:111111111111:project/cats/version"
VERSION, VERSION_2 = f"{VERSIONS}/v1/1700000000001", f"{VERSIONS}/v2/1700000000002"
CHANGES = {"PutProjectPolicy", "DeleteProjectPolicy"}


def statement(principal: str = ROLE, *versions: str, effect: str = "Allow") -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": {"AWS": [principal]},
        "Action": [ACTION],
        "Resource": list(versions or [VERSION]),
    }


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


THEIRS = document(statement("444444444444", f"{VERSIONS}/*"))


def ours_full(number: int) -> dict[str, Any]:
    """Fill the stack's own policy to within a few characters of its room."""
    return document(statement(ROLE, *(f"{VERSIONS}/w{each:02}/17000000000{each:02}" for each in range(number))))


def test_a_grant_is_written_in_a_policy_of_the_stack(source: Any, world: Any, copy_request: CopyRequest) -> None:
    assert grants.ensure(source.client, copy_request) is True

    assert set(world.source.policies) == {NAME}
    assert world.document(NAME) == document(statement())


@pytest.mark.parametrize("policy", ["somebody-elses", NAME])
def test_nothing_is_written_when_a_policy_allows_the_copy(
    source: Any, world: Any, copy_request: CopyRequest, policy: str
) -> None:
    world.put_policy(policy, document(statement("222222222222", f"{VERSIONS}/*")))

    assert grants.ensure(source.client, copy_request) is False

    assert CHANGES.isdisjoint(source.calls)


def test_a_grant_is_added_to_those_of_other_copies(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, document(statement(ROLE, VERSION_2)))
    world.put_policy("somebody-elses", THEIRS)

    assert grants.ensure(source.client, copy_request) is True

    assert world.document(NAME) == document(statement(ROLE, VERSION_2, VERSION))
    assert world.document("somebody-elses") == THEIRS


def test_a_deny_wins_over_an_allow(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy("grant", document(statement()))
    world.put_policy("lockdown", document(statement("*", effect="Deny")))

    with pytest.raises(PolicyDeniedError, match="The project policy lockdown of .* denies " + ROLE):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)


def test_a_deny_that_may_not_hold_is_left_to_aws(source: Any, world: Any, copy_request: CopyRequest) -> None:
    settings.accepts_condition = True
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    world.put_policy("tls-only", document({**statement("*", effect="Deny"), "Condition": condition}))

    assert grants.ensure(source.client, copy_request) is True


@pytest.mark.parametrize(
    "existing_policy_error", ["ResourceAlreadyExistsException", "InvalidPolicyRevisionIdException"]
)
def test_a_policy_that_appeared_meanwhile_is_read_and_grown(
    source: Any, world: Any, copy_request: CopyRequest, existing_policy_error: str
) -> None:
    settings.existing_policy_error = existing_policy_error
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(NAME, document(statement(ROLE, VERSION_2))))

    assert grants.ensure(source.client, copy_request) is True

    assert world.document(NAME) == document(statement(ROLE, VERSION_2, VERSION))


def test_a_policy_that_was_changed_meanwhile_is_read_again(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, THEIRS)
    changed = document(*THEIRS["Statement"], statement(ROLE, VERSION_2))
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(NAME, changed))

    assert grants.ensure(source.client, copy_request) is True

    assert world.document(NAME) == document(*THEIRS["Statement"], statement(ROLE, VERSION_2, VERSION))


def test_a_policy_that_was_deleted_meanwhile_is_made_anew(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, document(statement(ROLE, VERSION_2)))
    source.meanwhile("PutProjectPolicy", lambda: world.source.delete_policy(NAME, None, world.clock.naive()))

    assert grants.ensure(source.client, copy_request) is True

    assert world.document(NAME) == document(statement())


def test_a_twin_that_granted_meanwhile_is_enough(source: Any, world: Any, copy_request: CopyRequest) -> None:
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(NAME, document(statement())))

    assert grants.ensure(source.client, copy_request) is False

    assert world.document(NAME) == document(statement())


def test_conflicts_without_end_are_tried_five_times_with_pauses_and_then_again_later(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.put_policy(NAME, THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(NAME, THEIRS), times=100)

    with pytest.raises(TransientError, match=f"in project policy {NAME} .* others kept changing the policy"):
        grants.ensure(source.client, copy_request)

    assert source.calls.count("PutProjectPolicy") == 5
    assert len(world.clock.sleeps) == 4
    assert all(slept <= number for number, slept in enumerate(world.clock.sleeps, start=1))


def test_a_lost_answer_to_the_put_grants_once(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, document(statement(ROLE, VERSION_2)))
    source.lose_answers("PutProjectPolicy")

    grants.ensure(source.client, copy_request)

    assert world.document(NAME) == document(statement(ROLE, VERSION_2, VERSION))


@pytest.mark.parametrize("policy_quota_error", ["LimitExceededException", "ServiceQuotaExceededException"])
@pytest.mark.parametrize(
    ("held", "error"),
    [
        ("somebody-elses", PolicyQuotaError),
        ("model-copy-444444444444", PolicyFullError),
    ],
)
def test_a_project_full_of_policies_is_waited_for_only_when_one_is_ours(
    source: Any, world: Any, copy_request: CopyRequest, held: str, error: type[Exception], policy_quota_error: str
) -> None:
    settings.policies_quota, settings.policy_quota_error = 2, policy_quota_error
    world.put_policy("another", THEIRS)
    world.put_policy(held, THEIRS)

    with pytest.raises(error) as caught:
        grants.ensure(source.client, copy_request)

    assert str(copy_request.source_project) in str(caught.value)
    assert set(world.source.policies) == {"another", held}


@pytest.mark.parametrize("name", ["model-copy-staging-444444444444", "model-copy-by-hand", "model-copy-"])
def test_a_policy_of_another_stack_whose_name_begins_like_ours_is_not_ours(
    source: Any, world: Any, copy_request: CopyRequest, name: str
) -> None:
    settings.policies_quota = 1
    world.put_policy(name, THEIRS)

    with pytest.raises(PolicyQuotaError, match=name):
        grants.ensure(source.client, copy_request)


def test_a_full_quota_of_policies_still_takes_a_grant_in_our_own(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy(NAME, document(statement(ROLE, VERSION_2)))

    assert grants.ensure(source.client, copy_request) is True


def test_a_document_without_room_is_not_sent(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, ours_full(20))

    with pytest.raises(PolicyFullError, match=r"it would have \d+ characters, and may have 2000"):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)


def test_the_room_of_a_document_is_used_to_the_last_character(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    before = document({**statement(ROLE, VERSION_2), "Sid": ""}, statement(ROLE, VERSION_2))
    room = 2_000 - len(json.dumps(before, separators=(",", ":"))) - len(f',"{VERSION}"')
    before["Statement"][0]["Sid"] = "s" * room
    world.put_policy(NAME, before)

    assert grants.ensure(source.client, copy_request) is True
    assert len(world.source.policies[NAME].document) == 2_000


def test_a_document_that_is_one_character_too_long_is_not_sent(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    before = document({**statement(ROLE, VERSION_2), "Sid": ""}, statement(ROLE, VERSION_2))
    room = 2_000 - len(json.dumps(before, separators=(",", ":"))) - len(f',"{VERSION}"')
    before["Statement"][0]["Sid"] = "s" * (room + 1)
    world.put_policy(NAME, before)

    with pytest.raises(PolicyFullError, match="it would have 2001 characters"):
        grants.ensure(source.client, copy_request)


def test_a_document_that_aws_does_not_take_is_refused_with_its_reason(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.put_policy(NAME, document({**statement(ROLE, VERSION_2), "Sid": "Theirs"}))
    settings.accepts_sid = False

    with pytest.raises(PolicyRejectedError, match=f"{NAME} of .* cannot be written: .* does not support Sid"):
        grants.ensure(source.client, copy_request)


def test_a_document_with_characters_that_aws_does_not_take_is_not_sent(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.put_policy(NAME, document({**statement(ROLE, VERSION_2), "Sid": "猫"}))

    with pytest.raises(PolicyRejectedError, match="characters outside"):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)


@pytest.mark.parametrize("step", [grants.ensure, grants.withdraw])
def test_a_source_project_that_has_gone_is_said(source: Any, world: Any, copy_request: CopyRequest, step: Any) -> None:
    world.backend("111111111111").projects.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"because there is no project {copy_request.source_project}"):
        step(source.client, copy_request)


@pytest.mark.parametrize("code", ["LimitExceededException", "MalformedPolicyDocumentException"])
def test_a_withdrawal_that_aws_does_not_take_is_tried_again_later(
    source: Any, world: Any, copy_request: CopyRequest, code: str
) -> None:
    grants.ensure(source.client, copy_request)
    other = replace(copy_request.source_version, text=copy_request.source_version.text + "1")
    grants.ensure(source.client, replace(copy_request, source_version=other))
    source.refuse("PutProjectPolicy", code)

    with pytest.raises(TransientError, match="Withdrawing the grant"):
        grants.withdraw(source.client, copy_request)


def test_a_quota_that_is_met_without_any_policy_is_not_believed(source: Any, copy_request: CopyRequest) -> None:
    source.refuse("PutProjectPolicy", "LimitExceededException")

    with pytest.raises(TransientError, match="Granting the copy"):
        grants.ensure(source.client, copy_request)


def test_a_policy_that_grants_nothing_more_is_deleted(source: Any, world: Any, copy_request: CopyRequest) -> None:
    grants.ensure(source.client, copy_request)

    assert grants.withdraw(source.client, copy_request) is True

    assert world.source.policies == {}


def test_the_grants_of_other_copies_and_the_statements_of_others_stay(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    theirs = {**statement(ROLE, VERSION), "Sid": "Theirs"}
    world.put_policy(NAME, document(theirs, statement(ROLE, VERSION, VERSION_2)))

    assert grants.withdraw(source.client, copy_request) is True

    assert world.document(NAME) == document(theirs, statement(ROLE, VERSION_2))


@pytest.mark.parametrize("policy", ["somebody-elses", "model-copy-444444444444"])
def test_a_grant_in_another_policy_is_left_alone(
    source: Any, world: Any, copy_request: CopyRequest, policy: str
) -> None:
    world.put_policy(policy, document(statement()))

    assert grants.withdraw(source.client, copy_request) is False

    assert world.document(policy) == document(statement())
    assert CHANGES.isdisjoint(source.calls)


def test_withdrawing_twice_changes_nothing_more(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, document(statement(ROLE, VERSION, VERSION_2)))
    grants.withdraw(source.client, copy_request)
    revision = world.source.policies[NAME].revision_id

    assert grants.withdraw(source.client, copy_request) is False

    assert world.source.policies[NAME].revision_id == revision


def test_a_withdrawal_that_lost_a_race_is_done_again(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy(NAME, document(statement()))
    grown = document(statement(ROLE, VERSION, VERSION_2))
    source.meanwhile("DeleteProjectPolicy", lambda: world.put_policy(NAME, grown))

    assert grants.withdraw(source.client, copy_request) is True

    assert world.document(NAME) == document(statement(ROLE, VERSION_2))


def test_a_withdrawal_that_loses_every_race_is_tried_again_later(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    grown = document(statement(ROLE, VERSION, VERSION_2))
    world.put_policy(NAME, grown)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(NAME, grown), times=100)

    with pytest.raises(TransientError, match=f"Withdrawing the grant in project policy {NAME}"):
        grants.withdraw(source.client, copy_request)

    assert source.calls.count("PutProjectPolicy") == 5


@pytest.mark.parametrize(
    ("versions", "operation"), [([VERSION], "DeleteProjectPolicy"), ([VERSION, VERSION_2], "PutProjectPolicy")]
)
def test_a_lost_answer_to_the_withdrawal_still_tells_that_it_was_done(
    source: Any, world: Any, copy_request: CopyRequest, versions: list[str], operation: str
) -> None:
    world.put_policy(NAME, document(statement(ROLE, *versions)))
    source.lose_answers(operation)

    assert grants.withdraw(source.client, copy_request) is True

    assert not any(VERSION in policy.document for policy in world.source.policies.values())


def test_the_name_of_a_policy_has_at_most_128_characters(
    environment: None, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_NAME", "s" * 128)

    assert grants.policy_name(copy_request) == f"{'s' * 115}-222222222222"


def test_the_grant_is_for_the_role_that_copies(
    environment: None, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grants.grant_for(copy_request).principal == ROLE
    monkeypatch.setenv("STACK_ACCOUNT", "222222222222")
    assert grants.grant_for(copy_request).principal == "arn:aws:iam::333333333333:role/copy-function"


def test_the_grant_is_in_the_partition_of_the_destination(
    environment: None, state: dict[str, Any], copy_request: CopyRequest
) -> None:
    china = replace(copy_request.destination_project, partition="aws-cn")

    assert grants.grant_for(replace(copy_request, destination_project=china)).principal == ROLE.replace("aws", "aws-cn")


@pytest.mark.parametrize(
    ("statements", "error", "words"),
    [
        ([], GrantMissingError, "No project policy of"),
        ([statement("444444444444")], GrantMissingError, ROLE),
        ([statement(), statement("*", effect="Deny")], PolicyDeniedError, f"to copy {VERSION}. Ask"),
        (
            [statement(), {**statement("*", effect="Deny"), "Condition": {"Bool": {}}}],
            PolicyDeniedError,
            "it seems: it has a Deny with a condition",
        ),
        ([statement("*", effect="Deny")], PolicyDeniedError, "denies"),
    ],
)
def test_a_denial_is_explained_by_the_policies(
    environment: None, copy_request: CopyRequest, statements: list[Any], error: type[Exception], words: str
) -> None:
    found = [Policy("p", "r", json.dumps(document(one)), datetime(2030, 1, 1, tzinfo=UTC)) for one in statements]

    with pytest.raises(error) as caught:
        grants.explain_denial(found, copy_request)

    assert words in str(caught.value)


def test_policies_that_all_allow_explain_no_denial(environment: None, copy_request: CopyRequest) -> None:
    found = [Policy("p", "r", json.dumps(document(statement())), datetime(2030, 1, 1, tzinfo=UTC))]

    assert grants.explain_denial(found, copy_request) is None
