"""A clock for work by hand: it runs faster than the machine's, and a person can advance it."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from sandbox.aws.signals import Signal

LONGEST_ADVANCE = 5  # seconds of the machine's clock

Work = Callable[[], None]


class FastClock:
    """A clock that runs ``speed`` times as fast as the machine's; ``advance`` lets time pass without a wait."""

    def __init__(self, speed: float) -> None:
        self.speed, self.advanced = speed, 0.0
        self._real_start = time.monotonic()
        self._start = time.time()
        self._one_at_a_time = threading.RLock()
        self.environment: Mapping[str, str] = {}
        lock = threading.RLock()
        self._moved, self._idle = threading.Condition(lock), threading.Condition(lock)
        self._order = itertools.count()
        self._planned: list[tuple[float, int, Work]] = []
        self._planner_runs = False
        self._wakes: list[float] = []  # when the sleeping threads wake
        # The spawned threads, less those that sleep or wait. Who sleeps is often a thread that moto has started for one
        # that the clock has spawned.
        self._busy = 0

    def time(self) -> float:
        return self._start + self.advanced + (time.monotonic() - self._real_start) * self.speed

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return time.sleep(0)
        due = self.time() + seconds
        with self._moved:
            self._wakes.append(due)
            self.count(-1)
            self._wait_until(due)
            self._wakes.remove(due)
            return self.count(1)

    def spawn(self, work: Work) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self.count(-1)

        self.count(1)
        threading.Thread(target=run, daemon=True).start()

    def after(self, seconds: float, work: Work) -> None:
        with self._moved:
            heapq.heappush(self._planned, (self.time() + seconds, next(self._order), work))
            self._moved.notify_all()
            if not self._planner_runs:
                self._planner_runs = True
                threading.Thread(target=self._start_planned, daemon=True).start()

    def advance(self, seconds: float) -> None:
        """Let time pass, from one moment at which something is due to the next, so that all comes in its order.

        If that takes too long, what is left passes at once.
        """
        end = time.monotonic() + LONGEST_ADVANCE
        with self._idle:
            while seconds > 0:
                self._idle.wait_for(self._all_idle, max(0, end - time.monotonic()))
                step = seconds if time.monotonic() >= end else min(seconds, self._until_next())
                self.advanced += step
                seconds -= step
                self._moved.notify_all()
            self._idle.wait_for(self._all_idle, max(0, end - time.monotonic()))

    def close(self) -> None:
        """Forget what is planned; it would find another sandbox, or none."""
        with self._moved:
            self._planned.clear()
            self._moved.notify_all()

    def signal(self) -> Signal:
        return FastSignal(self)

    def one_at_a_time(self) -> AbstractContextManager[Any]:
        return self._one_at_a_time

    def count(self, threads: int) -> None:
        """Count threads that become busy, or idle if the number is negative."""
        with self._idle:
            self._busy += threads
            self._idle.notify_all()

    def _wait_until(self, due: float) -> None:
        while (left := due - self.time()) > 0:
            self._moved.wait(left / self.speed)

    def _start_planned(self) -> None:
        """Start the planned work, each in a thread of its own, until nothing is planned."""
        with self._moved:
            while self._planned:
                due, _, work = self._planned[0]
                if due <= self.time():
                    heapq.heappop(self._planned)
                    self.spawn(work)
                else:
                    self._moved.wait((due - self.time()) / self.speed)
            self._planner_runs = False

    def _all_idle(self) -> bool:
        """Return whether no thread runs, and none is about to wake or start."""
        return self._busy <= 0 and self._until_next() > 0

    def _until_next(self) -> float:
        """Return the seconds until something is due."""
        return min([*self._wakes, *(due for due, _, _ in self._planned[:1])], default=float("inf")) - self.time()


class FastSignal:
    """A signal between threads of a fast clock."""

    def __init__(self, clock: FastClock) -> None:
        self._clock, self._event = clock, threading.Event()
        self._lock = threading.Lock()
        self._waiting = 0

    def set(self) -> None:
        with self._lock:
            self._event.set()
            self._clock.count(self._waiting)  # here, as it can take a moment until they wake
            self._waiting = 0

    def wait(self) -> None:
        with self._lock:
            if not self._event.is_set():
                self._waiting += 1
                self._clock.count(-1)
        self._event.wait()
