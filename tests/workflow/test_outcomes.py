"""However an execution ends, programs and people are told how, and no telling changes an ending."""

import json
from collections import Counter

import jsonschema
import pytest

from model_copy.errors import RefusedError
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import ROOT
from sandbox.faults import Plan
from sandbox.stories import read_event, stories
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies, own_grants

SCHEMA = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())
REFUSALS = {error.__name__ for error in RefusedError.__subclasses__()} | {"NotARequestError"}
ENDINGS_ONLY = [story for story in stories() if story.startswith("execution_")]
EXECUTED = [story for story in stories() if story not in ENDINGS_ONLY]
LATE = {"CopyDeadlineError", "VersionGoneError"}
STORY = "copy_between_accounts"
REQUEST = read_event(STORY)


@pytest.fixture
def announcing(aws):
    """The sandbox, in which Step Functions tells of endings."""
    aws.announces = True
    return aws


@pytest.fixture
def told(announcing):
    """Tell a story to its end, with things going wrong; give the ending and what was announced."""

    def told(story, plan=""):
        announcing.seed(story)
        event = read_event(story)
        announcing.follow(plan, event)
        ending = Ending.of(announcing.run(event))
        (outcome,) = announcing.outcomes
        jsonschema.validate(outcome["detail"], SCHEMA)
        return ending, outcome

    return told


def details(aws):
    return [outcome["detail"] for outcome in aws.outcomes]


@pytest.mark.parametrize("story", EXECUTED)
def test_each_story_is_announced_as_it_ended(told, announcing, story):
    ending, outcome = told(story)
    detail = outcome["detail"]
    refused, ignored = ending.error in REFUSALS - LATE, ending.status == "SUCCEEDED" and ending.ignored

    kind = "Ignored" if ignored else "Copied" if ending.status == "SUCCEEDED" else "Refused" if refused else "Failed"
    assert outcome["source"] == "rekognition-model-copy"
    assert outcome["detail-type"] == f"Model {'Copied' if kind == 'Copied' else f'Copy {kind}'}"
    assert (detail["Outcome"], detail["Status"], detail["Error"]) == (kind, ending.status, ending.error)
    assert detail["Cause"] == (ending.cause or None)
    assert (detail["Redrivable"], detail["Unread"]) == (ending.failed_at_task, None)
    assert detail["Request"] == (None if ignored else requested(ending, read_event(story)))
    assert [detail["ProjectVersionArn"], detail["Adopted"]] == [
        ending.output.get("ProjectVersionArn", detail["ProjectVersionArn"]),
        ending.output.get("Adopted", detail["Adopted"]),
    ]
    assert [mail.subject for mail in announcing.mails] == ([] if ignored else [announcing.mails[0].subject])


def requested(ending, event):
    """The request that the workflow came to know of."""
    if not isinstance(event, dict):
        return None
    state = ending.request or ({} if "detail-type" in event else event)
    request = {name: value for name, value in state.items() if name not in ("Execution", "Approval")}
    return request or None


@pytest.mark.parametrize("story", ["approved_in_sagemaker", "approved_by_tag", "approved_by_own_event"])
def test_who_approved_by_which_event_is_announced(announcing, story):
    announcing.seed(story)
    event = read_event(story)
    announcing.put(event)
    announcing.clock.run()

    (detail,) = details(announcing)
    (execution,) = announcing.executions
    assert detail["Approval"] == {name: execution.output["Approval"][name] for name in detail["Approval"]}
    assert detail["Approval"]["EventId"] == event["id"]
    assert detail["Request"]["SourceProjectVersionArn"].endswith("/v3/1700000100000")


def test_the_mail_about_a_copy_leads_to_its_execution(told, announcing):
    told(STORY)

    (mail,) = announcing.mails
    (execution,) = announcing.executions
    assert mail.subject == f"Model Copied: {STORY} v3, to {STORY} in 222222222222"
    assert f"#/v2/executions/details/{execution.exec_arn}\n" in mail.message
    assert "Grant:       withdrawn\n" in mail.message


def test_a_copy_that_was_found_is_announced_as_adopted(told):
    _, outcome = told("already_copied")

    assert outcome["detail"]["Adopted"] is True


