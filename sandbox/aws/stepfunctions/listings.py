"""The lists of Step Functions, in pages: executions, map runs, and the history of an execution.

moto lists no children of map runs, has no filters, and fails for an execution that has not begun to run.
Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.patches import applied
from sandbox.aws.rekognition.utils import Key, page
from sandbox.aws.stepfunctions.executions import redrives
from sandbox.aws.stepfunctions.running import map_runs_of

DEFAULT_PAGE = 100
DATA = ("input", "output")
NEITHER_OR_BOTH = "Either a state machine ARN or a map run ARN must be specified, and not both"
FILTERED_MACHINE = "A redrive filter can be used with a map run ARN only"


class InvalidTokenError(AWSError):
    """The token does not belong to this list."""

    TYPE = "InvalidToken"


class ResourceNotFoundError(AWSError):
    """There is no such map run."""

    TYPE = "ResourceNotFound"


@contextmanager
def install() -> Iterator[None]:
    """Make the lists answer as on AWS."""
    replacements = {
        "StepFunctionResponse.describe_map_run": describe_map_run,
        "StepFunctionResponse.get_execution_history": get_execution_history,
        "StepFunctionResponse.list_executions": list_executions,
        "StepFunctionResponse.list_map_runs": list_map_runs,
    }
    with applied("listings", replacements):
        yield


def get_execution_history(self: Any) -> ActionResult:
    """Answer GetExecutionHistory; ``includeExecutionData`` leaves out the input and output of each event."""
    arn, backwards = self._get_param("executionArn"), bool(self._get_param("reverseOrder"))
    events = list(self.stepfunction_backend.get_execution_history(arn)["events"])
    included = self._get_param("includeExecutionData", True)
    shown = events if included else [_without_data(event) for event in events]
    keyed = [((-event["id"] if backwards else event["id"], ""), event) for event in shown]
    return _answer(self, "events", keyed, f"{arn} {backwards}")


def list_executions(self: Any) -> ActionResult:
    """Answer ListExecutions, of a state machine or of a map run: the last ones first."""
    machine, run = self._get_param("stateMachineArn"), self._get_param("mapRunArn")
    status, redriven = self._get_param("statusFilter"), self._get_param("redriveFilter")
    if bool(machine) == bool(run):
        raise ValidationException(NEITHER_OR_BOTH)
    if machine and redriven:
        raise ValidationException(FILTERED_MACHINE)
    executions = _children(self, run) if run else self.stepfunction_backend.describe_state_machine(machine).executions
    keyed = [
        ((-one.start_date.timestamp(), f"{number:06}"), _item(one, run))
        for number, one in enumerate(executions)
        if status in (None, one.status) and redriven in (None, _redrive_filter(one))
    ]
    return _answer(self, "executions", keyed, f"{machine} {run} {status} {redriven}")


def list_map_runs(self: Any) -> ActionResult:
    """Answer ListMapRuns."""
    arn = self._get_param("executionArn")
    records = _records(self.stepfunction_backend.describe_execution(arn))
    keyed = [((float(number), ""), record.list_item()) for number, record in enumerate(records)]
    return _answer(self, "mapRuns", keyed, arn)


def describe_map_run(self: Any) -> ActionResult:
    """Answer DescribeMapRun."""
    _, record = _find_run(self, self._get_param("mapRunArn"))
    redriven = {
        "redriveCount": getattr(record, "redrive_count", 0),
        "redriveDate": getattr(record, "redrive_date", None),
    }
    return ActionResult(_present({**record.describe(), **redriven}))


def _find_run(request: Any, arn: str) -> tuple[Execution, Any]:
    """Return the parent and the record of a map run."""
    machines = request.stepfunction_backend.state_machines
    for parent in (execution for machine in machines for execution in machine.executions):
        for record in _records(parent):
            if record.map_run_arn == arn:
                return parent, record
    raise ResourceNotFoundError(f"Resource not found: '{arn}'")


def _records(execution: Any) -> list[Any]:
    """Return the records of the map runs of an execution; none of one that has not begun to run."""
    env = execution.exec_worker.env
    return list(env.map_run_record_pool_manager.get_all()) if env else []


def _children(request: Any, run_arn: str) -> list[Execution]:
    parent, _ = _find_run(request, run_arn)
    return [child for run in map_runs_of(parent) if run.record.map_run_arn == run_arn for child in run.children]


def _item(execution: Execution, map_run_arn: str | None) -> dict[str, Any]:
    redriven = {key: value for key, value in redrives(execution).items() if key in ("redriveCount", "redriveDate")}
    item_count = 1 if map_run_arn else None
    return _present(
        {**execution.to_execution_list_item(), "mapRunArn": map_run_arn, "itemCount": item_count, **redriven}
    )


def _redrive_filter(execution: Execution) -> str:
    return "REDRIVEN" if redrives(execution)["redriveCount"] else "NOT_REDRIVEN"


def _answer(request: Any, name: str, keyed: list[tuple[Key, Any]], listing: str) -> ActionResult:
    """Return one page of a list, in the order of the keys."""
    size = int(request._get_param("maxResults") or DEFAULT_PAGE)
    token = request._get_param("nextToken")
    shown, more = page(keyed, lambda one: one[0], size, token, f"{name} {listing}", _refuse_token)
    return ActionResult({name: [item for _, item in shown], **({"nextToken": more} if more else {})})


def _refuse_token(_: str) -> Exception:
    return InvalidTokenError("Invalid Token: 'Invalid token'")


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without input and output; their details stay."""
    return {
        key: {name: one for name, one in value.items() if name not in DATA} if isinstance(value, dict) else value
        for key, value in event.items()
    }


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
