"""How far a copy is, and how long to wait before the next look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from model_copy.request import answered, no_answer
from model_copy.statuses import IN_PROGRESS

SHORTEST, LONGEST = 10, 60
PART_OF_AGE = 20
_MEMBERS = {
    "ProjectVersionArn": str,
    "Status": str,
    "StatusMessage": str,
    "Since": str,
    "Adopted": bool,
    "TimesMissing": int,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A copy as this execution knows it: the answer of Copy project version and of Describe project version.

    ``since`` is when this execution first saw the copy.  CreationTimestamp would not do: it is documented as the
    start of training, which a copy may inherit.
    """

    arn: str
    status: str
    message: str
    since: datetime
    adopted: bool
    times_missing: int = 0

    @classmethod
    def from_state(cls, state: Mapping[str, Any], now: datetime) -> Self:
        """Read what the last look found; a copy that nobody looked for yet is first seen now.

        Raises InvalidRequestError when no look can have found it.
        """
        copy = answered(state, "Copy", **_MEMBERS)
        return cls(
            arn=copy.get("ProjectVersionArn", ""),
            status=copy.get("Status", IN_PROGRESS),
            message=copy.get("StatusMessage", ""),
            since=_moment(copy["Since"], "Copy") if "Since" in copy else now,
            adopted=copy.get("Adopted", True),
            times_missing=copy.get("TimesMissing", 0),
        )

    def as_answer(self, now: datetime, chance: float) -> dict[str, Any]:
        """Write it as the answer of a task."""
        return {
            "ProjectVersionArn": self.arn,
            "Status": self.status,
            "StatusMessage": self.message,
            "WaitSeconds": wait_seconds(now - self.since, chance),
            "Since": self.since.isoformat(timespec="seconds"),
            "Adopted": self.adopted,
            "TimesMissing": self.times_missing,
        }


def seconds_at_it(state: Mapping[str, Any], now: datetime) -> float:
    """Tell for how long the execution has been at it since it began to validate the request.

    Raises InvalidRequestError when that was not told by Validate request.
    """
    validation = answered(state, "Validation", StartedAt=str)
    started = _moment(validation["StartedAt"], "Validation") if "StartedAt" in validation else now
    return (now - started).total_seconds()


def _moment(text: str, step: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise no_answer(step) from error


def wait_seconds(age: timedelta, chance: float) -> int:
    """Give the seconds until the next look: a twentieth of the copy's age, 10 to 60, jittered by a tenth.

    Parameters
    ----------
    age: since when this execution has known of the copy.
    chance: evenly distributed from 0 to 1.
    """
    even = min(max(age.total_seconds() / PART_OF_AGE, SHORTEST), LONGEST)
    return round(even * (0.9 + 0.2 * chance))
