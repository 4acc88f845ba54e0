"""How long a browser needs for the report of a long history, and for the page with many executions."""

import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.tables import table
from sandbox.aws.clock import VirtualClock
from sandbox.aws.fast_clock import FastClock
from sandbox.page import report
from sandbox.page.document import document_of
from sandbox.page.files import ROOT
from sandbox.page.server import Page
from sandbox.serve import SPEED, served
from sandbox.stories import read_event
from sandbox.world import sandbox
from tools.browser import browser

STORY = "copy_between_accounts"
KINDS = {"calm": "", "each poll retried": "DescribeProjectVersionFunction: throttled, none, throttled"}
LONGEST_SECONDS = 3

Event = dict[str, Any]


def rendered(lengths: tuple[int, ...]) -> tuple[str, list[str]]:
    """Show histories of these lengths in a browser; return a table, and a sentence for each exceeded limit."""
    rows, missed = [], []
    known = {kind: _known(faults) for kind, faults in KINDS.items()}
    path = ROOT / "build" / "long.html"
    with browser() as launched:
        for length in lengths:
            for kind, whole in known.items():
                report.write({**whole, "events": _lengthened(whole["events"], length), "calls": None}, path)
                seconds = _seconds(launched, path)
                rows.append((f"{length:,} events, {kind}", path.stat().st_size // 1_000, seconds))
                if seconds > LONGEST_SECONDS:
                    missed.append(f"A report of {length:,} events ({kind}) took {seconds:.1f} s to show.")
    return table(("History", "report, kB", "shown after, s"), rows), missed


def served_page(executions: int) -> tuple[str, list[str]]:
    """Use the page while it has so many executions; return a table, and a sentence for each exceeded limit."""
    clock = FastClock(SPEED)
    with sandbox(clock) as aws:
        aws.announces = aws.records.recording = True
        aws.seed(STORY)
        with served(wrap=partial(Page, aws, clock)) as endpoint, browser() as launched:
            for _ in range(executions):
                aws.start(read_event(STORY))
            shown = launched.new_page()
            shown.goto(endpoint)
            seconds = {
                "the list is shown after": _click(shown, "#tab-executions", f"#executions li:nth-child({executions})"),
                "an execution is shown after": _click(shown, "#executions li:last-child button", "#execution"),
                "a list that is filtered is shown after": _fill(shown),
            }
    missed = [
        f"With {executions} executions, {what} {time:.1f} s."
        for what, time in seconds.items()
        if time > LONGEST_SECONDS
    ]
    return table((f"With {executions} executions that run", "s"), list(seconds.items())), missed


def _click(page: Any, button: str, awaited: str) -> float:
    began = time.perf_counter()
    page.click(button)
    page.wait_for_selector(awaited)
    return time.perf_counter() - began


def _fill(page: Any) -> float:
    began = time.perf_counter()
    page.fill("#filter", "none like this")
    page.wait_for_selector("text=No execution matches.")
    return time.perf_counter() - began


def _known(faults: str) -> dict[str, Any]:
    with sandbox(VirtualClock()) as aws:
        aws.seed(STORY)
        aws.follow(faults, read_event(STORY))
        return document_of(aws, aws.run(read_event(STORY)), "../docs/errors.md")


def _lengthened(events: list[Event], length: int) -> list[Event]:
    """Return a history in which the second poll is repeated until it is long enough; the execution still runs."""
    first, second, *_ = (index for index, event in enumerate(events) if event["type"] == "WaitStateEntered")
    start, poll = events[: first + 1], events[first + 1 : second + 1]
    began, minute = datetime.fromisoformat(start[-1]["timestamp"]), timedelta(minutes=1)
    rounds = range(-(-(length - len(start)) // len(poll)))
    repeated = [{**event, "timestamp": (began + minute * number).isoformat()} for number in rounds for event in poll]
    return [{**event, "id": id_, "previousEventId": id_ - 1} for id_, event in enumerate([*start, *repeated], start=1)]


def _seconds(launched: Browser, path: Path) -> float:
    page = launched.new_page()
    began = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-shown]")
    seconds = time.perf_counter() - began
    page.close()
    return seconds
