"""An ending is read from Step Functions' event, or all that is wrong with the event is said."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from model_copy.endings import Ending
from model_copy.errors import InvalidStatusChangeError
from sandbox.stories import read_event

EVENT = read_event("execution_failed")


def changed(**detail: object) -> dict[str, Any]:
    """Give the event with other details."""
    return {**EVENT, "detail": {**EVENT["detail"], **detail}}


def test_an_ending_is_what_the_event_says() -> None:
    ending = Ending.of_event(EVENT)

    assert ending.execution_arn == EVENT["detail"]["executionArn"]
    assert (ending.status, ending.redrives) == ("FAILED", 0)
    assert (ending.started, ending.ended) == (
        datetime(2030, 1, 1, 9, tzinfo=UTC),
        datetime(2030, 1, 1, 10, 0, 37, tzinfo=UTC),
    )
    assert ending.text("error") == "AccessDeniedError"


def test_an_event_without_redrives_is_read_too() -> None:
    del (detail := dict(EVENT["detail"]))["redriveCount"]

    assert Ending.of_event({**EVENT, "detail": detail}).redrives is None


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (
            {"executionArn": "an-execution"},
            "detail.executionArn must be the ARN of an execution, and is 'an-execution'",
        ),
        ({"executionArn": EVENT["detail"]["stateMachineArn"]}, "detail.executionArn must be the ARN of an execution"),
        ({"status": "RUNNING"}, "detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED, and is 'RUNNING'"),
        ({"status": ["FAILED"]}, "detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED, and is a list"),
        ({"startDate": "today"}, "detail.startDate must be a time in milliseconds, and is 'today'"),
        ({"startDate": True}, "detail.startDate must be a time in milliseconds, and is true"),
        ({"stopDate": None}, "detail.stopDate must be a time in milliseconds, and is null"),
        ({"stopDate": 10**30}, "detail.stopDate must be a time in milliseconds, and is 1000"),
        ({"stopDate": float("nan")}, "detail.stopDate must be a time in milliseconds, and is NaN"),
        ({"redriveCount": "1"}, "detail.redriveCount must be a number, and is '1'"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(detail: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidStatusChangeError) as refused:
        Ending.of_event(changed(**detail))

    assert f"The status change has 1 mistake: (1) {said}" in str(refused.value)


@pytest.mark.parametrize("event", [{}, {"detail": "FAILED"}, {"detail": {}}, {"detail": None}])
def test_all_that_is_wrong_with_an_event_is_named_at_once(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatusChangeError, match=r"has 4 mistakes: .*\(4\) detail\.stopDate"):
        Ending.of_event(event)


def test_what_the_event_lacks_is_filled_in_and_what_it_has_stays() -> None:
    ending = Ending.of_event(changed(input=None))
    filled = ending.filled({"status": "FAILED", "input": json.dumps({"a": 1}), "error": "Another", "output": "{}"})

    assert [filled.text(name) for name in ("input", "error", "output")] == ['{"a": 1}', "AccessDeniedError", "{}"]


def test_aws_fills_in_nothing_while_it_does_not_know_of_the_ending() -> None:
    ending = Ending.of_event(changed(redriveStatus=None))

    assert ending.filled({"status": "RUNNING", "redriveStatus": "NOT_REDRIVABLE"}) == ending


@pytest.mark.parametrize(
    ("told", "known", "is_past"), [(0, 0, False), (0, 1, True), (1, 1, False), (None, 1, False), (0, None, False)]
)
def test_an_ending_before_a_redrive_is_past(told: int | None, known: int | None, is_past: bool) -> None:
    description = {} if known is None else {"redriveCount": known}

    assert Ending.of_event(changed(redriveCount=told)).is_past(description) is is_past
