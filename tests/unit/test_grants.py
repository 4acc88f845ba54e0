"""The stack's grant comes and goes without harm to what others wrote."""

import json
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pytest

from model_copy import grants
from model_copy.errors import (
    GrantLostError,
    GrantMissingError,
    PolicyDeniedError,
    PolicyFullError,
    PolicyQuotaError,
    PolicyRejectedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.policies import ACTION
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings

NAME = "model-copy-222222222222"
ROLE = "arn:aws:iam::222222222222:role/model-copy-destination"
VERSIONS = "arn:aws:rekognition:eu-central-1:111111111111:project/cats/version"
VERSION, VERSION_2 = f"{VERSIONS}/v1/1700000000001", f"{VERSIONS}/v2/1700000000002"
CHANGES = {"PutProjectPolicy", "DeleteProjectPolicy"}
CONDITION = {"Bool": {"aws:SecureTransport": "false"}}


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
    world.put_policy("tls-only", document({**statement("*", effect="Deny"), "Condition": CONDITION}))

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


def test_whose_policies_fill_a_project_is_judged_by_what_is_listed_after_the_refusal(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy("model-copy-444444444444", THEIRS))

    with pytest.raises(PolicyFullError, match="AWS takes no more"):
        grants.ensure(source.client, copy_request)


def test_a_project_that_has_room_again_after_the_refusal_takes_the_grant(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("model-copy-444444444444", THEIRS)
    lists = 0

    def go_before_the_second_list() -> None:
        nonlocal lists
        lists += 1
        if lists == 2:
            world.source.delete_policy("model-copy-444444444444", None, world.clock.naive())

    source.meanwhile("ListProjectPolicies", go_before_the_second_list, times=2)

    assert grants.ensure(source.client, copy_request) is True
    assert set(world.source.policies) == {"another", NAME}


def test_a_policy_of_ours_that_comes_and_goes_between_two_lists_does_not_make_the_project_full_of_others(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    came_and_went = "model-copy-444444444444"
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(came_and_went, THEIRS))
    lists = iter((lambda: None, lambda: world.source.delete_policy(came_and_went, None, world.clock.naive())))
    source.meanwhile("ListProjectPolicies", lambda: next(lists)(), times=2)

    assert grants.ensure(source.client, copy_request) is True
    assert set(world.source.policies) == {"another", NAME}


def test_a_policy_of_ours_that_a_twin_has_made_meanwhile_takes_the_grant_though_the_project_is_full(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("one-more", THEIRS)

    def make_ours() -> None:
        world.source.delete_policy("one-more", None, world.clock.naive())
        world.put_policy(NAME, document(statement(ROLE, VERSION_2)))

    lists = iter((lambda: None, make_ours))
    source.meanwhile("ListProjectPolicies", lambda: next(lists)(), times=2)

    assert grants.ensure(source.client, copy_request) is True
    assert world.document(NAME) == document(statement(ROLE, VERSION_2, VERSION))


def test_a_policy_that_keeps_changing_after_a_refusal_is_named_as_the_reason(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.policies_quota = 1
    world.put_policy("another", THEIRS)

    def make_ours() -> None:
        world.source.delete_policy("another", None, world.clock.naive())
        world.put_policy(NAME, document(statement(ROLE, VERSION_2)))

    lists = iter((lambda: None, make_ours))
    source.meanwhile("ListProjectPolicies", lambda: next(lists)(), times=2)
    puts = chain((lambda: None,), repeat(lambda: world.put_policy(NAME, document(statement(ROLE, VERSION_2)))))
    source.meanwhile("PutProjectPolicy", lambda: next(puts)(), times=5)

    with pytest.raises(TransientError, match="others kept changing the policy"):
        grants.ensure(source.client, copy_request)


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


def test_a_grant_is_added_and_withdrawn_next_to_what_others_wrote_in_any_character(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    theirs = {**statement(ROLE, VERSION_2), "Sid": "猫"}
    world.put_policy(NAME, document(theirs))

    assert grants.ensure(source.client, copy_request) is True
    assert world.document(NAME) == document(theirs, statement())
    assert grants.withdraw(source.client, copy_request) is True
    assert world.document(NAME) == document(theirs)


def test_a_grant_gets_a_statement_of_its_own_next_to_one_for_another_or_for_two(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    two = {**statement(ROLE, VERSION_2), "Principal": {"AWS": [ROLE, "444444444444"]}}
    world.put_policy(NAME, document(*THEIRS["Statement"], two))

    assert grants.ensure(source.client, copy_request) is True

    assert world.document(NAME) == document(*THEIRS["Statement"], two, statement())


@pytest.mark.parametrize("rounds", [1, 20])
def test_a_grant_that_went_missing_is_ensured_again(
    source: Any, world: Any, copy_request: CopyRequest, rounds: int
) -> None:
    assert grants.ensure_again(source.client, copy_request, rounds) is True
    assert grants.ensure_again(source.client, copy_request, rounds) is False
    assert world.document(NAME) == document(statement())


def test_a_grant_that_went_missing_twenty_times_is_lost(source: Any, copy_request: CopyRequest) -> None:
    with pytest.raises(GrantLostError, match=f"policy {NAME} of {copy_request.source_project} went missing 20 times"):
        grants.ensure_again(source.client, copy_request, 21)

    assert source.calls == []


def explain(client: Any, request: CopyRequest) -> None:
    """Explain a denial, as a step like the two others."""
    grants.explain_denial(client, request, "Not authorized")


@pytest.mark.parametrize("step", [grants.ensure, grants.withdraw, explain])
def test_a_source_project_that_has_gone_is_said(source: Any, world: Any, copy_request: CopyRequest, step: Any) -> None:
    world.backend("111111111111").projects.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"because there is no project {copy_request.source_project}"):
        step(source.client, copy_request)


@pytest.mark.parametrize(
    "code", ["LimitExceededException", "ServiceQuotaExceededException", "MalformedPolicyDocumentException"]
)
def test_a_withdrawal_that_aws_does_not_take_is_refused_with_its_reason(
    source: Any, world: Any, copy_request: CopyRequest, code: str
) -> None:
    world.put_policy(NAME, document(statement(ROLE, VERSION, VERSION_2)))
    source.refuse("PutProjectPolicy", code, message="Not like this.")

    with pytest.raises(PolicyRejectedError, match=f"{NAME} of .* cannot be written: Not like this. Correct"):
        grants.withdraw(source.client, copy_request)


def test_a_quota_that_is_met_without_any_policy_is_not_believed(source: Any, copy_request: CopyRequest) -> None:
    source.refuse("PutProjectPolicy", "LimitExceededException")

    with pytest.raises(TransientError, match="Granting the copy"):
        grants.ensure(source.client, copy_request)


def test_a_policy_that_grants_nothing_more_is_deleted(source: Any, world: Any, copy_request: CopyRequest) -> None:
    grants.ensure(source.client, copy_request)

    assert grants.withdraw(source.client, copy_request) is True

    assert world.source.policies == {}


@pytest.mark.parametrize(
    "theirs",
    [
        {**statement(), "Sid": "Theirs"},
        statement("444444444444"),
        statement("arn:aws:iam::222222222222:role/before"),
        {**statement(), "Principal": {"AWS": [ROLE, "444444444444"]}},
    ],
    ids=["sid", "another", "before", "two"],
)
def test_the_grants_of_other_copies_and_the_statements_of_others_stay(
    source: Any, world: Any, copy_request: CopyRequest, theirs: dict[str, Any]
) -> None:
    world.put_policy(NAME, document(theirs, statement(ROLE, VERSION, VERSION_2)))

    assert grants.withdraw(source.client, copy_request) is True
    assert world.document(NAME) == document(theirs, statement(ROLE, VERSION_2))

    assert grants.withdraw(source.client, copy_request) is False
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
    elsewhere = replace(copy_request.destination_project, partition="aws-us-gov")

    assert grants.grant_for(replace(copy_request, destination_project=elsewhere)).principal == ROLE.replace(
        "aws", "aws-us-gov"
    )


def deny(condition: bool = False) -> dict[str, Any]:
    """Deny everybody the copy, for sure or perhaps."""
    return statement("*", effect="Deny") | ({"Condition": CONDITION} if condition else {})


@pytest.fixture
def own_request(copy_request: CopyRequest) -> CopyRequest:
    """A request within the source account."""
    return replace(copy_request, destination_project=replace(copy_request.destination_project, account="1" * 12))


@pytest.mark.parametrize(
    ("age", "statements", "error", "words"),
    [
        (0, [deny()], PolicyDeniedError, f"policy policy-0 of .* denies {ROLE} to copy {VERSION}. Ask"),
        (0, [statement(), deny()], PolicyDeniedError, f"policy policy-1 of .* to copy {VERSION}. Ask"),
        (0, [deny(condition=True), deny()], PolicyDeniedError, f"policy policy-1 of .* to copy {VERSION}. Ask"),
        (0, [], GrantMissingError, f"allows {ROLE} to copy {VERSION} any more"),
        (0, [statement("444444444444")], GrantMissingError, f"allows {ROLE} to copy"),
        (300, [deny(condition=True)], GrantMissingError, f"allows {ROLE} to copy"),
        (0, [statement()], TransientError, "policy policy-0 may be too new"),
        (299, [deny(condition=True), statement()], TransientError, "policy policy-1 may be too new"),
        (300, [deny(condition=True), statement()], PolicyDeniedError, "policy policy-0 .* it seems: it has a Deny"),
    ],
)
def test_a_denial_is_explained_by_a_deny_else_a_grant_that_is_missing_else_a_new_one_else_a_deny_that_may_hold(
    source: Any,
    world: Any,
    copy_request: CopyRequest,
    age: float,
    statements: list[Any],
    error: type[Exception],
    words: str,
) -> None:
    settings.accepts_condition = True
    for number, one in enumerate(statements):
        world.put_policy(f"policy-{number}", document(one))
    world.clock.sleep(age)

    with pytest.raises(error, match=words):
        grants.explain_denial(source.client, copy_request, "Not authorized")


def test_a_new_grant_is_new_next_to_an_old_one(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy("old", document(statement()))
    world.clock.sleep(3_600)
    world.put_policy("new", document(statement()))

    with pytest.raises(TransientError, match="policy new may be too new"):
        grants.explain_denial(source.client, copy_request, "Not authorized")


def test_a_copy_that_a_new_grant_may_allow_says_what_aws_said(
    source: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.put_policy("grant", document(statement()))

    with pytest.raises(TransientError) as caught:
        grants.explain_denial(source.client, copy_request, "User x is not authorized to perform s3:PutObject")

    assert str(caught.value).startswith(
        f"The copy to {copy_request.destination_project} did not succeed: "
        "User x is not authorized to perform s3:PutObject, and project policy grant may be too new"
    )


def test_policies_that_allow_and_are_old_explain_no_denial(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy("grant", document(statement()))
    world.put_policy("somebody-elses", THEIRS)
    world.clock.sleep(300)
    world.put_policy("somebody-elses", THEIRS)

    assert grants.explain_denial(source.client, copy_request, "Not authorized") is None


def test_within_one_account_a_grant_that_is_not_there_explains_no_denial(
    source: Any, world: Any, own_request: CopyRequest
) -> None:
    assert grants.explain_denial(source.client, own_request, "Not authorized") is None


def test_within_one_account_a_deny_that_may_hold_explains_a_denial(
    source: Any, world: Any, own_request: CopyRequest
) -> None:
    settings.accepts_condition = True
    world.put_policy("frozen", document(deny(condition=True)))

    with pytest.raises(PolicyDeniedError, match=r"policy frozen .* it seems"):
        grants.explain_denial(source.client, own_request, "Not authorized")


@pytest.mark.parametrize("text", ["no JSON", "[]", "5", '"text"', f'{{"Id":{"9" * 5_000}}}', "[" * 200_000], ids=len)
def test_an_own_policy_that_cannot_be_read_is_not_written_over(
    source: Any, world: Any, copy_request: CopyRequest, text: str
) -> None:
    world.put_policy(NAME, THEIRS)
    world.source.policies[NAME] = replace(world.source.policies[NAME], document=text)

    with pytest.raises(PolicyRejectedError, match=f"{NAME} of .* cannot be written: it is no JSON object. Correct or"):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)
