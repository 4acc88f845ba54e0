"""Signals: a thread waits for one, and another thread sets it."""

from collections.abc import Callable
from typing import Protocol

Wake = Callable[[], None]


class Signal(Protocol):
    """What a signal can do. Once it is set, it stays set."""

    def set(self) -> None:
        """Wake the threads that wait."""

    def wait(self) -> object:
        """Pause the calling thread until the signal is set."""


class VirtualSignal:
    """A signal on the virtual clock, where one thread runs at a time.

    ``pause`` pauses the calling thread and passes on what wakes it; ``wake`` wakes a thread when its turn comes.
    """

    def __init__(self, pause: Callable[[Callable[[Wake], None]], None], wake: Callable[[Wake], None]) -> None:
        self._pause, self._wake = pause, wake
        self._waiting: list[Wake] = []
        self._is_set = False

    def set(self) -> None:
        self._is_set = True
        while self._waiting:
            self._wake(self._waiting.pop(0))

    def wait(self) -> None:
        if not self._is_set:
            self._pause(self._waiting.append)
