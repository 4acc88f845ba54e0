"""Links between a running execution and the work that depends on it: nested executions and map runs.

moto's executions have no fields for these links, so they are kept as extra attributes.
"""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.backend.execution import Execution

LOCK = threading.Lock()


class Work(Protocol):
    """What a running execution has started and waits for."""

    ends_with: tuple[HistoryEventType, ...]
    """The events in the history of an execution that ends before this work does."""

    def abandon(self) -> None:
        """Stop the work, because the execution has ended."""


def link(worker: Any) -> None:
    """Let the environments of an execution lead to the execution."""
    worker._evaluation_details.aws_execution_details.execution = worker._execution_communication.execution


def execution_of(env: Any) -> Any:
    """Return the execution that runs in an environment."""
    return env.aws_execution_details.execution


def work_of(execution: Any) -> list[Work]:
    """Return the unfinished work of an execution; callers may change the list."""
    work: list[Work] = vars(execution).setdefault("work", [])
    return work


def map_runs_of(execution: Any) -> list[Any]:
    """Return the map runs of an execution; callers may change the list."""
    runs: list[Any] = vars(execution).setdefault("map_runs", [])
    return runs


def when_ended(execution: Execution, tell: Callable[[], None]) -> None:
    """Call ``tell`` once the execution has ended; at once if it has."""
    with LOCK:
        runs = execution.status == "RUNNING"
        if runs:
            vars(execution).setdefault("waiting", []).append(tell)
    if not runs:
        tell()


def tell_of_end(execution: Execution) -> None:
    """Tell everyone who waits for the end of the execution."""
    with LOCK:
        waiting = vars(execution).pop("waiting", ())
    for tell in waiting:
        tell()
