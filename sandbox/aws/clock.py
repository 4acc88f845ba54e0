"""Time in the sandbox.

A clock tells the time, lets it pass and starts threads.  ``install`` puts it in the place of the real one wherever the
sandbox and what runs in it look at the time: the interpreter's waits and retries, botocore's back-off, the handlers.
"""

import heapq
import inspect
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import botocore.endpoint
import moto.stepfunctions.parser.asl.component.common.retry.retrier_decl as retrier
import moto.stepfunctions.parser.asl.component.state.state as state
import moto.stepfunctions.parser.backend.execution as execution
import moto.stepfunctions.parser.models as stepfunctions
import moto.sts.models
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

import sandbox.aws.rekognition.models

EPOCH = datetime(2030, 1, 1, 9, tzinfo=UTC)


class Clock(Protocol):
    """What the sandbox asks of a clock."""

    environment: Mapping[str, str]

    def time(self) -> float:
        """Give the seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Let time pass for the calling thread."""

    def spawn(self, work: Callable[[], None]) -> None:
        """Run the work in a thread of its own."""

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do the work when so much time has passed."""

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        """Keep other threads out of what must not be interleaved."""


class VirtualClock:
    """Time that passes at once, as soon as every thread waits for it.

    One thread runs at a time: a thread that sleeps hands over to the one that is to wake first, or, of several that may
    wake, to the one that ``choose`` picks by its number.  So a run is the same run each time.  Work that is due at a
    time runs in whichever thread comes by.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew; nothing may be running."""
        self._now = EPOCH.timestamp()
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None], bool]] = []
        self._threads = 0
        self._all_ended: threading.Event | None = None
        self.choose: Callable[[int], int] | None = None
        # The variables of the function that is running; others may run while it sleeps.
        self.environment: Mapping[str, str] = {}

    def time(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        mine = self.environment
        woken = threading.Event()
        self._push(seconds, woken.set, hands_over=True)
        self._hand_over()
        woken.wait()
        if mine is not self.environment:
            self.environment = mine
            os.environ.update(mine)

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
        """Let the spawned threads run until all have ended."""
        if self._threads:
            self._all_ended = threading.Event()
            self._hand_over()
            self._all_ended.wait()
            self._all_ended = None

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        return nullcontext()

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


class FastClock:
    """The machine's time, so many times as fast, for whoever works by hand."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._real_start = time.monotonic()
        self._start = time.time()
        self._lock = threading.RLock()
        self.environment: Mapping[str, str] = {}

    def time(self) -> float:
        return self._start + (time.monotonic() - self._real_start) * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)

    def spawn(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        timer = threading.Timer(seconds / self._speed, work)
        timer.daemon = True
        timer.start()

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        return self._lock


@contextmanager
def replaced(place: object, name: str, value: object) -> Iterator[None]:
    """Put a value in the place of an attribute of a module or class for a while."""
    before = inspect.getattr_static(place, name)  # which a static method stays
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Let the clock be the time of all that runs in the sandbox but the handlers, which lambdas.py gives it."""

    def now(tz: object = UTC) -> datetime:
        return datetime.fromtimestamp(clock.time(), UTC)

    def wait(self: object, env: object, wait_seconds: float) -> None:
        clock.sleep(wait_seconds)

    times = SimpleNamespace(time=clock.time, sleep=clock.sleep)
    dates = SimpleNamespace(datetime=SimpleNamespace(now=now), timezone=SimpleNamespace(utc=UTC), timedelta=timedelta)
    with ExitStack() as stack:
        for place, name, value in (
            (botocore.endpoint, "time", times),
            (retrier, "time", times),
            (WaitFunction, "_wait_interval", wait),
            (ExecutionWorker, "start", lambda self: clock.spawn(self._execution_logic)),
            (EventManager, "_get_current_timestamp", staticmethod(now)),
            (state, "datetime", dates),
            (execution, "datetime", dates),
            (stepfunctions, "datetime", dates),
            (moto.sts.models, "utcnow", lambda: now().replace(tzinfo=None)),
            (sandbox.aws.rekognition.models, "utcnow", lambda: now().replace(tzinfo=None)),
        ):
            stack.enter_context(replaced(place, name, value))
        yield
