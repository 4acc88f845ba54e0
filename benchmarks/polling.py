"""How late the workflow sees the end of a copy, and at what cost, next to polls at a fixed interval."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import mean

from matplotlib import pyplot

from benchmarks.tables import table
from model_copy.progress import wait_seconds
from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.interpreter import DOLLARS_PER_TRANSITION, paid_transitions
from sandbox.starting import is_promotion
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

MINUTE, HOUR = 60, 3_600
DURATIONS = {"2 min": 2 * MINUTE, "10 min": 10 * MINUTE, "1 h": HOUR, "4 h": 4 * HOUR, "8 h": 8 * HOUR}
MOST_EVENTS = 25_000
OURS = "this workflow"

Wait = Callable[[float, random.Random], float]
SCHEDULES: dict[str, Wait] = {
    OURS: lambda age, chance: wait_seconds(timedelta(seconds=age), chance.random()),
    "every 5 s": lambda age, chance: 5,
    "every 30 s": lambda age, chance: 30,
    "every 60 s": lambda age, chance: 60,
}


@dataclass(frozen=True)
class Outcome:
    """The average cost of a schedule for copies of about one duration, and how late it sees their end."""

    polls: float
    transitions: float
    events: float
    late: float
    latest: float
    latest_part: float  # as a part of the duration

    @property
    def dollars(self) -> float:
        return self.transitions * DOLLARS_PER_TRANSITION


@dataclass(frozen=True)
class Cost:
    """The cost of one run of the definition without its polls, and of each poll."""

    transitions: float
    events: float
    transitions_a_poll: float
    events_a_poll: float


def costs(stories: Iterable[str]) -> str:
    """Run the stories and return a table of what each costs."""
    rows = []
    with sandbox(VirtualClock()) as aws:
        for story in stories:
            event = read_event(story)
            if is_promotion(event) or "Promotion" in event:
                continue
            aws.reset()
            aws.seed(story)
            execution = aws.run(event)
            history = execution.to_history_output()["events"]
            ending = "succeeds" if execution.status == "SUCCEEDED" else execution.error
            count = paid_transitions(history)
            rows.append((story, ending, count, f"{count * DOLLARS_PER_TRANSITION:.5f}", len(history)))
    return table(("Story", "ends", "paid transitions", "dollars", "history events"), rows)


def compared(copies: int, plot: Path) -> tuple[str, list[str]]:
    """Poll the same copies by each schedule; return a table, and a sentence for each exceeded limit."""
    cost = _cost()
    outcomes = {
        (name, duration): _outcome(wait, DURATIONS[duration], copies, cost)
        for duration in DURATIONS
        for name, wait in SCHEDULES.items()
    }
    _plot(outcomes, plot)
    heads = ("Copies of", "polls", "paid transitions", "dollars", "history events", "late, s: mean", "worst")
    rows = [
        (
            f"{duration}: {name}",
            round(one.polls),
            round(one.transitions),
            f"{one.dollars:.4f}",
            f"{round(one.events):,}" + (" (AWS stops at 25,000)" if one.events > MOST_EVENTS else ""),
            one.late,
            one.latest,
        )
        for (name, duration), one in outcomes.items()
    ]
    return table(heads, rows), list(_missed(outcomes))


def _missed(outcomes: dict[tuple[str, str], Outcome]) -> Iterator[str]:
    for duration, seconds in DURATIONS.items():
        ours = outcomes[OURS, duration]
        if ours.latest > 70 or (ours.latest > 13 and ours.latest_part > 0.06):
            yield f"The end of a copy of {duration} was seen {ours.latest:.0f} s late."
        for other in ("every 5 s", "every 30 s"):
            if seconds >= HOUR and ours.polls >= outcomes[other, duration].polls:
                yield f"A copy of {duration} takes {ours.polls:.0f} polls, as many as {other}."


def _outcome(wait: Wait, duration: int, copies: int, cost: Cost) -> Outcome:
    """Poll copies that take the duration, plus or minus a tenth; every schedule polls the same copies."""
    durations, chance = random.Random(1), random.Random(2)
    found = []
    for _ in range(copies):
        takes = duration * durations.uniform(0.9, 1.1)
        age, polls = 0.0, 0
        while age < takes:
            age += wait(age, chance)
            polls += 1
        found.append((polls, age - takes, (age - takes) / takes))
    polls_each, late, part = zip(*found, strict=True)
    polls_mean = mean(polls_each)
    return Outcome(
        polls=polls_mean,
        transitions=cost.transitions + cost.transitions_a_poll * polls_mean,
        events=cost.events + cost.events_a_poll * polls_mean,
        late=mean(late),
        latest=max(late),
        latest_part=max(part),
    )


def _cost() -> Cost:
    """Run the definition for a copy of each duration, and derive the cost of a poll, which is the same in all."""
    with sandbox(VirtualClock()) as aws:
        runs = [_run(aws, seconds) for seconds in DURATIONS.values()]
    (polls, transitions, events), (more_polls, more_transitions, more_events) = runs[0], runs[-1]
    a_poll = [(more_transitions - transitions) / (more_polls - polls), (more_events - events) / (more_polls - polls)]
    cost = Cost(transitions - a_poll[0] * polls, events - a_poll[1] * polls, *a_poll)
    for polls, transitions, events in runs:
        assert transitions == cost.transitions + cost.transitions_a_poll * polls
        assert events == cost.events + cost.events_a_poll * polls
    return cost


def _run(aws: Sandbox, seconds: int) -> tuple[int, int, int]:
    """Copy between accounts; return the number of polls, paid transitions and history events."""
    aws.reset()
    aws.seed("copy_between_accounts")
    settings.copy_seconds = seconds
    execution = aws.run(read_event("copy_between_accounts"))
    assert execution.status == "SUCCEEDED"
    history = execution.to_history_output()["events"]
    polls = sum(event["type"].value == "WaitStateEntered" for event in history)
    return polls, paid_transitions(history), len(history)


def _plot(outcomes: dict[tuple[str, str], Outcome], target: Path) -> None:
    """Draw lateness against cost: a line for each schedule, a point for each duration."""
    with pyplot.rc_context({"svg.hashsalt": "polling", "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(figsize=(8, 5))
        for name in SCHEDULES:
            points = [(outcomes[name, duration].dollars, outcomes[name, duration].late) for duration in DURATIONS]
            axes.plot(*zip(*points, strict=True), marker="o", label=name, linewidth=2.5 if name == OURS else 1)
            for duration, point in zip(DURATIONS, points, strict=True):
                axes.annotate(duration, point, textcoords="offset points", xytext=(4, 5), fontsize=8)
        axes.set(
            xscale="log", ylim=(0, 35), xlabel="dollars a copy (state transitions)", ylabel="seconds late on average"
        )
        axes.set_title("How late the end of a copy is seen, and at what cost")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.legend(loc="center right")
        axes.grid(visible=True, which="both", alpha=0.2)
        figure.savefig(target, metadata={"Date": None}, bbox_inches="tight")
