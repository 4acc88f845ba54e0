"""Amazon SNS in the sandbox: Publish with the checks of AWS, and the mails that were sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, sns_backends

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied

# The API reference used to allow ASCII only and now allows UTF-8; ASCII is valid either way.
SUBJECT = re.compile(r"[!-~][ -~]{0,99}")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to the subscribers of a topic."""

    time: float  # seconds since 1970
    subject: str | None
    message: str
    attributes: dict[str, str]


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make Publish refuse an invalid subject and an empty message, and note the time of each message."""
    publish: Any = SNSBackend.publish

    def checked(self: SNSBackend, message: str, *args: Any, subject: str | None = None, **kwargs: Any) -> Any:
        if not message:
            raise SNSInvalidParameter("Invalid parameter: Empty message")
        if subject is not None and not SUBJECT.fullmatch(subject):
            raise SNSInvalidParameter("Invalid parameter: Subject")
        message_id = publish(self, message, *args, subject=subject, **kwargs)
        _times(self)[message_id] = clock.time()
        return message_id

    with applied("sns", {"SNSBackend.publish": checked}):
        yield


def mails() -> list[Mail]:
    """Return the messages that were sent to the topics of all accounts."""
    return [
        Mail(times[message_id], subject, message, _values(attributes or {}))
        for topic in _topics()
        for times in [_times(topic.sns_backend)]
        for message_id, message, subject, attributes, _ in list(topic.sent_notifications)
        if message_id in times  # else it is being sent
    ]


def clear() -> None:
    """Forget the messages that were sent."""
    for topic in _topics():
        topic.sent_notifications.clear()
        _times(topic.sns_backend).clear()


def _topics() -> Iterator[Any]:
    for account in list(sns_backends.values()):
        for backend in list(account.values()):
            yield from list(backend.topics.values())


def _times(backend: SNSBackend) -> dict[str, float]:
    """Return when each message was sent; moto does not keep it."""
    times: dict[str, float] = vars(backend).setdefault("times", {})
    return times


def _values(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: one["Value"] for name, one in attributes.items()}
