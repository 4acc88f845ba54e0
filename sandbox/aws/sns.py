"""Amazon SNS in the sandbox: Publish with the checks of AWS, and the mails that were sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, sns_backends

from sandbox.aws.patches import applied

# The API reference used to allow ASCII only and now allows UTF-8; ASCII is valid either way.
SUBJECT = re.compile(r"[!-~][ -~]{0,99}")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to the subscribers of a topic."""

    subject: str | None
    message: str
    attributes: dict[str, str]


@contextmanager
def install() -> Iterator[None]:
    """Make Publish refuse an invalid subject and an empty message."""
    publish: Any = SNSBackend.publish

    def checked(self: SNSBackend, message: str, *args: Any, subject: str | None = None, **kwargs: Any) -> Any:
        if not message:
            raise SNSInvalidParameter("Invalid parameter: Empty message")
        if subject is not None and not SUBJECT.fullmatch(subject):
            raise SNSInvalidParameter("Invalid parameter: Subject")
        return publish(self, message, *args, subject=subject, **kwargs)

    with applied("sns", {"SNSBackend.publish": checked}):
        yield


def mails() -> list[Mail]:
    """Return the messages that were sent to the topics of all accounts."""
    return [
        Mail(subject, message, {name: one["Value"] for name, one in (attributes or {}).items()})
        for topic in _topics()
        for _, message, subject, attributes, _ in topic.sent_notifications
    ]


def clear() -> None:
    """Forget the messages that were sent."""
    for topic in _topics():
        topic.sent_notifications.clear()


def _topics() -> Iterator[Any]:
    for account in sns_backends.values():
        for backend in account.values():
            yield from backend.topics.values()
