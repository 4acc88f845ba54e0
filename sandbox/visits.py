"""The visits of states in a history, each with its attempts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass
class Attempt:
    """One invocation of a function; without an end, it was still running when the execution ended."""

    start: datetime
    end: datetime | None = None
    error: str | None = None
    output: Any = None


@dataclass
class Visit:
    """A state from when it was entered to when it was left."""

    kind: str
    state: str
    start: datetime
    end: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)
    after: str | None = None

    @property
    def function(self) -> str:
        """The logical id of the function that a Task state of this name calls."""
        return f"{self.state.title().replace(' ', '')}Function"

    @property
    def took(self) -> timedelta:
        """How long the visit lasted."""
        return (self.end or self.start) - self.start


def visits_of(history: Iterable[Any]) -> list[Visit]:
    """Return the visits, in the order in which the states were entered."""
    visits: list[Visit] = []
    for event in history:
        kind, at = event["type"].value, datetime.fromisoformat(str(event["timestamp"]))
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            if visits:
                visits[-1].after = name
            visits.append(Visit(kind.removesuffix("StateEntered"), name, at))
        elif kind == "LambdaFunctionScheduled":
            visits[-1].attempts.append(Attempt(at))
        elif kind.startswith("LambdaFunction") and kind != "LambdaFunctionStarted":
            _end(visits[-1].attempts[-1], event, kind, at)
        elif kind.endswith("StateExited"):
            visits[-1].end = at
    return visits


def _end(attempt: Attempt, event: Any, kind: str, at: datetime) -> None:
    attempt.end = at
    if kind == "LambdaFunctionSucceeded":
        attempt.output = json.loads(event["lambdaFunctionSucceededEventDetails"]["output"])
    else:
        details: Any = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        attempt.error = details.get("error") or "States.Timeout"
