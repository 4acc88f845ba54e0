"""Executions are stopped, time out and are redriven as in Step Functions."""

from datetime import timedelta

import pytest

from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import STACK_ACCOUNT, client
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import Event, statuses
from tests.workflow.machines import WAIT_A_MINUTE, Execution, describe, history, run_machine, run_until, succeed


def test_a_stopped_execution_ends_at_once_with_error_and_cause(aws: Sandbox, changes: list[Event]) -> None:
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    aws.seed("copy_between_accounts")
    execution = aws.start(read_event("copy_between_accounts"))

    def stop() -> None:
        aws.clock.sleep(35)
        step_functions.stop_execution(executionArn=execution.exec_arn, error="Changed", cause="We changed our minds.")

    aws.clock.spawn(stop)
    aws.finish()

    answer = describe(execution)
    assert (answer["status"], answer["error"], answer["cause"]) == ("ABORTED", "Changed", "We changed our minds.")
    assert answer["stopDate"] - answer["startDate"] == timedelta(seconds=35)
    last = history(execution)[-1]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Changed", "cause": "We changed our minds."}
    assert changes[-1]["detail"]["cause"] == "We changed our minds."


def test_an_ended_execution_cannot_be_stopped(aws: Sandbox, changes: list[Event]) -> None:
    execution = aws.run({})

    stopped = client("stepfunctions", STACK_ACCOUNT).stop_execution(executionArn=execution.exec_arn)

    assert stopped["stopDate"] == describe(execution)["stopDate"]
    assert statuses(changes) == ["RUNNING", "FAILED"]


def test_a_stopped_execution_can_be_redriven_from_the_state_where_it_was(aws: Sandbox, changes: list[Event]) -> None:
    def stop_and_redrive(execution: Execution) -> None:
        executions.stop(execution)
        redrive(execution)

    execution = run_until(aws, stop_and_redrive)

    assert statuses(changes) == ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]
    kinds = [event["type"] for event in history(execution)]
    assert kinds.count("ExecutionAborted") == kinds.count("ExecutionSucceeded") == 1
    assert kinds[kinds.index("ExecutionRedriven") + 1] == "WaitStateEntered"


@pytest.mark.parametrize(("seconds", "status"), [(59, "TIMED_OUT"), (61, "SUCCEEDED")])
def test_an_execution_times_out_after_the_seconds_of_its_definition(
    aws: Sandbox, changes: list[Event], seconds: int, status: str
) -> None:
    execution = run_machine(aws, {**WAIT_A_MINUTE, "TimeoutSeconds": seconds})
    aws.clock.spawn(lambda: aws.clock.sleep(60))
    aws.finish()

    assert statuses(changes) == ["RUNNING", status]
    assert history(execution)[-1]["type"].value.removeprefix("Execution") in (
        "TimedOut",
        "Succeeded",
    )
    assert execution.stop_date - execution.start_date == timedelta(seconds=min(seconds, 60))


def test_a_history_can_be_read_by_pages_and_backwards(aws: Sandbox) -> None:
    execution = succeed(aws)
    whole = history(execution)
    read = client("stepfunctions", STACK_ACCOUNT).get_paginator("get_execution_history").paginate

    backwards = list(read(executionArn=execution.exec_arn, reverseOrder=True, PaginationConfig={"PageSize": 10}))
    forwards = list(read(executionArn=execution.exec_arn))

    assert len(backwards) == -(-len(whole) // 10)
    ids = [event["id"] for event in whole]
    assert [event["id"] for page in backwards for event in page["events"]] == ids[::-1]
    assert [event["id"] for page in forwards for event in page["events"]] == ids