def test_a_grant_that_could_not_be_withdrawn_is_announced_and_mailed(told, announcing):
    ending, outcome = told(STORY, "WithdrawGrantFunction.ListProjectPolicies: AccessDeniedException always")

    grant = outcome["detail"]["Grant"]
    assert (ending.status, grant["LeftBehind"], grant["Error"]) == ("SUCCEEDED", True, "AccessDeniedError")
    assert "Then redrive the execution" in grant["Cause"]
    assert "#grantsleftbehindalarm" in announcing.mails[0].message
    assert own_grants()


def ended_by_others(aws, end):
    """Run an execution that is ended half an hour after its start; give it."""
    aws.seed(STORY)
    execution = aws.start(REQUEST)
    aws.clock.after(1_800, lambda: end(execution))
    aws.clock.run()
    return execution


def test_an_execution_that_somebody_stops_is_announced_and_one_more_cleans_up(announcing):
    ended_by_others(announcing, lambda execution: executions.stop(execution, "NotNeeded", "The model is withdrawn."))

    (detail,) = details(announcing)
    assert (detail["Outcome"], detail["Status"], detail["Redrivable"]) == ("Failed", "ABORTED", True)
    assert (detail["Error"], detail["Cause"]) == ("NotNeeded", "The model is withdrawn.")
    assert (detail["Request"], detail["Grant"]["LeftBehind"]) == (REQUEST, True)
    assert own_grants()

    announcing.run(REQUEST)

    _, detail = details(announcing)
    assert (detail["Outcome"], detail["Adopted"], detail["Grant"]["Withdrawn"]) == ("Copied", True, True)
    assert not own_grants()
    assert len(copies()) == 1


def test_an_execution_that_runs_too_long_is_announced_with_a_sentence(announcing):
    ended_by_others(announcing, executions.time_out)

    (detail,) = details(announcing)
    assert (detail["Outcome"], detail["Status"], detail["Error"]) == ("Failed", "TIMED_OUT", None)
    assert detail["Cause"] == "The execution ran for longer than the state machine allows."


def test_a_redriven_execution_is_announced_again_with_its_count(announcing):
    announcing.seed(STORY)
    announcing.plan = Plan("CopyProjectVersionFunction.DescribeProjectVersions: AccessDeniedException")
    execution = announcing.run(REQUEST)
    redrive(execution)
    announcing.clock.run()

    first, second = details(announcing)
    assert [first["Outcome"], second["Outcome"]] == ["Failed", "Copied"]
    assert [first["RedriveCount"], second["RedriveCount"]] == [0, 1]
    assert first["ExecutionArn"] == second["ExecutionArn"]
    assert (first["Error"], first["Redrivable"], first["Grant"]["LeftBehind"]) == ("AccessDeniedError", True, True)


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
@pytest.mark.parametrize("fault", ["AccessDeniedException", "ThrottlingException", "http_503", "lost_answer"])
def test_what_aws_cannot_tell_is_announced_by_what_the_event_says(told, operation, fault):
    ending, outcome = told(STORY, f"{operation}: {fault} always")

    detail = outcome["detail"]
    assert ending.status == "SUCCEEDED"
    assert (detail["Outcome"], detail["Request"], detail["Adopted"]) == ("Copied", REQUEST, False)
    assert detail["Grant"]["Withdrawn"] is True
    assert operation in detail["Unread"]


@pytest.mark.parametrize("operation", ["PutEvents", "Publish"])
@pytest.mark.parametrize("fault", ["ThrottlingException", "http_503", "lost_answer"])
def test_what_fails_for_a_while_is_announced_in_the_end(announcing, operation, fault):
    announcing.seed(STORY)
    announcing.plan = Plan(f"{operation}: {fault} x2")
    announcing.run(REQUEST)

    assert {detail["Outcome"] for detail in details(announcing)} == {"Copied"}
    assert announcing.mails
    assert len({(detail["ExecutionArn"], detail["RedriveCount"]) for detail in details(announcing)}) == 1
    assert not announcing.dead_letters


