"""``make demo`` and ``make serve``, as a person uses them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, REGION, ROOT, SOURCE_ACCOUNT, function_names
from sandbox.stories import read_event
from tests.samples import ANSWERS, REFUSALS
from tests.workflow.story import STORY


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def demo(*arguments: str) -> list[str]:
    """Return the lines that the demo prints."""
    done = subprocess.run(command("demo", *arguments), cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address at which the sandbox is served."""
    with subprocess.Popen(command("serve", "--port", "0"), cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
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


def test_the_demo_prints_each_state_with_its_time_its_attempts_and_its_decision() -> None:
    lines = demo("copy_fails")

    assert lines[0] == "copy_fails: Copies fail after ten minutes."
    assert "        0:00:00  What is its status?       -> Wait for copy" in lines
    assert any(line.startswith("        0:00:00  Ensure project policy     PolicyName rekognition-") for line in lines)
    ended = lines.index("FAILED")
    assert lines[ended + 1].startswith("CopyFailedError: The copy failed: The bucket ")
    assert lines[ended + 2].endswith("history events")
    assert lines[ended + 4] == "Announced:"
    assert lines[ended + 5].startswith("  Event  ")
    assert any(line.startswith("  Mail   ") for line in lines[ended + 6 :])


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


def test_the_demo_prints_each_attempt_and_its_fault() -> None:
    lines = demo("copy_within_account", "--faults", "DescribeProjectVersions: ThrottlingException x4")

    assert any(line.endswith("attempt 1: TransientError") for line in lines)
    assert any("attempt 2: StartedAt" in line for line in lines)
    assert "SUCCEEDED" in lines


def test_the_demo_of_a_promotion_prints_its_states_its_copies_and_its_table() -> None:
    lines = demo("promote_to_three", "--faults", "EnsureProjectPolicyFunction: crashed")

    (begun,) = (number for number, line in enumerate(lines) if line.endswith("  Copy to each destination"))
    starts, ends = lines[begun + 1 : begun + 4], lines[begun + 4 : begun + 7]
    accounts = ("222222222222", "333333333333", "444444444444")
    assert [line.strip() for line in starts] == [f"0:00:00    The copy to {account} starts." for account in accounts]
    assert sorted(line.split()[4] for line in ends) == list(accounts)
    assert sum(line.endswith(" ends: SUCCEEDED, failed attempts: 1.") for line in ends) == 1
    assert lines[begun + 7].endswith("  Summarize promotion")
    assert "SUCCEEDED" in lines
    assert sum(line.strip().startswith("Copied: arn:aws:rekognition:") for line in lines) == 3


def test_the_demo_of_a_promotion_prints_the_failed_attempts_of_its_own_states() -> None:
    lines = demo("promote_to_duplicates", "--faults", "ValidatePromotionFunction: crashed")

    assert any(line.endswith("  failed attempt: Runtime.ExitError") for line in lines)
    ended = lines.index("FAILED")
    assert lines[ended + 1].startswith("InvalidRequestError: The request has 1 error: (1) Destinations[2].")
    assert not any("The copy to" in line for line in lines)


def test_the_demo_is_offline_even_if_its_user_has_set_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "http://localhost:1")

    assert "SUCCEEDED" in demo("already_copied")


def test_the_demo_lists_the_stories_if_it_does_not_know_one() -> None:
    unknown = subprocess.run(command("demo", "nonsense"), cwd=ROOT, capture_output=True, text=True, check=False)

    assert unknown.returncode == 2
    assert "copy_between_accounts" in unknown.stderr


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
    assert "SUCCEEDED" in approved
    assert (
        rejected[1]
        == "No rule of the event bus matches the event from account 111111111111, so the execution is started by hand."
    )
    assert any("-> Ignored" in line for line in rejected)


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
