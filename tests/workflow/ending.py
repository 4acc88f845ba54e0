"""How an execution ended, as tests ask for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.aws.stepfunctions.interpreter import paid_transitions


@dataclass(frozen=True)
class Ending:
    """How an execution ended."""

    status: str
    output: dict[str, Any]
    error: str | None
    cause: str
    history: list[Any]
    seconds: float

    @classmethod
    def of(cls, execution: Any) -> "Ending":
        """Read an execution that has ended."""
        return cls(
            status=execution.status,
            output=execution.output or {},
            error=execution.error,
            cause=execution.cause or "",
            history=execution.to_history_output()["events"],
            seconds=(execution.stop_date - execution.start_date).total_seconds(),
        )

    @property
    def entered(self) -> Iterator[Any]:
        """The states that were entered, with what was put into them."""
        return (event["stateEnteredEventDetails"] for event in self.history if "stateEnteredEventDetails" in event)

    @property
    def states(self) -> list[str]:
        """The states in the order in which they were entered."""
        return [details["name"] for details in self.entered]

    @property
    def failed_at_task(self) -> bool:
        """Whether a task failed it, so that it can be redriven, and not a Fail state."""
        entered = [event["type"].value for event in self.history if event["type"].value.endswith("StateEntered")]
        return self.status == "FAILED" and entered[-1] == "TaskStateEntered"

    @property
    def was_valid(self) -> bool:
        """Whether the request passed its validation."""
        return "Needs a grant?" in self.states

    @property
    def input_was_wrong(self) -> bool:
        """Whether the input was refused before anything was changed in AWS."""
        return self.error in ("NotARequestError", "InvalidRequestError", "InvalidApprovalError")

    @property
    def request(self) -> dict[str, Any] | None:
        """The request that was validated, which an event may have stood for."""
        return validated_request(self.history)

    @property
    def ignored(self) -> bool:
        """Whether it ended because nothing was approved."""
        return self.states[-1] == "Ignored"

    @property
    def says_that_the_grant_stayed(self) -> bool:
        """Whether withdrawing the grant failed, and the state data has the error."""
        return any("Error" in _withdrawal(json.loads(details["input"])) for details in self.entered)

    @property
    def transitions(self) -> int:
        """What AWS bills."""
        return paid_transitions(self.history)

    @property
    def told(self) -> str:
        """The ending in a word or two, as tables write it."""
        if self.status == "SUCCEEDED":
            return "succeeds, grant stays" if self.says_that_the_grant_stayed else "succeeds"
        return f"{'task' if self.failed_at_task else 'refused'}: {self.error}"


def request_of(execution: Any) -> Any:
    """The request that an execution was started with, or that it has read from an event; else None."""
    given = execution.input_data
    is_request = isinstance(given, dict) and "SourceProjectVersionArn" in given
    return given if is_request else validated_request(execution.to_history_output()["events"])


def validated_request(history: list[Any]) -> dict[str, Any] | None:
    """The request that an execution validated, or is about to; None if it has not come to that."""
    for event in history:
        entered = event.get("stateEnteredEventDetails") or {}
        if entered.get("name") == "Validate request":
            request: dict[str, Any] = json.loads(entered["input"])["Request"]
            return request
    return None


def _withdrawal(state: Any) -> Any:
    return (state.get("Withdrawal") if isinstance(state, dict) else None) or {}
