"""A mail has what its reader needs: what happened, where, why and what to do."""

import json
from dataclasses import replace

import pytest

from model_copy import mail, outcomes
from model_copy.execution import EndedExecution
from tests.unit.outcome_samples import BY_TAG, COPY, DONE, EVENT, IGNORED, POLICY, VALIDATED, ended, failed
from tests.unit.world import EXECUTION, REQUEST, STATE, Json

RUNBOOK = "https://runbooks.example/copies"
NAMES = {"Copied": "Model Copied", "Refused": "Model Copy Refused", "Failed": "Model Copy Failed"}
NOT_WITHDRAWN = {"Withdrawal": {"Error": "E", "Cause": "Denied."}}


def mailed(execution: EndedExecution) -> tuple[str, dict[str, str]]:
    """Return the subject, and the lines of the text by their labels."""
    outcome = outcomes.of_execution(execution)
    name = NAMES.get(outcome["Outcome"], "Model Copy Ignored")
    lines = mail.text(name, outcome, RUNBOOK).splitlines()
    assert {line[:13].rstrip()[-1] for line in lines} == {":"}
    assert {line[12] for line in lines} == {" "}
    parted = [line.split(":", 1) for line in lines]
    assert len({label for label, _ in parted}) == len(parted)
    return mail.subject(name, outcome), {label: value.strip() for label, value in parted}


