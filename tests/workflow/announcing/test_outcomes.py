"""The announcement of an execution, however it ends."""

from collections.abc import Callable

import pytest
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.plans import Plan
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcement import outcomes
from tests.workflow.announcing.conftest import NOT_WITHDRAWN, AnnounceStory
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies, own_grants
from tests.workflow.story import REQUEST, STORY


@pytest.mark.parametrize("story", ["approved_in_sagemaker", "approved_by_tag", "approved_by_own_event"])
def test_the_approval_is_announced(aws: Sandbox, story: str) -> None:
    aws.seed(story)
    settings.copy_seconds = 120
    event = read_event(story)
    aws.put(event)
    aws.finish()

    (outcome,) = outcomes(aws)
    approval = Ending.of(aws.executions[0]).output["Approval"]
    assert outcome["Approval"] == {name: approval[name] for name in outcome["Approval"]}
    assert outcome["Approval"]["EventId"] == event["id"]
    assert outcome["Request"]["SourceProjectVersionArn"].endswith("/v3/1700000100000")


def test_the_mail_about_a_copy_has_a_link_to_its_execution(announce_story: AnnounceStory, aws: Sandbox) -> None:
    announce_story(STORY)

    (mail,) = aws.mails
    (execution,) = aws.executions
    assert mail.subject == f"Model Copied: {STORY} v3, to {STORY} in 222222222222"
    assert f"#/v2/executions/details/{execution.exec_arn}\n" in mail.message
    assert "Grant:       withdrawn\n" in mail.message


def test_an_existing_copy_is_announced_as_adopted(announce_story: AnnounceStory) -> None:
    _, outcome = announce_story("already_copied")

    assert outcome["Adopted"] is True


def test_a_grant_that_could_not_be_withdrawn_is_announced_and_mailed(
    announce_story: AnnounceStory, aws: Sandbox
) -> None:
    ending, outcome = announce_story(STORY, NOT_WITHDRAWN)

    grant = outcome["Grant"]
    assert (ending.status, grant["LeftBehind"], grant["Error"]) == ("SUCCEEDED", True, "AccessDeniedError")
    assert "Then redrive the execution" in grant["Cause"]
    assert "#grantsleftbehindalarm" in aws.mails[0].message
    assert own_grants()


def test_a_stopped_execution_is_announced_and_the_next_one_adopts_its_copy(aws: Sandbox) -> None:
    end_early(aws, lambda execution: executions.stop(execution, "NotNeeded", "The model is withdrawn."))

    (outcome,) = outcomes(aws)
    assert (outcome["Outcome"], outcome["Status"], outcome["Redrivable"]) == ("Failed", "ABORTED", True)
    assert (outcome["Error"], outcome["Cause"]) == ("NotNeeded", "The model is withdrawn.")
    assert (outcome["Request"], outcome["Grant"]["LeftBehind"]) == (REQUEST, False)

    aws.run(REQUEST)

    _, outcome = outcomes(aws)
    assert (outcome["Outcome"], outcome["Adopted"], outcome["Grant"]["Withdrawn"]) == ("Copied", True, False)
    assert len(copies()) == 1


def end_early(aws: Sandbox, end: Callable[[Execution], None]) -> None:
    """Start an execution, and end it half an hour later."""
    aws.seed(STORY)
    execution = aws.start(REQUEST)
    aws.clock.after(1_800, lambda: end(execution))
    aws.finish()


def test_an_execution_that_timed_out_is_announced_with_a_sentence(aws: Sandbox) -> None:
    end_early(aws, executions.time_out)

    (outcome,) = outcomes(aws)
    assert (outcome["Outcome"], outcome["Status"], outcome["Error"]) == ("Failed", "TIMED_OUT", None)
    assert outcome["Cause"] == "The execution ran for longer than the state machine allows."


def test_a_redriven_execution_is_announced_again_with_its_redrive_count(aws: Sandbox) -> None:
    aws.seed(STORY)
    settings.copy_seconds = 120
    aws.plan = Plan("CopyProjectVersionFunction.DescribeProjectVersions: AccessDeniedException")
    execution = aws.run(REQUEST)
    redrive(execution)
    aws.finish()

    first, second = outcomes(aws)
    assert [first["Outcome"], second["Outcome"]] == ["Failed", "Copied"]
    assert [first["RedriveCount"], second["RedriveCount"]] == [0, 1]
    assert first["ExecutionArn"] == second["ExecutionArn"]
    assert (first["Error"], first["Redrivable"], first["Grant"]["LeftBehind"]) == ("AccessDeniedError", True, False)


def test_a_status_change_that_is_delivered_twice_is_announced_twice_in_the_same_way(aws: Sandbox) -> None:
    event = read_event("execution_failed")
    aws.put(event)
    aws.put(event)
    aws.finish()

    first, second = outcomes(aws)
    assert first == second


def test_an_announced_outcome_starts_no_execution(announce_story: AnnounceStory, aws: Sandbox) -> None:
    announce_story(STORY)

    assert len(aws.executions) == 1


@pytest.mark.parametrize("chosen", ["", "Refused", "Copied,Ignored"])
def test_only_the_outcomes_of_the_parameter_are_mailed(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    function = aws.deployment.function("AnnounceOutcomeFunction")
    monkeypatch.setitem(function.environment_vars, "MAILED_OUTCOMES", chosen)
    for story in ("already_copied", "name_taken", "rejected_in_sagemaker"):
        aws.seed(story)
        aws.run(read_event(story))

    kinds = [outcome["Outcome"] for outcome in outcomes(aws)]
    assert kinds == ["Copied", "Refused", "Ignored"]
    assert [mail.attributes["Outcome"] for mail in aws.mails] == [kind for kind in kinds if kind in chosen.split(",")]


def test_no_grant_is_announced_as_left_behind_in_a_source_project_that_does_not_exist(aws: Sandbox) -> None:
    request = {**REQUEST}
    for name in ("SourceProjectArn", "SourceProjectVersionArn"):
        request[name] = request[name].replace(STORY, "misspelt")
    aws.seed(STORY)
    aws.run(request)

    (outcome,) = outcomes(aws)
    assert (outcome["Error"], outcome["Grant"]["LeftBehind"]) == ("SourceVersionNotFoundError", False)
    assert "Grant:" not in aws.mails[0].message
