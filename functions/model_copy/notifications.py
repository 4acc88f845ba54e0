"""Notifications: an outcome as an event and as a mail."""

import json
from collections.abc import Callable, Collection
from typing import Any

from model_copy import mail, runtime
from model_copy.aws import eventbridge, sns
from model_copy.aws.errors import NotSentError
from model_copy.outcomes import NotAnnouncedError, Outcome

SOURCE = "rekognition-model-copy"
DETAIL_TYPES = {
    "Copied": "Model Copied",
    "Refused": "Model Copy Refused",
    "Failed": "Model Copy Failed",
    "Ignored": "Model Copy Ignored",
}

# Returns a client of a service.
ClientFor = Callable[[str], Any]


def announce(outcome: Outcome, mailed: Collection[str], client_for: ClientFor) -> bool:
    """Put the outcome on the bus and, if it is one of ``mailed``, mail it; return whether it was mailed.

    If one of the two fails, the other is still tried.

    Raises NotAnnouncedError.
    """
    is_mailed = outcome["Outcome"] in mailed
    reasons = []
    for send in (_put_event, _send_mail) if is_mailed else (_put_event,):
        try:
            send(outcome, client_for)
        except NotSentError as error:
            reasons.append(str(error))
    if reasons:
        raise NotAnnouncedError(execution=outcome["ExecutionArn"], reasons="; ".join(reasons))
    return is_mailed


def _put_event(outcome: Outcome, client_for: ClientFor) -> None:
    event = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPES[outcome["Outcome"]],
        "Detail": json.dumps(outcome),
        "Resources": [outcome[name] for name in ("ExecutionArn", "ProjectVersionArn") if outcome[name]],
    }
    eventbridge.put_event(client_for("events"), runtime.setting("EVENT_BUS_NAME"), event)


def _send_mail(outcome: Outcome, client_for: ClientFor) -> None:
    name = DETAIL_TYPES[outcome["Outcome"]]
    text = mail.text(name, outcome, runtime.setting("RUNBOOK_URL"))
    attributes = {"Outcome": outcome["Outcome"]}
    sns.publish(
        client_for("sns"), runtime.setting("NOTIFICATION_TOPIC_ARN"), mail.subject(name, outcome), text, attributes
    )