def test_the_mail_about_a_copy_says_what_was_copied_where_to_and_who_approved_it() -> None:
    subject, lines = mailed(ended(data={**DONE, "Approval": BY_TAG}))

    assert subject == "Model Copied: cats v1, to cats-live in 222222222222"
    assert lines == {
        "Outcome": "Model Copied",
        "Model": REQUEST["SourceProjectVersionArn"],
        "F1 score": "0.93",
        "To": REQUEST["DestinationProjectArn"],
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
    subject, lines = mailed(failed("VersionConflictError"))

    assert subject == "Model Copy Refused: VersionConflictError, cats v1, to cats-live in 222222222222"
    assert (lines["Error"], lines["Why"]) == ("VersionConflictError", "What is wrong. What to do.")
    assert lines["What to do"] == mail.FOLLOW_ADVICE
    assert lines["Runbook"] == f"{RUNBOOK}#versionconflicterror"


def test_the_sentence_does_not_link_to_the_runbook_a_second_time() -> None:
    cause = "Wrong. Do it. Runbook: docs/runbook.md#copyfailederror"

    assert mailed(failed("CopyFailedError", cause=cause))[1]["Why"] == "Wrong. Do it."


@pytest.mark.parametrize(
    ("execution", "to_do", "anchor"),
    [
        (failed("TransientError"), mail.REDRIVE, "transienterror"),
        (failed("Lambda.Unknown"), mail.REDRIVE, "endings-that-no-state-sees"),
        (failed("States.Runtime"), mail.START_AGAIN, "endings-that-no-state-sees"),
        (ended("ABORTED", STATE), mail.EITHER, "aborted"),
        (ended("TIMED_OUT", {**VALIDATED, "Policy": POLICY}), f"{mail.EITHER} {mail.REMOVE_GRANT}", "timed_out"),
        (
            failed("CopyFailedError", {**VALIDATED, **NOT_WITHDRAWN}),
            f"{mail.FOLLOW_ADVICE} {mail.REMOVE_GRANT}",
            "copyfailederror",
        ),
        (ended(data={**DONE, **NOT_WITHDRAWN}), mail.REMOVE_GRANT, "grantsleftbehindalarm"),
    ],
)
def test_the_advice_and_the_section_of_the_runbook_fit_the_outcome(
    execution: EndedExecution, to_do: str, anchor: str
) -> None:
    _, lines = mailed(execution)

    assert (lines["What to do"], lines["Runbook"]) == (to_do, f"{RUNBOOK}#{anchor}")


def test_a_grant_left_behind_is_named_with_its_policy_and_the_reason() -> None:
    _, lines = mailed(ended(data={**DONE, **NOT_WITHDRAWN}))

    assert lines["Grant"] == "may still be in project policy model-copy-1. Denied."


@pytest.mark.parametrize(
    ("cause", "mailed_cause"),
    [
        ("No. Allow it. Then redrive the execution.", "No. Allow it."),
        ("No. Wait, then redrive the execution. Runbook: a#b", "No. Wait."),
    ],
)
def test_a_grant_left_behind_comes_with_no_advice_to_redrive(cause: str, mailed_cause: str) -> None:
    withdrawal = {"Error": "E", "Cause": cause}
    _, lines = mailed(ended(data={**DONE, "Withdrawal": withdrawal}))

    assert lines["Grant"].endswith(f". {mailed_cause}")


def test_a_grant_left_behind_in_an_unknown_policy_is_named_without_it() -> None:
    data = {**STATE, "Validation": {"NeedsGrant": False}, "Withdrawal": {"Error": "E", "Cause": "No. Runbook: a#b"}}
    _, lines = mailed(failed("VersionConflictError", data))

    assert lines["Grant"] == "may still be in the stack's project policy. No."


def test_a_sentence_is_mailed_as_it_is() -> None:
    sentence = """It's "not" there: C:\\a and \\xe9."""

    assert mailed(failed("TransientError", cause=sentence))[1]["Why"] == sentence


def test_a_subject_has_what_is_known_and_no_long_name_crowds_out_another() -> None:
    package = f"arn:aws:sagemaker:us-east-1:{'1' * 12}:model-package/parts/1"
    ignored = {**IGNORED, "Approval": {**BY_TAG, "Subject": package, "Ignored": "No."}}
    middle, long = (json.loads(json.dumps(STATE).replace("cats", "c" * length)) for length in (40, 200))
    unknown = {"Request": {}, "Execution": EXECUTION}

    assert mailed(ended(data=ignored))[0] == "Model Copy Ignored: model-package/parts/1"
    assert mailed(failed("NotARequestError", unknown))[0].endswith(", execution an-execution")
    assert mailed(ended(data={**DONE, **middle}))[0].endswith(f", to {'c' * 20} in 222222222222")
    assert mailed(failed("DestinationProjectNotFoundError", long))[0].endswith(", to cccccc in 222222222222")


@pytest.mark.parametrize(("score", "line"), [(0.0, "0.0"), (1.0, "1.0"), (None, None)])
def test_any_score_that_is_known_is_mailed(score: float | None, line: str | None) -> None:
    _, lines = mailed(ended(data={**DONE, "Validation": {"NeedsGrant": True, "F1Score": score}}))

    assert lines.get("F1 score") == line


def test_an_adopted_copy_is_reported_as_existing() -> None:
    _, lines = mailed(ended(data={**DONE, "Copy": {**COPY, "Adopted": True}}))

    assert lines["Copy"] == "the-copy is COPYING_COMPLETED (it already existed)"


def test_the_mail_about_an_event_that_is_not_an_approval_says_why() -> None:
    subject, lines = mailed(ended(data=IGNORED))

    assert subject == "Model Copy Ignored: v"
    assert (lines["Ignored"], lines["What to do"]) == ("The call failed.", mail.APPROVE_AGAIN)
    assert lines["Runbook"] == RUNBOOK


def test_the_reason_why_aws_could_not_be_read_is_mailed() -> None:
    assert (
        mailed(replace(failed("TransientError"), unread="Denied."))[1]["Note"] == "Some details may be missing. Denied."
    )


@pytest.mark.parametrize(
    ("partition", "host"),
    [("aws", "console.aws.amazon.com"), ("aws-us-gov", "console.amazonaws-us-gov.com")],
)
def test_the_link_goes_to_the_console_of_the_partition(partition: str, host: str) -> None:
    arn = f"arn:{partition}:states:r:333333333333:execution:copies:an-execution"
    _, lines = mailed(replace(failed("TransientError"), arn=arn))

    assert lines["Execution"] == f"https://{host}/states/home?region=r#/v2/executions/details/{arn}"


HOSTILE: list[Json] = [
    {**REQUEST, "VersionName": "v1\r\nBcc: a@b.example\u202e" + "x" * 90_000, "OutputConfig": {"S3Bucket": {"a": []}}},
    {
        **REQUEST,
        "SourceProjectVersionArn": f"arn:aws:rekognition:r:{'1' * 12}:project/{'c' * 255}/version/{'v' * 9}/1",
    },
    {**REQUEST, "SourceProjectVersionArn": {"a": 1}, "DestinationProjectArn": ["a"], "OutputConfig": "none"},
    EVENT,
]


@pytest.mark.parametrize("request_", HOSTILE)
@pytest.mark.parametrize("error", ["InvalidRequestError", "Bug\nSubject: b" + "é" * 300])
def test_sns_accepts_a_mail_whatever_was_requested(request_: Json, error: str) -> None:
    subject, lines = mailed(failed(error, {"Request": request_, "Execution": EXECUTION}))

    assert 1 <= len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert all(line.isascii() and line.isprintable() and len(line) <= 7_620 for line in lines.values())
