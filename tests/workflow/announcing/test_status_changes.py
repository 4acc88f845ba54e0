"""Step Functions sends an event to the event bus when an execution starts and when it ends."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.aws.stepfunctions.status_changes import LARGEST_DATA, event_of
from sandbox.deployment import REGION, STACK_ACCOUNT
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import Event, statuses
from tests.workflow.machines import ECHO, Execution, describe, run_machine, run_until, succeed

ENDINGS: dict[str, Callable[[Sandbox], Execution]] = {
    "SUCCEEDED": succeed,
    "FAILED": lambda aws: aws.run({}),
    "TIMED_OUT": lambda aws: run_until(aws, executions.time_out),
    "ABORTED": lambda aws: run_until(aws, executions.stop),
}


def test_no_status_change_is_sent_unless_the_sandbox_announces(aws: Sandbox, changes: list[Event]) -> None:
    aws.announces = False

    aws.run({})

    assert (changes, aws.outcomes, aws.mails) == ([], [], [])


def test_a_reset_sandbox_has_no_announcements_and_makes_none(aws: Sandbox, changes: list[Event]) -> None:
    aws.run({})
    assert aws.outcomes
    assert aws.mails

    aws.reset()
    aws.run({})

    assert statuses(changes) == ["RUNNING", "FAILED"]
    assert (aws.outcomes, aws.mails) == ([], [])


@pytest.mark.parametrize("status", ENDINGS)
def test_each_start_and_each_end_is_sent_once_and_each_end_is_announced_once(
    aws: Sandbox, changes: list[Event], status: str
) -> None:
    execution = ENDINGS[status](aws)

    assert statuses(changes) == ["RUNNING", status]
    assert [change["resources"] for change in changes] == [[execution.exec_arn]] * 2
    assert len(aws.outcomes) == 1
    assert aws.dead_letters == []


@pytest.mark.parametrize("status", ENDINGS)
def test_a_status_change_has_what_describe_execution_reports(aws: Sandbox, changes: list[Event], status: str) -> None:
    answer = describe(ENDINGS[status](aws))
    detail = changes[-1]["detail"]

    said = {name: value for name, value in detail.items() if value is not None}
    for date in ("startDate", "stopDate"):
        assert said[date] == int(answer[date].timestamp() * 1_000)
        said[date] = answer[date]
    assert said == answer


def test_a_status_change_has_the_shape_of_step_functions(aws: Sandbox, changes: list[Event]) -> None:
    aws.run({})

    start, end = changes
    assert list(end) == [
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    ]
    assert (end["version"], end["source"], end["account"], end["region"]) == ("0", "aws.states", STACK_ACCOUNT, REGION)
    assert end["detail-type"] == "Step Functions Execution Status Change"
    assert end["time"] == "2030-01-01T09:00:00Z"
    assert end["id"] != start["id"]
    assert set(end["detail"]) == set(start["detail"])
    for name in ("stopDate", "output", "outputDetails", "error", "cause", "redriveDate"):
        assert start["detail"][name] is None
    assert end["detail"]["error"] == "NotARequestError"
    assert end["detail"]["redriveStatus"] == "REDRIVABLE"
    assert end["detail"]["redriveStatusReason"] is None


def input_of(size: int) -> str:
    """Return an input that has this many bytes as a string of an event."""
    text = json.dumps({"text": "a" * (size - 17)})
    assert len(json.dumps(text)) == size + 1
    return text


@pytest.mark.parametrize(
    ("size", "input_is_there", "output_is_there"),
    [
        (LARGEST_DATA // 2 - 100, True, True),
        (LARGEST_DATA // 2 + 100, False, True),
        (LARGEST_DATA + 100, False, False),
    ],
)
def test_data_too_large_for_an_event_is_left_out_the_input_first(
    aws: Sandbox, size: int, input_is_there: bool, output_is_there: bool
) -> None:
    detail = event_of(run_machine(aws, ECHO, input_of(size)))["detail"]

    assert detail["inputDetails"] == {"included": input_is_there}
    assert detail["outputDetails"] == {"included": output_is_there}
    assert (detail["input"] is not None, detail["output"] is not None) == (input_is_there, output_is_there)


def test_an_input_of_248_kibibytes_is_in_the_event(aws: Sandbox, changes: list[Event]) -> None:
    for size in (LARGEST_DATA - 1, LARGEST_DATA):
        run_machine(aws, {**ECHO, "States": {"Echo": {"Type": "Fail"}}}, input_of(size))

    assert [change["detail"]["inputDetails"]["included"] for change in changes] == [True, True, False, False]


def test_a_redrive_sends_status_changes_with_the_number_of_redrives(aws: Sandbox, changes: list[Event]) -> None:
    aws.seed("already_copied")
    aws.follow("DescribeProjectVersions: AccessDeniedException")
    execution = aws.run(read_event("already_copied"))
    assert describe(execution)["redriveCount"] == 0
    assert "redriveDate" not in describe(execution)

    def redrive_later() -> None:
        aws.clock.sleep(3_600)
        redrive(execution)

    aws.clock.spawn(redrive_later)
    aws.finish()

    assert statuses(changes) == ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]
    assert [change["detail"]["redriveCount"] for change in changes] == [0, 0, 1, 1]
    assert len(aws.outcomes) == 2
    answer = describe(execution)
    assert answer["redriveCount"] == 1
    assert answer["redriveDate"] == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert answer["redriveStatus"] == "NOT_REDRIVABLE"
    assert answer["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert changes[-1]["detail"]["redriveDate"] == 1_893_492_000_000
