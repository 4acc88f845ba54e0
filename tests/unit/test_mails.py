"""A mail says all that whoever reads it needs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from model_copy import mails, outcomes
from model_copy.endings import Ending
from tests.unit.conftest import STATE
from tests.unit.test_outcomes import BY_TAG, COPY, DONE, EVENT, POLICY, VALIDATED, ended, refused

RUNBOOK = "https://runbooks.example/copies"
NAMES = {"Copied": "Model Copied", "Refused": "Model Copy Refused", "Failed": "Model Copy Failed"}


def mail(ending: Ending) -> tuple[str, dict[str, str]]:
    """Give the subject, and the lines of the text by their labels."""
    outcome = outcomes.tell(ending)
    name = NAMES.get(outcome["Outcome"], "Model Copy Ignored")
    lines = mails.text(name, outcome, RUNBOOK).splitlines()
    assert {line[:13].rstrip()[-1] for line in lines} == {":"}
    assert {line[12] for line in lines} == {" "}
    parted = [line.split(":", 1) for line in lines]
    assert len({label for label, _ in parted}) == len(parted)
    return mails.subject(name, outcome), {label: value.strip() for label, value in parted}


def test_the_mail_about_a_copy_says_what_was_copied_to_where_for_whom() -> None:
    subject, lines = mail(ended(state="Sum up", data={**DONE, "Approval": BY_TAG}))

    assert subject == "Model Copied: cats v1, to cats-live in 222222222222"
    assert lines == {
        "Outcome": "Model Copied",
        "Model": STATE["SourceProjectVersionArn"],
        "To": STATE["DestinationProjectArn"],
        "As": "v1",
        "Copy": "the-copy is COPYING_COMPLETED",
        "Output": "s3://live-models/copies",
        "Time": "2030-01-01T09:00:00+00:00 to 2030-01-01T10:00:00+00:00 (1:00:00)",
        "Approved by": "arn:aws:iam::1:user/a",
        "Approved": "v",
        "Event": "e1",
        "Grant": "withdrawn",
        "What to do": "Nothing.",
        "Execution": "https://console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/"
        "arn:aws:states:eu-central-1:333333333333:execution:copies:an-execution",
        "Runbook": RUNBOOK,
    }


def test_the_mail_about_a_refusal_says_why_and_what_to_do() -> None:
    subject, lines = mail(refused("VersionConflictError"))

    assert subject == "Model Copy Refused: VersionConflictError, cats v1, to cats-live in 222222222222"
    assert (lines["Error"], lines["Why"]) == ("VersionConflictError", "What is wrong. What to do.")
    assert lines["What to do"] == mails.AS_SAID
    assert lines["Runbook"] == f"{RUNBOOK}#versionconflicterror"


def test_a_sentence_does_not_point_into_the_runbook_a_second_time() -> None:
    ending = refused("CopyFailedError")
    ending = replace(ending, facts={**ending.facts, "cause": "Wrong. Do it. Runbook: docs/runbook.md#copyfailederror"})

    assert mail(ending)[1]["Why"] == "Wrong. Do it."


@pytest.mark.parametrize(
    ("ending", "to_do", "anchor"),
    [
        (refused("TransientError"), mails.REDRIVE, "transienterror"),
        (refused("Lambda.Unknown"), mails.REDRIVE, "endings-that-no-state-sees"),
        (ended("ABORTED", "Validate request", VALIDATED), mails.EITHER, "aborted"),
        (
            ended("TIMED_OUT", "Wait for copy", {**VALIDATED, "Policy": POLICY}),
            f"{mails.EITHER} {mails.TAKE_OUT}",
            "timed_out",
        ),
        (
            refused("CopyFailedError", data={**VALIDATED, "Withdrawal": {"Error": "E", "Cause": "Denied."}}),
            f"{mails.AS_SAID} {mails.TAKE_OUT}",
            "copyfailederror",
        ),
        (
            ended(state="Sum up", data={**DONE, "Withdrawal": {"Error": "E", "Cause": "Denied."}}),
            mails.TAKE_OUT,
            "grantsleftbehindalarm",
        ),
    ],
)
def test_what_to_do_fits_the_ending(ending: Ending, to_do: str, anchor: str) -> None:
    _, lines = mail(ending)

    assert (lines["What to do"], lines["Runbook"]) == (to_do, f"{RUNBOOK}#{anchor}")


def test_a_grant_that_was_left_behind_is_told_with_its_policy_and_why() -> None:
    _, lines = mail(ended(state="Sum up", data={**DONE, "Withdrawal": {"Error": "E", "Cause": "Denied."}}))

    assert lines["Grant"] == "may still be in project policy model-copy-222222222222. Denied."


def test_a_grant_of_which_no_step_named_the_policy_is_told_without_it() -> None:
    data = {**STATE, "Validation": {"NeedsGrant": False}, "Withdrawal": {"Error": "E", "Cause": "No. Runbook: a#b"}}
    _, lines = mail(refused("VersionConflictError", data=data))

    assert lines["Grant"] == "may still be in the stack's project policy. No."


def test_a_sentence_is_mailed_as_it_is() -> None:
    ending = refused("TransientError")
    said = """It's "not" there: C:\\a and \\xe9."""

    assert mail(replace(ending, facts={**ending.facts, "cause": said}))[1]["Why"] == said


