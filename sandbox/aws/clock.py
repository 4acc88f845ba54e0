"""Time in the sandbox.

A clock returns the time, sleeps and starts threads. ``install`` puts it in place of the real one: in the interpreter's
waits and retries, in botocore's back-off and in the dates of executions and sessions. lambda_/functions.py gives it to
the handlers.
"""

import heapq
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import sandbox.aws.rekognition.models
from sandbox.aws.patches import applied, replaced
from sandbox.aws.signals import Signal, VirtualSignal, Wake

EPOCH = datetime(2030, 1, 1, 9, tzinfo=UTC)


class Clock(Protocol):
    """What a clock of the sandbox can do."""

    environment: Mapping[str, str]

    def time(self) -> float:
        """Return the seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Pause the calling thread."""

    def spawn(self, work: Callable[[], None]) -> None:
        """Run the work in a new thread."""

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Call ``work`` after that many seconds."""

    def signal(self) -> Signal:
        """Return a new signal."""

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        """Return a lock for code that only one thread at a time may run."""


class VirtualClock:
    """A clock that jumps ahead as soon as every thread sleeps.

    One thread runs at a time, so that each run is the same. A thread that goes to sleep wakes the thread
    whose time comes first. If several can wake, ``choose`` picks one by its number. Work that is due runs in the thread
    that goes to sleep.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Set the clock back to its first moment; no thread may be running."""
        self._now = EPOCH.timestamp()
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None], bool]] = []
        self._threads = 0
        self._all_ended: threading.Event | None = None
        self.choose: Callable[[int], int] | None = None
        # The environment of the running function. While that function sleeps, another one can run.
        self.environment: Mapping[str, str] = {}

    def time(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._pause(lambda wake: self._push(seconds, wake, hands_over=True))

    def spawn(self, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self._threads -= 1
                if self._all_ended and not self._threads:
                    self._all_ended.set()
                else:
                    self._hand_over()

        self._threads += 1
        self._push(0, threading.Thread(target=run, daemon=True).start, hands_over=True)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        self._push(seconds, work, hands_over=False)

    def run(self) -> None:
        """Run the spawned threads until all have ended."""
        if self._threads:
            self._all_ended = threading.Event()
            self._hand_over()
            self._all_ended.wait()
            self._all_ended = None

    def signal(self) -> Signal:
        return VirtualSignal(self._pause, lambda wake: self._push(0, wake, hands_over=True))

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def _pause(self, arrange: Callable[[Wake], None]) -> None:
        """Pause the calling thread until what ``arrange`` receives is called."""
        mine = self.environment
        woken = threading.Event()
        arrange(woken.set)
        self._hand_over()
        woken.wait()
        if mine is not self.environment:
            self.environment = mine
            os.environ.update(mine)

    def _push(self, seconds: float, wake: Callable[[], None], *, hands_over: bool) -> None:
        heapq.heappush(self._waiting, (self._now + seconds, next(self._order), wake, hands_over))

    def _hand_over(self) -> None:
        handed_over = False
        while not handed_over:
            due, _, wake, handed_over = self._pop()
            self._now = max(self._now, due)
            wake()

    def _pop(self) -> tuple[float, int, Callable[[], None], bool]:
        first = heapq.heappop(self._waiting)
        if self.choose is None:
            return first
        ready = [first]
        while self._waiting and self._waiting[0][0] <= max(self._now, first[0]):
            ready.append(heapq.heappop(self._waiting))
        chosen = ready.pop(self.choose(len(ready)))
        for one in ready:
            heapq.heappush(self._waiting, one)
        return chosen


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Put the clock in place of the machine's, everywhere but in the handlers."""

    def now(tz: object = UTC) -> datetime:
        return datetime.fromtimestamp(clock.time(), UTC)

    def naive() -> datetime:
        return now().replace(tzinfo=None)

    times = SimpleNamespace(time=clock.time, sleep=clock.sleep)
    dates = SimpleNamespace(datetime=SimpleNamespace(now=now), timezone=SimpleNamespace(utc=UTC), timedelta=timedelta)
    replacements = {
        "endpoint.time": times,
        "retrier_decl.time": times,
        "WaitFunction._wait_interval": lambda self, env, wait_seconds: clock.sleep(wait_seconds),
        "ExecutionWorker.start": lambda self: clock.spawn(lambda: self._execution_logic()),
        "EventManager._get_current_timestamp": staticmethod(now),
        "state.datetime": dates,
        "execution.datetime": dates,
        "models.datetime": dates,
        "map_run_record.datetime": dates,
        "models.utcnow": naive,
    }
    with applied("clock", replacements), replaced(sandbox.aws.rekognition.models, "utcnow", naive):
        yield
