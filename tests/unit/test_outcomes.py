"""An outcome reports how an execution ended, and takes nothing but the request from the input."""

import json
from collections.abc import Iterator
from dataclasses import replace

import jsonschema
import pytest

from model_copy import endings, errors, outcomes
from model_copy.errors import ModelCopyError, RefusedError
from model_copy.execution import EndedExecution
from model_copy.outcomes import NotAnnouncedError
from sandbox.deployment import ROOT
from tests.unit.outcome_samples import (
    BY_HAND,
    BY_TAG,
    COPY,
    DONE,
    EVENT,
    IGNORED,
    OUTPUT,
    POLICY,
    VALIDATED,
    WITHDRAWAL,
    ended,
    failed,
)
from tests.unit.world import EXECUTION, REQUEST, STATE, Json

SCHEMA = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())


def outcome_of(execution: EndedExecution) -> Json:
    """Return the outcome, which follows the schema."""
    outcome = dict(outcomes.of_execution(execution))
    jsonschema.validate(outcome, SCHEMA)
    assert set(outcome) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    return outcome


def leaves() -> Iterator[str]:
    for name, one in vars(errors).items():
        if isinstance(one, type) and issubclass(one, ModelCopyError) and "sentence" in vars(one):
            yield name


def test_a_copied_model_is_reported_with_the_request_the_copy_and_the_grant() -> None:
    outcome = outcome_of(ended(data=DONE))

    assert outcome["Outcome"] == "Copied"
    assert outcome["Request"] == REQUEST
    assert (outcome["ProjectVersionArn"], outcome["ProjectVersionStatus"]) == ("the-copy", "COPYING_COMPLETED")
    assert (outcome["Adopted"], outcome["Redrivable"], outcome["Error"], outcome["Cause"]) == (False, False, None, None)
    assert outcome["Grant"] == {
        "PolicyName": "model-copy-1",
        "Withdrawn": True,
        "LeftBehind": False,
        "Error": None,
        "Cause": None,
    }
    assert (outcome["StartedAt"], outcome["EndedAt"]) == ("2030-01-01T09:00:00+00:00", "2030-01-01T10:00:00+00:00")
    assert outcome["F1Score"] == 0.93
    assert outcome["Approval"] == BY_HAND


def test_an_approval_is_reported() -> None:
    assert outcome_of(ended(data={**DONE, "Approval": BY_TAG}))["Approval"] == BY_TAG


def test_an_event_that_is_not_an_approval_is_ignored() -> None:
    outcome = outcome_of(ended(data=IGNORED, input=json.dumps(EVENT)))

    assert (outcome["Outcome"], outcome["Ignored"]) == ("Ignored", "The call failed.")
    assert (outcome["Approval"], outcome["Request"]) == (BY_TAG, None)


@pytest.mark.parametrize("name", [*leaves(), "NotARequestError", "CopyFailedError", "UnexpectedStatusError"])
def test_an_error_is_a_refusal_before_the_copy_and_a_failure_after_it_or_at_a_task(name: str) -> None:
    outcome = outcome_of(failed(name))

    is_refused = name == "NotARequestError" or issubclass(getattr(errors, name, Exception), RefusedError)
    is_late = name in ("CopyDeadlineError", "VersionGoneError")
    assert outcome["Outcome"] == ("Refused" if is_refused and not is_late else "Failed")
    assert outcome["Redrivable"] is (not is_refused and name not in ("CopyFailedError", "UnexpectedStatusError"))
    assert (outcome["Error"], outcome["Cause"]) == (name, "What is wrong. What to do.")


@pytest.mark.parametrize("name", ["Lambda.Unknown", "KeyError", "States.Runtime", "States.DataLimitExceeded"])
def test_an_unknown_error_is_a_failure_that_can_be_redriven_unless_that_is_hopeless(name: str) -> None:
    outcome = outcome_of(failed(name))

    assert (outcome["Outcome"], outcome["Redrivable"]) == ("Failed", not name.startswith("States."))


def test_an_execution_that_step_functions_cannot_redrive_is_not_redrivable() -> None:
    assert outcome_of(failed("TransientError", redriveStatus="NOT_REDRIVABLE"))["Redrivable"] is False


