"""How long a promotion to many accounts takes, next to one copy, and what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import accounts
from benchmarks.tables import table
from sandbox import demo_promotion
from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.interpreter import DOLLARS_PER_TRANSITION
from sandbox.aws.stepfunctions.running import map_runs_of
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

MOST_EVENTS = 25_000
HIGHEST_RATIO = 2.6
HEADS = (
    "Promotion to",
    "minutes",
    "times one copy",
    "writes in vain a copy",
    "paid transitions: promotion",
    "child executions",
    "copies",
    "dollars",
    "most history events",
    "destinations without the model version",
)


@dataclass(frozen=True)
class Promotion:
    """One promotion, run on the virtual clock."""

    accounts: int
    seconds: float
    ratio: float
    writes_in_vain: float  # a copy
    transitions: tuple[int, int, int]
    most_events: int
    missed_accounts: int

    def row(self) -> tuple[object, ...]:
        dollars = f"{sum(self.transitions) * DOLLARS_PER_TRANSITION:.2f}"
        to = f"{self.accounts} accounts"
        return (
            to,
            self.seconds / 60,
            self.ratio,
            self.writes_in_vain,
            *self.transitions,
            dollars,
            self.most_events,
            self.missed_accounts,
        )

    def exceeded(self) -> Iterator[str]:
        """Yield a sentence for each limit that was exceeded."""
        if self.ratio > HIGHEST_RATIO:
            yield f"A promotion to {self.accounts} accounts takes {self.ratio:.2f} times one copy."
        if self.writes_in_vain > accounts.MOST_WRITES_IN_VAIN:
            yield f"A promotion to {self.accounts} accounts has {self.writes_in_vain:.2f} writes in vain a copy."
        if self.most_events >= MOST_EVENTS:
            yield f"An execution of a promotion to {self.accounts} accounts has {self.most_events} history events."
        if self.missed_accounts:
            yield f"A promotion to {self.accounts} accounts missed {self.missed_accounts} of them."


def measured(number: int) -> tuple[str, list[str]]:
    """Promote to so many accounts; return a table, and a sentence for each limit that was exceeded."""
    with sandbox(VirtualClock()) as aws:
        accounts.create_roles(number)
        one_copy = accounts.run(aws, accounts.Case(1, 1), None)
        promotion = run(aws, number, one_copy.seconds)
    return table(HEADS, [promotion.row()]), list(promotion.exceeded())


def run(aws: Sandbox, number: int, one_copy: float) -> Promotion:
    """Promote one version to so many accounts."""
    assert isinstance(aws.clock, VirtualClock)
    aws.reset()
    aws.seed(accounts.STORY)
    settings.copy_seconds, settings.requests_per_second = accounts.COPY_SECONDS, accounts.REQUESTS_PER_SECOND
    request, writes = read_event(accounts.STORY), accounts.Writes()
    projects = [accounts.to(accounts.account(index), request)["DestinationProjectArn"] for index in range(number)]
    del request["DestinationProjectArn"]
    request["Destinations"] = [{"DestinationProjectArn": project} for project in projects]
    begun = aws.clock.time()
    with writes.counted():
        promotion = aws.start(request, machine=aws.deployment.promotion_machine_arn)
        aws.clock.run()
    children = [child for map_run in map_runs_of(promotion) for child in map_run.children]
    seconds = aws.clock.time() - begun
    return Promotion(
        number,
        seconds,
        seconds / one_copy,
        writes.in_vain / number,
        demo_promotion.transitions(promotion, aws.executions),
        max(len(one.to_history_output()["events"]) for one in (promotion, *children, *aws.executions)),
        number - sum(copy.status == "SUCCEEDED" for copy in aws.executions),
    )
