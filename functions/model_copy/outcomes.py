"""Outcomes: how an execution ended, as programs and people see it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from model_copy.errors import (
    CopyDeadlineError,
    ModelCopyError,
    RefusedError,
    SourceVersionNotFoundError,
    VersionGoneError,
)
from model_copy.execution import EndedExecution
from model_copy.text import escape, parse_object, printable, shorten, to_json, without_period

SCHEMA_VERSION = "1.0"
# Errors of the definition's own Fail states.
NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS = "NotARequestError", "CopyFailedError", "UnexpectedStatusError"
# These end in a Fail state. A redrive would only enter that state again.
FINAL = {error.__name__ for error in RefusedError.__subclasses__()} | {NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS}
# These end a copy that was under way, so they are failures and not refusals.
FAILURES = {CopyDeadlineError.__name__, VersionGoneError.__name__, COPY_FAILED, UNEXPECTED_STATUS}
REFUSALS = FINAL - FAILURES
# Another run with the same state data would end in the same way.
HOPELESS = {"States.Runtime", "States.DataLimitExceeded"}
CAUSES = {
    "ABORTED": "Somebody stopped the execution.",
    "TIMED_OUT": "The execution ran for longer than the state machine allows.",
}
APPROVAL = ("Kind", "EventId", "At", "By", "Subject")
METRIC_OF = {
    "Copied": "CopiesCompleted",
    "Refused": "CopiesRefused",
    "Failed": "CopiesFailed",
    "Ignored": "ApprovalsIgnored",
}
LONGEST_REQUEST = 100_000  # of the 256 KiB of an event
LONGEST_TEXT = 256

Outcome = Mapping[str, Any]


class NotAnnouncedError(ModelCopyError):
    """The end of an execution could not be announced, or not everywhere.  Not part of the workflow."""

    sentence = (
        "The end of {execution} was not announced everywhere: {reasons}. "
        "Fix the cause, then send the event in the dead-letter queue again."
    )


def of_execution(execution: EndedExecution) -> Outcome:
    """Return the detail of the event that announces the outcome; docs/outcome.schema.json has its shape.

    Raises NotAnnouncedError if nothing shows whether a model was copied or an approval ignored.
    """
    data = _state_data(execution)
    copy, approval = _part(data, "Copy"), _part(data, "Approval") or _unread_approval(execution)
    error, cause = _error(execution)
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Outcome": _kind(execution, error, data),
        "ExecutionArn": execution.arn,
        "RedriveCount": execution.details.get("redriveCount") or 0,
        "Redrivable": _is_redrivable(execution, error),
        "Status": execution.status,
        "StartedAt": execution.started.isoformat(timespec="seconds"),
        "EndedAt": execution.ended.isoformat(timespec="seconds"),
        "Request": _request(data),
        "ProjectVersionArn": copy.get("ProjectVersionArn"),
        "ProjectVersionStatus": copy.get("Status"),
        "Adopted": copy.get("Adopted"),
        "F1Score": _part(data, "Validation").get("F1Score"),
        "Grant": _grant(data),
        "Error": error,
        "Cause": cause,
        "Ignored": approval.get("Ignored"),
        "Approval": {name: approval.get(name) for name in APPROVAL} if approval else None,
        "Unread": execution.unread and shorten(escape(execution.unread)),
    }


def left_grant(execution: EndedExecution) -> bool:
    """Return whether an execution that passed Validate request has ended, and its grant may still be in a policy.

    Without AWS's history nothing shows that the request is valid, so nothing may be withdrawn for it.
    """
    grant = _grant(_state_data(execution)) if execution.state_data else None
    return grant is not None and grant["LeftBehind"]


def _state_data(execution: EndedExecution) -> Mapping[str, Any]:
    """Return the state data at the end; without AWS's history, the parts of it that input and output show."""
    data = execution.state_data or {"Request": parse_object(execution.text("input"))}
    # The output counts more than the history, which may not show the end yet.
    output = parse_object(execution.text("output"))
    tasks: dict[str, Any] = {name: output[name] for name in ("Policy", "Withdrawal", "Approval") if name in output}
    after_the_end = {"Withdrawal": execution.withdrawal} if execution.withdrawal else {}
    if "F1Score" in output:
        tasks["Validation"] = {**_part(data, "Validation"), "F1Score": output["F1Score"]}
    return {**data, **tasks, **({"Copy": output} if "ProjectVersionArn" in output else {}), **after_the_end}


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _unread_approval(execution: EndedExecution) -> Mapping[str, Any]:
    """Return the id and time of an event that Read approval did not read."""
    event = parse_object(execution.text("input"))
    if not _is_event(event):
        return {}
    return {"EventId": _printable(event.get("id")), "At": _printable(event.get("time"))}


