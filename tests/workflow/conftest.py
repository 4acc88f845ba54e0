"""The real definition, wired by the real template, over the real handlers, in the sandbox."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.clock import EPOCH, VirtualClock
from sandbox.rekognition.models import rekognition_backends
from sandbox.workflow import paid_transitions
from sandbox.world import Sandbox, read_event, sandbox

OWN_POLICY = "rekognition-model-copy-"


@dataclass(frozen=True)
class Ending:
    """How an execution ended."""

    status: str
    output: dict[str, Any]
    error: str | None
    cause: str
    history: list[dict[str, Any]]
    seconds: float

    @property
    def states(self) -> list[str]:
        """The states in the order in which they were entered."""
        entered = (event.get("stateEnteredEventDetails") for event in self.history)
        return [details["name"] for details in entered if details]

    @property
    def failed_at_task(self) -> bool:
        """Whether a task failed it, so that it can be redriven, and not a Fail state."""
        return self.status == "FAILED" and not any(event["type"].value == "FailStateEntered" for event in self.history)

    @property
    def says_that_the_grant_stayed(self) -> bool:
        """Whether withdrawing the grant failed, and the state data has the error."""
        entered = (event.get("stateEnteredEventDetails", {}) for event in self.history)
        return any("Error" in json.loads(details.get("input", "{}")).get("Withdrawal", {}) for details in entered)

    @property
    def transitions(self) -> int:
        """What AWS bills."""
        return paid_transitions(self.history)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as aws:
        yield aws


@pytest.fixture
def aws(deployed: Sandbox) -> Sandbox:
    deployed.reset()
    return deployed


@pytest.fixture
def end(aws: Sandbox) -> Callable[..., Ending]:
    """Run an input to its end, and check what must be true of every run."""

    def end(request: object, name: str = "by-hand") -> Ending:
        others = statements_of_others()
        started = aws.clock.time()
        ending = read_ending(aws.run(request, name), aws.clock.time() - started)
        assert statements_of_others() == others
        assert_copied_at_most_once()
        if not ending.failed_at_task and not ending.says_that_the_grant_stayed:
            assert isinstance(request, dict)
            assert request.get("SourceProjectVersionArn") not in own_grants()
        return ending

    return end


@pytest.fixture
def tell(aws: Sandbox, end: Callable[..., Ending]) -> Callable[[str], Ending]:
    """Run a story from the world that it starts from."""

    def tell(story: str) -> Ending:
        aws.seed(story)
        return end(read_event(story))

    return tell


def read_ending(execution: Any, seconds: float) -> Ending:
    described = execution.to_describe_output()
    return Ending(
        status=described["status"].value,
        output=json.loads(described.get("output", "{}")),
        error=described.get("error"),
        cause=described.get("cause", ""),
        history=execution.to_history_output()["events"],
        seconds=seconds,
    )


def projects() -> Iterator[Any]:
    for account in rekognition_backends.values():
        for backend in account.values():
            yield from backend.projects.values()


def copies() -> list[Any]:
    """Every copy that took effect."""
    return [
        copy for account in rekognition_backends.values() for backend in account.values() for copy in backend.copies
    ]


def own_grants() -> list[str]:
    """The versions that policies of the stack's name grant."""
    return [
        arn
        for project in projects()
        for policy in project.policies.values()
        if policy.name.startswith(OWN_POLICY)
        for statement in json.loads(policy.document)["Statement"]
        for arn in statement["Resource"]
    ]


def statements_of_others() -> dict[tuple[str, str], Any]:
    return {
        (project.arn, policy.name): json.loads(policy.document)
        for project in projects()
        for policy in project.policies.values()
        if not policy.name.startswith(OWN_POLICY)
    }


def assert_copied_at_most_once() -> None:
    counts = Counter(copy.arn.rpartition("/")[0] for copy in copies())
    assert all(count == 1 for count in counts.values()), counts


def at(hours: int = 0, minutes: int = 0) -> float:
    """Give the virtual time so long after the start."""
    return EPOCH.timestamp() + hours * 3600 + minutes * 60
