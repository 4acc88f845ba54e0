"""Amazon SQS in the sandbox: what EventBridge and Lambda leave in a dead-letter queue."""

import json
from dataclasses import dataclass
from typing import Any

from moto.sqs.models import sqs_backends

NUMBERS = ("ErrorCode",)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that did not reach its target; attributes by their names say why."""

    event: Any
    attributes: dict[str, str]


def policy_of(arn: str) -> str:
    """Give the policy of a queue."""
    _, _, _, region, account, name = arn.split(":")
    return str(sqs_backends[account][region].get_queue(name).policy)


def leave(arn: str, letter: DeadLetter) -> None:
    """Leave an event in a queue."""
    _, _, _, region, account, name = arn.split(":")
    attributes = {
        name: {"data_type": "Number" if name in NUMBERS else "String", "string_value": value}
        for name, value in letter.attributes.items()
    }
    sqs_backends[account][region].send_message(name, json.dumps(letter.event), attributes)


def dead_letters(account: str) -> list[DeadLetter]:
    """Give what was left in the queues of an account."""
    return [
        DeadLetter(json.loads(one.body), {name: each["string_value"] for name, each in one.message_attributes.items()})
        for backend in sqs_backends[account].values()
        for queue in backend.queues.values()
        for one in queue._messages
    ]
