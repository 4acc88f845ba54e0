"""What ``make demo`` prints of a promotion: its states, and when each copy starts and ends."""

import json
from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox import story_lines
from sandbox.aws.stepfunctions.interpreter import paid_transitions
from sandbox.aws.stepfunctions.running import map_runs_of
from sandbox.visits import visits_of
from sandbox.world import Sandbox

Line = tuple[datetime, str]


def print_states(promotion: Execution, aws: Sandbox) -> None:
    """Print the tasks of the promotion, and after the Map state when each copy started and ended.

    This runs after the end, because a history event does not tell to which of the executions it belongs.
    """
    print()
    for event in promotion.to_history_output()["events"]:
        moment = datetime.fromisoformat(str(event["timestamp"]))
        entered = event.get("stateEnteredEventDetails")
        if entered and event["type"] in (HistoryEventType.TaskStateEntered, HistoryEventType.MapStateEntered):
            print(f"{story_lines.elapsed(moment):>9}  {entered['name']}")
        if failed := event.get("lambdaFunctionFailedEventDetails"):
            print(f"{'':11}! an attempt ended with {failed['error']}")
        if event["type"] == HistoryEventType.MapStateEntered:
            for at, text in sorted(
                (line for one in aws.executions for line in _start_and_end(one, aws)), key=itemgetter(0)
            ):
                print(f"{story_lines.elapsed(at):>9}    {text}")


def transitions(promotion: Execution, copies: list[Execution]) -> tuple[int, int, int]:
    """Return the state transitions that AWS bills for the promotion, for its child executions, and for its copies."""
    children = [child for run in map_runs_of(promotion) for child in run.children]
    return _transitions([promotion]), _transitions(children), _transitions(copies)


def _transitions(executions: list[Execution]) -> int:
    return sum(paid_transitions(execution.to_history_output()["events"]) for execution in executions)


def _start_and_end(copy: Execution, aws: Sandbox) -> Iterator[Line]:
    account = json.loads(str(copy.execution_input))["DestinationProjectArn"].split(":")[4]
    yield copy.start_date, f"The copy to {account} starts."
    if copy.stop_date:
        error = f", {copy.error}" if copy.error else ""
        calls = [call for call in aws.records.calls if call.execution == copy.exec_arn]
        lines = story_lines.tell(visits_of(copy.to_history_output()["events"]), calls)
        troubles = "".join(f"\n{line}" for line in lines if line.lstrip().startswith("!"))
        yield copy.stop_date, f"The copy to {account} ends: {copy.status}{error}.{troubles}"
