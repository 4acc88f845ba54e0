"""How an execution has ended, as programs and people are told."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from model_copy.endings import Ending
from model_copy.errors import (
    CopyDeadlineError,
    ModelCopyError,
    NotAnnouncedError,
    RefusedError,
    SourceVersionNotFoundError,
    VersionGoneError,
)
from model_copy.request import STATE_KEYS
from model_copy.text import as_json, as_object, cut, escaped, printable

SCHEMA_VERSION = "1.0"
# Errors of the definition's own Fail states.
NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS = "NotARequestError", "CopyFailedError", "UnexpectedStatusError"
# These end in a Fail state, which a redrive would only enter again.
FINAL = {error.__name__ for error in RefusedError.__subclasses__()} | {NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS}
# The runbook has a part for each.
KNOWN = FINAL | {error.__name__ for error in ModelCopyError.__subclasses__()}
# These end what had been accepted.
FAILURES = {CopyDeadlineError.__name__, VersionGoneError.__name__, COPY_FAILED, UNEXPECTED_STATUS}
# Another try on the same data would not end otherwise.
HOPELESS = {"States.Runtime", "States.DataLimitExceeded"}
# In the states before, and in Validate request itself, what the input says for a step is not the step's answer yet.
BEFORE_APPROVAL = {
    "What started it?",
    "Not a request",
    "Note the execution",
    "Started by an event?",
    "Read approval",
    "No approval",
}
BEFORE_VALIDATION = {"Is it an approval?", "Ignored", "Validate request"}
ADDED = {
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


def tell(ending: Ending) -> Outcome:
    """Make of an ending the detail of the event that announces it; docs/outcome.schema.json has its shape.

    Raises NotAnnouncedError where nothing tells a model that was copied from an approval that was ignored.
    """
    data = _state_data(ending)
    copy, approval = _part(data, "Copy"), _part(data, "Approval") or _unread_approval(ending)
    error, cause = _error(ending)
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Outcome": _kind(ending, error, data),
        "ExecutionArn": ending.execution_arn,
        "RedriveCount": ending.facts.get("redriveCount") or 0,
        "Redrivable": _is_redrivable(ending, error),
        "Status": ending.status,
        "StartedAt": ending.started.isoformat(timespec="seconds"),
        "EndedAt": ending.ended.isoformat(timespec="seconds"),
        "Request": _request(data),
        "ProjectVersionArn": copy.get("ProjectVersionArn"),
        "ProjectVersionStatus": copy.get("Status"),
        "Adopted": copy.get("Adopted"),
        "Grant": _grant(data),
        "Error": error,
        "Cause": cause,
        "Ignored": approval.get("Ignored"),
        "Approval": {name: approval.get(name) for name in APPROVAL} if approval else None,
        "Unread": ending.unread and cut(escaped(ending.unread)),
    }


def _state_data(ending: Ending) -> Mapping[str, Any]:
    """Give the state data at the end, without what only the input says of the steps."""
    if ending.state in BEFORE_VALIDATION | BEFORE_APPROVAL:
        answered = {"Approval"} if ending.state in BEFORE_VALIDATION else set()
        return {name: value for name, value in ending.data.items() if name not in STATE_KEYS - answered}
    given = as_object(ending.text("input"))
    known = ending.data or {name: value for name, value in given.items() if name not in STATE_KEYS}
    # The output is of the end, of which the history need not tell yet.
    output = as_object(ending.text("output"))
    steps: dict[str, Any] = {name: output[name] for name in ("Policy", "Withdrawal", "Approval") if name in output}
    return {**known, **steps, **({"Copy": output} if "ProjectVersionArn" in output else {})}


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _unread_approval(ending: Ending) -> Mapping[str, Any]:
    """Tell which event it was of which no step has told what it says."""
    event = as_object(ending.text("input"))
    if not _is_event(event):
        return {}
    return {"EventId": _printable(event.get("id")), "At": _printable(event.get("time"))}


def _is_event(data: Mapping[str, Any]) -> bool:
    return {"source", "detail-type", "detail"} <= set(data)


def _error(ending: Ending) -> tuple[str | None, str | None]:
    """Give AWS's name of the error and its sentence, which Lambda wraps in a JSON text."""
    cause = ending.text("cause")
    sentence = as_object(cause).get("errorMessage", cause) or ADDED.get(ending.status)
    return _printable(ending.text("error")), cut(escaped(str(sentence))) if sentence else None


def _kind(ending: Ending, error: str | None, data: Mapping[str, Any]) -> str:
    if ending.status == "FAILED" and error in FINAL - FAILURES:
        return "Refused"
    if ending.status != "SUCCEEDED":
        return "Failed"
    if "Ignored" in _part(data, "Approval"):
        return "Ignored"
    if not _part(data, "Copy"):
        reasons = f"it succeeded, and neither the event nor AWS tells its output ({ending.unread})"
        raise NotAnnouncedError(execution=ending.execution_arn, reasons=reasons)
    return "Copied"


def _is_redrivable(ending: Ending, error: str | None) -> bool:
    if ending.status == "SUCCEEDED" or ending.text("redriveStatus") == "NOT_REDRIVABLE":
        return False
    return ending.status != "FAILED" or error not in FINAL | HOPELESS


def _request(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the request, unless it is an event, more than an event can hold, or no JSON."""
    request = {name: value for name, value in data.items() if name not in STATE_KEYS}
    if not request or _is_event(request) or as_json(request) is None or len(json.dumps(request)) > LONGEST_REQUEST:
        return None
    return request


def _grant(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    policy, withdrawal = _part(data, "Policy"), _part(data, "Withdrawal")
    needed = _part(data, "Validation").get("NeedsGrant") is True or policy.get("PolicyName") is not None
    if not (needed or policy or withdrawal):
        return None
    error, cause = withdrawal.get("Error"), withdrawal.get("Cause")
    # One step's word may be a lie for a moment, and two steps found no project, which holds no grant.
    without_project = error == _part(data, "Refusal").get("Error") == SourceVersionNotFoundError.__name__
    sentence = as_object(cause).get("errorMessage", cause)
    return {
        "PolicyName": withdrawal.get("PolicyName") or policy.get("PolicyName"),
        "Withdrawn": withdrawal.get("Withdrawn", False),
        "LeftBehind": not without_project and (error is not None or (needed and not withdrawal)),
        "Error": error,
        "Cause": cut(escaped(str(sentence))) if sentence else None,
    }


def _printable(value: object) -> str | None:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else None


def measures(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Give the metrics of an outcome and their values."""
    yield METRIC_OF[outcome["Outcome"]], 1
    if outcome["Outcome"] == "Copied" and outcome["Adopted"] is False and not outcome["RedriveCount"]:
        yield "CopyDuration", duration(outcome).total_seconds()
    if outcome["Grant"] and outcome["Grant"]["LeftBehind"]:
        yield "GrantsLeftBehind", 1


def duration(outcome: Outcome) -> timedelta:
    """Tell how long the execution took."""
    return datetime.fromisoformat(outcome["EndedAt"]) - datetime.fromisoformat(outcome["StartedAt"])
