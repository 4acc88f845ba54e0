"""Nested executions: a task starts an execution of another state machine and waits for its end.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.aws.signals import Signal
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.roles import NotAuthorizedError, check, is_allowed
from sandbox.aws.stepfunctions.running import execution_of, when_ended, work_of

RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


class NestedExecution:
    """The wait of a task for an execution; the task stops the execution if the task ends first."""

    ends_with: tuple[HistoryEventType, ...] = ()

    def __init__(self, env: Any, execution: Execution, ended: Signal) -> None:
        self._env, self._execution, self._ended = env, execution, ended

    def abandon(self) -> None:
        """Stop the execution, if the role allows it, and let the task end."""
        self.stop()
        self._ended.set()

    def stop(self) -> None:
        """Stop the execution, if it still runs and the role allows it."""
        if self._execution.status == "RUNNING" and is_allowed(
            self._env, "states:StopExecution", self._execution.exec_arn
        ):
            executions.stop(self._execution)


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Let tasks start executions, and wait for them on the clock."""
    await_else: Any = StateTaskServiceSfn._eval_integration_pattern

    def wait(self: Any, env: Any, *args: Any, **kwargs: Any) -> None:
        if self.resource.condition == ResourceCondition.Sync2:
            _await_end(self, env, clock)
        else:
            await_else(self, env, *args, **kwargs)

    replacements = {
        "StateTaskServiceSfn._eval_service_task": start,
        "StateTaskServiceSfn._eval_integration_pattern": wait,
    }
    with applied("nested", replacements):
        yield


def start(self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any) -> None:
    """Start the execution, or join the one that runs under the same name with the same input.

    AWS checks the permissions for the rule when the state machine is created, not when the task runs.
    """
    machine_arn = normalised_parameters["StateMachineArn"]
    _, partition, _, region, account, *_ = machine_arn.split(":")
    try:
        for action in RULE_ACTIONS if self.resource.condition == ResourceCondition.Sync2 else ():
            check(env, action, f"arn:{partition}:events:{region}:{account}:rule/{RULE}")
        check(env, "states:StartExecution", machine_arn)
        execution = stepfunctions_parser_backends[account][region].start_execution(
            machine_arn, normalised_parameters.get("Name"), normalised_parameters["Input"]
        )
    except JsonRESTError as error:
        raise _refused(self, env, error) from error
    env.stack.append({"ExecutionArn": execution.exec_arn, "StartDate": _milliseconds(execution.start_date)})


def _await_end(task: Any, env: Any, clock: Clock) -> None:
    execution = _execution(env.stack.pop()["ExecutionArn"])
    ended = clock.signal()
    nested, work = NestedExecution(env, execution, ended), work_of(execution_of(env))
    work.append(nested)
    when_ended(execution, ended.set)
    task.timeout.eval(env)
    seconds = env.stack.pop()
    if not task.timeout.is_default_value():
        clock.after(seconds, ended.set)
    ended.wait()
    if env.is_running():
        work.remove(nested)
        env.stack.append(_output(task, env, nested, execution))
    else:
        env.stack.append(None)  # the execution of the task has ended, and nothing reads the result


def _output(task: Any, env: Any, nested: NestedExecution, execution: Execution) -> dict[str, Any]:
    """Return the description of the execution; raise an error unless it succeeded."""
    if execution.status == "RUNNING":
        nested.stop()
        raise EvalTimeoutError
    try:
        check(env, "states:DescribeExecution", execution.exec_arn)
    except NotAuthorizedError as error:
        raise _refused(task, env, error) from error
    described = describe(execution)
    if execution.status == "SUCCEEDED":
        return described
    cause = json.dumps(described, separators=(",", ":"))
    raise _failure(task, env, StatesErrorName(StatesErrorNameType.StatesTaskFailed), cause)


def describe(execution: Execution) -> dict[str, Any]:
    """Return what a task with ``.sync:2`` returns: DescribeExecution in PascalCase, with input and output as JSON."""
    included = {"Included": True}
    output = {"Output": execution.output, "OutputDetails": included} if execution.status == "SUCCEEDED" else {}
    failure = {"Error": execution.error, "Cause": execution.cause}
    return {
        "ExecutionArn": execution.exec_arn,
        "Input": execution.input_data,
        "InputDetails": included,
        "Name": execution.name,
        **output,
        "StartDate": _milliseconds(execution.start_date),
        "StateMachineArn": execution.state_machine_arn,
        "Status": execution.status,
        "StopDate": _milliseconds(execution.stop_date),
        **{key: value for key, value in failure.items() if value is not None},
    }


def _execution(arn: str) -> Execution:
    _, _, _, region, account, *_ = arn.split(":")
    backend: Any = stepfunctions_parser_backends[account][region]
    execution: Execution = backend.describe_execution(arn)
    return execution


def _refused(task: Any, env: Any, error: JsonRESTError) -> FailureEventException:
    """Return an error of Step Functions; the SDK has no class of its own for a missing permission."""
    kind = "AWSStepFunctions" if isinstance(error, NotAuthorizedError) else error.error_type
    details = f"Service: AWSStepFunctions; Status Code: 400; Error Code: {error.error_type}; Proxy: null"
    return _failure(task, env, CustomErrorName(f"StepFunctions.{kind}Exception"), f"{error.message} ({details})")


def _failure(task: Any, env: Any, error: Any, cause: str) -> FailureEventException:
    name = ".".join(filter(None, (task.resource.api_action, task.resource.condition)))
    resource = {"resource": name, "resourceType": task.resource.service_name}
    details: Any = {"taskFailedEventDetails": {"error": error.error_name, "cause": cause, **resource}}
    return FailureEventException(FailureEvent(env, error, HistoryEventType.TaskFailed, details))


def _milliseconds(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp() * 1_000)
