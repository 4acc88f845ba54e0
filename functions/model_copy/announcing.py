"""Amazon EventBridge and Amazon SNS: the announcement of an outcome.

Sources: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
from collections.abc import Callable, Collection

from botocore.exceptions import BotoCoreError, ClientError

from model_copy import accounts, mails, runtime
from model_copy.aws_errors import calling
from model_copy.errors import ModelCopyError, NotAnnouncedError
from model_copy.outcomes import Outcome
from model_copy.text import without_stop

SOURCE = "rekognition-model-copy"
NAMES = {
    "Copied": "Model Copied",
    "Refused": "Model Copy Refused",
    "Failed": "Model Copy Failed",
    "Ignored": "Model Copy Ignored",
}


class NotPutError(Exception):
    """EventBridge has not taken the event.  For announce, which says so."""


def announce(outcome: Outcome, mailed: Collection[str]) -> bool:
    """Put the outcome on the bus and, where it is one of those, mail it; tell whether it was mailed.

    One does not keep the other from being tried.

    Raises NotAnnouncedError.
    """
    is_mailed = outcome["Outcome"] in mailed
    found = [_failure(put, outcome) for put in ((_put_event, _send_mail) if is_mailed else (_put_event,))]
    reasons = [reason for reason in found if reason]
    if reasons:
        raise NotAnnouncedError(execution=outcome["ExecutionArn"], reasons="; ".join(reasons))
    return is_mailed


def _failure(tell: Callable[[Outcome], None], outcome: Outcome) -> str | None:
    try:
        tell(outcome)
    except (ModelCopyError, ClientError, BotoCoreError, NotPutError) as error:
        return without_stop(str(error))
    return None


def _put_event(outcome: Outcome) -> None:
    bus = runtime.setting("EVENT_BUS_NAME")
    entry = {
        "Source": SOURCE,
        "DetailType": NAMES[outcome["Outcome"]],
        "Detail": json.dumps(outcome),
        "Resources": [outcome[name] for name in ("ExecutionArn", "ProjectVersionArn") if outcome[name]],
        "EventBusName": bus,
    }
    with calling("PutEvents", bus, "Let the role of AnnounceOutcomeFunction put events on it."):
        (answer,) = accounts.own("events").put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in answer:
        raise NotPutError(f"PutEvents on {bus} failed: {answer['ErrorCode']}, {answer.get('ErrorMessage')}")


def _send_mail(outcome: Outcome) -> None:
    topic = runtime.setting("NOTIFICATION_TOPIC_ARN")
    advice = "Let the role of AnnounceOutcomeFunction publish to the topic and use its key."
    with calling("Publish", topic, advice):
        accounts.own("sns").publish(
            TopicArn=topic,
            Subject=mails.subject(NAMES[outcome["Outcome"]], outcome),
            Message=mails.text(NAMES[outcome["Outcome"]], outcome, runtime.setting("RUNBOOK_URL")),
            MessageAttributes={"Outcome": {"DataType": "String", "StringValue": outcome["Outcome"]}},
        )
