"""The Amazon States Language as AWS executes it, where moto's interpreter differs."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
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
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from sandbox.aws.clock import Clock
from sandbox.aws.lambda_.functions import OF_THE_SERVICE
from sandbox.aws.patches import applied
from sandbox.aws.rekognition.settings import settings

DATA_LIMIT_EXCEEDED = StatesErrorName(StatesErrorNameType.StatesStatesDataLimitExceeded)


class InlineThread:
    """A replacement for the thread that moto starts for each task and then waits for."""

    def __init__(self, target: Callable[[], None], daemon: bool) -> None:
        self.start = target


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make Choice states, Catch and task timeouts behave as on AWS."""

    evaluate, integrate = StateTaskLambda._eval_execution, lambda_eval_utils.execute_lambda_function_integration

    def eval_lambda(self: StateTaskLambda, env: Any) -> None:
        self.timeout.eval(env)
        env.task_deadline = clock.time() + env.stack.pop()
        evaluate(self, env)

    def invoke_and_wait(env: Any, *args: Any, **kwargs: Any) -> None:
        """Let the task time out once the function has ended. AWS would not wait for the function."""
        try:
            integrate(env, *args, **kwargs)
        finally:
            if clock.time() > getattr(env, "task_deadline", math.inf):  # tasks of lambda:invoke have none
                raise EvalTimeoutError

    replacements = {
        "execute_state.Thread": InlineThread,
        "CatcherDecl._eval_body": partialmethod(catch, CatcherDecl._eval_body),
        "ComparisonVariable._eval_body": compare,
        "StateTaskLambda._eval_execution": eval_lambda,
        "StateTaskLambda._from_error": partialmethod(from_error, StateTaskLambda._from_error),
        "lambda_eval_utils.execute_lambda_function_integration": invoke_and_wait,
    }
    with applied("asl", replacements):
        yield


def catch(self: Any, original: Callable[..., None], env: Any) -> None:
    """Make a Catch of States.ALL catch States.DataLimitExceeded, if the setting says so."""
    error, names = env.stack[-1].error_name, self.error_equals.error_names
    if (
        error == DATA_LIMIT_EXCEEDED
        and settings.states_all_catches_data_limit
        and names == [ErrorEqualsDecl._STATE_ALL_ERROR]
    ):
        env.stack[-1] = SimpleNamespace(error_name=ErrorEqualsDecl._STATE_TASK_ERROR)  # States.ALL matches this one
    original(self, env)


def compare(self: Any, env: Any) -> None:
    """Fail on null, and on a missing path unless the rule is IsPresent."""
    if env.stack[-1] is None:
        raise _runtime_error(env, "Unable to apply Path transformation to null or empty input.")
    self.variable.eval(env)
    is_present = self.comparison_function.operator_type is ComparisonOperatorType.IsPresent
    if isinstance(env.stack[-1], NoSuchVariable) and not is_present:
        path = self.variable.string_sampler.literal_value
        problem = "The choice state's condition path references an invalid value."
        raise _runtime_error(env, f"Invalid path '{path}': {problem}")
    self.comparison_function.eval(env)


def from_error(self: StateTaskLambda, original: Callable[..., Any], env: Any, ex: Exception) -> Any:
    """Report a missing path as States.Runtime, and the cause of Lambda's own errors as a plain sentence."""
    if isinstance(ex, NoSuchJsonPathError):
        return ExecutionState._from_error(self, env, ex)
    failure = original(self, env, ex)
    details: Any = failure.event_details and failure.event_details.get("lambdaFunctionFailedEventDetails")
    if details and details["error"].startswith(OF_THE_SERVICE):
        details["cause"] = json.loads(details["cause"])["errorMessage"]
    return failure


def _runtime_error(env: Any, cause: str) -> FailureEventException:
    name = StatesErrorName(StatesErrorNameType.StatesRuntime)
    details: Any = {"taskFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, details))