def test_a_subject_names_what_it_knows_and_long_names_push_nothing_out() -> None:
    package = f"arn:aws:sagemaker:us-east-1:{'1' * 12}:model-package/parts/1"
    data = {"Execution": None, "Approval": {**BY_TAG, "Subject": package, "Ignored": "No."}}
    long = json.loads(json.dumps(STATE).replace("cats", "c" * 200))

    assert mail(ended(state="Ignored", data=data))[0].endswith(":model-package/parts/1")
    assert mail(refused("NotARequestError", "Not a request", {"Execution": {}}))[0].endswith(", an-execution")
    assert mail(refused("DestinationProjectNotFoundError", data=long))[0].endswith(", to cccccc in 222222222222")


def test_a_copy_that_was_found_is_said_to_have_been_there() -> None:
    _, lines = mail(ended(state="Sum up", data={**DONE, "Copy": {**COPY, "Adopted": True}}))

    assert lines["Copy"] == "the-copy is COPYING_COMPLETED, which was found"


def test_the_mail_about_an_event_that_is_no_approval_says_why() -> None:
    data = {"Execution": None, "Approval": {**BY_TAG, "Ignored": "The call failed."}}
    subject, lines = mail(ended(state="Ignored", data=data))

    assert subject == "Model Copy Ignored: v"
    assert (lines["Ignored"], lines["What to do"]) == ("The call failed.", mails.APPROVE_AGAIN)
    assert lines["Runbook"] == RUNBOOK


def test_what_could_not_be_read_is_said() -> None:
    assert mail(replace(refused("TransientError"), unread="Denied."))[1]["Unread"] == "Denied."


@pytest.mark.parametrize(
    ("partition", "host"),
    [("aws", "console.aws.amazon.com"), ("aws-us-gov", "console.amazonaws-us-gov.com")],
)
def test_the_link_leads_to_the_console_of_the_partition(partition: str, host: str) -> None:
    arn = f"arn:{partition}:states:r:333333333333:execution:copies:an-execution"
    _, lines = mail(replace(refused("TransientError"), execution_arn=arn))

    assert lines["Execution"] == f"https://{host}/states/home?region=r#/v2/executions/details/{arn}"


HOSTILE: list[dict[str, Any]] = [
    {**STATE, "VersionName": "v1\r\nBcc: a@b.example\u202e" + "x" * 90_000, "OutputConfig": {"S3Bucket": {"a": []}}},
    {
        **STATE,
        "SourceProjectVersionArn": f"arn:aws:rekognition:r:{'1' * 12}:project/{'c' * 255}/version/{'v' * 9}/1",
    },
    {**STATE, "SourceProjectVersionArn": {"a": 1}, "DestinationProjectArn": ["a"], "OutputConfig": "none"},
    EVENT,
]


@pytest.mark.parametrize("data", HOSTILE)
@pytest.mark.parametrize("error", ["InvalidRequestError", "Bug\nSubject: b" + "é" * 300])
def test_a_mail_is_what_sns_takes_whatever_was_asked_for(data: dict[str, Any], error: str) -> None:
    subject, lines = mail(refused(error, "Validate request", data))

    assert 1 <= len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert all(line.isascii() and line.isprintable() and len(line) <= 7_620 for line in lines.values())
