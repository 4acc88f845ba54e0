"""What ``make demo`` prints of a promotion: its states, and when each copy starts and ends."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.clock import EPOCH
from sandbox.aws.stepfunctions.interpreter import paid_transitions
from sandbox.aws.stepfunctions.running import map_runs_of

Line = tuple[datetime, str]


def is_promotion(event: Any) -> bool:
    """Return whether the event is the input of a promotion."""
    return isinstance(event, dict) and not {"Destinations", "DestinationsFrom"}.isdisjoint(event)


def print_states(promotion: Execution, copies: list[Execution]) -> None:
    """Print the states of the promotion, and after the Map state when each copy started and ended.

    This runs after the end, because a history event does not tell to which of the executions it belongs.
    """
    print()
    for event in promotion.to_history_output()["events"]:
        moment = datetime.fromisoformat(str(event["timestamp"]))
        if entered := event.get("stateEnteredEventDetails"):
            _print(moment, entered["name"])
        if failed := event.get("lambdaFunctionFailedEventDetails"):
            _print(moment, f"  failed attempt: {failed['error']}")
        if event["type"] == HistoryEventType.MapStateEntered:
            for at, text in sorted((line for one in copies for line in _start_and_end(one)), key=itemgetter(0)):
                _print(at, f"  {text}")


def _print(moment: datetime, text: str) -> None:
    print(f"{timedelta(seconds=int((moment - EPOCH).total_seconds()))!s:>15}  {text}")


def transitions(promotion: Execution, copies: list[Execution]) -> tuple[int, int, int]:
    """Return the state transitions that AWS bills for the promotion, for its child executions, and for its copies."""
    children = [child for run in map_runs_of(promotion) for child in run.children]
    return _transitions([promotion]), _transitions(children), _transitions(copies)


def _transitions(executions: list[Execution]) -> int:
    return sum(paid_transitions(execution.to_history_output()["events"]) for execution in executions)


def _start_and_end(copy: Execution) -> Iterator[Line]:
    account = json.loads(str(copy.execution_input))["DestinationProjectArn"].split(":")[4]
    failed = sum("lambdaFunctionFailedEventDetails" in event for event in copy.to_history_output()["events"])
    error = f", {copy.error}" if copy.error else ""
    attempts = f", failed attempts: {failed}" if failed else ""
    yield copy.start_date, f"The copy to {account} starts."
    if copy.stop_date:
        yield copy.stop_date, f"The copy to {account} ends: {copy.status}{error}{attempts}."
