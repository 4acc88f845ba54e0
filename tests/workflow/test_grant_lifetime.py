"""The grant exists when the copy starts and is gone when the execution ends, whatever happens in between."""

import json

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_NAME
from sandbox.plans import Plan
from sandbox.stories import backend_of
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.invariants import copies, own_grants
from tests.workflow.story import DESTINATION, REQUEST, policies, source_project

POLICY = f"{STACK_NAME}-1"
GRANT = (f"arn:aws:iam::{DESTINATION}:role/{STACK_NAME}-destination", REQUEST["SourceProjectVersionArn"])


def test_a_grant_that_was_removed_before_the_copy_is_added_again(world: Sandbox, run: Run) -> None:
    world.follow("PutProjectPolicy: grant_withdrawn", REQUEST)

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"]["Rounds"] == 2
    assert policies() == {}


def test_a_grant_that_is_removed_again_and_again_is_refused(world: Sandbox, run: Run) -> None:
    def withdraw() -> None:
        policies().clear()
        source_project().policy_changes.clear()

    world.plan = Plan("PutProjectPolicy: withdrawn always", {"withdrawn": withdraw})
    ending = run(REQUEST)

    assert ending.error == "GrantLostError"
    assert copies() == []


def test_a_copy_waits_until_a_new_grant_is_in_effect(world: Sandbox, run: Run) -> None:
    settings.propagation_seconds = 240

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.seconds > 300


def test_a_deny_with_a_condition_does_not_hide_that_the_grant_is_new(world: Sandbox, run: Run) -> None:
    settings.accepts_condition, settings.propagation_seconds = True, 120
    source = source_project()
    guard = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "rekognition:CopyProjectVersion",
        "Resource": REQUEST["SourceProjectVersionArn"],
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [guard]})
    backend_of(source.arn).put_project_policy(source.arn, "guard", document)

    assert run(REQUEST).status == "SUCCEEDED"


@pytest.mark.parametrize("fault", ["InternalServerError", "AccessDeniedException", "InvalidParameterException"])
def test_a_grant_that_cannot_be_withdrawn_never_changes_the_outcome(world: Sandbox, run: Run, fault: str) -> None:
    world.plan = Plan(f"DeleteProjectPolicy: {fault} always")

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Withdrawal"]["Error"]
    assert own_grants() == {GRANT}


def test_a_refusal_after_validation_withdraws_the_grant(world: Sandbox, run: Run) -> None:
    world.plan = Plan("CopyProjectVersion: InvalidParameterException")

    ending = run(REQUEST)

    assert ending.error == "RequestRejectedError"
    assert "Withdraw grant" in ending.states
    assert own_grants() == set()


def test_a_grant_is_withdrawn_even_if_the_answer_to_its_call_was_lost(world: Sandbox, run: Run) -> None:
    world.plan = Plan("PutProjectPolicy: lost_answer")

    ending = run(REQUEST)

    assert ending.output["Policy"]["Changed"] is False
    assert ending.output["Withdrawal"]["Withdrawn"] is True
    assert own_grants() == set()


def test_a_statement_of_others_in_the_stacks_own_policy_stays(world: Sandbox, run: Run) -> None:
    source = source_project()
    theirs = {
        "Effect": "Allow",
        "Principal": {"AWS": ["333333333333"]},
        "Action": ["rekognition:CopyProjectVersion"],
        "Resource": [REQUEST["SourceProjectVersionArn"]],
    }
    backend_of(source.arn).put_project_policy(
        source.arn, POLICY, json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    )

    assert run(REQUEST).output["Withdrawal"]["Withdrawn"] is True
    assert json.loads(source.policies[POLICY].document)["Statement"] == [theirs]


def test_the_next_execution_withdraws_a_grant_that_was_left_even_if_it_is_refused(world: Sandbox, run: Run) -> None:
    settings.copy_failure = "No bucket."
    world.follow("DescribeProjectVersionFunction: throttled always", REQUEST)
    assert run(REQUEST).failed_at_task
    assert own_grants() == {GRANT}

    world.follow("")
    ending = run(REQUEST)

    assert ending.error == "FailedBeforeError"
    assert own_grants() == set()
