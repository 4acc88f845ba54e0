"""Status changes of AWS Step Functions: an event on the account's default bus when an execution starts or ends.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.aws import eventbridge
from sandbox.aws.patches import applied
from sandbox.aws.stepfunctions.executions import output_of, redrives

DETAIL_TYPE = "Step Functions Execution Status Change"
LARGEST_DATA = 248 * 1_024


@contextmanager
def install(announced: Callable[[], bool]) -> Iterator[None]:
    """Put an event on the bus for each status change, while ``announced`` returns True."""
    start: Any = ExecutionWorker.start
    terminated = BaseExecutionWorkerCommunication.terminated

    def deliver(execution: Execution) -> None:
        if announced():
            eventbridge.deliver(event_of(execution))

    def started(self: Any) -> None:
        deliver(
            self._execution_communication.execution
        )  # sent before the execution runs, because running changes its status
        start(self)

    def ended(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        deliver(self.execution)

    replacements = {"ExecutionWorker.start": started, "BaseExecutionWorkerCommunication.terminated": ended}
    with applied("status_changes", replacements):
        yield


def event_of(execution: Execution) -> dict[str, Any]:
    """Return the event for an execution's current status."""
    at: datetime = execution.stop_date or EventManager._get_current_timestamp()
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": "aws.states",
        "account": execution.account_id,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": execution.region_name,
        "resources": [execution.exec_arn],
        "detail": _detail(execution),
    }


def of_machine(event: Any, machine_arn: str) -> Any:
    """Return a story's status change, with the name of the state machine in this sandbox; by default the given one."""
    named = event["detail"].get("stateMachineArn") if event["source"] == "aws.states" else None
    if not named:
        return event
    _, _, _, region, account, *_ = machine_arn.split(":")
    name, machines = named.rpartition(":")[2], stepfunctions_parser_backends[account][region].state_machines
    logical_id = name.partition("-")[0]
    own = next((one.arn for one in machines if logical_id in one.name), machine_arn)
    return json.loads(json.dumps(event).replace(name, own.rpartition(":")[2]))


def _detail(execution: Any) -> dict[str, Any]:
    """Return what DescribeExecution returns, with null for missing fields and times in milliseconds."""
    redriven = redrives(execution)
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        **_data(execution.execution_input, output_of(execution)),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        **redriven,
        "redriveDate": _milliseconds(redriven["redriveDate"]),
        "error": execution.error,
        "cause": execution.cause,
    }


def _data(given: str, output: str | None) -> dict[str, Any]:
    """Return input and output; if they are too large for an event, leave out the input, and then the output."""
    output_fits = _size(output) <= LARGEST_DATA
    input_fits = _size(given) + _size(output) <= LARGEST_DATA
    return {
        "input": given if input_fits else None,
        "inputDetails": {"included": input_fits},
        "output": output if output_fits else None,
        "outputDetails": None if output is None else {"included": output_fits},
    }


def _size(text: str | None) -> int:
    """Return the number of bytes of a string once it is escaped in JSON."""
    return 0 if text is None else len(json.dumps(text).encode())


def _milliseconds(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp() * 1_000)
