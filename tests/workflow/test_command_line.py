"""``make demo`` and ``make serve``, as a person uses them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, REGION, ROOT, SOURCE_ACCOUNT
from sandbox.stories import read_event
from tests.workflow.story import STORY


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def demo(*arguments: str) -> list[str]:
    """Return the lines that the demo prints."""
    done = subprocess.run(command("demo", *arguments), cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def hear_ctrl_c() -> None:
    """Undo what a shell does to the commands that it starts in the background: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the sandbox is served, until Ctrl-C ends it without a word."""
    serve = command("serve", "--port", "0", "--profiles", str(tmp_path_factory.mktemp("profiles")))
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(serve, cwd=ROOT, preexec_fn=hear_ctrl_c, **pipes) as server:
        assert server.stdout
        yield server.stdout.readline().split()[4].rstrip(".")
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate()
        assert (server.returncode, errors) == (0, "")


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
