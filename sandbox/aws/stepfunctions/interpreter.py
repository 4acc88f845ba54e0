"""AWS Step Functions in the sandbox: moto's interpreter, as strict as AWS where moto is laxer."""

import copy
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import jsonpath_ng.ext.parser
import jsonpath_ng.parser
import moto.stepfunctions.models
from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEvent, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval import states
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from sandbox.aws.clock import replaced

Listener = Callable[[HistoryEvent], None]
DOLLARS_PER_TRANSITION = 0.025 / 1_000
NEVER_CAUGHT_BY_ALL = ("States.Runtime", "States.DataLimitExceeded")


class InvalidDefinitionError(AWSError):
    """The definition is not one that Step Functions creates a state machine of."""

    TYPE = "InvalidDefinition"


def missing_targets(definition: dict[str, Any]) -> list[str]:
    """Name the states that the definition goes to and does not have."""
    states = definition["States"]
    targets = [definition["StartAt"]]
    for state in states.values():
        for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
            targets += [place[key] for key in ("Next", "Default") if key in place]
    return [target for target in targets if target not in states]


# moto's own, which the stricter ones below call.
_equals = ErrorEqualsDecl._eval_body
_create = StateMachine.create_from_cloudformation_json
_validate, _start = StepFunctionsParserBackend._validate_definition, StepFunctionsParserBackend.start_execution
_publish = EventManager._publish_history_event


def equals(self: Any, env: Any) -> None:
    """States.ALL does not stand for all of them."""
    error = env.stack[-1].error_name
    _equals(self, env)
    if error in NEVER_CAUGHT_BY_ALL and self.error_names == [ErrorEqualsDecl._STATE_ALL_ERROR]:
        env.stack[-1] = False


def validate(definition: str) -> None:
    """Each state that is gone to has to be there."""
    _validate(definition)
    missing = missing_targets(json.loads(definition))
    if missing:
        raise InvalidDefinitionError(f"MISSING_TRANSITION_TARGET: {', '.join(missing)}")


def start(self: Any, state_machine_arn: str, name: str | None = None, given: str = "{}", *args: Any) -> Any:
    """Give an execution a name that has none, and take no input that is not JSON."""
    try:
        json.loads(given)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from None
    return _start(self, state_machine_arn, name or str(uuid.uuid4()), given, *args)


def create(resource_name: str, cloudformation_json: dict[str, Any], *args: Any, **kwargs: Any) -> StateMachine:
    """Fill in the substitutions, which moto's CloudFormation leaves out."""
    properties = cloudformation_json["Properties"]
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        properties["DefinitionString"] = properties["DefinitionString"].replace(f"${{{name}}}", value)
    return _create(resource_name, cloudformation_json, *args, **kwargs)


@contextmanager
def install(invoke: Callable[[str, str], tuple[str, bool]], listeners: list[Listener]) -> Iterator[None]:
    """Let moto run definitions as Step Functions does, with the functions invoked as given."""

    def invoked(parameters: dict[str, Any], region: str, state_credentials: object) -> dict[str, Any]:
        answer, failed = invoke(parameters["FunctionName"], parameters["Payload"].decode())
        return {"StatusCode": 200, "Payload": json.loads(answer), **({"FunctionError": "Unhandled"} if failed else {})}

    def published(self: Any, **event: Any) -> None:
        _publish(self, **event)
        for listener in listeners:
            listener(self._history_event_list[-1])

    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # it logs what the history says
    with ExitStack() as stack:
        for place, name, value in (
            *STRICTER,
            *FASTER,
            (EventManager, "_publish_history_event", published),
            (lambda_eval_utils, "_invoke_lambda_function", invoked),
        ):
            stack.enter_context(replaced(place, name, value))
        yield


def copy_of_json(value: Any) -> Any:
    """Copy a JSON value, ten times as fast as deepcopy does."""
    if isinstance(value, dict):
        return {key: copy_of_json(member) for key, member in value.items()}
    return [copy_of_json(member) for member in value] if isinstance(value, list) else value


STRICTER: tuple[tuple[Any, str, object], ...] = (
    (ErrorEqualsDecl, "_eval_body", equals),
    (StepFunctionsParserBackend, "_validate_definition", staticmethod(validate)),
    (StepFunctionsParserBackend, "start_execution", start),
    (StateMachine, "create_from_cloudformation_json", create),
    # moto's CloudFormation uses the backend that does not execute.
    (moto.stepfunctions.models, "stepfunctions_backends", stepfunctions_parser_backends),
)
# What the interpreter does again at each state, and need not.
FASTER: tuple[tuple[Any, str, object], ...] = (
    (AmazonStateLanguageParser, "parse", staticmethod(cache(AmazonStateLanguageParser.parse))),
    (json_path, "parse", cache(jsonpath_ng.ext.parser.parse)),
    (result_path, "parse", cache(jsonpath_ng.parser.parse)),
    (states, "copy", SimpleNamespace(deepcopy=copy_of_json)),
)


def paid_transitions(history: list[HistoryEvent]) -> int:
    """Count what AWS bills of an execution: each state entered, and each retry of one."""
    kinds = [event["type"].value for event in history]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    return entered + kinds.count("LambdaFunctionScheduled") - kinds.count("TaskStateEntered")


class RedrivenWorker(ExecutionWorker):
    """Goes on with an execution from the state that failed, with its input and with all its retries."""

    def __init__(self, execution: Execution) -> None:
        before: Any = execution.exec_worker
        super().__init__(before._evaluation_details, execution._get_start_execution_worker_comm(), None, {})
        self._before = before.env
        entered = [event for event in execution.to_history_output()["events"] if "stateEnteredEventDetails" in event]
        self._failed: Any = entered[-1]["stateEnteredEventDetails"]

    def _execution_logic(self) -> None:
        program: Any = copy.copy(self._get_evaluation_entrypoint())
        program.start_at = SimpleNamespace(start_at_name=self._failed["name"])
        env = self.env = self._get_evaluation_environment()
        env.event_manager = self._before.event_manager
        env.event_history_context.integrate(self._before.event_history_context)
        env.states.reset(json.loads(self._failed["input"]))
        env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionRedriven, None)
        program.eval(env)
        self._execution_communication.terminated()


def redrive(execution: Execution) -> None:
    """Redrive an execution that did not succeed, as Step Functions does; it runs when the clock does.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    if execution.status not in ("FAILED", "TIMED_OUT", "ABORTED"):
        raise ValueError(f"The execution is {execution.status}; only one that has ended without success is redriven.")
    worker: Any = RedrivenWorker(execution)
    execution.exec_worker, execution.exec_status = worker, ExecutionStatus.RUNNING
    execution.error = execution.cause = execution.stop_date = None
    told: Any = execution  # moto's executions know of no redrives
    told.redrive_count, told.redrive_date = (
        getattr(execution, "redrive_count", 0) + 1,
        EventManager._get_current_timestamp(),
    )
    worker.start()
