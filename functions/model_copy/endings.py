"""An execution that has ended, as Step Functions tells of it.

What the event and the execution's input say is anybody's text: whoever may start executions has written it.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from model_copy.errors import InvalidStatusChangeError
from model_copy.text import excerpt, mistakes

STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

_EXECUTION = re.compile(r"arn:[a-z\d-]+:states:[a-z\d-]+:\d{12}:execution:[\w-]{1,80}:.{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of an execution that has ended: from the event, and from AWS where it could be read."""

    execution_arn: str
    status: str
    started: datetime
    ended: datetime
    redrives: int | None
    facts: Mapping[str, Any]
    state: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    unread: str | None = None

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Self:
        """Read Step Functions' event about the ending.

        Raises InvalidStatusChangeError, which names all that is wrong with the event.
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
            f"{name} must be {words}, and is {excerpt(detail.get(name.removeprefix('detail.')))}"
            for name, words, is_right in rules
            if not is_right
        ]
        if wrong or started is None or ended is None:
            raise InvalidStatusChangeError(mistakes=mistakes(wrong))
        return cls(str(arn), str(status), started, ended, redrives, detail)

    def filled(self, description: Mapping[str, Any]) -> Self:
        """Add what DescribeExecution tells and the event lacks, unless it does not know of the ending yet."""
        if description.get("status") != self.status:
            return self
        known = {name: value for name, value in self.facts.items() if value is not None}
        return replace(self, facts={**description, **known})

    def is_past(self, description: Mapping[str, Any]) -> bool:
        """Tell whether the execution has gone on, so that what AWS knows is not about this ending."""
        return self.redrives is not None and description.get("redriveCount", self.redrives) != self.redrives

    def text(self, name: str) -> str | None:
        """Give a fact that is a text."""
        value = self.facts.get(name)
        return value if isinstance(value, str) else None


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
