"""A second interpreter of the Amazon States Language, which runs the definition over the sandbox's functions."""

import copy
import json
import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.clock import VirtualClock

WITH_CAUSE = " (with its cause)"
Definition = dict[str, Any]


class Run(NamedTuple):
    """What an interpreter did."""

    ending: dict[str, Any]
    states: list[str]
    calls: list[tuple[str, str, Any]]


class SecondInterpreter:
    """A Node process that runs definitions, and requests each invocation of a function and each delay."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._clock: VirtualClock

    def run(self, clock: VirtualClock, definition: Definition, request: object, execution: dict[str, str]) -> Run:
        """Run a definition in the world as it is now."""
        self._clock = clock
        runs: list[Run] = []
        self._send({"definition": runnable(definition), "input": request, "execution": execution})
        self._clock.spawn(lambda: runs.append(self._converse(execution["RoleArn"])))
        self._clock.run()
        return runs[0]

    def _converse(self, role_arn: str) -> Run:
        calls: list[tuple[str, str, Any]] = []
        while "ended" not in (asked := self._receive()):
            if "sleep" in asked:
                self._clock.sleep(asked["sleep"])
                self._send({})
            else:
                calls.append((self._now("milliseconds"), asked["resource"], asked["payload"]))
                self._send(invoke(role_arn, **asked))
        states = [name for name in asked["ended"]["states"] if not name.endswith(WITH_CAUSE)]
        return Run(asked["ended"]["ending"] | {"at": self._now("milliseconds")}, states, calls)

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        message: dict[str, Any] = json.loads(self._process.stdout.readline())
        return message

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message | {"now": self._now("auto")}) + "\n")
        self._process.stdin.flush()

    def _now(self, precision: str) -> str:
        return datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec=precision)


def runnable(definition: Definition) -> Definition:
    """Return a definition with the same meaning that the package can run.

    The package takes the ResultPath ``$`` for a field of that name. Leaving it out has the same meaning.  The
    package has no intrinsic functions in a CausePath. So a Pass computes the cause, and the Fail gets another name.
    """
    written = copy.deepcopy(definition)
    states = written["States"]
    for name, state in list(states.items()):
        for place in (state, *state.get("Catch", ())):
            if place.get("ResultPath") == "$":
                del place["ResultPath"]
        if state.get("CausePath", "").startswith("States."):
            cause = {"Text.$": state["CausePath"]}
            states[name] = {"Type": "Pass", "Parameters": cause, "ResultPath": "$.Cause", "Next": name + WITH_CAUSE}
            states[name + WITH_CAUSE] = state | {"CausePath": "$.Cause.Text"}
    return written


def invoke(role_arn: str, resource: str, payload: object) -> dict[str, Any]:
    """Invoke a function as a task of moto's interpreter does, so that errors get the same names."""
    env: Any = SimpleNamespace(
        stack=[],
        is_mocked_mode=lambda: False,
        next_state_name="",
        event_history_context=SimpleNamespace(source_event_id=0),
    )
    moto: Any = lambda_eval_utils
    task: Any = StateTaskLambda
    parameters = {"FunctionName": resource, "Payload": json.dumps(payload).encode()}
    try:
        moto.execute_lambda_function_integration(env, parameters, resource.split(":")[3], StateCredentials(role_arn))
    except Exception as raised:  # moto also turns whatever is raised into an error of the task
        failure = task._from_error(None, env, raised)
        error, cause = FailureEventException(failure).extract_error_cause_pair() or (None, None)
        return {"error": error, "cause": cause}
    return {"answer": env.stack.pop()["Payload"]}


def run_of(execution: Execution) -> Run:
    """Read a run from its history."""
    history: Any = execution.to_history_output()["events"]
    for event in history:
        event["timestamp"] = event["timestamp"].replace("Z", "+00:00")
    return Run(
        ending={
            "status": execution.status,
            "error": execution.error,
            "cause": execution.cause,
            "output": execution.output if execution.status == "SUCCEEDED" else None,
            "at": history[-1]["timestamp"],
        },
        states=[event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event],
        calls=[
            (event["timestamp"], details["resource"], json.loads(details["input"]))
            for event in history
            if (details := event.get("lambdaFunctionScheduledEventDetails"))
        ],
    )
