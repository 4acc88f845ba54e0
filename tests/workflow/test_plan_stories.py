"""The stories of dry runs, which end with a plan, change nothing and are not announced."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.invariants import Witness
from tests.workflow.story import DESTINATION, SOURCE
from tests.workflow.test_stories import NO_APPROVAL, OWN_POLICY

PlanStory = Callable[[str], dict[str, Any]]

PROJECTS = f"arn:aws:rekognition:us-east-1:{DESTINATION}:project"
ROLE = f"arn:aws:iam::{DESTINATION}:role/rekognition-model-copy-destination"


@pytest.fixture
def plan_story(aws: Sandbox, run: Run, witness: Witness) -> PlanStory:
    """Runs a story that is a dry run, and returns its plan."""

    def plan_story(story: str) -> dict[str, Any]:
        aws.seed(story)
        aws.announces = True
        ending = run(read_event(story))
        assert ending.states[-1] == "Planned"
        assert set(ending.output) == {"Plan", "Approval"}
        assert ending.output["Approval"] == NO_APPROVAL
        assert witness.calls == []
        assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])
        plan: dict[str, Any] = ending.output["Plan"]
        return plan

    return plan_story


def not_checked(story: str) -> list[str]:
    return [
        f"Whether account {DESTINATION} has a free copy slot in us-east-1.",
        f"Whether {PROJECTS}/{story}/1710000000000 has room for another model version.",
        f"Whether the bucket models-{DESTINATION} exists and the copying role may write to it.",
        "Whether the copying role may use the KMS keys of the source and of the output.",
    ]


def test_plan_copy(plan_story: PlanStory) -> None:
    plan = plan_story("plan_copy")
    policy = plan.pop("Policy")
    after = policy["After"]["Statement"].pop()

    assert plan == {
        "Action": "COPY",
        "Error": None,
        "Cause": None,
        "ProjectVersionArn": None,
        "F1Score": 0.9,
        "NotChecked": not_checked("plan_copy"),
    }
    assert policy["PolicyName"] == OWN_POLICY
    assert len(policy["Before"]["Statement"]) == 2
    assert after == {
        **policy["Before"]["Statement"][1],
        "Principal": {"AWS": [ROLE.replace(DESTINATION, "444444444444"), ROLE]},
    }
    assert policy["After"]["Statement"] == policy["Before"]["Statement"][:1]


def test_plan_adopted(plan_story: PlanStory) -> None:
    assert plan_story("plan_adopted") == {
        "Action": "ADOPT",
        "Error": None,
        "Cause": None,
        "ProjectVersionArn": f"{PROJECTS}/plan_adopted/version/v3/1710000100000",
        "F1Score": 0.9,
        "Policy": None,
        "NotChecked": ["Whether the copy, which is in progress, will complete."],
    }


def test_plan_waits(plan_story: PlanStory) -> None:
    plan = plan_story("plan_waits")

    assert (plan["Action"], plan["Error"], plan["Policy"]) == ("WAIT", "PolicyFullError", None)
    assert plan["Cause"].startswith(
        f"arn:aws:rekognition:us-east-1:{SOURCE}:project/plan_waits/1700000000000 has no room for the grant of "
    )
    assert plan["F1Score"] == 0.9
    assert plan["NotChecked"] == not_checked("plan_waits")


def test_plan_refused(plan_story: PlanStory) -> None:
    plan = plan_story("plan_refused")

    assert (plan["Action"], plan["Error"], plan["Policy"]) == ("REFUSE", "PolicyDeniedError", None)
    assert plan["Cause"].startswith("The project policy frozen of arn:aws:")
    assert plan["Cause"].endswith("#policydeniederror")
    assert plan["NotChecked"] == []


def test_plan_denied(aws: Sandbox, run: Run, witness: Witness) -> None:
    aws.seed("plan_denied")
    aws.announces = True

    ending = run(read_event("plan_denied"))

    assert ending.summary == "task: AccessDeniedError"
    assert witness.calls == []
    assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])
