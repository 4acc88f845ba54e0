"""The progress of a copy, and how long to wait before the next poll."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from model_copy.versions import IN_PROGRESS

SHORTEST, LONGEST = 10, 60
PART_OF_AGE = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """A copy as this execution knows it: the result of Copy project version and of Describe project version.

    ``first_seen`` is when this execution first saw the copy.  AWS's CreationTimestamp is not used: it is documented as
    the start of training, and a copy may inherit it.
    """

    arn: str
    status: str
    message: str
    first_seen: datetime
    adopted: bool
    times_missing: int = 0

    @classmethod
    def from_state(cls, state: Mapping[str, Any], now: datetime) -> Self:
        """Read the result of the last poll; without one, the copy is first seen now."""
        copy = state.get("Copy", {})
        return cls(
            arn=copy.get("ProjectVersionArn", ""),
            status=copy.get("Status", IN_PROGRESS),
            message=copy.get("StatusMessage", ""),
            first_seen=datetime.fromisoformat(copy["FirstSeenAt"]) if copy else now,
            adopted=copy.get("Adopted", True),
            times_missing=copy.get("TimesMissing", 0),
        )

    def as_result(self, now: datetime, chance: float) -> dict[str, Any]:
        """Return the result of a task."""
        return {
            "ProjectVersionArn": self.arn,
            "Status": self.status,
            "StatusMessage": self.message,
            "WaitSeconds": wait_seconds(now - self.first_seen, chance),
            "FirstSeenAt": self.first_seen.isoformat(timespec="seconds"),
            "Adopted": self.adopted,
            "TimesMissing": self.times_missing,
        }


def copy_age(state: Mapping[str, Any], now: datetime) -> float:
    """Return the seconds since Validate request began."""
    validation = state.get("Validation")
    return (now - datetime.fromisoformat(validation["StartedAt"])).total_seconds() if validation else 0.0


def wait_seconds(age: timedelta, chance: float) -> int:
    """Return the seconds until the next poll: a twentieth of the copy's age, 10 to 60, jittered by a tenth.

    Parameters
    ----------
    age: the time since this execution first saw the copy.
    chance: evenly distributed from 0 to 1.
    """
    even = min(max(age.total_seconds() / PART_OF_AGE, SHORTEST), LONGEST)
    return round(even * (0.9 + 0.2 * chance))
