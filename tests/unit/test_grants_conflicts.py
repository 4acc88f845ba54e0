"""A writer that meets another reads again and tries again at once, perhaps in another policy."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat

import pytest

from model_copy import grants, runtime
from model_copy.errors import TransientError
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import (
    OTHER_ROLE,
    POLICY_2,
    POLICY_NAME,
    THEIRS,
    VERSION_2,
    document,
    statement,
)
from tests.unit.world import ROLE, Json, Wire, World, nothing

Chance = Callable[..., None]

OTHERS = document(statement(OTHER_ROLE))


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> Chance:
    """Sets the random numbers, of which the last one repeats."""

    def set_numbers(*numbers: float) -> None:
        left: Iterator[float] = iter([*numbers, *repeat(numbers[-1], 100)])
        monkeypatch.setattr(runtime, "chance", lambda: next(left))

    return set_numbers


def documents(world: World) -> dict[str, Json]:
    return {name: world.document(name) for name in sorted(world.source.policies)}


@pytest.mark.parametrize(
    "existing_policy_error", ["ResourceAlreadyExistsException", "InvalidPolicyRevisionIdException"]
)
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, {POLICY_NAME: document(statement(OTHER_ROLE, ROLE))}),
        (0.999, {POLICY_NAME: OTHERS, "model-copy-5": document(statement())}),
    ],
)
def test_a_policy_that_appears_meanwhile_gets_the_grant_or_a_new_one_does(
    source: Wire,
    world: World,
    copy_request: CopyRequest,
    chance: Chance,
    existing_policy_error: str,
    number: float,
    expected: dict[str, Json],
) -> None:
    settings.existing_policy_error = existing_policy_error
    chance(number)
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(POLICY_NAME, OTHERS))

    assert grants.ensure(source.client, copy_request) == (max(expected), True)

    assert documents(world) == expected
    assert world.clock.pauses == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, {POLICY_NAME: document(*THEIRS["Statement"], statement(OTHER_ROLE, ROLE))}),
        (0.3, {POLICY_NAME: document(*THEIRS["Statement"], *OTHERS["Statement"]), POLICY_2: document(statement())}),
    ],
)
def test_a_policy_that_changes_meanwhile_is_read_again_and_nothing_in_it_is_lost(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance, number: float, expected: dict[str, Json]
) -> None:
    world.put_policy(POLICY_NAME, THEIRS)
    chance(number)
    changed = document(*THEIRS["Statement"], *OTHERS["Statement"])
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(POLICY_NAME, changed))

    assert grants.ensure(source.client, copy_request) == (max(expected), True)

    assert documents(world) == expected


def test_a_policy_that_is_deleted_meanwhile_is_created_again(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance
) -> None:
    world.put_policy(POLICY_NAME, OTHERS)
    chance(0)
    source.meanwhile("PutProjectPolicy", lambda: world.delete_policy(POLICY_NAME))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)

    assert documents(world) == {POLICY_NAME: document(statement())}


def test_the_grant_of_another_execution_of_the_same_request_is_enough(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    source.meanwhile("PutProjectPolicy", lambda: world.put_policy(POLICY_NAME, document(statement())))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, False)

    assert documents(world) == {POLICY_NAME: document(statement())}


def test_two_grants_of_the_same_copy_are_both_withdrawn(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy(POLICY_NAME, document(statement(ROLE, OTHER_ROLE)))
    world.put_policy(POLICY_2, document(statement()))

    assert grants.withdraw(source.client, copy_request) == (POLICY_2, True)

    assert documents(world) == {POLICY_NAME: OTHERS}


@pytest.mark.parametrize("number", [0, 0.5, 0.999])
def test_conflicts_are_tried_again_twelve_times_at_once_and_are_then_transient(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance, number: float
) -> None:
    world.put_policy(POLICY_NAME, THEIRS)
    chance(number)
    source.return_error("PutProjectPolicy", "InvalidPolicyRevisionIdException")

    with pytest.raises(
        TransientError, match=r"project policies model-copy-\.\.\. failed: other writers kept changing the"
    ):
        grants.ensure(source.client, copy_request)

    assert source.calls == ["ListProjectPolicies", "PutProjectPolicy"] * 12
    assert world.clock.pauses == []


def test_the_twelfth_try_may_succeed(source: Wire, world: World, copy_request: CopyRequest, chance: Chance) -> None:
    chance(0)
    world.put_policy(POLICY_NAME, OTHERS)
    source.meanwhile("PutProjectPolicy", *repeat(lambda: world.put_policy(POLICY_NAME, OTHERS), 11))

    assert grants.ensure(source.client, copy_request) == (POLICY_NAME, True)


def test_writers_that_keep_meeting_spread_over_as_many_policies_as_a_project_may_have(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance
) -> None:
    chance(0, 0.2, 0.4, 0.6, 0.8)
    names: list[str] = []
    source.client.meta.events.register(
        "provide-client-params.rekognition.PutProjectPolicy", lambda params, **_: names.append(params["PolicyName"])
    )
    source.return_error("PutProjectPolicy", "ResourceAlreadyExistsException")

    with pytest.raises(TransientError):
        grants.ensure(source.client, copy_request)

    assert names[:5] == [f"model-copy-{number}" for number in range(1, 6)]
    assert set(names) == set(names[:5])


def test_after_a_conflict_in_a_full_project_what_aws_refused_before_is_forgotten(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance
) -> None:
    """The one that made room may have made it for two."""
    settings.policies_quota = 2
    world.put_policy("another", THEIRS)
    world.put_policy("one-more", THEIRS)
    chance(0, 0, 0, 0.999)

    def create_own() -> None:
        world.delete_policy("one-more")
        world.put_policy(POLICY_NAME, OTHERS)

    def make_room() -> None:
        world.put_policy(POLICY_NAME, OTHERS)
        world.delete_policy("another")

    source.meanwhile("ListProjectPolicies", nothing, create_own)
    source.meanwhile("PutProjectPolicy", nothing, make_room)

    assert grants.ensure(source.client, copy_request) == ("model-copy-5", True)


def test_policies_that_keep_changing_after_a_refusal_are_named_as_the_reason(
    source: Wire, world: World, copy_request: CopyRequest, chance: Chance
) -> None:
    settings.policies_quota = 1
    world.put_policy("another", THEIRS)
    chance(0)

    def create_own() -> None:
        world.delete_policy("another")
        world.put_policy(POLICY_NAME, OTHERS)

    source.meanwhile("ListProjectPolicies", nothing, create_own)
    source.meanwhile("PutProjectPolicy", nothing, *repeat(partial(world.put_policy, POLICY_NAME, OTHERS), 11))

    with pytest.raises(TransientError, match="other writers kept changing the policies"):
        grants.ensure(source.client, copy_request)


def test_a_withdrawal_that_meets_a_change_is_done_again_at_once(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document(statement()))
    grown = document(statement(ROLE, OTHER_ROLE), statement(version=VERSION_2))
    source.meanwhile("DeleteProjectPolicy", lambda: world.put_policy(POLICY_NAME, grown))

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)

    assert world.document(POLICY_NAME) == document(statement(OTHER_ROLE), statement(version=VERSION_2))
    assert world.clock.pauses == []


def test_a_withdrawal_that_meets_endless_changes_is_transient_after_twelve_tries(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    grown = document(statement(ROLE, OTHER_ROLE))
    world.put_policy(POLICY_NAME, grown)
    source.meanwhile("PutProjectPolicy", *repeat(lambda: world.put_policy(POLICY_NAME, grown), 100))

    with pytest.raises(TransientError, match=r"Withdrawing the grant from the project policies model-copy-\.\.\."):
        grants.withdraw(source.client, copy_request)

    assert source.calls.count("PutProjectPolicy") == 12
    assert world.clock.pauses == []


def test_a_withdrawal_that_another_does_meanwhile_names_the_policy_that_had_the_grant(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy(POLICY_NAME, document(statement()))
    source.meanwhile("DeleteProjectPolicy", lambda: world.delete_policy(POLICY_NAME))

    assert grants.withdraw(source.client, copy_request) == (POLICY_NAME, True)