def _is_event(request: Mapping[str, Any]) -> bool:
    return {"source", "detail-type", "detail"} <= set(request)


def _error(execution: EndedExecution) -> tuple[str | None, str | None]:
    """Return the error's name and its sentence; Lambda wraps the sentence in JSON."""
    cause = execution.text("cause")
    sentence = parse_object(cause).get("errorMessage", cause) or CAUSES.get(execution.status)
    return _printable(execution.text("error")), shorten(escape(str(sentence))) if sentence else None


def _kind(execution: EndedExecution, error: str | None, data: Mapping[str, Any]) -> str:
    if execution.status == "FAILED" and error in REFUSALS:
        return "Refused"
    if execution.status != "SUCCEEDED":
        return "Failed"
    if "Ignored" in _part(data, "Approval"):
        return "Ignored"
    if not _part(data, "Copy"):
        unread = without_period(execution.unread or "")
        reasons = f"the execution succeeded, but neither the event nor AWS shows its output ({unread})"
        raise NotAnnouncedError(execution=execution.arn, reasons=reasons)
    return "Copied"


def _is_redrivable(execution: EndedExecution, error: str | None) -> bool:
    if execution.status == "SUCCEEDED" or execution.text("redriveStatus") == "NOT_REDRIVABLE":
        return False
    return execution.status != "FAILED" or error not in FINAL | HOPELESS


def _request(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the request, unless it is an event, too large for an event, or not JSON."""
    request = _part(data, "Request")
    if not request or _is_event(request) or to_json(request) is None or len(json.dumps(request)) > LONGEST_REQUEST:
        return None
    return request


def _grant(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    policy, withdrawal = _part(data, "Policy"), _part(data, "Withdrawal")
    needed = _part(data, "Validation").get("NeedsGrant") is True or policy.get("PolicyName") is not None
    if not (needed or policy or withdrawal):
        return None
    error, cause = withdrawal.get("Error"), withdrawal.get("Cause")
    # A single not-found may be stale.  If two tasks found no project, no grant is left.
    without_project = error == _part(data, "Refusal").get("Error") == SourceVersionNotFoundError.__name__
    sentence = parse_object(cause).get("errorMessage", cause)
    return {
        "PolicyName": withdrawal.get("PolicyName") or policy.get("PolicyName"),
        "Withdrawn": withdrawal.get("Withdrawn", False),
        "LeftBehind": not without_project and (error is not None or (needed and not withdrawal)),
        "Error": error,
        "Cause": shorten(escape(str(sentence))) if sentence else None,
    }


def _printable(value: object) -> str | None:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else None


def metrics(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Yield the names and values of the outcome's metrics."""
    yield METRIC_OF[outcome["Outcome"]], 1
    if outcome["Outcome"] == "Copied" and outcome["Adopted"] is False and not outcome["RedriveCount"]:
        yield "CopyDuration", duration(outcome).total_seconds()
    if outcome["Grant"] and outcome["Grant"]["LeftBehind"]:
        yield "GrantsLeftBehind", 1


def duration(outcome: Outcome) -> timedelta:
    """Return how long the execution took."""
    return datetime.fromisoformat(outcome["EndedAt"]) - datetime.fromisoformat(outcome["StartedAt"])
