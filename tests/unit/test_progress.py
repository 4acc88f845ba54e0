"""A copy is polled often enough to be noticed soon, and seldom enough to be cheap."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, repeat

import describe_project_version
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st

from model_copy.progress import Progress, copy_age, wait_seconds
from tests.unit.world import Json, World

NOW = datetime(2030, 1, 1, 9, tzinfo=UTC)
HOUR = 3_600
MOST_EVENTS, EVENTS_OF_A_POLL = 25_000, 9

CHANCES: dict[str, Callable[[], Iterator[float]]] = {
    "always the shortest": lambda: repeat(0.0),
    "always the longest": lambda: repeat(1.0),
    "in turns": lambda: cycle([0.0, 1.0]),
    **{f"seed {seed}": lambda seed=seed: draws(seed) for seed in range(5)},
}


def draws(seed: int) -> Iterator[float]:
    chance = random.Random(seed)
    while True:
        yield chance.random()


def polls(seconds: float, chances: Iterator[float]) -> tuple[int, float]:
    """Poll a copy that takes so many seconds; return how often, and how late its end was noticed."""
    age, count = 0.0, 0
    while age < seconds:
        age += wait_seconds(timedelta(seconds=age), next(chances))
        count += 1
    return count, age - seconds


@pytest.mark.parametrize(
    ("age", "chance", "seconds"),
    [
        (0, 0.5, 10),
        (0, 0, 9),
        (0, 1, 11),
        (200, 0.5, 10),
        (240, 0.5, 12),
        (600, 0.5, 30),
        (600, 0, 27),
        (600, 1, 33),
        (1_200, 0.5, 60),
        (24 * HOUR, 0.5, 60),
        (24 * HOUR, 0, 54),
        (24 * HOUR, 1, 66),
        (-60, 0.5, 10),
    ],
)
def test_the_wait_is_a_twentieth_of_the_age_from_10_to_60_seconds_give_or_take_a_tenth(
    age: float, chance: float, seconds: int
) -> None:
    assert wait_seconds(timedelta(seconds=age), chance) == seconds


@given(age=st.timedeltas(), chance=st.floats(0, 1))
def test_the_wait_is_a_whole_number_from_9_to_66(age: timedelta, chance: float) -> None:
    seconds = wait_seconds(age, chance)

    assert type(seconds) is int
    assert 9 <= seconds <= 66


@pytest.mark.parametrize("chances", CHANCES.values(), ids=CHANCES)
@pytest.mark.parametrize(("seconds", "most"), [(120, 15), (600, 50), (HOUR, 115), (24 * HOUR, 1_650)])
def test_a_copy_is_polled_a_bounded_number_of_times(
    seconds: int, most: int, chances: Callable[[], Iterator[float]]
) -> None:
    count, _ = polls(seconds, chances())

    assert count <= most


def test_the_polls_of_a_day_are_1600_at_most_on_average() -> None:
    counts = [polls(24 * HOUR, draws(seed))[0] for seed in range(5)]

    assert max(counts) <= 1_600


def test_the_longest_deadline_fits_in_the_history_of_an_execution() -> None:
    count, _ = polls(36 * HOUR, repeat(0.0))

    assert count * EVENTS_OF_A_POLL < MOST_EVENTS - 1_000


@given(seconds=st.integers(1, 4 * HOUR), seed=st.integers())
def test_an_end_is_noticed_soon(seconds: int, seed: int) -> None:
    for chances in (draws(seed), repeat(0.0), repeat(1.0)):
        _, late = polls(seconds, chances)
        assert late <= min(max(13, 0.06 * seconds), 70)


def test_progress_is_the_same_after_a_way_through_the_state_data() -> None:
    before = Progress("an-arn", "COPYING_IN_PROGRESS", "Half done.", NOW, adopted=False, times_missing=3)

    result = json.loads(json.dumps(before.as_result(NOW + timedelta(minutes=10), 0.5)))

    assert Progress.from_state({"Copy": result}, NOW + timedelta(hours=1)) == before
    assert result["WaitSeconds"] == 30


def test_the_age_counts_from_when_the_copy_was_first_seen() -> None:
    result = Progress("an-arn", "COPYING_IN_PROGRESS", "", NOW, adopted=True).as_result(NOW + timedelta(hours=1), 0.5)

    later = Progress.from_state({"Copy": result}, NOW + timedelta(hours=2))

    assert later.first_seen == NOW
    assert later.as_result(NOW + timedelta(hours=2), 0.5)["FirstSeenAt"] == "2030-01-01T09:00:00+00:00"


def test_a_copy_without_a_poll_is_first_seen_now() -> None:
    assert Progress.from_state({}, NOW) == Progress("", "COPYING_IN_PROGRESS", "", NOW, adopted=True)


@pytest.mark.parametrize(
    "copy",
    [
        None,
        "a copy",
        [],
        {"FirstSeenAt": "yesterday"},
        {"FirstSeenAt": "0001-01-01T00:00:00+14:00"},
        {"FirstSeenAt": 5},
        {"Status": None},
        {"ProjectVersionArn": ["an-arn"]},
        {"StatusMessage": {}},
        {"Adopted": False},
        {"TimesMissing": "3"},
        {"TimesMissing": 10},
        {"TimesMissing": 10**4_000},
    ],
    ids=lambda copy: ascii(copy)[:30],
)
def test_a_copy_in_a_request_is_not_read(world: World, state: Json, copy: object) -> None:
    version = world.add_version("COPYING_IN_PROGRESS")
    request = {**state["Request"], "Copy": copy}

    for event in (request, {**state, "Request": request}):
        result = describe_project_version.lambda_handler(event, LambdaContext())

        assert (result["ProjectVersionArn"], result["Status"]) == (version.arn, "COPYING_IN_PROGRESS")
        assert (result["Adopted"], result["TimesMissing"]) == (True, 0)
        assert result["FirstSeenAt"] == world.now.isoformat(timespec="seconds")


def test_the_age_of_a_copy_counts_from_the_start_of_validate_request() -> None:
    state = {"Validation": {"StartedAt": NOW.isoformat()}}

    assert copy_age(state, NOW + timedelta(seconds=90)) == 90.0


@pytest.mark.parametrize("request_", [{}, {"Validation": {"StartedAt": "0001-01-01T00:00:00+00:00"}}])
def test_a_copy_has_no_age_before_validate_request(request_: Json) -> None:
    assert copy_age({"Request": request_}, NOW) == 0.0