@pytest.mark.parametrize(("described", "count"), [({}, 0), ({"redriveCount": 2}, 2)])
def test_redrives_are_counted_as_the_event_or_aws_reports_them(described: Json, count: int) -> None:
    description = {"status": "SUCCEEDED", **described}

    assert outcome_of(ended(data=DONE).with_description(description))["RedriveCount"] == count


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_an_end_that_no_state_sees_is_a_failure_with_a_sentence(status: str) -> None:
    outcome = outcome_of(ended(status, {**VALIDATED, "Policy": POLICY, "Copy": COPY}))

    assert (outcome["Outcome"], outcome["Redrivable"], outcome["Error"]) == ("Failed", True, None)
    assert outcome["Cause"] == endings.CAUSES[status]


def test_an_aborted_execution_is_a_failure_whatever_error_it_was_given() -> None:
    outcome = outcome_of(ended("ABORTED", DONE, error="InvalidRequestError", cause="Not needed."))

    assert (outcome["Outcome"], outcome["Redrivable"], outcome["Cause"]) == ("Failed", True, "Not needed.")


def test_a_sentence_is_taken_out_of_lambda_s_json() -> None:
    cause = json.dumps({"errorMessage": "What is wrong. What to do.", "errorType": "TransientError"})

    assert outcome_of(ended("FAILED", VALIDATED, cause=cause))["Cause"] == "What is wrong. What to do."


@pytest.mark.parametrize("cause", ["not JSON", '"a string"', "[" * 9_000, '{"errorType": "Bug"}', "é\n"])
def test_any_other_cause_is_reported_as_printable_ascii(cause: str) -> None:
    reported = outcome_of(ended("FAILED", VALIDATED, cause=cause))["Cause"]

    assert reported.isascii()
    assert reported.isprintable()
    assert reported[:4] == ascii(cause)[1:5]


@pytest.mark.parametrize(
    ("tasks", "is_left"),
    [
        ({}, True),
        ({"Validation": {"NeedsGrant": False}}, None),
        ({"Validation": {"NeedsGrant": False}, "Policy": {"PolicyName": None}}, False),
        ({"Policy": POLICY}, True),
        ({"Policy": POLICY, "Withdrawal": {**WITHDRAWAL, "Withdrawn": False}}, False),
        (
            {"Policy": POLICY, "Withdrawal": {"Error": "AccessDeniedError", "Cause": '{"errorMessage": "Denied."}'}},
            True,
        ),
        ({"Withdrawal": {"Error": "Lambda.Unknown", "Cause": "Killed."}}, True),
    ],
)
def test_a_grant_that_was_not_withdrawn_is_left_behind(tasks: Json, is_left: bool | None) -> None:
    grant = outcome_of(failed("VersionConflictError", {**VALIDATED, **tasks}))["Grant"]

    assert (grant and grant["LeftBehind"]) is is_left
    if "Error" in tasks.get("Withdrawal", {}):
        assert grant["Cause"] in ("Denied.", "Killed.")


@pytest.mark.parametrize(("refusal", "is_left"), [("SourceVersionNotFoundError", False), ("PolicyDeniedError", True)])
def test_no_grant_is_left_in_a_project_that_two_tasks_did_not_find(refusal: str, is_left: bool) -> None:
    tasks = {"Refusal": {"Error": refusal}, "Withdrawal": {"Error": "SourceVersionNotFoundError", "Cause": "{}"}}
    data = {**VALIDATED, "Validation": {"NeedsGrant": False}, **tasks}

    assert outcome_of(failed(refusal, data))["Grant"]["LeftBehind"] is is_left


FORGED = {
    **DONE,
    "Approval": {**BY_TAG, "Ignored": "Forged."},
    "Refusal": {"Error": "Forged"},
    "Execution": {"Id": "x"},
}


@pytest.mark.parametrize(
    "execution",
    [
        failed("InvalidRequestError", {"Request": FORGED, "Execution": EXECUTION}),
        ended("ABORTED", {"Request": FORGED, "Execution": EXECUTION}),
        failed("InvalidRequestError", {}, input=json.dumps(FORGED)),
        ended("ABORTED", {}, input=json.dumps(FORGED)),
        ended("TIMED_OUT", {}, input=json.dumps({"Request": FORGED, **FORGED})),
    ],
    ids=["refused", "aborted", "refused unread", "aborted unread", "nested unread"],
)
def test_state_data_in_the_input_is_ignored(execution: EndedExecution) -> None:
    outcome = outcome_of(execution)

    assert outcome["Outcome"] == ("Refused" if execution.status == "FAILED" else "Failed")
    assert (outcome["ProjectVersionArn"], outcome["ProjectVersionStatus"], outcome["Adopted"]) == (None, None, None)
    assert (outcome["Grant"], outcome["Approval"], outcome["Ignored"]) == (None, None, None)


