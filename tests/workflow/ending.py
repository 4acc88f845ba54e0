"""How an execution ended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.stepfunctions.interpreter import paid_transitions

History = list[Any]


@dataclass(frozen=True)
class Ending:
    """How an execution ended."""

    status: str
    output: dict[str, Any]
    error: str | None
    cause: str
    history: History
    seconds: float

    @classmethod
    def of(cls, execution: Execution) -> Self:
        """Read an execution that has ended."""
        ended: Any = execution
        return cls(
            status=ended.status,
            output=ended.output or {},
            error=ended.error,
            cause=ended.cause or "",
            history=ended.to_history_output()["events"],
            seconds=(ended.stop_date - ended.start_date).total_seconds(),
        )

    @property
    def entered(self) -> Iterator[dict[str, Any]]:
        """The details of each state that was entered: its name and its input."""
        return (event["stateEnteredEventDetails"] for event in self.history if "stateEnteredEventDetails" in event)

    @property
    def states(self) -> list[str]:
        """The names of the states, in the order in which they were entered."""
        return [details["name"] for details in self.entered]

    def state_data(self, state: str) -> dict[str, Any] | None:
        """Return the input with which a state was first entered; None if it was not entered."""
        return next((json.loads(one["input"]) for one in self.entered if one["name"] == state), None)

    @property
    def failed_at_task(self) -> bool:
        """Whether the execution failed at a task, and not in a Fail state, so that it can be redriven."""
        entered = [event["type"].value for event in self.history if event["type"].value.endswith("StateEntered")]
        return self.status == "FAILED" and entered[-1] == "TaskStateEntered"

    @property
    def was_valid(self) -> bool:
        """Whether the request passed Validate request."""
        return "Needs a grant?" in self.states

    @property
    def input_was_wrong(self) -> bool:
        """Whether the input was refused before anything was changed in AWS."""
        return self.error in ("NotARequestError", "InvalidRequestError", "InvalidApprovalError")

    @property
    def request(self) -> dict[str, Any] | None:
        """The request that Validate request or Plan copy got: the input, or the request that the event approves."""
        return validated_request(self.history)

    @property
    def planned(self) -> bool:
        """Whether the execution was a dry run that ended with a plan."""
        return self.states[-1] == "Planned"

    @property
    def ignored(self) -> bool:
        """Whether the event approved nothing."""
        return self.states[-1] == "Ignored"

    @property
    def grant_stays(self) -> bool:
        """Whether withdrawing the grant failed, so that the state data has the error."""
        return any("Error" in _withdrawal(json.loads(details["input"])) for details in self.entered)

    @property
    def transitions(self) -> int:
        """The state transitions that AWS bills."""
        return paid_transitions(self.history)

    @property
    def task_errors(self) -> list[str]:
        """The error of each attempt at a task that failed."""
        failed = (event.get("lambdaFunctionFailedEventDetails") for event in self.history)
        return [details["error"] for details in failed if details]

    @property
    def summary(self) -> str:
        """The ending in a few words, as in matrix.tsv."""
        if self.status == "SUCCEEDED":
            return "succeeds, grant stays" if self.grant_stays else "succeeds"
        return f"{'task' if self.failed_at_task else 'refused'}: {self.error}"


def request_of(execution: Any) -> Any:
    """Return the request that an execution was started with or has read from an event; None if it has not read it."""
    given = execution.input_data
    is_request = isinstance(given, dict) and "SourceProjectVersionArn" in given
    return given if is_request else validated_request(execution.to_history_output()["events"])


def validated_request(history: list[Any]) -> dict[str, Any] | None:
    """Return the request that Validate request or Plan copy got; None if the execution reached neither."""
    for event in history:
        entered = event.get("stateEnteredEventDetails") or {}
        if entered.get("name") in ("Validate request", "Plan copy"):
            request: dict[str, Any] = json.loads(entered["input"])["Request"]
            return request
    return None


def _withdrawal(state_data: Any) -> dict[str, Any]:
    return (state_data.get("Withdrawal") if isinstance(state_data, dict) else None) or {}
