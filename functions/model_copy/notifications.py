"""Notifications: an outcome as an event and as a mail."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from model_copy import mail, outcomes, promotion_mail, promotion_outcomes, runtime
from model_copy.aws import eventbridge, sns
from model_copy.aws.errors import NotSentError
from model_copy.endings import Outcome
from model_copy.outcomes import NotAnnouncedError
from model_copy.promotion_rows import Row

SOURCE = "rekognition-model-copy"
DETAIL_TYPES = {
    "Copied": "Model Copied",
    "Refused": "Model Copy Refused",
    "Failed": "Model Copy Failed",
    "Ignored": "Model Copy Ignored",
}
PROMOTED, NOT_PROMOTED = "Model Promoted", "Model Promotion Failed"
# Which of the outcomes in the stack's parameter MailedOutcomes a promotion counts as.
MAILED_AS = {
    "Promoted": "Copied",
    "Refused": "Refused",
    **dict.fromkeys(("PartlyPromoted", "NotPromoted", "Failed"), "Failed"),
}

# Returns a client of a service.
ClientFor = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event and its mail; ``mailed_as`` is one of the outcomes in the stack's parameter MailedOutcomes."""

    detail_type: str
    detail: Outcome
    resources: Sequence[str]
    mailed_as: str
    subject: str
    text: str
    metrics: Sequence[tuple[str, float]]

    @classmethod
    def of_copy(cls, outcome: Outcome, runbook: str) -> Self:
        """Return the announcement of a copy, or of an event that is not an approval."""
        name = DETAIL_TYPES[outcome["Outcome"]]
        return cls(
            detail_type=name,
            detail=outcome,
            resources=[outcome[name] for name in ("ExecutionArn", "ProjectVersionArn") if outcome[name]],
            mailed_as=outcome["Outcome"],
            subject=mail.subject(name, outcome),
            text=mail.text(name, outcome, runbook),
            metrics=list(outcomes.metrics(outcome)),
        )

    @classmethod
    def of_promotion(cls, outcome: Outcome, runbook: str, table: Sequence[Row]) -> Self:
        """Return the announcement of a promotion."""
        name = PROMOTED if outcome["Outcome"] == "Promoted" else NOT_PROMOTED
        return cls(
            detail_type=name,
            detail=outcome,
            resources=[outcome["ExecutionArn"]],
            mailed_as=MAILED_AS[outcome["Outcome"]],
            subject=promotion_mail.subject(name, outcome),
            text=promotion_mail.text(name, outcome, runbook, table),
            metrics=[(promotion_outcomes.METRIC_OF[outcome["Outcome"]], 1)],
        )


def announce(announcement: Announcement, mailed: Collection[str], client_for: ClientFor) -> dict[str, Any]:
    """Measure the outcome, put it on the bus and, if it is one of ``mailed``, mail it; return the function's result.

    If one of the two fails, the other is still tried.

    Raises NotAnnouncedError.
    """
    for name, value in announcement.metrics:
        runtime.measure(name, value)
    is_mailed = announcement.mailed_as in mailed
    if reasons := send(announcement, client_for, is_mailed=is_mailed):
        raise NotAnnouncedError(execution=announcement.detail["ExecutionArn"], reasons="; ".join(reasons))
    shown = {name: announcement.detail[name] for name in ("Outcome", "ExecutionArn", "Error", "Cause")}
    return {**shown, "Mailed": is_mailed}


def send(announcement: Announcement, client_for: ClientFor, *, is_mailed: bool) -> list[str]:
    """Put the event on the bus and send the mail; return why either could not be sent."""
    reasons = []
    for send_one in (_put_event, _send_mail) if is_mailed else (_put_event,):
        try:
            send_one(announcement, client_for)
        except NotSentError as error:
            reasons.append(str(error))
    return reasons


def _put_event(announcement: Announcement, client_for: ClientFor) -> None:
    event = {
        "Source": SOURCE,
        "DetailType": announcement.detail_type,
        "Detail": json.dumps(announcement.detail),
        "Resources": announcement.resources,
    }
    eventbridge.put_event(client_for("events"), runtime.setting("EVENT_BUS_NAME"), event)


def _send_mail(announcement: Announcement, client_for: ClientFor) -> None:
    topic, attributes = runtime.setting("NOTIFICATION_TOPIC_ARN"), {"Outcome": announcement.mailed_as}
    sns.publish(client_for("sns"), topic, announcement.subject, announcement.text, attributes)
