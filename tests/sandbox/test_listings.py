"""The lists of Step Functions: pages, tokens, filters, and histories without data."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from sandbox.aws.stepfunctions import executions
from tests.sandbox.maps import FAIL_IF_TRUE, GIVEN, PASS, distributed
from tests.sandbox.step_functions import FAIL, OF_STATES, WAIT, Definition, Execution, Machines, machines, one_state
from tests.sandbox.test_starts import refused

PASS_DATA = one_state({"Type": "Pass", "Result": {"out": 1}, "End": True})
NUMBERS = count()
INVALID_TOKEN = ("InvalidToken", "Invalid Token: 'Invalid token'")


def pages(call: Any, key: str, **request: Any) -> list[list[Any]]:
    """Return the items of each page of a list."""
    answer = call(**request)
    seen = [answer[key]]
    while "nextToken" in answer:
        answer = call(**request, nextToken=answer["nextToken"])
        seen.append(answer[key])
    return seen


def names(listed: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in listed]


@pytest.fixture(scope="module")
def aws() -> Iterator[Machines]:
    """An AWS that the tests of this file share; each makes state machines of its own."""
    with machines() as aws:
        yield aws


def run(aws: Machines, definition: Definition, given: object = None) -> Execution:
    """Run an execution of a new state machine to its end."""
    execution = aws.start(aws.create(f"parent{next(NUMBERS)}", definition), given or {}, "run")
    aws.clock.run()
    return execution


@pytest.fixture
def machine(aws: Machines) -> str:
    """A state machine with four executions, one a minute, of which the second was stopped."""
    machine = aws.create(f"parent{next(NUMBERS)}", WAIT)
    started = []
    for number in range(4):
        aws.clock.after(60 * number, lambda n=number: started.append(aws.start(machine, {}, f"run{n}")))  # type: ignore[misc]
    aws.clock.after(90, lambda: executions.stop(started[1]))
    aws.clock.spawn(lambda: aws.clock.sleep(300))
    aws.clock.run()
    return machine


def test_executions_are_listed_in_pages_the_last_one_first(aws: Machines, machine: str) -> None:
    call = aws.step_functions.list_executions

    assert [names(page) for page in pages(call, "executions", stateMachineArn=machine, maxResults=3)] == [
        ["run3", "run2", "run1"],
        ["run0"],
    ]
    assert call(stateMachineArn=machine, maxResults=0).keys() >= {"executions"}
    assert "nextToken" not in call(stateMachineArn=machine, maxResults=4)


def test_an_execution_that_starts_between_two_pages_is_not_on_them(aws: Machines, machine: str) -> None:
    first = aws.step_functions.list_executions(stateMachineArn=machine, maxResults=2)
    aws.start(machine, {}, "late")

    second = aws.step_functions.list_executions(stateMachineArn=machine, maxResults=2, nextToken=first["nextToken"])

    assert names(second["executions"]) == ["run1", "run0"]


@pytest.mark.parametrize(
    ("status", "found"),
    [("ABORTED", ["run1"]), ("SUCCEEDED", ["run3", "run2", "run0"]), ("RUNNING", []), ("PENDING_REDRIVE", [])],
)
def test_executions_are_listed_by_status(aws: Machines, machine: str, status: str, found: list[str]) -> None:
    listed = aws.step_functions.list_executions(stateMachineArn=machine, statusFilter=status)["executions"]

    assert names(listed) == found


def test_a_listed_execution_has_its_dates_and_redrives(aws: Machines, machine: str) -> None:
    (before,) = aws.step_functions.list_executions(stateMachineArn=machine, statusFilter="ABORTED")["executions"]
    aws.step_functions.redrive_execution(executionArn=before["executionArn"])
    (after,) = aws.step_functions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]

    assert before.keys() == {
        "executionArn",
        "stateMachineArn",
        "name",
        "status",
        "startDate",
        "stopDate",
        "redriveCount",
    }
    assert (before["redriveCount"], after["redriveCount"]) == (0, 1)
    assert after["redriveDate"] > before["stopDate"]
    assert "stopDate" not in after


def test_a_list_is_of_a_state_machine_or_of_a_map_run(aws: Machines, machine: str) -> None:
    arn = f"{OF_STATES}:mapRun:parent/each:0"

    assert refused("list_executions")[0] == "ValidationException"
    assert refused("list_executions", stateMachineArn=machine, mapRunArn=arn)[0] == "ValidationException"
    with_filter = {"stateMachineArn": machine, "redriveFilter": "REDRIVEN"}
    assert refused("list_executions", **with_filter)[0] == "ValidationException"
    assert refused("list_executions", mapRunArn=arn) == ("ResourceNotFound", f"Resource not found: '{arn}'")
    assert refused("describe_map_run", mapRunArn=arn) == ("ResourceNotFound", f"Resource not found: '{arn}'")


@pytest.mark.parametrize("token", ["nonsense", "é", "W10=", "12"])
def test_a_token_of_no_list_is_invalid(aws: Machines, machine: str, token: str) -> None:
    (execution, *_) = aws.executions(machine.rpartition(":")[2])

    assert refused("list_executions", stateMachineArn=machine, nextToken=token) == INVALID_TOKEN
    assert refused("get_execution_history", executionArn=execution.exec_arn, nextToken=token) == INVALID_TOKEN
    assert refused("list_map_runs", executionArn=execution.exec_arn, nextToken=token) == INVALID_TOKEN


def test_a_token_is_valid_for_its_own_list_only(aws: Machines, machine: str) -> None:
    token = aws.step_functions.list_executions(stateMachineArn=machine, maxResults=1)["nextToken"]

    found = refused("list_executions", stateMachineArn=machine, statusFilter="SUCCEEDED", nextToken=token)

    assert found == INVALID_TOKEN


@pytest.mark.parametrize(
    "operation", ["list_executions", "get_execution_history", "list_map_runs", "list_state_machines", "list_activities"]
)
def test_an_empty_token_and_a_page_that_is_too_large_are_refused(aws: Machines, operation: str) -> None:
    of = {
        "list_executions": "stateMachineArn",
        "get_execution_history": "executionArn",
        "list_map_runs": "executionArn",
    }
    request = {of[operation]: f"{OF_STATES}:execution:x:y"} if operation in of else {}
    start = "1 validation error detected: Value "
    token = f"{start}'' at 'nextToken' failed to satisfy constraint: Member must have length greater than or equal to 1"
    size = (
        f"{start}'1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"
    )

    assert refused(operation, nextToken="", **request) == ("ValidationException", token)
    assert refused(operation, maxResults=1_001, **request) == ("ValidationException", size)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_history_has_pages_in_both_directions(aws: Machines, backwards: bool) -> None:
    arn = run(aws, PASS_DATA).exec_arn
    call = aws.step_functions.get_execution_history
    expected = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]

    found = [kinds(page) for page in pages(call, "events", executionArn=arn, maxResults=3, reverseOrder=backwards)]

    whole = expected[::-1] if backwards else expected
    assert found == [whole[:3], whole[3:]]


def test_a_history_without_data_has_no_input_and_no_output(aws: Machines) -> None:
    arn = run(aws, PASS_DATA, {"in": 1}).exec_arn
    whole = aws.step_functions.get_execution_history(executionArn=arn)["events"]

    bare = aws.step_functions.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]

    assert whole[1]["stateEnteredEventDetails"]["input"] == '{"in":1}'
    assert bare[1]["stateEnteredEventDetails"] == {"name": "Only", "inputDetails": {"truncated": False}}
    assert bare[2]["stateExitedEventDetails"] == {"name": "Only", "outputDetails": {"truncated": False}}
    assert bare[0]["executionStartedEventDetails"].keys() == {"inputDetails", "roleArn"}
    assert bare[3]["executionSucceededEventDetails"] == {"outputDetails": {"truncated": False}}
    assert kinds(bare) == kinds(whole)


def test_a_history_without_data_has_the_error(aws: Machines) -> None:
    arn = run(aws, FAIL).exec_arn

    events = aws.step_functions.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]

    assert events[-1]["executionFailedEventDetails"] == {"error": "NameTakenError", "cause": "Taken."}


def only_run(aws: Machines, parent: Execution) -> str:
    (found,) = aws.step_functions.list_map_runs(executionArn=parent.exec_arn)["mapRuns"]
    return str(found["mapRunArn"])


def test_a_map_run_counts_the_items_that_wait(aws: Machines) -> None:
    aws.put_items([False] * 5)
    slow = one_state({"Type": "Wait", "Seconds": 60, "End": True})
    parent = aws.start(aws.create("slow", distributed(slow, MaxConcurrency=2)), GIVEN, "run")
    assert aws.step_functions.list_map_runs(executionArn=parent.exec_arn)["mapRuns"] == []
    during: list[dict[str, Any]] = []
    aws.clock.after(30, lambda: during.append(aws.step_functions.describe_map_run(mapRunArn=only_run(aws, parent))))
    aws.clock.run()
    after = aws.step_functions.describe_map_run(mapRunArn=only_run(aws, parent))

    nothing = dict.fromkeys(("aborted", "failed", "timedOut"), 0)
    assert during[0]["itemCounts"] == nothing | {
        "pending": 3,
        "running": 2,
        "succeeded": 0,
        "resultsWritten": 0,
        "total": 5,
    }
    assert after["itemCounts"] == after["executionCounts"]
    assert after["itemCounts"] == nothing | {
        "pending": 0,
        "running": 0,
        "succeeded": 5,
        "resultsWritten": 5,
        "total": 5,
    }
    assert (during[0]["status"], after["status"], after["redriveCount"]) == ("RUNNING", "SUCCEEDED", 0)


def test_the_children_of_a_map_run_are_listed_by_whether_they_were_redriven(aws: Machines) -> None:
    aws.put_items([False, True])
    parent = run(aws, distributed(FAIL_IF_TRUE), GIVEN)
    assert parent.status == "FAILED"
    aws.step_functions.redrive_execution(executionArn=parent.exec_arn)
    aws.clock.run()
    arn = only_run(aws, parent)

    def found(**options: str) -> list[str]:
        listed = aws.step_functions.list_executions(mapRunArn=arn, **options)["executions"]
        assert all((one["mapRunArn"], one["itemCount"]) == (arn, 1) for one in listed)
        return sorted(one["status"] for one in listed)

    described = aws.step_functions.describe_map_run(mapRunArn=arn)
    assert found() == ["FAILED", "SUCCEEDED"]
    assert (found(redriveFilter="REDRIVEN"), found(redriveFilter="NOT_REDRIVEN")) == (["FAILED"], ["SUCCEEDED"])
    assert described["redriveCount"] == 1
    assert described["redriveDate"] >= described["startDate"]


def test_map_runs_are_listed_in_pages(aws: Machines) -> None:
    aws.put_items([1])
    first, second = (distributed(PASS)["States"]["Only"] for _ in range(2))
    once = {"ResultPath": None, "Label": "first", "Next": "Again"}
    first = {key: value for key, value in (first | once).items() if key != "End"}
    parent = run(aws, {"StartAt": "Only", "States": {"Only": first, "Again": second | {"Label": "second"}}}, GIVEN)

    listed = pages(aws.step_functions.list_map_runs, "mapRuns", executionArn=parent.exec_arn, maxResults=1)

    assert [[one["mapRunArn"].split("/")[1].split(":")[0] for one in page] for page in listed] == [
        ["first"],
        ["second"],
    ]
