"""Each function as it is deployed: the package that sam build made, under Lambda's own runtime."""

import copy
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
import yaml

from sandbox import built
from sandbox.aws.lambda_ import emulator
from sandbox.aws.lambda_.emulator import emulated
from sandbox.deployment import ROOT, STACK_ACCOUNT, function_names
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.samples import REFUSALS, SAMPLES, check

# Returns the answer of a function as JSON, and whether it is an error.
Invoke = Callable[[str, str], tuple[str, bool]]

SOURCES = ROOT / "functions"
DEPENDENCY = "typing_extensions"  # the dependency that is a single file beside the handlers


def routes(state: str) -> set[str]:
    """Return the errors that a state of the definition retries or catches."""
    definition = yaml.safe_load((ROOT / "statemachine" / "copy_model.asl.yaml").read_text())["States"][state]
    return {error for one in (*definition["Retry"], *definition["Catch"]) for error in one["ErrorEquals"]}


def event(story: str) -> str:
    return json.dumps(read_event(story))


def harmless_event(function: str) -> str:
    """Return an event with which the function succeeds and changes nothing."""
    others = {
        "ReadApprovalFunction": "approved_in_sagemaker",
        "AnnounceOutcomeFunction": "execution_failed",
        "ValidatePromotionFunction": "promote_to_three",
        "CountFailuresFunction": "row_after_failures",
        "RecordCopyFunction": "row_of_failed_copy",
        "SummarizePromotionFunction": "rows_of_promotion",
        "AnnouncePromotionFunction": "execution_partly_promoted",
    }
    if function == "AuditGrantsFunction":
        return json.dumps({"Accounts": [STACK_ACCOUNT]})  # only one, since each is tried for a while
    return event(others.get(function, "already_copied"))


def test_a_missing_part_of_the_runtime_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert emulator.missing() is None

    monkeypatch.setattr(emulator, "PYTHON", ROOT / ".venv-runtime" / "bin" / "python3.0")

    assert emulator.missing() == ".venv-runtime/bin/python3.0 is missing. Install Python 3.13, then: make clean test"


@pytest.mark.parametrize("function", function_names())
def test_a_package_has_the_current_sources(function: str) -> None:
    sources = {path.relative_to(SOURCES): path.read_bytes() for path in SOURCES.rglob("*.py")}
    folder = built.functions()[function]
    ours = [path for path in (*folder.glob("*.py"), *folder.rglob("model_copy/**/*.py")) if path.stem != DEPENDENCY]

    same = {path.relative_to(folder): path.read_bytes() for path in ours} == sources
    assert same, "The sources have changed since they were built. Run: make build"


@pytest.mark.parametrize("function", function_names())
def test_a_package_has_the_bytecode_of_all_its_imports(aws: Sandbox, endpoint: str, function: str) -> None:
    with emulated(aws.deployment.function(function), endpoint, PYTHONVERBOSE="1") as environment:
        _, failed = environment.invoke(harmless_event(function))
        log = environment.log

    assert not failed
    folder = re.escape(str(built.functions()[function]))
    assert re.search(rf"# code object from '?{folder}/__pycache__/", log)
    assert re.findall(rf"# code object from '?{folder}/.*\.py'?$", log, re.MULTILINE) == []


@pytest.fixture(scope="module")
def invoke(aws: Sandbox, endpoint: str) -> Iterator[Invoke]:
    """Invoke functions, each in one environment."""
    with ExitStack() as stack:

        @cache
        def started(function: str) -> emulator.Emulator:
            return stack.enter_context(emulated(aws.deployment.function(function), endpoint))

        yield lambda function, payload: started(function).invoke(payload)


@pytest.mark.parametrize(("function", "story"), SAMPLES)
def test_a_function_accepts_a_valid_event_and_refuses_an_invalid_one(invoke: Invoke, function: str, story: str) -> None:
    answer, failed = invoke(function, event(story))

    check(function, story, answer)
    assert failed is ((function, story) in REFUSALS)


@pytest.mark.parametrize("function", function_names())
def test_an_unreachable_aws_is_a_transient_error(aws: Sandbox, function: str) -> None:
    with emulated(aws.deployment.function(function), "http://127.0.0.1:1") as environment:
        answer, failed = environment.invoke(harmless_event(function))

    error = "NotAnnouncedError" if function.startswith("Announce") else "TransientError"
    assert failed
    assert json.loads(answer)["errorType"] == error


def test_a_missing_setting_is_a_bug_that_is_neither_retried_nor_caught(aws: Sandbox, endpoint: str) -> None:
    function = copy.copy(aws.deployment.function("ValidateRequestFunction"))
    function.environment_vars = {"EXTERNAL_ID": function.environment_vars["EXTERNAL_ID"]}
    with emulated(function, endpoint) as environment:
        answer, failed = environment.invoke(event("copy_between_accounts"))

    assert failed
    assert json.loads(answer)["errorType"] == "KeyError"
    assert {"KeyError", "States.ALL", "States.TaskFailed"}.isdisjoint(routes("Validate request"))


def test_a_function_times_out_after_the_timeout_of_the_template(aws: Sandbox) -> None:
    function = copy.copy(aws.deployment.function("DescribeProjectVersionFunction"))
    function.timeout = 2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with emulated(function, endpoint) as environment:
            answer, failed = environment.invoke(event("copy_between_accounts"))

    assert failed
    assert json.loads(answer)["errorMessage"] == "Task timed out after 2.00 seconds"


def test_a_role_that_does_not_trust_the_function_is_named(aws: Sandbox, endpoint: str) -> None:
    function = copy.copy(aws.deployment.function("DescribeProjectVersionFunction"))
    function.environment_vars = {**function.environment_vars, "EXTERNAL_ID": "another"}
    with emulated(function, endpoint) as environment:
        answer, _ = environment.invoke(event("copy_between_accounts"))

    assert json.loads(answer)["errorType"] == "AccessDeniedError"
    assert "role/rekognition-model-copy-destination" in json.loads(answer)["errorMessage"]


def test_each_log_line_of_an_execution_has_its_arn(aws: Sandbox, endpoint: str) -> None:
    state = {"Request": read_event("already_copied"), "Execution": {"Id": "arn:of:the:execution", "Name": "one"}}
    with emulated(aws.deployment.function("DescribeProjectVersionFunction"), endpoint) as environment:
        environment.invoke(json.dumps(state))
        lines = [json.loads(line) for line in environment.log.splitlines() if line.startswith("{")]

    # The result and the metrics.
    assert [line["correlation_id"] for line in lines] == ["arn:of:the:execution"] * 2
