"""Endings: what an execution of either state machine shows when it has ended."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from model_copy.errors import CopyDeadlineError, RefusedError, VersionGoneError
from model_copy.execution import EndedExecution
from model_copy.text import escape, parse_object, printable, shorten, to_json

SCHEMA_VERSION = "1.0"
# Errors of the definitions' own Fail states.
NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS = "NotARequestError", "CopyFailedError", "UnexpectedStatusError"
PARTLY_PROMOTED, NOT_PROMOTED = "PartlyPromotedError", "NotPromotedError"
OF_FAIL_STATES = {NOT_A_REQUEST, COPY_FAILED, UNEXPECTED_STATUS, PARTLY_PROMOTED, NOT_PROMOTED}
# These end in a Fail state. A redrive would only enter that state again.
FINAL = {error.__name__ for error in RefusedError.__subclasses__()} | OF_FAIL_STATES
# These end what was under way, so they are failures and not refusals.
FAILURES = {CopyDeadlineError.__name__, VersionGoneError.__name__} | OF_FAIL_STATES - {NOT_A_REQUEST}
REFUSALS = FINAL - FAILURES
# Another run with the same state data would end in the same way.
HOPELESS = {"States.Runtime", "States.DataLimitExceeded"}
CAUSES = {
    "ABORTED": "Somebody stopped the execution.",
    "TIMED_OUT": "The execution ran for longer than the state machine allows.",
}
APPROVAL = ("Kind", "EventId", "At", "By", "Subject")
LONGEST_REQUEST = 100_000  # of the 256 KiB of an event
LONGEST_TEXT = 256

# The detail of an event that announces an ending.
Outcome = Mapping[str, Any]


def state_data(execution: EndedExecution) -> Mapping[str, Any]:
    """Return the state data at the end; without AWS's history, the parts of it that input and output show."""
    data = execution.state_data or {"Request": parse_object(execution.text("input"))}
    # The output counts more than the history, which may not show the end yet.
    output = parse_object(execution.text("output"))
    tasks: dict[str, Any] = {name: output[name] for name in ("Policy", "Withdrawal", "Approval") if name in output}
    after_the_end = {"Withdrawal": execution.withdrawal} if execution.withdrawal else {}
    if "F1Score" in output:
        tasks["Validation"] = {**part(data, "Validation"), "F1Score": output["F1Score"]}
    return {**data, **tasks, **({"Copy": output} if "ProjectVersionArn" in output else {}), **after_the_end}


def part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a key of the state data, or an empty object if it is anything else."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def approval_of(execution: EndedExecution, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the approval; of an event that Read approval did not read, its id and time."""
    event = parse_object(execution.text("input"))
    unread = {"EventId": _printable(event.get("id")), "At": _printable(event.get("time"))} if is_event(event) else {}
    return part(data, "Approval") or unread


def error_of(execution: EndedExecution) -> tuple[str | None, str | None]:
    """Return the error's name and its sentence; Lambda wraps the sentence in JSON."""
    cause = execution.text("cause")
    sentence = parse_object(cause).get("errorMessage", cause) or CAUSES.get(execution.status)
    return _printable(execution.text("error")), shorten(escape(str(sentence))) if sentence else None


def request_of(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the request, unless it is an event, too large for an event, or not JSON."""
    request = part(data, "Request")
    if not request or is_event(request) or to_json(request) is None or len(json.dumps(request)) > LONGEST_REQUEST:
        return None
    return request


def head(execution: EndedExecution, kind: str, error: str | None) -> dict[str, Any]:
    """Return the first fields of each detail: which execution ended, how and when."""
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Outcome": kind,
        "ExecutionArn": execution.arn,
        "RedriveCount": execution.details.get("redriveCount") or 0,
        "Redrivable": _is_redrivable(execution, error),
        "Status": execution.status,
        "StartedAt": execution.started.isoformat(timespec="seconds"),
        "EndedAt": execution.ended.isoformat(timespec="seconds"),
    }


def tail(approval: Mapping[str, Any], unread: str | None) -> dict[str, Any]:
    """Return the last fields of each detail: who approved, and what could not be read."""
    return {
        "Approval": {name: approval.get(name) for name in APPROVAL} if approval else None,
        "Unread": unread and shorten(escape(unread)),
    }


def duration(outcome: Outcome) -> timedelta:
    """Return how long the execution took."""
    return datetime.fromisoformat(outcome["EndedAt"]) - datetime.fromisoformat(outcome["StartedAt"])


def is_event(request: Mapping[str, Any]) -> bool:
    """Return whether a request is an event that Read approval has not read."""
    return {"source", "detail-type", "detail"} <= set(request)


def _is_redrivable(execution: EndedExecution, error: str | None) -> bool:
    if execution.status == "SUCCEEDED" or execution.text("redriveStatus") == "NOT_REDRIVABLE":
        return False
    return execution.status != "FAILED" or error not in FINAL | HOPELESS


def _printable(value: object) -> str | None:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else None
