"""Faults during an announcement: the announcement is retried, sent by the other channel, or left in the queue."""

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.plans import Plan
from sandbox.world import Sandbox
from tests.workflow.announcement import outcomes
from tests.workflow.announcing.conftest import AnnounceStory
from tests.workflow.story import REQUEST, STORY


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
@pytest.mark.parametrize("fault", ["AccessDeniedException", "ThrottlingException", "http_503", "lost_answer"])
def test_an_execution_that_aws_cannot_describe_is_announced_from_its_event(
    announce_story: AnnounceStory, operation: str, fault: str
) -> None:
    ending, outcome = announce_story(STORY, f"{operation}: {fault} always")

    assert ending.status == "SUCCEEDED"
    assert (outcome["Outcome"], outcome["Request"], outcome["Adopted"]) == ("Copied", REQUEST, False)
    assert outcome["Grant"]["Withdrawn"] is True
    assert operation in outcome["Unread"]


@pytest.mark.parametrize("operation", ["PutEvents", "Publish"])
@pytest.mark.parametrize("fault", ["ThrottlingException", "http_503", "lost_answer"])
def test_an_outcome_is_announced_when_a_transient_fault_is_over(aws: Sandbox, operation: str, fault: str) -> None:
    aws.seed(STORY)
    settings.copy_seconds = 120
    aws.plan = Plan(f"{operation}: {fault} x2")
    aws.run(REQUEST)

    assert {outcome["Outcome"] for outcome in outcomes(aws)} == {"Copied"}
    assert aws.mails
    assert len({(outcome["ExecutionArn"], outcome["RedriveCount"]) for outcome in outcomes(aws)}) == 1
    assert not aws.dead_letters


@pytest.mark.parametrize(("operation", "others"), [("PutEvents", "mails"), ("Publish", "outcomes")])
def test_an_outcome_that_one_channel_refuses_is_sent_by_the_other_and_left_in_the_queue(
    aws: Sandbox, operation: str, others: str
) -> None:
    aws.seed(STORY)
    settings.copy_seconds = 120
    aws.plan = Plan(f"{operation}: AccessDeniedException always")
    execution = aws.run(REQUEST)

    (letter,) = aws.dead_letters
    assert letter.event["detail"]["executionArn"] == execution.exec_arn
    assert operation in letter.attributes["ErrorMessage"]
    assert getattr(aws, others)
    assert execution.status == "SUCCEEDED"

    aws.plan = Plan()
    aws.put(letter.event)
    aws.finish()

    assert outcomes(aws)[-1]["Outcome"] == "Copied"
    assert aws.mails
