"""An ended execution is read from Step Functions' event, or all errors of the event are reported."""

import json
from datetime import UTC, datetime

import pytest

from model_copy.execution import EndedExecution, InvalidStatusChangeError
from sandbox.stories import read_event
from tests.unit.world import Json

EVENT: Json = read_event("execution_failed")


def changed(**detail: object) -> Json:
    """Return the event with other details."""
    return {**EVENT, "detail": {**EVENT["detail"], **detail}}


def test_an_execution_has_what_the_event_reports() -> None:
    execution = EndedExecution.from_event(EVENT)

    assert execution.arn == EVENT["detail"]["executionArn"]
    assert (execution.status, execution.redrives) == ("FAILED", 0)
    assert (execution.started, execution.ended) == (
        datetime(2030, 1, 1, 9, tzinfo=UTC),
        datetime(2030, 1, 1, 10, 0, 37, tzinfo=UTC),
    )
    assert execution.text("error") == "AccessDeniedError"
    assert (execution.state_data, execution.unread) == ({}, None)


def test_an_event_without_redrives_is_read_too() -> None:
    del (detail := dict(EVENT["detail"]))["redriveCount"]

    assert EndedExecution.from_event({**EVENT, "detail": detail}).redrives is None


@pytest.mark.parametrize(
    ("detail", "error"),
    [
        ({"executionArn": "an-execution"}, "detail.executionArn must be the ARN of an execution; got 'an-execution'"),
        ({"executionArn": EVENT["detail"]["stateMachineArn"]}, "detail.executionArn must be the ARN of an execution"),
        ({"status": "RUNNING"}, "detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED; got 'RUNNING'"),
        ({"status": ["FAILED"]}, "detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED; got a list"),
        ({"startDate": "today"}, "detail.startDate must be a time in milliseconds; got 'today'"),
        ({"startDate": True}, "detail.startDate must be a time in milliseconds; got true"),
        ({"stopDate": None}, "detail.stopDate must be a time in milliseconds; got null"),
        ({"stopDate": 10**30}, "detail.stopDate must be a time in milliseconds; got 1000"),
        ({"stopDate": float("nan")}, "detail.stopDate must be a time in milliseconds; got NaN"),
        ({"redriveCount": "1"}, "detail.redriveCount must be a number; got '1'"),
    ],
)
def test_an_error_of_the_event_is_named(detail: Json, error: str) -> None:
    with pytest.raises(InvalidStatusChangeError) as caught:
        EndedExecution.from_event(changed(**detail))

    assert f"The status change has 1 error: (1) {error}" in str(caught.value)


@pytest.mark.parametrize("event", [{}, {"detail": "FAILED"}, {"detail": {}}, {"detail": None}])
def test_all_errors_of_the_event_are_named_at_once(event: Json) -> None:
    with pytest.raises(InvalidStatusChangeError, match=r"has 4 errors: .*\(4\) detail\.stopDate"):
        EndedExecution.from_event(event)


def test_a_description_adds_what_the_event_lacks_and_replaces_nothing() -> None:
    execution = EndedExecution.from_event(changed(input=None))
    described = execution.with_description(
        {"status": "FAILED", "input": json.dumps({"a": 1}), "error": "Another", "output": "{}"}
    )

    assert [described.text(name) for name in ("input", "error", "output")] == ['{"a": 1}', "AccessDeniedError", "{}"]


def test_a_description_adds_nothing_while_it_does_not_report_the_end() -> None:
    execution = EndedExecution.from_event(changed(redriveStatus=None))

    assert execution.with_description({"status": "RUNNING", "redriveStatus": "NOT_REDRIVABLE"}) == execution


@pytest.mark.parametrize(
    ("reported", "described", "was_redriven"),
    [(0, 0, False), (0, 1, True), (1, 1, False), (None, 1, False), (0, None, False)],
)
def test_another_count_of_redrives_means_that_the_execution_went_on(
    reported: int | None, described: int | None, was_redriven: bool
) -> None:
    description = {} if described is None else {"redriveCount": described}
    execution = EndedExecution.from_event(changed(redriveCount=reported))

    assert execution.was_redriven_since(description) is was_redriven
