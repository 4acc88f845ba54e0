"""A run of a Map state in distributed mode: one child workflow execution for each item."""

import copy
import uuid
from collections import deque
from functools import partial
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.clock import Clock
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.definitions import processor_of
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.aws.stepfunctions.running import when_ended


class MapRun:
    """Runs the children, at most ``concurrency`` at a time, until all have ended or too many have failed.

    It can run again: then it redrives the children that did not succeed.
    """

    ends_with: tuple[HistoryEventType, ...] = (HistoryEventType.MapRunAborted, HistoryEventType.MapStateAborted)

    def __init__(self, parent: Execution, state: str, record: Any, inputs: list[Any], tolerated: float) -> None:
        self.record = record
        self.record.redrive_count = 0
        self._parent, self._state, self._inputs, self._tolerated = parent, state, inputs, tolerated
        self._redrives_of_parent = executions.redrives(parent)["redriveCount"]
        self._children: dict[int, Execution] = {}
        self._count("total", len(inputs))
        self._count("pending", len(inputs))
        self._machine = copy.copy(parent.state_machine)
        self._machine.arn = record.map_state_machine_arn
        self._machine.definition = processor_of(parent.state_machine.definition, state)

    @property
    def children(self) -> list[Execution]:
        """The child workflow executions so far, in the order of their items."""
        return [self._children[index] for index in sorted(self._children)]

    @property
    def inputs(self) -> list[Any]:
        """The inputs of the children, one for each item, whether or not its child has started."""
        return self._inputs

    def continues(self, state: str) -> bool:
        """Return whether the parent was redriven at this map run since it last ran, and count that redrive."""
        redrives = executions.redrives(self._parent)["redriveCount"]
        continues = (
            self._state == state
            and self.record.status != MapRunStatus.SUCCEEDED
            and redrives > self._redrives_of_parent
        )
        self._redrives_of_parent = redrives
        self.record.redrive_count += continues
        if continues:
            self.record.redrive_date = EventManager._get_current_timestamp()
        return continues

    def run(self, clock: Clock) -> None:
        """Run all items that have not succeeded, and wait for the end."""
        self._one_at_a_time, self._ended = clock.one_at_a_time, clock.signal()
        self._failed, self._running = 0, set[int]()
        self._waiting = deque(index for index in range(len(self._inputs)) if not self._has_succeeded(index))
        self.record.status = MapRunStatus.RUNNING
        with self._one_at_a_time():
            for _ in range(self.record.max_concurrency or len(self._inputs)):
                self._start_next()
            self._end_if_over()
        self._ended.wait()

    def outputs(self) -> list[Any]:
        """Return the output of each child; None for a child that failed."""
        return [copy.copy(child.output) if child.status == "SUCCEEDED" else None for child in self.children]

    def abandon(self) -> None:
        """Abort the running children, because the parent has ended."""
        self._end(MapRunStatus.ABORTED)

    def _has_succeeded(self, index: int) -> bool:
        return index in self._children and self._children[index].status == "SUCCEEDED"

    def _start_next(self) -> None:
        if not self._waiting:
            return
        index = self._waiting.popleft()
        self._running.add(index)
        self._count("running", 1)
        if index in self._children:
            self._count(self._children[index].status.lower(), -1)
            redrive(self._children[index])
        else:
            self._count("pending", -1)
            self._children[index] = self._child(index)
            self._children[index].start()
        when_ended(self._children[index], partial(self._child_ended, index))

    def _child(self, index: int) -> Execution:
        name, parent = str(uuid.uuid4()), self._parent
        start = self._machine.arn.replace(":stateMachine:", ":execution:")
        child = Execution(
            name=name,
            sm_type=parent.sm_type,
            role_arn=parent.role_arn,
            exec_arn=f"{start}:{name}",
            account_id=parent.account_id,
            region_name=parent.region_name,
            state_machine=self._machine,
            start_date=EventManager._get_current_timestamp(),
            cloud_watch_logging_session=None,
            activity_store={},
            input_data=to_json_str(self._inputs[index], separators=(",", ":")),
        )
        vars(child)["map_run_arn"] = self.record.map_run_arn
        return child

    def _child_ended(self, index: int) -> None:
        with self._one_at_a_time():
            status = self._children[index].status
            self._running.remove(index)
            self._count("running", -1)
            self._count(status.lower(), 1)
            self._count("results_written", status == "SUCCEEDED")
            if self.record.status == MapRunStatus.RUNNING:
                self._failed += status != "SUCCEEDED"
                if self._failed <= self._tolerated:
                    self._start_next()
                self._end_if_over()

    def _end_if_over(self) -> None:
        if self._failed > self._tolerated:
            self._end(MapRunStatus.FAILED)
        elif not self._running:
            self._end(MapRunStatus.SUCCEEDED)

    def _end(self, status: MapRunStatus) -> None:
        self.record.set_stop(status)
        for index in sorted(self._running):
            executions.stop(self._children[index])
        self._ended.set()

    def _count(self, kind: str, change: int) -> None:
        for counter in (self.record.item_counter, self.record.execution_counter):
            getattr(counter, kind).offset(change)
