"""Amazon SQS in the sandbox: the messages that EventBridge and Lambda send to dead-letter queues."""

import json
from dataclasses import dataclass
from typing import Any

from moto.sqs.models import sqs_backends

NUMBERS = ("ErrorCode",)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that did not reach its target; its attributes say why."""

    event: Any
    attributes: dict[str, str]


def policy_of(arn: str) -> str:
    """Return the policy of a queue."""
    _, _, _, region, account, name = arn.split(":")
    return str(sqs_backends[account][region].get_queue(name).policy)


def send(arn: str, letter: DeadLetter) -> None:
    """Send an event to a queue."""
    _, _, _, region, account, name = arn.split(":")
    attributes = {
        name: {"data_type": "Number" if name in NUMBERS else "String", "string_value": value}
        for name, value in letter.attributes.items()
    }
    sqs_backends[account][region].send_message(name, json.dumps(letter.event), attributes)


def dead_letters(account: str) -> list[DeadLetter]:
    """Return the messages in all queues of an account."""
    return [
        DeadLetter(json.loads(one.body), {name: each["string_value"] for name, each in one.message_attributes.items()})
        for backend in sqs_backends[account].values()
        for queue in backend.queues.values()
        for one in queue._messages
    ]
