"""The stack works the same way in the source account, in the destination account and in a third one."""

import json
from typing import Any

import pytest

from sandbox.deployment import DESTINATION_ACCOUNT, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.plans import Plan
from tests.workflow.conftest import Deploy
from tests.workflow.invariants import copies
from tests.workflow.story import REQUEST, STORY, policies

DESTINATION_ROLE = f"arn:aws:iam::{DESTINATION_ACCOUNT}:role/rekognition-model-copy-destination"


@pytest.mark.parametrize("place", [SOURCE_ACCOUNT, DESTINATION_ACCOUNT, STACK_ACCOUNT])
def test_a_stack_in_any_account_copies_and_grants_to_the_role_that_copies(deploy: Deploy, place: str) -> None:
    granted: list[dict[str, Any]] = []
    with deploy(place) as aws:
        aws.seed(STORY)
        note = {"noted": lambda: granted.extend(json.loads(one.document) for one in policies().values())}
        aws.plan = Plan("PutProjectPolicy: noted", note)

        execution = aws.run(REQUEST)
        (copy,) = copies()
        role = copy.caller.role_arn

    assert execution.status == "SUCCEEDED"
    assert role
    assert granted[0]["Statement"][0]["Principal"] == {"AWS": [role]}
    if place == DESTINATION_ACCOUNT:
        assert role.startswith(f"arn:aws:iam::{place}:role/rekognition-model-copy-CopyProjectVersionFunctionRole-")
    else:
        assert role == DESTINATION_ROLE


@pytest.mark.parametrize(
    ("allowed", "status", "called"),
    [("111111111111,222222222222", "SUCCEEDED", True), ("111111111111", "FAILED", False)],
)
def test_a_stack_refuses_an_account_that_is_not_allowed_before_it_calls_aws(
    deploy: Deploy, allowed: str, status: str, called: bool
) -> None:
    calls: list[int] = []
    with deploy() as aws:
        aws.seed(STORY)
        aws.plan = Plan(
            "AssumeRole: noted always; DescribeProjectVersions: noted always", {"noted": lambda: calls.append(1)}
        )
        for function in aws.deployment.functions.values():
            function.environment_vars = {**function.environment_vars, "ALLOWED_ACCOUNTS": allowed}

        execution = aws.run(REQUEST)

    assert execution.status == status
    assert bool(calls) is called
    assert called or execution.error == "InvalidRequestError"
