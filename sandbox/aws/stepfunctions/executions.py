"""Executions of AWS Step Functions in the sandbox: described, stopped, timed out and redriven as on AWS.

moto's API has no redrives, returns the whole history in one page, and lets a stopped execution run for a while. moto's
interpreter counts the definition's TimeoutSeconds in real time.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.aws.stepfunctions.running import link, tell_of_end, work_of

UNHEARD: Any = SimpleNamespace(terminated=lambda: None)  # in place of what hears of the end of a worker


class ExecutionNotRedrivableError(AWSError):
    """The status of the execution does not allow a redrive."""

    TYPE = "ExecutionNotRedrivable"


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make the API answer as on AWS, and let executions time out."""
    start: Any = ExecutionWorker.start
    terminated = BaseExecutionWorkerCommunication.terminated
    describe = StepFunctionResponse.describe_execution

    def started(self: Any) -> None:
        link(self)
        start(self)
        seconds = _timeout(self._evaluation_details.state_machine_details.definition)
        if seconds:
            clock.after(seconds, partial(_time_out_if_running, self))

    def ended(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        tell_of_end(self.execution)

    def describe_execution(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        included = self._get_param("includedData") != "METADATA_ONLY"
        description: Any = describe(self).result
        description |= {"inputDetails": {"included": included}, "output": output_of(execution), **redrives(execution)}
        description |= {"stopDate": execution.stop_date, "mapRunArn": getattr(execution, "map_run_arn", None)}
        if not included:
            description |= {"input": None, "output": None}
            description |= {"outputDetails": {"included": False}} if output_of(execution) else {}
        return ActionResult({key: value for key, value in description.items() if value is not None})

    responses: Any = StepFunctionResponse
    responses.redrive_execution = redrive_execution  # moto lacks it
    replacements = {
        "ExecutionWorker.start": started,
        "BaseExecutionWorkerCommunication.terminated": ended,
        "StepFunctionResponse.describe_execution": describe_execution,
        "StepFunctionResponse.describe_state_machine_for_execution": describe_state_machine_for_execution,
        "StepFunctionResponse.stop_execution": stop_execution,
    }
    with applied("executions", replacements):
        yield


def output_of(execution: Execution) -> str | None:
    """Return the output of an execution that succeeded, as Step Functions writes it."""
    return json.dumps(execution.output, separators=(",", ":")) if execution.status == "SUCCEEDED" else None


def redrives(execution: Execution) -> dict[str, Any]:
    """Return how often an execution was redriven, and whether it can be redriven.

    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    redrivable = execution.status in ("FAILED", "TIMED_OUT", "ABORTED")
    return {
        "redriveCount": getattr(execution, "redrive_count", 0),
        "redriveDate": getattr(execution, "redrive_date", None),
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": None if redrivable else f"Execution is {execution.status} and cannot be redriven",
    }


def redrive_execution(self: Any) -> ActionResult:
    """Answer RedriveExecution."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    reason = redrives(execution)["redriveStatusReason"]
    if reason:
        raise ExecutionNotRedrivableError(reason)
    redrive(execution)
    return ActionResult({"redriveDate": execution.redrive_date})


def describe_state_machine_for_execution(self: Any) -> ActionResult:
    """Answer DescribeStateMachineForExecution; for a child of a map run, that is the workflow inside its Map state."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    machine = execution.state_machine
    map_run_arn = getattr(execution, "map_run_arn", None)
    description = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": execution.role_arn,
        "updateDate": machine.update_date,
        "loggingConfiguration": machine.loggingConfiguration,
        "tracingConfiguration": machine.tracingConfiguration,
        "encryptionConfiguration": machine.encryptionConfiguration,
        "mapRunArn": map_run_arn,
        "label": machine.arn.partition("/")[2] if map_run_arn else None,
    }
    return ActionResult({key: value for key, value in description.items() if value is not None})


def stop_execution(self: Any) -> ActionResult:
    """Answer StopExecution; an execution that has ended stays as it is."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if execution.status == "RUNNING":
        stop(execution, self._get_param("error"), self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date})


def stop(execution: Execution, error: str | None = None, cause: str | None = None) -> None:
    """Abort a running execution, as Stop in the console does."""
    _running(execution).set_stop(EventManager._get_current_timestamp(), cause, error)
    details: Any = {name: value for name, value in (("error", error), ("cause", cause)) if value}
    execution.error, execution.cause = details.get("error"), details.get("cause")
    _end(execution, HistoryEventType.ExecutionAborted, {"executionAbortedEventDetails": details})


def time_out(execution: Execution) -> None:
    """End a running execution, as Step Functions does after its TimeoutSeconds."""
    _running(execution).set_timed_out()
    _end(execution, HistoryEventType.ExecutionTimedOut, {"executionTimedOutEventDetails": {}})


def _running(execution: Execution) -> Any:
    """Return the environment of an execution, which may have had no turn to run yet; in that case it never gets one."""
    worker: Any = execution.exec_worker
    if worker.env is None:
        communication, worker._execution_communication = worker._execution_communication, UNHEARD
        worker._get_evaluation_entrypoint = lambda: SimpleNamespace(
            eval=lambda env: setattr(env, "next_state_name", "")
        )
        worker._execution_logic()
        worker._execution_logic, worker._execution_communication = (lambda: None), communication
    return worker.env


def _end(execution: Execution, kind: HistoryEventType, details: Any) -> None:
    """End an execution at once; a running task continues, but the history does not record it."""
    worker: Any = execution.exec_worker
    running, communication = worker.env, worker._execution_communication
    worker.env, worker._execution_communication = copy.copy(running), UNHEARD
    worker.env.event_manager = _copy(running.event_manager)
    context = running.event_history_context
    running.event_history_context = copy.copy(context)
    work = list(work_of(execution))
    work_of(execution).clear()
    for end in (end for one in work for end in one.ends_with):
        worker.env.event_manager.add_event(context, end)
    worker.env.event_manager.add_event(context, kind, details)
    communication.terminated()
    for one in work:
        one.abandon()


def _copy(manager: Any) -> Any:
    """Return a copy of a history that what still runs does not write to."""
    made = copy.copy(manager)
    made._history_event_list, made._event_id_gen = list(manager._history_event_list), copy.copy(manager._event_id_gen)
    return made


def _time_out_if_running(worker: Any) -> None:
    execution = getattr(worker._execution_communication, "execution", None)
    if execution and execution.exec_worker is worker and execution.status == "RUNNING":
        time_out(execution)


@cache
def _timeout(definition: str) -> int | None:
    seconds: int | None = json.loads(definition).get("TimeoutSeconds")
    return seconds
