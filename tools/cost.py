"""What the stack costs, by AWS's list prices.

The numbers of state transitions, polls and history events are those of docs/benchmarks.md. The others are counted in
the sandbox, and a test compares them.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sandbox.deployment import ROOT

BENCHMARKS = ROOT / "docs" / "benchmarks.md"
GIGABYTE, MILLION = 10**9, 10**6

# List prices of us-east-1 in dollars, without free tiers: the price of so many of a unit.
PRICES = {
    "Step Functions: state transitions": (0.025, 1_000),
    "Lambda: requests": (0.20, MILLION),
    "Lambda: GB-seconds, x86": (0.0000166667, 1),
    "CloudWatch Logs: GB taken in": (0.50, 1),
    "CloudWatch Logs: GB kept for a month": (0.03, 1),
    "X-Ray: traces": (5.00, MILLION),
    "EventBridge: events of your own": (1.00, MILLION),
    "SNS: mails": (2.00, 100_000),
    "S3: writes and lists": (0.005, 1_000),
    "S3: reads": (0.0004, 1_000),
    "KMS: requests": (0.03, 10_000),
    "KMS: keys, a month": (1.00, 1),
    "CloudWatch: metrics of alarms, a month": (0.10, 1),
    "CloudWatch: metrics of your own, a month": (0.30, 1),
    "CloudWatch: dashboards, a month": (3.00, 1),
}

# Assumed, because only AWS can show it.
MEMORY_GB, SECONDS = 0.5, 0.5  # of an invocation, answers of AWS included
MONTHS, COMPRESSED = 12, 0.15  # how long logs are kept, and their part that is left after compression
# Counted in the sandbox; tests/workflow/test_cost.py compares them.
BYTES_AN_EVENT = 1_340  # of the state machine's log, for a history event
BYTES_AN_INVOCATION = 1_200 + 1_000  # of the functions' log: what a function writes, and about what Lambda adds
INVOCATIONS_BESIDE_POLLS = 5  # validate, grant, start, withdraw, announce
EVENTS_A_CHILD, EVENTS_A_PROMOTION = 17, 30  # in the histories


@dataclass(frozen=True)
class Usage:
    """What AWS bills."""

    transitions: float = 0
    invocations: float = 0
    history_events: float = 0
    traces: float = 0
    events: float = 0
    mails: float = 0
    writes: float = 0
    reads: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(one + two for one, two in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __mul__(self, times: float) -> "Usage":
        return Usage(*(one * times for one in vars(self).values()))

    def dollars(self) -> dict[str, float]:
        """Return the price of each service."""
        log = (self.history_events * BYTES_AN_EVENT + self.invocations * BYTES_AN_INVOCATION) / GIGABYTE
        return {
            "Step Functions": price("Step Functions: state transitions", self.transitions),
            "Lambda": price("Lambda: requests", self.invocations)
            + price("Lambda: GB-seconds, x86", self.invocations * MEMORY_GB * SECONDS),
            "Logs": price("CloudWatch Logs: GB taken in", log)
            + price("CloudWatch Logs: GB kept for a month", log * COMPRESSED * MONTHS),
            "X-Ray": price("X-Ray: traces", self.traces),
            "Events, mails": price("EventBridge: events of your own", self.events) + price("SNS: mails", self.mails),
            "S3, KMS": price("S3: writes and lists", self.writes)
            + price("S3: reads", self.reads)
            + price("KMS: requests", self.writes + self.reads + self.mails),
        }

    def total(self) -> float:
        return sum(self.dollars().values())


def price(of: str, number: float) -> float:
    dollars, units = PRICES[of]
    return dollars * number / units


def benchmarked() -> list[tuple[float, int, int, int]]:
    """Return the hours of copies in the benchmarks, with their polls, paid transitions and history events."""
    rows = re.findall(r"^\| (\d+) (min|h): this workflow \|(.+)$", BENCHMARKS.read_text(), re.M)
    numbers = [[int(cell.replace(",", "")) for cell in re.findall(r" ([\d,]+) \|", row)] for *_, row in rows]
    hours = [int(number) / (60 if unit == "min" else 1) for number, unit, _ in rows]
    return [
        (hour, polls, transitions, events)
        for hour, (polls, transitions, events, *_) in zip(hours, numbers, strict=True)
    ]


def copy(hours: float) -> Usage:
    """Return the usage of a copy that takes so long, between those in the benchmarks or in line with the last ones."""
    known = benchmarked()
    below, above = next((pair for pair in pairwise(known) if hours <= pair[1][0]), known[-2:])
    part = max((hours - below[0]) / (above[0] - below[0]), 0)
    polls, transitions, events = (low + (high - low) * part for low, high in zip(below[1:], above[1:], strict=True))
    return Usage(transitions, polls + INVOCATIONS_BESIDE_POLLS, events, traces=2, events=1, mails=1)


def promotion(hours: float, accounts: int) -> Usage:
    """Return the usage of a promotion to so many accounts."""
    row = re.search(r"^\| (\d+) accounts \|(?: [\d.]+ \|){3} (\d+) \| (\d+) \|", BENCHMARKS.read_text(), re.M)
    assert row
    number, own, children = map(int, row.groups())
    one_copy = copy(hours) + Usage(mails=-1)
    child = Usage(children / number, 1, EVENTS_A_CHILD, traces=1, writes=1, reads=1)
    return (one_copy + child) * accounts + Usage(
        own, 3, EVENTS_A_PROMOTION, traces=2, events=1, mails=1, writes=4, reads=3
    )


def idle(template: dict[str, Any]) -> dict[str, float]:
    """Return what the stack costs a month without a copy, at most."""
    resources = [(one["Type"], one["Properties"]) for one in template["Resources"].values()]
    alarms = [properties for kind, properties in resources if kind == "AWS::CloudWatch::Alarm"]
    of_alarms = sum(sum("MetricStat" in one for one in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    dashboards = [properties["DashboardBody"]["Fn::Sub"][0] for kind, properties in resources if "Dashboard" in kind]
    own = {
        metric
        for body in dashboards
        for metric in re.findall(r'\["rekognition-model-copy", (.+?"service", "[^"]+")', body)
    }
    return {
        "Key": price("KMS: keys, a month", sum(kind == "AWS::KMS::Key" for kind, _ in resources)),
        "Alarms": price("CloudWatch: metrics of alarms, a month", of_alarms),
        "Metrics": price("CloudWatch: metrics of your own, a month", len(own)),
        "Dashboard": price("CloudWatch: dashboards, a month", len(dashboards)),
    }
