"""A task with startExecution.sync:2 runs another state machine, as on AWS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import paid_transitions, redrive
from tests.sandbox.step_functions import FAIL, WAIT, Definition, Machines, history, nest, one_state

NAMED = {"Input.$": "$", "Name": "copy-0001"}
CATCH_TAKEN = [{"ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "Next": "Taken"}]


def named(machine_arn: str) -> Definition:
    return nest(machine_arn, Parameters={"StateMachineArn": machine_arn, **NAMED})


def test_a_nested_execution_runs_on_the_clock_and_its_description_is_the_output(aws: Machines) -> None:
    execution = aws.run(one_state(nest(aws.create("nested", WAIT))), {"a": 1})

    (nested,) = aws.executions("nested")
    start = int(nested.start_date.timestamp() * 1_000)
    assert execution.output == {
        "ExecutionArn": nested.exec_arn,
        "Input": {"a": 1},
        "InputDetails": {"Included": True},
        "Name": nested.name,
        "Output": {"a": 1},
        "OutputDetails": {"Included": True},
        "StartDate": start,
        "StateMachineArn": nested.state_machine_arn,
        "Status": "SUCCEEDED",
        "StopDate": start + 1_200_000,
    }
    task = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert history(execution) == [
        *("ExecutionStarted", "TaskStateEntered"),
        *task,
        *("TaskStateExited", "ExecutionSucceeded"),
    ]


def test_a_nested_execution_that_fails_fails_the_task_with_its_description_as_cause(aws: Machines) -> None:
    execution = aws.run(one_state(nest(aws.create("nested", FAIL))))

    cause = json.loads(execution.cause)
    assert (execution.status, execution.error) == ("FAILED", "States.TaskFailed")
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "NameTakenError", "Taken.")
    assert "Output" not in cause


@pytest.mark.parametrize(("end", "status"), [(executions.stop, "ABORTED"), (executions.time_out, "TIMED_OUT")])
def test_a_nested_execution_that_is_ended_fails_the_task(
    aws: Machines, end: Callable[[Any], None], status: str
) -> None:
    machine = aws.create("nested", WAIT)
    aws.clock.after(60, lambda: end(aws.executions("nested")[0]))

    execution = aws.run(one_state(nest(machine)))

    assert (execution.error, json.loads(execution.cause)["Status"]) == ("States.TaskFailed", status)


def test_a_name_that_is_taken_by_an_ended_execution_is_refused(aws: Machines) -> None:
    machine = aws.create("nested", one_state({"Type": "Succeed"}))
    aws.start(machine, {}, "copy-0001")
    aws.clock.run()

    execution = aws.run(one_state(named(machine)))

    assert execution.error == "StepFunctions.ExecutionAlreadyExistsException"
    assert execution.cause.startswith("Execution Already Exists: '")
    assert "Error Code: ExecutionAlreadyExists" in execution.cause


def test_a_name_that_is_taken_by_another_input_is_refused_and_can_be_caught(aws: Machines) -> None:
    machine = aws.create("nested", WAIT)
    aws.start(machine, {"a": 2}, "copy-0001")
    states = {"Only": {**named(machine), "Catch": CATCH_TAKEN}, "Taken": {"Type": "Succeed"}}

    execution = aws.run({"StartAt": "Only", "States": states}, {"a": 1})

    assert execution.status == "SUCCEEDED"
    assert execution.output["Error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_the_same_name_and_input_join_a_running_execution(aws: Machines) -> None:
    machine = aws.create("nested", WAIT)
    running = aws.start(machine, {"a": 1}, "copy-0001")

    execution = aws.run(one_state(named(machine)), {"a": 1})

    assert (execution.output["ExecutionArn"], len(aws.executions("nested"))) == (running.exec_arn, 1)


def test_a_state_machine_that_does_not_exist_is_refused(aws: Machines) -> None:
    execution = aws.run(one_state(nest(aws.create("nested", WAIT) + "s")))

    assert execution.error == "StepFunctions.StateMachineDoesNotExistException"


@pytest.mark.parametrize(
    "action",
    [
        "states:StartExecution",
        "states:DescribeExecution",
        "events:PutTargets",
        "events:PutRule",
        "events:DescribeRule",
    ],
)
def test_each_permission_is_needed(aws: Machines, action: str) -> None:
    aws.allow_all_but(action)

    execution = aws.run(one_state(nest(aws.create("nested", WAIT))))

    assert execution.error == "StepFunctions.AWSStepFunctionsException"
    assert f"is not authorized to perform: {action} on resource: " in execution.cause
    assert "Error Code: AccessDeniedException" in execution.cause


@pytest.mark.parametrize(("denied", "status"), [((), "ABORTED"), (("states:StopExecution",), "SUCCEEDED")])
def test_a_stopped_parent_stops_its_nested_execution_if_its_role_may(
    aws: Machines, denied: tuple[str, ...], status: str
) -> None:
    aws.allow_all_but(*denied)
    parent = aws.start(aws.create("parent", one_state(nest(aws.create("nested", WAIT)))), {}, "run")
    aws.clock.after(60, lambda: executions.stop(parent))
    aws.clock.run()

    assert (parent.status, aws.executions("nested")[0].status) == ("ABORTED", status)
    assert history(parent)[-2:] == ["TaskSubmitted", "ExecutionAborted"]


def test_a_task_that_times_out_stops_its_nested_execution(aws: Machines) -> None:
    execution = aws.run(one_state(nest(aws.create("nested", WAIT), TimeoutSeconds=60)))

    assert (execution.error, aws.executions("nested")[0].status) == ("States.Timeout", "ABORTED")
    assert (execution.stop_date - execution.start_date).total_seconds() == 60


def test_an_execution_that_is_stopped_before_its_first_turn_can_be_redriven(aws: Machines) -> None:
    execution = aws.start(aws.create("machine", WAIT), {"a": 1}, "run")
    executions.stop(execution)
    assert history(execution) == ["ExecutionStarted", "ExecutionAborted"]

    redrive(execution)
    aws.clock.run()

    assert (execution.status, execution.output) == ("SUCCEEDED", {"a": 1})
    assert history(execution)[1:4] == ["ExecutionAborted", "ExecutionRedriven", "WaitStateEntered"]


def test_each_execution_is_billed_for_its_own_transitions_and_retries(aws: Machines) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2}]
    execution = aws.run(one_state(nest(aws.create("nested", FAIL), Retry=retry)))

    assert paid_transitions(execution.to_history_output()["events"]) == 3
    assert [paid_transitions(one.to_history_output()["events"]) for one in aws.executions("nested")] == [1, 1, 1]


def test_a_nested_result_of_more_than_256_kib_is_refused(aws: Machines) -> None:
    execution = aws.run(one_state(nest(aws.create("nested", one_state({"Type": "Succeed"})))), {"a": "x" * 140_000})

    assert execution.error == "States.DataLimitExceeded"
