"""An outcome says how an execution ended, and nothing that only its input says of the steps."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
import yaml

from model_copy import errors, outcomes
from model_copy.endings import Ending
from model_copy.errors import ModelCopyError, NotAnnouncedError, RefusedError
from sandbox.deployment import ROOT
from tests.unit.conftest import STATE

SCHEMA = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())
DEFINITION = yaml.safe_load((ROOT / "statemachine" / "copy_model.asl.yaml").read_text())
REQUEST = {name: value for name, value in STATE.items() if name != "Execution"}
COPY = {"ProjectVersionArn": "the-copy", "Status": "COPYING_COMPLETED", "Adopted": False}
POLICY = {"PolicyName": "model-copy-222222222222", "Changed": True, "Rounds": 1}
WITHDRAWAL = {"PolicyName": "model-copy-222222222222", "Withdrawn": True}
BY_HAND = {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}
BY_TAG = {"Kind": "Tag", "EventId": "e1", "At": "2030-01-01T09:00:00Z", "By": "arn:aws:iam::1:user/a", "Subject": "v"}
VALIDATED = {**STATE, "Approval": BY_HAND, "Validation": {"NeedsGrant": True}}
DONE = {**VALIDATED, "Policy": POLICY, "Copy": COPY, "Withdrawal": WITHDRAWAL}
EVENT = {"id": "e2", "time": "2030-01-01T09:00:00Z", "source": "ours", "detail-type": "Model Approved", "detail": {}}


def ended(status: str = "SUCCEEDED", state: str = "", data: Any = None, **facts: object) -> Ending:
    """Give an ending after an hour."""
    started, stopped = datetime(2030, 1, 1, 9, tzinfo=UTC), datetime(2030, 1, 1, 10, tzinfo=UTC)
    arn = "arn:aws:states:eu-central-1:333333333333:execution:copies:an-execution"
    return Ending(arn, status, started, stopped, 0, facts, state, data or {})


def refused(name: str, state: str = "Copy refused", data: Any = DONE, **facts: object) -> Ending:
    return ended("FAILED", state, data, error=name, cause="What is wrong. What to do.", **facts)


def told(ending: Ending) -> dict[str, Any]:
    """Tell the ending, as the schema has it."""
    outcome = dict(outcomes.tell(ending))
    jsonschema.validate(outcome, SCHEMA)
    assert set(outcome) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    return outcome


def leaves() -> Iterator[str]:
    for name, one in vars(errors).items():
        if isinstance(one, type) and issubclass(one, ModelCopyError) and "sentence" in vars(one):
            yield name


def test_a_copied_model_is_told_with_the_request_the_copy_and_the_grant() -> None:
    outcome = told(ended(state="Sum up", data=DONE))

    assert outcome["Outcome"] == "Copied"
    assert outcome["Request"] == REQUEST
    assert (outcome["ProjectVersionArn"], outcome["ProjectVersionStatus"]) == ("the-copy", "COPYING_COMPLETED")
    assert (outcome["Adopted"], outcome["Redrivable"], outcome["Error"], outcome["Cause"]) == (False, False, None, None)
    assert outcome["Grant"] == {
        "PolicyName": "model-copy-222222222222",
        "Withdrawn": True,
        "LeftBehind": False,
        "Error": None,
        "Cause": None,
    }
    assert (outcome["StartedAt"], outcome["EndedAt"]) == ("2030-01-01T09:00:00+00:00", "2030-01-01T10:00:00+00:00")
    assert outcome["Approval"] == BY_HAND


def test_who_approved_is_told() -> None:
    assert told(ended(state="Sum up", data={**DONE, "Approval": BY_TAG}))["Approval"] == BY_TAG


def test_an_event_that_is_no_approval_is_ignored() -> None:
    data = {"Execution": None, "Approval": {**BY_TAG, "Ignored": "The call failed."}}
    outcome = told(ended(state="Ignored", data=data, input=json.dumps(EVENT)))

    assert (outcome["Outcome"], outcome["Ignored"]) == ("Ignored", "The call failed.")
    assert (outcome["Approval"], outcome["Request"]) == (BY_TAG, None)


@pytest.mark.parametrize("name", [*leaves(), "NotARequestError", "CopyFailedError", "UnexpectedStatusError"])
def test_an_error_is_a_refusal_before_the_copy_and_a_failure_after_it_or_at_a_task(name: str) -> None:
    outcome = told(refused(name))

    is_refused = name == "NotARequestError" or issubclass(getattr(errors, name, Exception), RefusedError)
    is_late = name in ("CopyDeadlineError", "VersionGoneError")
    assert outcome["Outcome"] == ("Refused" if is_refused and not is_late else "Failed")
    assert outcome["Redrivable"] is (not is_refused and name not in ("CopyFailedError", "UnexpectedStatusError"))
    assert (outcome["Error"], outcome["Cause"]) == (name, "What is wrong. What to do.")


@pytest.mark.parametrize("name", ["Lambda.Unknown", "KeyError", "States.Runtime", "States.DataLimitExceeded"])
def test_what_the_workflow_does_not_know_is_a_failure_that_can_be_redriven_unless_that_is_hopeless(name: str) -> None:
    outcome = told(refused(name))

    assert (outcome["Outcome"], outcome["Redrivable"]) == ("Failed", not name.startswith("States."))


def test_what_step_functions_does_not_redrive_is_not_redrivable() -> None:
    assert told(refused("TransientError", redriveStatus="NOT_REDRIVABLE"))["Redrivable"] is False


@pytest.mark.parametrize(("known", "count"), [({}, 0), ({"redriveCount": 2}, 2)])
def test_the_redrives_are_counted_of_which_the_event_or_aws_tells(known: dict[str, Any], count: int) -> None:
    description = {"status": "SUCCEEDED", **known}

    assert told(ended(state="Sum up", data=DONE).filled(description))["RedriveCount"] == count


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_an_ending_that_no_state_sees_is_a_failure_with_a_sentence(status: str) -> None:
    outcome = told(ended(status, "Wait for copy", {**VALIDATED, "Policy": POLICY, "Copy": COPY}))

    assert (outcome["Outcome"], outcome["Redrivable"], outcome["Error"]) == ("Failed", True, None)
    assert outcome["Cause"] == outcomes.ADDED[status]


def test_whoever_stops_an_execution_cannot_name_it_a_refusal() -> None:
    outcome = told(ended("ABORTED", "Wait for copy", DONE, error="InvalidRequestError", cause="Not needed."))

    assert (outcome["Outcome"], outcome["Redrivable"], outcome["Cause"]) == ("Failed", True, "Not needed.")


def test_a_sentence_is_taken_out_of_lambdas_json() -> None:
    cause = json.dumps({"errorMessage": "What is wrong. What to do.", "errorType": "TransientError"})

    assert (
        told(ended("FAILED", "Copy project version", VALIDATED, cause=cause))["Cause"] == "What is wrong. What to do."
    )


@pytest.mark.parametrize("cause", ["no JSON", '"a text"', "[" * 9_000, '{"errorType": "Bug"}', "é\n"])
def test_a_cause_that_is_no_json_of_lambdas_is_told_as_printable_ascii(cause: str) -> None:
    said = told(ended("FAILED", "Copy project version", VALIDATED, cause=cause))["Cause"]

    assert said.isascii()
    assert said.isprintable()
    assert said[:4] == ascii(cause)[1:5]


@pytest.mark.parametrize(
    ("steps", "is_left"),
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
def test_a_grant_is_left_behind_when_it_was_not_withdrawn(steps: dict[str, Any], is_left: bool | None) -> None:
    grant = told(refused("VersionConflictError", data={**VALIDATED, **steps}))["Grant"]

    assert (grant and grant["LeftBehind"]) is is_left
    if "Error" in steps.get("Withdrawal", {}):
        assert grant["Cause"] in ("Denied.", "Killed.")


@pytest.mark.parametrize(
    ("refused_with", "is_left"), [("SourceVersionNotFoundError", False), ("PolicyDeniedError", True)]
)
def test_a_project_that_two_steps_have_not_found_holds_no_grant(refused_with: str, is_left: bool) -> None:
    steps = {"Refusal": {"Error": refused_with}, "Withdrawal": {"Error": "SourceVersionNotFoundError", "Cause": "{}"}}
    data = {**VALIDATED, "Validation": {"NeedsGrant": False}, **steps}

    assert told(refused(refused_with, data=data))["Grant"]["LeftBehind"] is is_left


@pytest.mark.parametrize("state", sorted(outcomes.BEFORE_APPROVAL | outcomes.BEFORE_VALIDATION))
def test_what_the_input_says_of_steps_that_have_not_run_is_not_believed(state: str) -> None:
    outcome = told(refused("InvalidRequestError", state, {**DONE, "Approval": BY_TAG}))

    assert (outcome["ProjectVersionArn"], outcome["Adopted"], outcome["Grant"]) == (None, None, None)
    assert outcome["Approval"] == (BY_TAG if state in outcomes.BEFORE_VALIDATION else None)
    assert outcome["Request"] == REQUEST


def test_the_states_in_which_the_input_is_not_believed_are_those_up_to_the_validation() -> None:
    """Those that the workflow can be in before Validate request has answered."""
    seen: set[str] = set()
    left = [DEFINITION["StartAt"]]
    while left:
        name = left.pop()
        state = DEFINITION["States"][name]
        if name not in seen:
            seen.add(name)
            left += [] if name == "Validate request" else [state[key] for key in ("Next", "Default") if key in state]
            left += [choice["Next"] for choice in state.get("Choices", ())]

    assert seen == outcomes.BEFORE_APPROVAL | outcomes.BEFORE_VALIDATION


def test_an_input_that_no_state_has_noted_is_told_as_it_was_given() -> None:
    ending = ended("FAILED", error="NotARequestError", input='{"Comment": "Insert your JSON here", "Copy": {"a": 1}}')

    assert told(ending)["Request"] == {"Comment": "Insert your JSON here"}
    assert told(ending)["ProjectVersionArn"] is None


def test_an_event_that_could_not_be_read_is_told_by_its_id_and_time() -> None:
    outcome = told(refused("InvalidApprovalError", "Read approval", {**EVENT, **STATE}, input=json.dumps(EVENT)))

    assert outcome["Approval"] == {**dict.fromkeys(BY_TAG), "EventId": "e2", "At": "2030-01-01T09:00:00Z"}
    assert outcome["Request"] is None


OUTPUT = {**COPY, "Policy": POLICY, "Withdrawal": WITHDRAWAL, "Approval": BY_TAG}


def test_what_aws_cannot_tell_is_taken_from_the_event() -> None:
    unread = replace(ended(input=json.dumps(REQUEST), output=json.dumps(OUTPUT)), unread="Denied.")
    outcome = told(unread)

    assert (outcome["Outcome"], outcome["Request"], outcome["ProjectVersionArn"]) == ("Copied", REQUEST, "the-copy")
    assert (outcome["Adopted"], outcome["Approval"], outcome["Grant"]["Withdrawn"]) == (False, BY_TAG, True)
    assert outcome["Unread"] == "Denied."


def test_an_ignored_event_that_aws_cannot_tell_of_is_ignored_still() -> None:
    output = {"Execution": None, "Approval": {**BY_TAG, "Ignored": "Rejected."}}

    assert told(ended(input=json.dumps(EVENT), output=json.dumps(output)))["Outcome"] == "Ignored"


def test_a_success_of_which_nothing_tells_what_it_was_is_not_announced_as_a_copy() -> None:
    with pytest.raises(NotAnnouncedError, match="neither the event nor AWS tells its output"):
        outcomes.tell(ended(input=json.dumps(EVENT)))


def test_a_history_without_the_end_does_not_hide_what_the_output_says() -> None:
    early = {**VALIDATED, "Policy": POLICY, "Copy": {**COPY, "Status": "COPYING_IN_PROGRESS"}}
    outcome = told(ended(state="Wait for copy", data=early, output=json.dumps(OUTPUT)))

    assert (outcome["ProjectVersionStatus"], outcome["Grant"]["LeftBehind"]) == ("COPYING_COMPLETED", False)
    assert outcome["Request"] == REQUEST


def test_a_redriven_copy_has_no_duration() -> None:
    outcome = outcomes.tell(ended(state="Sum up", data=DONE, redriveCount=1))

    assert dict(outcomes.measures(outcome)) == {"CopiesCompleted": 1}


@pytest.mark.parametrize(
    "given", [{"Tags": {"a": "é" * 20_000}}, {"VersionName": "\ud800"}, {"VersionName": float("nan")}, {}, EVENT]
)
def test_a_request_that_no_event_can_hold_is_left_out(given: dict[str, Any]) -> None:
    assert told(refused("InvalidRequestError", "Validate request", {"Execution": {}, **given}))["Request"] is None


def test_the_largest_outcome_fits_into_an_event() -> None:
    data = {**DONE, "Tags": {"a": "x" * 90_000}, "Withdrawal": {"Error": "E", "Cause": "é" * 30_000}}
    ending = replace(refused("TransientError", "Sum up", data), unread="u" * 30_000)
    ending = replace(ending, facts={"error": "e" * 30_000, "cause": "é" * 30_000})

    assert len(json.dumps(told(ending))) < 200_000


@pytest.mark.parametrize(
    ("ending", "measured"),
    [
        (ended(state="Sum up", data=DONE), {"CopiesCompleted": 1, "CopyDuration": 3_600}),
        (ended(state="Sum up", data={**DONE, "Copy": {**COPY, "Adopted": True}}), {"CopiesCompleted": 1}),
        (refused("VersionConflictError"), {"CopiesRefused": 1}),
        (
            refused("CopyDeadlineError", data={**VALIDATED, "Policy": POLICY}),
            {"CopiesFailed": 1, "GrantsLeftBehind": 1},
        ),
        (ended(state="Ignored", data={"Execution": None, "Approval": {"Ignored": "No."}}), {"ApprovalsIgnored": 1}),
    ],
)
def test_an_outcome_is_measured(ending: Ending, measured: dict[str, float]) -> None:
    assert dict(outcomes.measures(outcomes.tell(ending))) == measured
