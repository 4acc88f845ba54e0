"""Executions of the workflow and of other state machines."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.deployment import REGION, STACK_ACCOUNT, client
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.story import REQUEST, STORY

# moto's class; its types leave out many fields of an ended execution.
Execution = Any

ECHO: dict[str, Any] = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}
WAIT_A_MINUTE = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


def run_machine(aws: Sandbox, definition: dict[str, Any], given: str = "{}") -> Execution:
    """Run a state machine that is not the stack's."""
    step_functions, name = client("stepfunctions", STACK_ACCOUNT), str(uuid.uuid4())
    role = f"arn:aws:iam::{STACK_ACCOUNT}:role/any"
    made = step_functions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    started = step_functions.start_execution(stateMachineArn=made["stateMachineArn"], input=given)
    aws.finish()
    return stepfunctions_parser_backends[STACK_ACCOUNT][REGION].describe_execution(started["executionArn"])


def run_until(aws: Sandbox, end: Callable[[Execution], None]) -> Execution:
    """Start a copy, and end the execution half a minute later, in a Wait state."""
    aws.seed(STORY)
    execution = aws.start(REQUEST)
    aws.clock.after(35, lambda: end(execution))
    aws.finish()
    return execution


def succeed(aws: Sandbox) -> Execution:
    """Run an execution that succeeds soon."""
    aws.seed("already_copied")
    return aws.run(read_event("already_copied"))


def describe(execution: Execution) -> dict[str, Any]:
    """Return what DescribeExecution reports."""
    described: dict[str, Any] = client("stepfunctions", STACK_ACCOUNT).describe_execution(
        executionArn=execution.exec_arn
    )
    described.pop("ResponseMetadata")
    return described


def history(execution: Execution) -> list[dict[str, Any]]:
    """Return the events of the execution."""
    events: Any = execution.to_history_output()["events"]
    return list(events)


def seconds_since(aws: Sandbox, execution: Execution) -> float:
    """Return the seconds since the execution ended."""
    return aws.clock.time() - float(execution.stop_date.timestamp())
