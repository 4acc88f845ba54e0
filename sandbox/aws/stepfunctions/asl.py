"""The Amazon States Language as AWS was seen to read it, where moto's interpreter reads it otherwise."""

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from sandbox.aws.clock import Clock, replaced
from sandbox.aws.lambda_.functions import OF_THE_SERVICE
from sandbox.aws.rekognition.settings import settings

DATA_LIMIT_EXCEEDED = StatesErrorName(StatesErrorNameType.StatesStatesDataLimitExceeded)

# moto's own, which the stricter ones below call.
_catch, _eval_lambda = CatcherDecl._eval_body, StateTaskLambda._eval_execution
_from_error = StateTaskLambda._from_error
_invoke_and_wait = lambda_eval_utils.execute_lambda_function_integration


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make Choice states, Catches and task timeouts behave as on AWS."""

    def eval_lambda(self: StateTaskLambda, env: Any) -> None:
        self.timeout.eval(env)
        env.task_deadline = clock.time() + env.stack.pop()
        _eval_lambda(self, env)

    def invoke_and_wait(env: Any, *args: Any, **kwargs: Any) -> None:
        """Time the task out once the function has ended; AWS does so earlier, while the function runs on."""
        try:
            _invoke_and_wait(env, *args, **kwargs)
        finally:
            if clock.time() > getattr(env, "task_deadline", math.inf):  # a task of lambda:invoke has none
                raise EvalTimeoutError

    with ExitStack() as stack:
        for place, name, value in (
            (CatcherDecl, "_eval_body", catch),
            (ComparisonVariable, "_eval_body", compare),
            (StateTaskLambda, "_eval_execution", eval_lambda),
            (StateTaskLambda, "_from_error", from_error),
            (lambda_eval_utils, "execute_lambda_function_integration", invoke_and_wait),
        ):
            stack.enter_context(replaced(place, name, value))
        yield


def catch(self: Any, env: Any) -> None:
    """Let a Catch of States.ALL catch States.DataLimitExceeded of a task, if the setting says so."""
    error, names = env.stack[-1].error_name, self.error_equals.error_names
    if (
        error == DATA_LIMIT_EXCEEDED
        and settings.states_all_catches_data_limit
        and names == [ErrorEqualsDecl._STATE_ALL_ERROR]
    ):
        env.stack[-1] = SimpleNamespace(error_name=ErrorEqualsDecl._STATE_TASK_ERROR)  # which States.ALL does match
    _catch(self, env)


def compare(self: Any, env: Any) -> None:
    """Fail on null, and on a missing path unless the rule is IsPresent."""
    if env.stack[-1] is None:
        raise _runtime_error(env, "Unable to apply Path transformation to null or empty input.")
    self.variable.eval(env)
    asks_for_it = self.comparison_function.operator_type is ComparisonOperatorType.IsPresent
    if isinstance(env.stack[-1], NoSuchVariable) and not asks_for_it:
        path = self.variable.string_sampler.literal_value
        problem = "The choice state's condition path references an invalid value."
        raise _runtime_error(env, f"Invalid path '{path}': {problem}")
    self.comparison_function.eval(env)


def from_error(self: StateTaskLambda, env: Any, ex: Exception) -> Any:
    """Tell a missing path, and an error of Lambda itself, whose cause is a sentence, from an error of the function."""
    if isinstance(ex, NoSuchJsonPathError):
        return ExecutionState._from_error(self, env, ex)
    failure = _from_error(self, env, ex)
    details: Any = failure.event_details and failure.event_details.get("lambdaFunctionFailedEventDetails")
    if details and details["error"].startswith(OF_THE_SERVICE):
        details["cause"] = json.loads(details["cause"])["errorMessage"]
    return failure


def _runtime_error(env: Any, cause: str) -> FailureEventException:
    name = StatesErrorName(StatesErrorNameType.StatesRuntime)
    details: Any = {"taskFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, details))
