"""The sandbox, with Step Functions sending status changes, so that the end of each execution is announced."""

from collections.abc import Callable
from typing import Any

import pytest
from moto.awslambda.models import LambdaFunction

from sandbox.aws import eventbridge
from sandbox.aws.iam import sts
from sandbox.aws.rekognition.settings import settings
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow import announcement
from tests.workflow.announcement import Outcome
from tests.workflow.ending import Ending
from tests.workflow.sessions import acting_as

ANNOUNCER = "AnnounceOutcomeFunction"
# Neither the workflow nor the function that announces can withdraw a grant.
NOT_WITHDRAWN = (
    "WithdrawGrantFunction.ListProjectPolicies: AccessDeniedException always; "
    f"{ANNOUNCER}.ListProjectPolicies: AccessDeniedException always"
)
Event = dict[str, Any]
AnnounceStory = Callable[..., tuple[Ending, Outcome]]
# Returns a client of a service with the role of a function, by default the one that announces.
AsFunction = Callable[..., Any]


@pytest.fixture
def aws(aws: Sandbox) -> Sandbox:
    """The shared sandbox, which announces."""
    aws.announces = True
    return aws


@pytest.fixture
def changes(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The status changes that Step Functions sends."""
    changes: list[Event] = []
    deliver = eventbridge.deliver

    def record(event: Event) -> None:
        changes.append(event)
        deliver(event)

    monkeypatch.setattr(eventbridge, "deliver", record)
    return changes


def statuses(changes: list[Event]) -> list[str]:
    """Return the status of each change."""
    return [change["detail"]["status"] for change in changes]


def entry(**more: str) -> dict[str, str]:
    """Return an entry of PutEvents."""
    return {"Source": "rekognition-model-copy", "DetailType": "Any", "Detail": "{}", **more}


@pytest.fixture
def function(aws: Sandbox) -> LambdaFunction:
    """The function that announces."""
    return aws.deployment.function(ANNOUNCER)


@pytest.fixture
def as_function(aws: Sandbox) -> AsFunction:
    """Act in the role of a function."""

    def as_function(service: str, name: str = ANNOUNCER) -> Any:
        function = aws.deployment.function(name)
        session = sts.session_of_service("lambda.amazonaws.com", str(function.role), "me", function.function_arn)
        return acting_as(session, service)

    return as_function


@pytest.fixture
def announce_story(aws: Sandbox) -> AnnounceStory:
    """Run a story with a plan of faults; return the ending and the one announced outcome."""

    def announce_story(story: str, plan: str = "") -> tuple[Ending, Outcome]:
        aws.seed(story)
        settings.copy_seconds = 120
        aws.follow(plan, read_event(story))
        ending = Ending.of(aws.run(read_event(story)))
        (outcome,) = announcement.outcomes(aws)
        announcement.check_schema(outcome)
        return ending, outcome

    return announce_story
