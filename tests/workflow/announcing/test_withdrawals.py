"""The function that announces withdraws the grant of an execution that no state could withdraw it for."""

from collections.abc import Callable
from functools import partial

import pytest
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.stories import backend_of
from sandbox.world import Sandbox
from tests.workflow.announcement import outcomes
from tests.workflow.announcing.conftest import ANNOUNCER, AnnounceStory
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies, own_grants
from tests.workflow.story import REQUEST, STORY

ENDINGS = {
    "failed at a task": "DescribeProjectVersionFunction: CodeArtifactUserFailedException",
    "failed while the grant was added": "EnsureProjectPolicyFunction.PutProjectPolicy: lost_answer always",
    "could not withdraw": "WithdrawGrantFunction: CodeArtifactUserFailedException",
    "a policy changes": f"CopyProjectVersionFunction: CodeArtifactUserFailedException; "
    f"{ANNOUNCER}.PutProjectPolicy: others_change_policy x3",
    "throttled": f"DescribeProjectVersionFunction: CodeArtifactUserFailedException; "
    f"{ANNOUNCER}.ListProjectPolicies: ThrottlingException x12",
}


@pytest.mark.parametrize("plan", ENDINGS.values(), ids=ENDINGS)
def test_a_grant_that_no_state_withdrew_is_withdrawn_before_the_announcement(
    announce_story: AnnounceStory, witness: Witness, plan: str
) -> None:
    _, outcome = announce_story(STORY, plan)

    grant = outcome["Grant"]
    assert (grant["PolicyName"], grant["LeftBehind"], grant["Error"]) == ("rekognition-model-copy-1", False, None)
    assert own_grants() == set()


@pytest.mark.parametrize("end", [executions.stop, executions.time_out])
def test_an_execution_that_is_ended_from_outside_leaves_no_grant(
    aws: Sandbox, witness: Witness, end: Callable[[Execution], None]
) -> None:
    aws.seed(STORY)
    execution = aws.start(REQUEST)
    aws.clock.after(600, lambda: end(execution))
    aws.finish()

    (outcome,) = outcomes(aws)
    assert (outcome["Grant"]["Withdrawn"], outcome["Grant"]["LeftBehind"]) == (True, False)
    assert own_grants() == set()
    assert "Grant:       withdrawn\n" in aws.mails[0].message


def test_a_throttled_withdrawal_is_given_up_in_time_to_announce_it(announce_story: AnnounceStory, aws: Sandbox) -> None:
    _, outcome = announce_story(
        STORY,
        "DescribeProjectVersionFunction: CodeArtifactUserFailedException; "
        f"{ANNOUNCER}.ListProjectPolicies: ThrottlingException always",
    )

    grant = outcome["Grant"]
    assert (grant["LeftBehind"], grant["Error"]) == (True, "TransientError")
    assert "ThrottlingException" in grant["Cause"]
    assert f"Grant:       may still be in project policy {grant['PolicyName']}. " in aws.mails[0].message
    assert aws.dead_letters == []


@pytest.mark.parametrize("function", ["DescribeProjectVersionFunction", "WithdrawGrantFunction"])
def test_an_execution_whose_history_cannot_be_read_withdraws_nothing(
    announce_story: AnnounceStory, function: str
) -> None:
    """Only the history shows that a state has checked the request."""
    fault = f"CodeArtifactUserFailedException; {ANNOUNCER}.GetExecutionHistory: AccessDeniedException always"
    _, outcome = announce_story(STORY, f"{function}: {fault}")

    assert outcome["Unread"]
    assert own_grants()


def test_another_execution_of_the_same_copy_grants_again(aws: Sandbox, witness: Witness) -> None:
    aws.seed(STORY)
    settings.copies_quota, settings.copy_seconds = 0, 60
    first, second = aws.start(REQUEST), aws.start(REQUEST)
    aws.clock.after(600, lambda: executions.stop(first))
    aws.clock.after(1_200, lambda: setattr(settings, "copies_quota", 1))
    aws.finish()

    ending = Ending.of(second)
    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"]["Rounds"] == 2
    assert len(copies()) == 1
    assert own_grants() == set()


def test_a_redrive_grants_again(aws: Sandbox, witness: Witness) -> None:
    aws.seed(STORY)
    aws.follow("CopyProjectVersionFunction: CodeArtifactUserFailedException", REQUEST)
    execution = aws.run(REQUEST)
    assert own_grants() == set()

    redrive(execution)
    aws.finish()

    ending = Ending.of(execution)
    assert (ending.status, ending.output["Policy"]["Rounds"]) == ("SUCCEEDED", 2)
    assert own_grants() == set()


def test_copies_that_are_stopped_at_once_leave_no_grant(aws: Sandbox, witness: Witness) -> None:
    aws.seed(STORY)
    settings.copies_quota = 15
    project = REQUEST["SourceProjectArn"]
    for number in range(15):
        version = backend_of(project).create_project_version(project, f"n{number}", {"S3Bucket": "training"})
        request = {**REQUEST, "SourceProjectVersionArn": version.arn, "VersionName": version.name}
        aws.clock.after(600, partial(executions.stop, aws.start(request)))
    aws.finish()

    assert {(outcome["Status"], outcome["Grant"]["Withdrawn"]) for outcome in outcomes(aws)} == {("ABORTED", True)}
    assert own_grants() == set()
