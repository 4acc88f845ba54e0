"""What the sandbox knows of an execution, in the form that the page and the report show."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.stepfunctions.executions import output_of, redrives
from sandbox.aws.stepfunctions.running import map_runs_of
from sandbox.page import explained
from sandbox.records import Call
from sandbox.world import Sandbox

Known = dict[str, Any]


def document_of(aws: Sandbox, execution: Execution, docs: str, after: int = 0) -> Known:
    """Return what is known of an execution, with the events whose id is larger than ``after``.

    Parameters
    ----------
    docs: the address of docs/errors.md.
    """
    events = list(execution.to_history_output()["events"])
    calls = explained.with_differences(
        [_call(call) for call in list(aws.records.calls) if call.execution == execution.exec_arn]
    )
    described = _described(execution)
    known = {
        "execution": described,
        "definition": json.loads(execution.state_machine.definition),
        "events": [event for event in events if event["id"] > after],
        "calls": calls,
        "policies": explained.policies(calls),
        "rows": rows_of(aws, execution) if is_promotion(aws, execution) else None,
        "missing": [],
        "docs": docs,
        "errors": explained.advice(described, events),
    }
    return dict(_as_json(known))


def is_promotion(aws: Sandbox, execution: Execution) -> bool:
    """Return whether an execution is one of the state machine that promotes."""
    return execution.state_machine_arn == aws.deployment.promotion_machine_arn


def rows_of(aws: Sandbox, promotion: Execution) -> list[Known]:
    """Return a row for each destination of a promotion, whether or not its copy has started."""
    copies = {copy.name: copy for copy in aws.executions}
    items = [item for run in map_runs_of(promotion) for item in run.inputs]
    return [_row(item["Request"]["DestinationProjectArn"], copies.get(item["Name"]), promotion) for item in items]


def _row(destination: str, copy: Execution | None, promotion: Execution) -> Known:
    if copy is None:
        status = "WAITING" if promotion.status == "RUNNING" else "NotStarted"
        return {"destination": destination, "status": status}
    version = copy.output.get("ProjectVersionArn") if isinstance(copy.output, dict) else None
    ended = {"error": copy.error, "cause": copy.cause, "version": version}
    return {"destination": destination, "status": copy.status, "execution": copy.exec_arn, **ended}


def _described(execution: Execution) -> Known:
    """Return the execution as DescribeExecution does."""
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "input": execution.execution_input,
        "output": output_of(execution),
        "error": execution.error,
        "cause": execution.cause,
        **redrives(execution),
    }


def _call(call: Call) -> Known:
    words = {name: value for name, value in asdict(call).items() if not name.startswith("policies")}
    at = datetime.fromtimestamp(call.at, UTC)
    return {**words, "at": at, "policiesBefore": call.policies_before, "policiesAfter": call.policies_after}


def _as_json(value: Any) -> Any:
    """Return the value with dates as strings and enumerations as their values."""
    return json.loads(
        json.dumps(value, default=lambda odd: odd.isoformat() if isinstance(odd, datetime) else odd.value)
    )
