"""One copy on AWS: make test-deployed STACK_NAME=... REQUEST=path/to/request.json."""

import json
import os
import time
from pathlib import Path

import boto3
import pytest

STACK = os.environ.get("DEPLOYED_STACK")
REQUEST = os.environ.get("REQUEST")
# Read now, because a fixture hides them from the other tests.
AWS_SETTINGS = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

pytestmark = pytest.mark.skipif(
    not (STACK and REQUEST), reason="needs a stack on AWS: make test-deployed STACK_NAME=... REQUEST=request.json"
)


@pytest.fixture(autouse=True)
def _aws_settings(monkeypatch):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in AWS_SETTINGS.items():
        monkeypatch.setenv(name, value)


def test_a_request_is_copied_once():
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    request = Path(REQUEST).read_text()

    first, again = (run(outputs["StateMachineArn"], request) for _ in range(2))

    assert first["Status"] == "COPYING_COMPLETED"
    assert first["Adopted"] is False, f"{first['ProjectVersionArn']} existed already: choose another VersionName"
    assert again["Adopted"] is True
    assert again["ProjectVersionArn"] == first["ProjectVersionArn"]
    assert "Error" not in first["Withdrawal"]


def run(machine, request):
    """Run the workflow, and return its output; fail if it does not succeed."""
    step_functions = boto3.client("stepfunctions")
    arn = step_functions.start_execution(stateMachineArn=machine, input=request)["executionArn"]
    while (execution := step_functions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(2)
    assert execution["status"] == "SUCCEEDED", f"{execution.get('error')}: {execution.get('cause')}"
    return json.loads(execution["output"])
