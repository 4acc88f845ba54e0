"""The stack's grant is added once, and what others wrote stays."""

from dataclasses import replace

import pytest

from model_copy import grants
from model_copy.errors import GrantLostError, PolicyDeniedError
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import (
    OTHER_ACCOUNT,
    OTHER_ROLE,
    POLICY_2,
    POLICY_NAME,
    THEIRS,
    VERSION_2,
    VERSIONS,
    document,
    statement,
)
from tests.unit.world import ROLE, Json, Wire, World

CHANGES = {"PutProjectPolicy", "DeleteProjectPolicy"}
CONDITION = {"Bool": {"aws:SecureTransport": "false"}}


def test_a_grant_is_written_in_a_policy_of_the_stack(source: Wire, world: World, copy_request: CopyRequest) -> None:
    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)

    assert set(world.source.policies) == {POLICY_NAME}
    assert world.document(POLICY_NAME) == document(statement())


@pytest.mark.parametrize("policy", ["somebody-elses", POLICY_NAME])
def test_nothing_is_written_when_a_policy_allows_the_copy(
    source: Wire, world: World, copy_request: CopyRequest, policy: str
) -> None:
    world.put_policy("more-of-somebody-elses", THEIRS)
    world.put_policy(policy, document(statement("222222222222", version=f"{VERSIONS}/*")))

    assert grants.ensure(source.client, copy_request) == (policy, False)

    assert CHANGES.isdisjoint(source.calls)


def test_a_grant_is_added_to_those_of_other_copies(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, document(statement(version=VERSION_2), statement(OTHER_ROLE)))
    world.put_policy("somebody-elses", THEIRS)

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)

    assert world.document(POLICY_NAME) == document(statement(version=VERSION_2), statement(OTHER_ROLE, ROLE))
    assert world.document("somebody-elses") == THEIRS


def test_a_deny_wins_over_an_allow(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy("grant", document(statement()))
    world.put_policy("lockdown", document(statement("*", effect="Deny")))

    with pytest.raises(PolicyDeniedError, match="The project policy lockdown of .* denies " + ROLE):
        grants.ensure(source.client, copy_request)

    assert CHANGES.isdisjoint(source.calls)


def test_a_deny_with_a_condition_does_not_stop_the_grant(source: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.accepts_condition = True
    world.put_policy("tls-only", document({**statement("*", effect="Deny"), "Condition": CONDITION}))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)


def test_a_lost_response_to_the_put_grants_once(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, document(statement(OTHER_ROLE)))
    source.lose_responses("PutProjectPolicy")

    grants.ensure(source.client, copy_request)

    assert world.document(POLICY_NAME) == document(statement(OTHER_ROLE, ROLE))


def test_a_lost_response_to_the_put_of_a_new_policy_grants_once(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    source.lose_responses("PutProjectPolicy")

    grants.ensure(source.client, copy_request)

    assert {name: world.document(name) for name in world.source.policies} == {POLICY_NAME: document(statement())}


def test_a_grant_is_added_and_withdrawn_beside_statements_of_others_in_any_characters(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    theirs = {**statement(version=VERSION_2), "Sid": "猫"}
    world.put_policy(POLICY_NAME, document(theirs))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)
    assert world.document(POLICY_NAME) == document(theirs, statement())
    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)
    assert world.document(POLICY_NAME) == document(theirs)


def test_a_grant_gets_a_statement_of_its_own_beside_one_for_another_or_for_one_of_the_stack_s_and_another(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    two = statement(OTHER_ROLE, OTHER_ACCOUNT)
    world.put_policy(POLICY_NAME, document(*THEIRS["Statement"], two))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)

    assert world.document(POLICY_NAME) == document(*THEIRS["Statement"], two, statement())


@pytest.mark.parametrize("rounds", [1, 20])
def test_a_grant_that_went_missing_is_ensured_again(
    source: Wire, world: World, copy_request: CopyRequest, rounds: int
) -> None:
    assert grants.ensure_again(source.client, copy_request, rounds) == (POLICY_NAME, True)
    assert grants.ensure_again(source.client, copy_request, rounds) == (POLICY_NAME, False)
    assert world.document(POLICY_NAME) == document(statement())


def test_a_grant_that_went_missing_twenty_times_is_lost(source: Wire, copy_request: CopyRequest) -> None:
    with pytest.raises(GrantLostError, match=f"policies of {copy_request.source_project} went missing 20 times"):
        grants.ensure_again(source.client, copy_request, 21)

    assert source.calls == []


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_a_policy_of_the_stack_that_cannot_be_read_is_not_replaced(
    source: Wire, world: World, copy_request: CopyRequest, text: str
) -> None:
    world.put_policy(POLICY_NAME, THEIRS)
    world.source.policies[POLICY_NAME] = replace(world.source.policies[POLICY_NAME], document=text)

    assert grants.ensure(source.client, copy_request) == (POLICY_2, True)
    assert grants.withdraw(source.client, copy_request) == (POLICY_2, True)

    assert {name: policy.document for name, policy in world.source.policies.items()} == {POLICY_NAME: text}


def test_the_grant_is_for_the_role_that_copies(
    environment: None, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grants.grant_for(copy_request).principal == ROLE
    monkeypatch.setenv("STACK_ACCOUNT", "222222222222")
    assert grants.grant_for(copy_request).principal == "arn:aws:iam::333333333333:role/copy-function"


def test_the_grant_is_in_the_partition_of_the_destination(
    environment: None, state: Json, copy_request: CopyRequest
) -> None:
    elsewhere = replace(copy_request.destination_project, partition="aws-us-gov")

    assert grants.grant_for(replace(copy_request, destination_project=elsewhere)).principal == ROLE.replace(
        "aws", "aws-us-gov"
    )
