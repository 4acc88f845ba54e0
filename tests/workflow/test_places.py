"""The stack works alike in the source account, in the destination account and in a third one."""

import json

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.models import rekognition_backends
from sandbox.deployment import DESTINATION_ACCOUNT, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.faults import Plan
from sandbox.stories import read_event
from sandbox.world import sandbox

REQUEST = read_event("copy_between_accounts")
DESTINATION_ROLE = f"arn:aws:iam::{DESTINATION_ACCOUNT}:role/rekognition-model-copy-destination"


def policies():
    return rekognition_backends[SOURCE_ACCOUNT]["us-east-1"].projects[REQUEST["SourceProjectArn"]].policies


@pytest.mark.parametrize("place", [SOURCE_ACCOUNT, DESTINATION_ACCOUNT, STACK_ACCOUNT])
def test_a_stack_copies_from_wherever_it_is_and_grants_to_the_role_that_copies(place):
    granted = []
    with sandbox(VirtualClock(), place) as aws:
        aws.seed("copy_between_accounts")
        note = {"noted": lambda: granted.extend(json.loads(one.document) for one in policies().values())}
        aws.plan = Plan("PutProjectPolicy: noted", note)

        execution = aws.run(REQUEST)
        (copy,) = rekognition_backends[DESTINATION_ACCOUNT]["us-east-1"].copies
        role = copy.caller.role_arn

    assert execution.status == "SUCCEEDED"
    assert granted[0]["Statement"][0]["Principal"] == {"AWS": [role]}
    if place == DESTINATION_ACCOUNT:
        assert role.startswith(f"arn:aws:iam::{place}:role/rekognition-model-copy-CopyProjectVersionFunctionRole-")
    else:
        assert role == DESTINATION_ROLE


@pytest.mark.parametrize(
    ("allowed", "status", "called"),
    [("111111111111,222222222222", "SUCCEEDED", True), ("111111111111", "FAILED", False)],
)
def test_a_stack_refuses_an_account_that_its_parameter_does_not_name_before_it_calls_aws(allowed, status, called):
    calls = []
    with sandbox(VirtualClock()) as aws:
        aws.seed("copy_between_accounts")
        aws.plan = Plan(
            "AssumeRole: noted always; DescribeProjectVersions: noted always", {"noted": lambda: calls.append(1)}
        )
        for function in aws.deployment.functions.values():
            function.environment_vars = {**function.environment_vars, "ALLOWED_ACCOUNTS": allowed}

        execution = aws.run(REQUEST)

    assert execution.status == status
    assert bool(calls) is called
    assert called or execution.error == "InvalidRequestError"
