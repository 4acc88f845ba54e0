"""Map states in distributed mode: items from S3, one child workflow execution for each, a tolerance for failures.

moto runs the items in threads of the parent, and tolerates any number of failures.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.parser.quotas import is_within_size_quota

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.aws.stepfunctions.map_run import MapRun
from sandbox.aws.stepfunctions.roles import NotAuthorizedError, check, session_of_machine
from sandbox.aws.stepfunctions.running import execution_of, map_runs_of, work_of

Kind = StatesErrorNameType
TOO_MANY_FAILED = "The specified tolerated failure threshold was exceeded"
TOO_LARGE = "a size exceeding the maximum number of bytes service limit."


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Run Map states in distributed mode on the clock, and let the API find their children."""

    def evaluate(self: object, env: Any) -> None:
        given = env.stack.pop()
        run = _redriven_run(env, given) or _new_run(env, given)
        work = work_of(execution_of(env))
        work.append(run)
        run.run(clock)
        if env.is_running():
            work.remove(run)
            env.stack.append(_outputs(env, given, run))
        else:
            env.stack.append(None)  # the parent has ended, and nothing reads the result

    find: Any = StepFunctionsParserBackend.describe_execution
    replacements = {
        "DistributedIterationComponent._eval_body": evaluate,
        "ResourceEvalS3._handle_get_object": staticmethod(get_object),
        "StepFunctionsParserBackend.describe_execution": partialmethod(describe_execution, find),
    }
    with applied("distributed_map", replacements):
        yield


def describe_execution(self: Any, original: Callable[..., Any], execution_arn: str) -> Any:
    """Find an execution, which may be a child: its ARN has the label of the map run after the state machine's name."""
    machine, is_child, _ = execution_arn.partition("/")
    if is_child:
        arn = machine.replace(":execution:", ":stateMachine:")
        parents = [parent for one in self.state_machines if one.arn == arn for parent in one.executions]
        for child in (child for parent in parents for run in map_runs_of(parent) for child in run.children):
            if child.exec_arn == execution_arn:
                return child
    return original(self, execution_arn)


def get_object(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """Read the items as the state machine's role."""
    session = session_of_machine(state_credentials.role_arn)
    s3 = boto3.client(
        "s3",
        region_name=resource_runtime_part.region,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.session_token,
    )
    env.stack.append(s3.get_object(**env.stack.pop())["Body"].read().decode())


def _redriven_run(env: Any, given: Any) -> MapRun | None:
    """Return the map run that a redrive of the parent continues; None if there is none."""
    parent = execution_of(env)
    run = next((one for one in map_runs_of(parent) if one.continues(given.state_name)), None)
    if run:
        pool = env.map_run_record_pool_manager._pool
        del pool[given.map_run_record.map_run_arn]
        pool[run.record.map_run_arn] = run.record
        details = {"mapRunArn": run.record.map_run_arn, "redriveCount": run.record.redrive_count}
        _add(env, HistoryEventType.MapRunRedriven, details)
    return run


def _new_run(env: Any, given: Any) -> MapRun:
    parent, record = execution_of(env), given.map_run_record
    try:
        check(env, "states:StartExecution", _machine_arn(parent))
    except NotAuthorizedError as error:
        cause = f"{error.message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {error.error_type})"
        raise _failed(env, record, CustomErrorName("StepFunctions.AWSStepFunctionsException"), cause) from error
    _add(env, HistoryEventType.MapRunStarted, {"mapRunArn": record.map_run_arn})
    inputs = _inputs(env, given, _items(env, given))
    run = MapRun(parent, given.state_name, record, inputs, _tolerated(given, len(inputs)))
    map_runs_of(parent).append(run)
    return run


def _machine_arn(execution: Any) -> str:
    """Return the ARN of the state machine; that of a child has a label after it."""
    return str(execution.state_machine.arn).partition("/")[0]


def _items(env: Any, given: Any) -> list[Any]:
    if given.item_reader is None:
        return list(given.input_items)
    try:
        given.item_reader.eval(env)
    except ClientError as error:
        told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        cause = f"{told['Message']} (Service: Amazon S3; Status Code: {status}; Error Code: {told['Code']})"
        raise _failed(env, given.map_run_record, StatesErrorName(Kind.StatesItemReaderFailed), cause) from error
    except (BotoCoreError, ValueError) as error:
        cause = f"Attempting to read the items failed: {error}"
        raise _failed(env, given.map_run_record, StatesErrorName(Kind.StatesItemReaderFailed), cause) from error
    except FailureEventException as error:
        cause = (error.extract_error_cause_pair() or ("", None))[1] or ""
        raise _failed(env, given.map_run_record, error.failure_event.error_name, cause) from error
    return list(env.stack.pop())


def _inputs(env: Any, given: Any, items: list[Any]) -> list[Any]:
    """Apply the ItemSelector to each item, in which ``$`` is the input of the Map state."""
    selector, selected = given.item_selector or given.parameters, items
    if selector:
        frame, state_input = env.open_inner_frame(), env.stack[-1]
        selected = [_selected(frame, selector, index, item, state_input) for index, item in enumerate(items)]
        env.delete_frame(frame)
    for index, one in enumerate(selected):
        if not is_within_size_quota(one):
            cause = f"The item {index} of the Map state '{given.state_name}' has {TOO_LARGE}"
            raise _failed(env, given.map_run_record, StatesErrorName(Kind.StatesStatesDataLimitExceeded), cause)
    return selected


def _selected(frame: Any, selector: Any, index: int, item: Any, state_input: Any) -> Any:
    frame.states.context_object.context_object_data["Map"] = {"Item": {"Index": index, "Value": item}}
    frame.stack = [state_input]
    selector.eval(frame)
    return frame.stack.pop()


def _tolerated(given: Any, total: int) -> float:
    """Return how many items may fail."""
    limits = (given.tolerated_failure_count, total * given.tolerated_failure_percentage / 100)
    return min((limit for limit in limits if limit), default=0)


def _outputs(env: Any, given: Any, run: MapRun) -> list[Any]:
    """Return the results of the map run; raise an error if it failed."""
    if run.record.status == MapRunStatus.FAILED:
        raise _failed(env, run.record, StatesErrorName(Kind.StatesExceedToleratedFailureThreshold), TOO_MANY_FAILED)
    outputs = run.outputs()
    if not is_within_size_quota(outputs):
        cause = f"The state/task '{given.state_name}' returned a result with {TOO_LARGE}"
        raise _failed(env, run.record, StatesErrorName(Kind.StatesStatesDataLimitExceeded), cause)
    _add(env, HistoryEventType.MapRunSucceeded, None)
    return outputs


def _failed(env: Any, record: Any, name: Any, cause: str) -> FailureEventException:
    """Record that the map run failed, and return the error."""
    record.set_stop(MapRunStatus.FAILED)
    details: Any = {"mapRunFailedEventDetails": {"error": name.error_name, "cause": cause}}
    env.event_manager.add_event(env.event_history_context, HistoryEventType.MapRunFailed, details)
    return FailureEventException(FailureEvent(env, name, HistoryEventType.MapRunFailed, details))


def _add(env: Any, kind: HistoryEventType, details: Any) -> None:
    """Add an event to the history of the parent."""
    field = f"m{kind.value[1:]}EventDetails"
    env.event_manager.add_event(env.event_history_context, kind, {field: details} if details else None)
