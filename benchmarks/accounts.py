"""How long copies of one version to many accounts at once take, next to one copy alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.tables import table
from sandbox.aws.clock import VirtualClock
from sandbox.aws.patches import replaced
from sandbox.aws.rekognition.exceptions import CustomLabelsError
from sandbox.aws.rekognition.models import RekognitionBackend
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import DESTINATION_ACCOUNT, STACK_ACCOUNT, STACK_NAME, client, create_account_role
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox, sandbox

STORY = "copy_between_accounts"
COPY_SECONDS = 20 * 60
REQUESTS_PER_SECOND = 5  # AWS's default, for each operation and account
MOST_WRITES_IN_VAIN = 3
HEADS = (
    "Copies to",
    "minutes",
    "times one copy",
    "mark",
    "writes in vain a copy",
    "policies at most",
    "failed executions",
)


@dataclass(frozen=True)
class Case:
    """So many accounts at once, beside so many policies of others, within so many times the time of one copy."""

    accounts: int
    highest_ratio: float
    others: int = 0

    def __str__(self) -> str:
        accounts = "1 account" if self.accounts == 1 else f"{self.accounts} accounts"
        return f"{accounts}, beside {self.others} policies of others" if self.others else accounts


CASES = (Case(1, 1), Case(12, 1.2), Case(40, 1.3), Case(100, 1.6), Case(12, 1.25, others=3), Case(200, 2.6))


@dataclass
class Writes:
    """What became of the writes to the policies of the source project."""

    in_vain: int = 0
    most_policies: int = 0  # of the stack, at one time

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the calls that write a policy for a while; a throttled call reaches no policy and does not count."""
        put, delete = RekognitionBackend.put_project_policy, RekognitionBackend.delete_project_policy
        with (
            replaced(RekognitionBackend, "put_project_policy", self._counting(put)),
            replaced(RekognitionBackend, "delete_project_policy", self._counting(delete)),
        ):
            yield

    def _counting(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counting(backend: RekognitionBackend, project_arn: str, **parameters: Any) -> Any:
            try:
                answer = write(backend, project_arn, **parameters)
            except CustomLabelsError:
                self.in_vain += 1
                raise
            own = [name for name in backend.projects[project_arn].policies if name.startswith(f"{STACK_NAME}-")]
            self.most_policies = max(self.most_policies, len(own))
            return answer

        return counting


@dataclass(frozen=True)
class Run:
    """One case, run on the virtual clock."""

    case: Case
    seconds: float
    ratio: float
    writes_in_vain: float  # a copy
    most_policies: int
    failed: int

    def missed(self) -> Iterator[str]:
        """Yield a sentence for each mark that the run missed."""
        if self.ratio > self.case.highest_ratio:
            yield f"Copies to {self.case} take {self.ratio:.2f} times one copy."
        if self.writes_in_vain > MOST_WRITES_IN_VAIN:
            yield f"Copies to {self.case} write policies {self.writes_in_vain:.2f} times a copy in vain."
        if self.failed:
            yield f"Of the copies to {self.case}, {self.failed} failed."


def compared(cases: Sequence[Case]) -> tuple[str, list[str]]:
    """Run the cases, the first of which is one copy; return a table, and a sentence for each missed mark."""
    runs: list[Run] = []
    with sandbox(VirtualClock()) as aws:
        create_roles(max(case.accounts for case in cases))
        for case in cases:
            runs.append(run(aws, case, runs[0].seconds if runs else None))
    rows = [
        (
            one.case,
            one.seconds / 60,
            one.ratio,
            float(one.case.highest_ratio),
            one.writes_in_vain,
            one.most_policies,
            one.failed,
        )
        for one in runs
    ]
    return table(HEADS, rows), [sentence for one in runs for sentence in one.missed()]


def account(number: int) -> str:
    """Return the number of a destination account."""
    return f"{400_000_000_000 + number:012d}"


def create_roles(accounts: int) -> None:
    """Create the destination role in each account."""
    stacks = client("cloudformation", STACK_ACCOUNT).describe_stacks(StackName=STACK_NAME)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks[0]["Outputs"]}
    for number in range(accounts):
        create_account_role("destination", account(number), TrustedRoleArns=outputs["DestinationRolePrincipals"])


def run(aws: Sandbox, case: Case, one_copy: float | None) -> Run:
    """Start all copies of a case at once, and run them to their end."""
    assert isinstance(aws.clock, VirtualClock)
    aws.reset()
    aws.seed(STORY)
    settings.copy_seconds, settings.requests_per_second = COPY_SECONDS, REQUESTS_PER_SECOND
    request, writes = read_event(STORY), Writes()
    for _ in range(case.others):
        aws.others(request).put_policy()
    begun = aws.clock.time()
    with writes.counted():
        executions = [aws.start(to(account(number), request)) for number in range(case.accounts)]
        aws.clock.run()
    seconds = aws.clock.time() - begun
    return Run(
        case,
        seconds,
        seconds / (one_copy or seconds),
        writes.in_vain / case.accounts,
        writes.most_policies,
        sum(one.status != "SUCCEEDED" for one in executions),
    )


def to(destination: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request for a new project in the account."""
    backend = backend_of(request["DestinationProjectArn"].replace(DESTINATION_ACCOUNT, destination))
    return {**request, "DestinationProjectArn": backend.create_project("labels").arn}