@pytest.mark.parametrize(("operation", "others"), [("PutEvents", "mails"), ("Publish", "outcomes")])
def test_what_cannot_be_announced_is_left_in_the_queue_and_the_other_way_still_tells(announcing, operation, others):
    announcing.seed(STORY)
    announcing.plan = Plan(f"{operation}: AccessDeniedException always")
    execution = announcing.run(REQUEST)

    (letter,) = announcing.dead_letters
    assert letter.event["detail"]["executionArn"] == execution.exec_arn
    assert operation in letter.attributes["ErrorMessage"]
    assert getattr(announcing, others)
    assert execution.status == "SUCCEEDED"

    announcing.plan = Plan()
    announcing.put(letter.event)
    announcing.clock.run()

    assert details(announcing)[-1]["Outcome"] == "Copied"
    assert announcing.mails


def test_an_event_that_is_delivered_twice_is_announced_twice_under_one_key(announcing):
    event = read_event("execution_failed")
    announcing.put(event)
    announcing.put(event)
    announcing.clock.run()

    first, second = details(announcing)
    assert first == second


def test_an_outcome_starts_nothing(told, announcing):
    told(STORY)

    assert len(announcing.executions) == 1


@pytest.mark.parametrize("chosen", ["", "Refused", "Copied,Ignored"])
def test_what_is_mailed_is_the_stacks_choice(announcing, monkeypatch, chosen):
    function = announcing.deployment.function("AnnounceOutcomeFunction")
    monkeypatch.setitem(function.environment_vars, "MAILED_OUTCOMES", chosen)
    for story in ("already_copied", "name_taken", "rejected_in_sagemaker"):
        announcing.seed(story)
        announcing.run(read_event(story))

    kinds = [detail["Outcome"] for detail in details(announcing)]
    assert kinds == ["Copied", "Refused", "Ignored"]
    assert [mail.attributes["Outcome"] for mail in announcing.mails] == [
        kind for kind in kinds if kind in chosen.split(",")
    ]


def measured(capsys):
    """Sum up what the functions measured."""
    sums = Counter()
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            written = json.loads(line)
            assert written["service"] == "rekognition-model-copy"
            for metric in written["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                sums[metric["Name"]] += sum(written[metric["Name"]])
    return sums


@pytest.fixture
def measuring(monkeypatch, announcing):
    """The sandbox, in which the functions write metrics."""

    def again():
        monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
        announcing.reset()
        announcing.announces = True

    again()
    return again


def test_a_copy_is_measured_all_the_way(measuring, told, capsys):
    ending, _ = told(
        STORY, "ListProjectPolicies: others_change_policy; DescribeProjectVersions: ThrottlingException x2"
    )

    sums = measured(capsys)
    assert (sums["CopiesStarted"], sums["CopiesCompleted"], sums["CopiesAdopted"], sums["CopiesFailed"]) == (1, 1, 0, 0)
    assert sums["Polls"] == ending.states.count("Describe project version")
    assert sums["CopyDuration"] == pytest.approx(ending.seconds, abs=1)
    assert (sums["Throttles"], sums["PolicyConflicts"], sums["GrantsLeftBehind"]) == (2, 1, 0)


def test_a_refusal_and_what_stays_behind_are_measured(measuring, told, capsys):
    told("name_taken")
    assert measured(capsys)["CopiesRefused"] == 1

    measuring()
    told(STORY, "WithdrawGrantFunction.ListProjectPolicies: AccessDeniedException always")
    sums = measured(capsys)
    assert (sums["GrantsLeftBehind"], sums["CopiesCompleted"]) == (1, 1)
    assert sums["KnownErrors"] == 1


def test_the_age_of_a_copy_is_measured_while_it_waits_for_a_slot(measuring, told, capsys):
    told(STORY, "CopyProjectVersion: LimitExceededException x12")

    ages = [
        json.loads(line)["CopyAge"][0]
        for line in capsys.readouterr().out.splitlines()
        if '"CopyAge"' in line and '"Polls"' not in line
    ]
    assert ages == sorted(ages)
    assert ages[-1] > 60


def test_a_source_project_that_is_not_there_holds_no_grant_that_anybody_is_told_of(announcing):
    request = {**REQUEST}
    for name in ("SourceProjectArn", "SourceProjectVersionArn"):
        request[name] = request[name].replace(STORY, "misspelt")
    announcing.seed(STORY)
    announcing.run(request)

    (detail,) = details(announcing)
    assert (detail["Error"], detail["Grant"]["LeftBehind"]) == ("SourceVersionNotFoundError", False)
    assert "Grant:" not in announcing.mails[0].message
