"""``make demo`` and ``make serve``, as a person uses them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import boto3
import pytest

from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, REGION, ROOT, SOURCE_ACCOUNT, function_names
from sandbox.stories import read_event, stories
from tests.samples import ANSWERS, REFUSALS
from tests.workflow.story import STORY


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def demo(*arguments: str) -> list[str]:
    """Return the lines that the demo prints."""
    done = subprocess.run(command("demo", *arguments), cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the sandbox is served."""
    serve = command("serve", "--port", "0", "--profiles", str(tmp_path_factory.mktemp("profiles")))
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().split()[4].rstrip(".")
        server.terminate()


def client(service: str, endpoint: str, **credentials: str) -> Any:
    make: Any = boto3.client
    known = credentials or {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return make(service, region_name=REGION, endpoint_url=endpoint, **known)


def assume(endpoint: str, account: str) -> Any:
    """Return a client for Rekognition in another account."""
    role = f"arn:aws:iam::{account}:role/{ADMINISTRATOR}"
    found = client("sts", endpoint).assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return client(
        "rekognition",
        endpoint,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def test_the_demo_tells_a_plain_copy_in_a_screen() -> None:
    lines = demo(STORY)

    assert lines[0] == "copy_between_accounts: The plain case: a copy from one account to another."
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    (polls,) = (line for line in lines if "Describe project version" in line)
    assert re.search(r"  0:00:11  .* \d\d times, \d+ s to 1 min \d+ s apart; the last: COPYING_COMPLETED$", polls)
    assert any(re.match(r"SUCCEEDED after 1:00:\d\d: \d+ paid state transitions", line) for line in lines)
    assert "  Mail   Model Copied: copy_between_accounts v3, to copy_between_accounts in 222222222222" in lines
    assert lines[-1] == "Report: build/demo.html"
    assert (ROOT / "build" / "demo.html").read_text().startswith("<!doctype html>")


def test_the_demo_shows_each_fault_where_it_struck_and_what_absorbed_it() -> None:
    plan = "; ".join(
        (
            "DescribeProjectVersions: ThrottlingException x4",
            "CopyProjectVersion: lost_answer",
            "DescribeProjectVersionFunction: throttled",
            "Publish: dropped",
            "DescribeModelPackage: http_500",
        )
    )
    lines = [re.sub(r"[\d.]+ s", "N s", line) for line in demo(STORY, "--faults", plan)]

    def after(state: str) -> str:
        return next(below for line, below in pairwise(lines) if f"  {state}" in line).strip()

    throttled = "! injected ThrottlingException x3 at DescribeProjectVersions: the attempt ended with TransientError;"
    assert after("Validate request") == f"{throttled} retried after N s"
    assert after("Copy project version") == (
        "! injected lost_answer at CopyProjectVersion: called again after N s, ResourceInUseException"
    )
    assert after("Describe project version") == (
        "! injected throttled: the attempt ended with Lambda.TooManyRequestsException; retried after N s"
    )
    assert "           ! injected dropped at Publish: called again after N s, which succeeded" in lines
    assert "Nothing was called where a fault was injected: DescribeModelPackage." in lines


def test_the_demo_tells_errors_that_nobody_injected() -> None:
    lines = demo("name_taken")

    assert (
        '           ! an attempt ended with VersionConflictError: caught, and went on with "Read the refusal"' in lines
    )
    ended = next(number for number, line in enumerate(lines) if line.startswith("FAILED after 0:00:00"))
    assert lines[ended + 1].startswith("  VersionConflictError: ")


def test_the_verbose_demo_prints_each_state_with_its_time_its_attempts_and_its_decision() -> None:
    lines = demo("copy_fails", "--faults", "DescribeProjectVersions: ThrottlingException x4", "--verbose")

    assert any(line.endswith("attempt 1: TransientError") for line in lines)
    assert any("attempt 2: StartedAt" in line for line in lines)
    assert any(line.endswith("What is its status?       -> Wait for copy") for line in lines)
    ended = lines.index("FAILED")
    assert lines[ended + 1].startswith("  CopyFailedError: The copy failed: The bucket ")
    assert any(line.strip().startswith("What to do:") for line in lines[ended:])


def test_the_events_are_listed_with_a_line_each() -> None:
    listed = subprocess.run(command("events"), cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

    assert [line.split()[0] for line in listed] == stories()
    about = [line[27:] for line in listed]
    assert len(set(about)) == len(about)
    assert max(map(len, listed)) <= 130


def test_the_output_in_the_readme_is_that_of_the_demo() -> None:
    (block,) = re.findall(r"```\n(copy_between_accounts: .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = [line.rstrip() for line in demo(STORY)]

    for line in block.splitlines():
        assert any(one.startswith(line.removesuffix("...")) for one in printed), line


def test_the_page_about_events_names_a_valid_and_an_invalid_event_for_each_function() -> None:
    rows = re.findall(
        r"^\| `(\w+Function)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", (ROOT / "events" / "README.md").read_text(), re.M
    )

    assert [name for name, *_ in rows] == function_names()
    assert {(name, good) for name, good, _, _ in rows} == set(ANSWERS)
    assert {(name, bad): error for name, _, bad, error in rows} == {key: error for key, (error, _) in REFUSALS.items()}


def test_the_demo_of_a_promotion_tells_its_tasks_its_copies_and_their_faults() -> None:
    lines = demo("promote_to_three", "--faults", "EnsureProjectPolicyFunction: crashed")

    begun = lines.index("  0:00:00  Copy to each destination")
    accounts = ("222222222222", "333333333333", "444444444444")
    assert lines[begun + 1 : begun + 4] == [f"  0:00:00    The copy to {account} starts." for account in accounts]
    ends = [line for line in lines if " ends: " in line]
    assert sorted(line.split()[4] for line in ends) == list(accounts)
    assert sum("! injected crashed: the attempt ended with Runtime.ExitError; retried" in line for line in lines) == 1
    assert any(line.endswith("  Summarize promotion") for line in lines)
    assert any(line.startswith("SUCCEEDED after 1:00:") for line in lines)


def test_the_demo_of_a_promotion_prints_the_failed_attempts_of_its_own_states() -> None:
    lines = demo("promote_to_duplicates", "--faults", "ValidatePromotionFunction: crashed")

    assert "           ! an attempt ended with Runtime.ExitError" in lines
    assert any(
        line.startswith("  InvalidRequestError: The request has 1 error: (1) Destinations[2].") for line in lines
    )
    assert not any("The copy to" in line for line in lines)


def test_the_demo_is_offline_even_if_its_user_has_set_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "http://localhost:1")

    assert any(line.startswith("SUCCEEDED") for line in demo("already_copied"))


def copy_machine(step_functions: Any) -> str:
    """Return the ARN of the state machine that copies."""
    machines = step_functions.list_state_machines()["stateMachines"]
    return next(str(one["stateMachineArn"]) for one in machines if "CopyModel" in one["name"])


def test_the_served_sandbox_runs_the_deployed_definition(endpoint: str) -> None:
    step_functions = client("stepfunctions", endpoint)
    machine = copy_machine(step_functions)

    started = step_functions.start_execution(stateMachineArn=machine, input=json.dumps(read_event("already_copied")))
    execution = ended(step_functions, started["executionArn"])

    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["Adopted"] is True


def test_an_event_on_the_bus_of_the_served_sandbox_starts_the_workflow(endpoint: str) -> None:
    event, step_functions = read_event("approved_by_own_event"), client("stepfunctions", endpoint)
    machine = copy_machine(step_functions)
    before = step_functions.list_executions(stateMachineArn=machine)["executions"]

    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
    put = client("events", endpoint).put_events(Entries=[entry])
    after = step_functions.list_executions(stateMachineArn=machine)["executions"]
    (started,) = {one["executionArn"] for one in after} - {one["executionArn"] for one in before}

    read = json.loads(step_functions.describe_execution(executionArn=started)["input"])
    assert read["id"] == put["Entries"][0]["EventId"]
    assert read["detail"] == event["detail"]


def test_the_demo_sends_an_approval_to_the_event_bus_or_starts_it_by_hand_if_no_rule_matches() -> None:
    approved, rejected = demo("approved_by_tag"), demo("rejected_in_sagemaker")

    assert approved[1] == "A rule of the event bus matches the event from account 111111111111."
    assert any(line.startswith("SUCCEEDED") for line in approved)
    assert (
        rejected[1]
        == "No rule of the event bus matches the event from account 111111111111, so the execution is started by hand."
    )
    assert any("ignored: ModelApprovalStatus is 'Rejected'" in line for line in rejected)


def test_an_execution_is_redriven_and_a_fail_state_fails_again(endpoint: str) -> None:
    step_functions = client("stepfunctions", endpoint)
    machine = copy_machine(step_functions)

    started = step_functions.start_execution(stateMachineArn=machine, input="{}")
    assert ended(step_functions, started["executionArn"])["error"] == "NotARequestError"
    step_functions.redrive_execution(executionArn=started["executionArn"])

    assert ended(step_functions, started["executionArn"])["error"] == "NotARequestError"
    history = step_functions.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in history].count("FailStateEntered") == 2
    assert "ExecutionRedriven" in [event["type"] for event in history]


def test_the_served_sandbox_is_rekognition_in_each_account(endpoint: str) -> None:
    request = read_event(STORY)
    source, destination = assume(endpoint, SOURCE_ACCOUNT), assume(endpoint, DESTINATION_ACCOUNT)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": DESTINATION_ACCOUNT},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": request["SourceProjectVersionArn"],
    }

    with pytest.raises(destination.exceptions.AccessDeniedException):
        destination.copy_project_version(**request)
    source.put_project_policy(
        ProjectArn=request["SourceProjectArn"],
        PolicyName="by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    arn = destination.copy_project_version(**request)["ProjectVersionArn"]
    (described,) = destination.describe_project_versions(ProjectArn=request["DestinationProjectArn"])[
        "ProjectVersionDescriptions"
    ]

    assert [
        one["PolicyName"]
        for one in source.list_project_policies(ProjectArn=request["SourceProjectArn"])["ProjectPolicies"]
    ] == ["by-hand"]
    assert described["ProjectVersionArn"] == arn
    assert described["Status"] == "COPYING_IN_PROGRESS"
    assert described["SourceProjectVersionArn"] == request["SourceProjectVersionArn"]


def test_the_served_sandbox_refuses_a_role_to_callers_that_it_does_not_trust(endpoint: str) -> None:
    sts = client("sts", endpoint)
    role = f"arn:aws:iam::{DESTINATION_ACCOUNT}:role/rekognition-model-copy-destination"

    with pytest.raises(sts.exceptions.ClientError, match="is not authorized to perform: sts:AssumeRole"):
        sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="rekognition-model-copy")
    with pytest.raises(sts.exceptions.ClientError, match="is not authorized to perform: sts:AssumeRole"):
        sts.assume_role(RoleArn=f"{role}-unknown", RoleSessionName="me")


def test_the_tests_of_a_deployed_stack_run_against_the_served_one(endpoint: str) -> None:
    request = ROOT / "events" / "small_model.json"
    settings = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    chosen = {"DEPLOYED_STACK": "rekognition-model-copy", "REQUEST": str(request), "AWS_DEFAULT_REGION": REGION}
    pytest_command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/deployed")
    done = subprocess.run(
        pytest_command, cwd=ROOT, env={**os.environ, **settings, **chosen}, capture_output=True, text=True, check=False
    )

    assert "1 passed" in done.stdout, done.stdout


def ended(step_functions: Any, arn: str) -> dict[str, Any]:
    """Wait for the end of an execution; return its description."""
    for _ in range(600):
        execution: dict[str, Any] = step_functions.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(0.1)
    raise TimeoutError(arn)
