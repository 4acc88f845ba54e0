"""Outcomes: how the execution of a copy ended, as programs and people see it."""

from collections.abc import Iterator, Mapping
from typing import Any

from model_copy.endings import (
    REFUSALS,
    Outcome,
    approval_of,
    duration,
    error_of,
    head,
    is_event,
    part,
    request_of,
    state_data,
    tail,
)
from model_copy.errors import ModelCopyError, SourceVersionNotFoundError
from model_copy.execution import EndedExecution
from model_copy.request import DRY_RUN
from model_copy.text import escape, parse_object, shorten, without_period

METRIC_OF = {
    "Copied": "CopiesCompleted",
    "Refused": "CopiesRefused",
    "Failed": "CopiesFailed",
    "Ignored": "ApprovalsIgnored",
}


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
    data = state_data(execution)
    copy, approval = part(data, "Copy"), approval_of(execution, data)
    error, cause = error_of(execution)
    return {
        **head(execution, _kind(execution, error, data), error),
        "Request": request_of(data),
        "ProjectVersionArn": copy.get("ProjectVersionArn"),
        "ProjectVersionStatus": copy.get("Status"),
        "Adopted": copy.get("Adopted"),
        "F1Score": part(data, "Validation").get("F1Score"),
        "Grant": _grant(data),
        "Error": error,
        "Cause": cause,
        "Ignored": approval.get("Ignored"),
        **tail(approval, execution.unread),
    }


def is_dry_run(execution: EndedExecution) -> bool:
    """Return whether the execution only planned a copy; the definition and this function read DryRun alike."""
    request = part(state_data(execution), "Request")
    only_plans = request.get(DRY_RUN) is True and not is_event(request)
    return only_plans or "Plan" in parse_object(execution.text("output"))


def left_grant(execution: EndedExecution) -> bool:
    """Return whether an execution that passed Validate request has ended, and its grant may still be in a policy.

    Without AWS's history nothing shows that the request is valid, so nothing may be withdrawn for it.
    """
    grant = _grant(state_data(execution)) if execution.state_data else None
    return grant is not None and grant["LeftBehind"]


def _kind(execution: EndedExecution, error: str | None, data: Mapping[str, Any]) -> str:
    if execution.status == "FAILED" and error in REFUSALS:
        return "Refused"
    if execution.status != "SUCCEEDED":
        return "Failed"
    if "Ignored" in part(data, "Approval"):
        return "Ignored"
    if not part(data, "Copy"):
        raise without_output(execution)
    return "Copied"


def without_output(execution: EndedExecution) -> NotAnnouncedError:
    """Return the error for an execution that succeeded without a known output."""
    unread = without_period(execution.unread or "")
    reasons = f"the execution succeeded, but neither the event nor AWS shows its output ({unread})"
    return NotAnnouncedError(execution=execution.arn, reasons=reasons)


def _grant(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    policy, withdrawal = part(data, "Policy"), part(data, "Withdrawal")
    needed = part(data, "Validation").get("NeedsGrant") is True or policy.get("PolicyName") is not None
    if not (needed or policy or withdrawal):
        return None
    error, cause = withdrawal.get("Error"), withdrawal.get("Cause")
    # A single not-found may be stale.  If two tasks found no project, no grant is left.
    without_project = error == part(data, "Refusal").get("Error") == SourceVersionNotFoundError.__name__
    sentence = parse_object(cause).get("errorMessage", cause)
    return {
        "PolicyName": withdrawal.get("PolicyName") or policy.get("PolicyName"),
        "Withdrawn": withdrawal.get("Withdrawn", False),
        "LeftBehind": not without_project and (error is not None or (needed and not withdrawal)),
        "Error": error,
        "Cause": shorten(escape(str(sentence))) if sentence else None,
    }


def metrics(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Yield the names and values of the outcome's metrics."""
    yield METRIC_OF[outcome["Outcome"]], 1
    if outcome["Outcome"] == "Copied" and outcome["Adopted"] is False and not outcome["RedriveCount"]:
        yield "CopyDuration", duration(outcome).total_seconds()
    if outcome["Grant"] and outcome["Grant"]["LeftBehind"]:
        yield "GrantsLeftBehind", 1
