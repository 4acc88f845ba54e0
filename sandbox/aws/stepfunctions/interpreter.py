"""AWS Step Functions in the sandbox: moto's interpreter, made as strict as AWS."""

import copy
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial, partialmethod
from types import SimpleNamespace
from typing import Any

import jsonpath_ng.ext.parser
import jsonpath_ng.parser
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEvent, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from sandbox.aws.patches import applied
from sandbox.aws.stepfunctions import definitions
from sandbox.aws.stepfunctions.starting import start

Listener = Callable[[HistoryEvent], None]
DOLLARS_PER_TRANSITION = 0.025 / 1_000
NEVER_CAUGHT_BY_ALL = ("States.Runtime", "States.DataLimitExceeded")


def equals(self: Any, original: Callable[..., None], env: Any) -> None:
    """Exclude from States.ALL the errors that it does not match on AWS."""
    error = env.stack[-1].error_name
    original(self, env)
    if error in NEVER_CAUGHT_BY_ALL and self.error_names == [ErrorEqualsDecl._STATE_ALL_ERROR]:
        env.stack[-1] = False


def filled_in(resource: Any) -> Any:
    """Return a state machine with its substitutions, which moto's CloudFormation ignores."""
    properties = resource["Properties"]
    for key, value in properties.get("DefinitionSubstitutions", {}).items():
        properties["DefinitionString"] = properties["DefinitionString"].replace(f"${{{key}}}", value)
    return resource


def create(original: Callable[..., StateMachine], name: str, resource: Any, *args: Any, **kwargs: Any) -> StateMachine:
    return original(name, filled_in(resource), *args, **kwargs)


def update(original: Callable[..., StateMachine], *, cloudformation_json: Any, **others: Any) -> StateMachine:
    return original(cloudformation_json=filled_in(cloudformation_json), **others)


@contextmanager
def install(invoke: Callable[[str, str, str], tuple[str, bool]], listeners: list[Listener]) -> Iterator[None]:
    """Make moto run definitions as Step Functions does, and call ``invoke`` for each function, with the role's ARN."""

    def invoked(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
        payload, role_arn = parameters["Payload"].decode(), state_credentials.role_arn
        answer, failed = invoke(parameters["FunctionName"], payload, role_arn)
        return {"StatusCode": 200, "Payload": json.loads(answer), **({"FunctionError": "Unhandled"} if failed else {})}

    publish: Any = EventManager._publish_history_event

    def published(self: Any, **event: Any) -> None:
        publish(self, **event)
        for listener in listeners:
            listener(self._history_event_list[-1])

    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # the history has all events
    replacements = {
        **_stricter(),
        **_faster(),
        "EventManager._publish_history_event": published,
        "lambda_eval_utils._invoke_lambda_function": invoked,
    }
    with applied("interpreter", replacements):
        yield


def copy_of_json(value: Any) -> Any:
    """Copy a JSON value, ten times as fast as deepcopy."""
    if isinstance(value, dict):
        return {key: copy_of_json(member) for key, member in value.items()}
    return [copy_of_json(member) for member in value] if isinstance(value, list) else value


def _stricter() -> dict[str, object]:
    backend = StepFunctionsParserBackend
    check = partial(definitions.validate, backend._validate_definition)
    make = partial(create, StateMachine.create_from_cloudformation_json)
    change = partial(update, StateMachine.update_from_cloudformation_json)
    return {
        "ErrorEqualsDecl._eval_body": partialmethod(equals, ErrorEqualsDecl._eval_body),
        "StepFunctionsParserBackend._validate_definition": staticmethod(check),
        "StepFunctionsParserBackend.start_execution": partialmethod(start, backend.start_execution),
        "StateMachine.create_from_cloudformation_json": staticmethod(make),
        "StateMachine.update_from_cloudformation_json": staticmethod(change),
        # moto's CloudFormation uses the backend that does not execute.
        "models.stepfunctions_backends": stepfunctions_parser_backends,
    }


@cache  # all sandboxes of a process share the parsed objects
def _faster() -> dict[str, object]:
    """Return faster replacements for work that moto repeats at each state."""
    return {
        "AmazonStateLanguageParser.parse": staticmethod(
            cache(partial(definitions.parse, AmazonStateLanguageParser.parse))
        ),
        "json_path.parse": cache(jsonpath_ng.ext.parser.parse),
        "result_path.parse": cache(jsonpath_ng.parser.parse),
        "states.copy": SimpleNamespace(deepcopy=copy_of_json),
        "event_manager.copy": SimpleNamespace(deepcopy=copy_of_json),
    }


def paid_transitions(history: list[HistoryEvent]) -> int:
    """Return the number of state transitions that AWS bills: each state entered, and each retry."""
    kinds = [event["type"].value for event in history]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    tries = kinds.count("LambdaFunctionScheduled") + kinds.count("TaskScheduled")
    return entered + tries - kinds.count("TaskStateEntered")


class RedrivenWorker(ExecutionWorker):
    """A worker that continues an execution at the failed state, with that state's input and all of its retries."""

    def __init__(self, execution: Execution) -> None:
        before: Any = execution.exec_worker
        super().__init__(before._evaluation_details, execution._get_start_execution_worker_comm(), None, {})
        self._before = before.env
        self._failed: Any = {"name": None, "input": execution.execution_input}
        for event in execution.to_history_output()["events"]:
            self._failed = event.get("stateEnteredEventDetails", self._failed)

    def _execution_logic(self) -> None:
        program: Any = copy.copy(self._get_evaluation_entrypoint())
        if self._failed["name"]:  # an execution can be stopped before it enters a state
            program.start_at = SimpleNamespace(start_at_name=self._failed["name"])
        env = self.env = self._get_evaluation_environment()
        env.event_manager = self._before.event_manager
        env.event_history_context.integrate(self._before.event_history_context)
        env.states.reset(json.loads(self._failed["input"]))
        env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionRedriven, None)
        program.eval(env)
        self._execution_communication.terminated()


def redrive(execution: Execution) -> None:
    """Redrive an execution that did not succeed. The execution runs when the clock runs.

    Raises ValueError for an execution that runs or has succeeded.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    if execution.status not in ("FAILED", "TIMED_OUT", "ABORTED"):
        raise ValueError(f"An execution that is {execution.status} cannot be redriven.")
    worker: Any = RedrivenWorker(execution)
    execution.exec_worker, execution.exec_status = worker, ExecutionStatus.RUNNING
    execution.error = execution.cause = execution.stop_date = None
    redriven: Any = execution  # moto's executions have no fields for redrives
    redriven.redrive_count = getattr(execution, "redrive_count", 0) + 1
    redriven.redrive_date = EventManager._get_current_timestamp()
    worker.start()