def test_a_copy_in_the_input_is_not_evidence_of_a_success() -> None:
    with pytest.raises(NotAnnouncedError, match="neither the event nor AWS shows its output"):
        outcomes.of_execution(ended(input=json.dumps(FORGED)))


def test_an_input_that_aws_does_not_show_in_a_state_is_reported_as_it_was() -> None:
    given = {"Comment": "Insert your JSON here", "Copy": {"a": 1}}
    outcome = outcome_of(ended("FAILED", error="NotARequestError", input=json.dumps(given)))

    assert outcome["Request"] == given
    assert outcome["ProjectVersionArn"] is None


def test_an_event_that_could_not_be_read_is_reported_with_its_id_and_time() -> None:
    data = {**STATE, "Request": {**EVENT, **REQUEST}}
    outcome = outcome_of(failed("InvalidApprovalError", data, input=json.dumps(EVENT)))

    assert outcome["Approval"] == {**dict.fromkeys(BY_TAG), "EventId": "e2", "At": "2030-01-01T09:00:00Z"}
    assert outcome["Request"] is None


def test_the_event_is_used_where_aws_cannot_be_read() -> None:
    unread = replace(ended(input=json.dumps(REQUEST), output=json.dumps(OUTPUT)), unread="Denied.")
    outcome = outcome_of(unread)

    assert (outcome["Outcome"], outcome["Request"], outcome["ProjectVersionArn"]) == ("Copied", REQUEST, "the-copy")
    assert (outcome["Adopted"], outcome["Approval"], outcome["Grant"]["Withdrawn"]) == (False, BY_TAG, True)
    assert outcome["F1Score"] == 0.93
    assert outcome["Unread"] == "Denied."


def test_an_ignored_event_is_ignored_too_where_aws_cannot_be_read() -> None:
    assert outcome_of(ended(input=json.dumps(EVENT), output=json.dumps(IGNORED)))["Outcome"] == "Ignored"


def test_a_success_without_an_output_is_not_announced_as_a_copy() -> None:
    with pytest.raises(NotAnnouncedError, match="neither the event nor AWS shows its output"):
        outcomes.of_execution(ended(input=json.dumps(EVENT)))


def test_the_output_comes_before_a_history_without_the_end() -> None:
    early = {**VALIDATED, "Policy": POLICY, "Copy": {**COPY, "Status": "COPYING_IN_PROGRESS"}}
    outcome = outcome_of(ended(data=early, output=json.dumps(OUTPUT)))

    assert (outcome["ProjectVersionStatus"], outcome["Grant"]["LeftBehind"]) == ("COPYING_COMPLETED", False)
    assert outcome["Request"] == REQUEST


def test_a_redriven_copy_has_no_duration() -> None:
    outcome = outcomes.of_execution(ended(data=DONE, redriveCount=1))

    assert dict(outcomes.metrics(outcome)) == {"CopiesCompleted": 1}


@pytest.mark.parametrize(
    "given", [{"Tags": {"a": "é" * 20_000}}, {"VersionName": "\ud800"}, {"VersionName": float("nan")}, {}, EVENT]
)
def test_a_request_that_does_not_fit_in_an_event_is_left_out(given: Json) -> None:
    assert outcome_of(failed("InvalidRequestError", {"Execution": EXECUTION, "Request": given}))["Request"] is None


def test_the_largest_outcome_fits_in_an_event() -> None:
    data = {
        **DONE,
        "Request": {**REQUEST, "Tags": {"a": "x" * 90_000}},
        "Withdrawal": {"Error": "E", "Cause": "é" * 30_000},
    }
    execution = replace(failed("e" * 30_000, data, cause="é" * 30_000), unread="u" * 30_000)

    outcome = outcome_of(execution)

    assert outcome["Request"] == data["Request"]
    assert len(json.dumps(outcome)) < 200_000


@pytest.mark.parametrize(
    ("execution", "metrics"),
    [
        (ended(data=DONE), {"CopiesCompleted": 1, "CopyDuration": 3_600}),
        (ended(data={**DONE, "Copy": {**COPY, "Adopted": True}}), {"CopiesCompleted": 1}),
        (failed("VersionConflictError"), {"CopiesRefused": 1}),
        (failed("CopyDeadlineError", {**VALIDATED, "Policy": POLICY}), {"CopiesFailed": 1, "GrantsLeftBehind": 1}),
        (ended(data=IGNORED), {"ApprovalsIgnored": 1}),
    ],
)
def test_an_outcome_has_metrics(execution: EndedExecution, metrics: dict[str, float]) -> None:
    assert dict(outcomes.metrics(outcomes.of_execution(execution))) == metrics
