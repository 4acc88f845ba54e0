"""On the fast clock, time that is advanced passes in its order, and everyone who waits for it wakes."""

import threading
from functools import partial

import pytest

from sandbox.aws.fast_clock import FastClock

HOUR = 3_600


@pytest.fixture
def clock() -> FastClock:
    return FastClock(1)  # so slow that a test that waits for the machine's clock never ends


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


def test_advancing_wakes_who_sleeps_and_starts_what_is_planned_in_the_order_of_time(clock: FastClock) -> None:
    woken: list[str] = []

    def sleep(hours: int) -> None:
        clock.sleep(hours * HOUR)
        woken.append(f"slept {hours}")

    for hours in (3, 1):
        clock.spawn(partial(sleep, hours))
    for hours in (4, 2, 6):
        clock.after(hours * HOUR, partial(woken.append, f"planned {hours}"))
    before = clock.time()
    clock.advance(5 * HOUR)

    assert woken == ["slept 1", "planned 2", "slept 3", "planned 4"]
    assert 5 * HOUR <= clock.time() - before < 5 * HOUR + 60


def test_a_closed_clock_starts_nothing(clock: FastClock) -> None:
    started: list[str] = []
    clock.after(HOUR, partial(started.append, "planned"))

    clock.close()
    clock.advance(2 * HOUR)

    assert started == []


def test_who_sleeps_again_sees_each_moment(clock: FastClock) -> None:
    start, moments = clock.time(), []

    def poll() -> None:
        for _ in range(3):
            clock.sleep(HOUR)
            moments.append(round((clock.time() - start) / HOUR))

    clock.spawn(poll)
    clock.advance(24 * HOUR)

    assert moments == [1, 2, 3]


def test_time_is_not_advanced_while_a_thread_works(clock: FastClock, ended: threading.Event) -> None:
    start, seen, told = clock.time(), [], threading.Event()

    def work() -> None:
        while not ended.is_set():
            seen.append(clock.time())
        told.set()

    clock.spawn(work)
    threading.Timer(0.1, ended.set).start()
    clock.advance(HOUR)
    told.wait()

    assert max(seen) < start + 60


def test_who_waits_for_a_signal_is_idle_until_it_is_set(clock: FastClock) -> None:
    signal, woken = clock.signal(), []

    def wait() -> None:
        signal.wait()
        woken.append(clock.time())
        clock.sleep(HOUR)
        woken.append(clock.time())

    start = clock.time()
    clock.spawn(wait)
    clock.after(HOUR, signal.set)
    clock.advance(24 * HOUR)

    assert [round((at - start) / HOUR) for at in woken] == [1, 2]


def test_what_is_left_passes_at_once_if_a_thread_does_not_end(
    clock: FastClock, ended: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.aws.fast_clock.LONGEST_ADVANCE", 0.1)
    start, moments, told = clock.time(), [], threading.Event()

    def plan() -> None:
        moments.append(clock.time())
        told.set()

    def wait() -> None:
        ended.wait()

    clock.spawn(wait)
    clock.after(HOUR, plan)
    clock.advance(24 * HOUR)
    told.wait()
    ended.set()

    assert [round((at - start) / HOUR) for at in moments] == [24]
