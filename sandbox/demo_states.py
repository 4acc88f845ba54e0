"""``make demo VERBOSE=1``: print each state as it is entered, with its data."""

import json
from datetime import timedelta
from typing import Any

from sandbox.aws.clock import EPOCH, VirtualClock

ALWAYS_SHOWN = ("Status", "WaitSeconds")


class Printer:
    """Prints each state as it is entered, with the virtual time and then the result."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._attempts = 0
        self._choosing = False
        self._known: dict[str, Any] = {}

    def hear(self, event: Any) -> None:
        """Print an event of the history, if it is of interest to a person."""
        kind = str(event["type"].value)
        if kind.endswith("StateEntered"):
            self._enter(event["stateEnteredEventDetails"]["name"], is_choice=kind.startswith("Choice"))
        elif kind == "LambdaFunctionScheduled":
            self._attempts += 1
        elif kind == "LambdaFunctionFailed":
            self._fail(event["lambdaFunctionFailedEventDetails"])
        elif kind == "LambdaFunctionSucceeded":
            self._answer(json.loads(event["lambdaFunctionSucceededEventDetails"]["output"]))

    def _enter(self, name: str, *, is_choice: bool) -> None:
        if self._choosing:
            print(f"-> {name}", end="")
        print(f"\n{self._passed()}  {name:25} ", end="", flush=True)
        self._attempts, self._choosing = 0, is_choice

    def _answer(self, answer: dict[str, Any]) -> None:
        """Print what is new in the answer of a task."""
        news = {key: value for key, value in answer.items() if key in ALWAYS_SHOWN or self._known.get(key) != value}
        self._known.update(answer)
        attempt = f"\n{self._passed()}    attempt {self._attempts}: " if self._attempts > 1 else ""
        print(attempt + ", ".join(f"{key} {value}" for key, value in news.items()), end="", flush=True)

    def _fail(self, details: Any) -> None:
        print(f"\n{self._passed()}    attempt {self._attempts}: {details['error']}", end="", flush=True)

    def _passed(self) -> str:
        return f"{timedelta(seconds=int(self._clock.time() - EPOCH.timestamp()))!s:>15}"
