"""An execution that has ended, and one in a list.

Its input is untrusted: anyone who may start executions can have written it.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from model_copy.errors import ModelCopyError
from model_copy.text import excerpt, numbered

STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

_EXECUTION = re.compile(r"arn:[a-z\d-]+:states:[a-z\d-]+:\d{12}:execution:[\w-]{1,80}:.{1,80}", re.ASCII)


class InvalidStatusChangeError(ModelCopyError):
    """The event is not one that Step Functions sends when an execution ends.  Not part of the workflow."""

    sentence = (
        "The status change has {errors} "
        "Invoke the function with an event of Step Functions about an execution that has ended."
    )


@dataclass(frozen=True, slots=True)
class EndedExecution:
    """What the event and AWS report of an execution that has ended.

    ``details`` is the event's detail. ``state_data`` is the state data after the last state. If AWS could not be read,
    ``state_data`` is empty and ``unread`` gives the reason. ``withdrawal`` is the key Withdrawal after the end.
    """

    arn: str
    status: str
    started: datetime
    ended: datetime
    redrives: int | None
    details: Mapping[str, Any]
    state_data: Mapping[str, Any] = field(default_factory=dict)
    unread: str | None = None
    withdrawal: Mapping[str, Any] | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read Step Functions' event.

        Raises InvalidStatusChangeError, which names all errors of the event.
        """
        given = event.get("detail")
        detail = given if isinstance(given, dict) else {}
        arn, status, redrives = detail.get("executionArn"), detail.get("status"), detail.get("redriveCount")
        started, ended = _moment(detail.get("startDate")), _moment(detail.get("stopDate"))
        rules = (
            ("detail.executionArn", "the ARN of an execution", isinstance(arn, str) and _EXECUTION.fullmatch(arn)),
            ("detail.status", " or ".join(STATUSES), status in STATUSES),
            ("detail.startDate", "a time in milliseconds", started),
            ("detail.stopDate", "a time in milliseconds", ended),
            ("detail.redriveCount", "a number", redrives is None or isinstance(redrives, int)),
        )
        wrong = [
            f"{name} must be {words}; got {excerpt(detail.get(name.removeprefix('detail.')))}"
            for name, words, is_right in rules
            if not is_right
        ]
        if wrong or started is None or ended is None:
            raise InvalidStatusChangeError(errors=numbered(wrong))
        return cls(str(arn), str(status), started, ended, redrives, detail)

    def with_description(self, description: Mapping[str, Any]) -> Self:
        """Add the details that only DescribeExecution has, unless AWS does not report the end yet."""
        if description.get("status") != self.status:
            return self
        known = {name: value for name, value in self.details.items() if value is not None}
        return replace(self, details={**description, **known})

    def was_redriven_since(self, description: Mapping[str, Any]) -> bool:
        """Return whether the execution was redriven, so that AWS no longer reports this end."""
        return self.redrives is not None and description.get("redriveCount", self.redrives) != self.redrives

    def text(self, name: str) -> str | None:
        """Return a detail that is a string."""
        value = self.details.get(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class ListedExecution:
    """An execution as ListExecutions returns it; ``ended`` is None while it runs."""

    arn: str
    started: datetime
    ended: datetime | None


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
