"""The real definition, template and handlers in the sandbox."""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_ACCOUNT
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow import announcement
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness
from tests.workflow.story import STORY

# Deploys a sandbox of the test's own, with the stack in the given account.
Deploy = Callable[..., AbstractContextManager[Sandbox]]
RunStory = Callable[[str], Ending]


class Run(Protocol):
    """Runs an input to its end, under the given name or a new one."""

    def __call__(self, request: object, name: str | None = None) -> Ending: ...


class SharedSandbox:
    """The sandbox that the tests of this folder share, deployed when a test first needs it."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._aws: Sandbox | None = None

    def deployed(self) -> Sandbox:
        """Return the sandbox."""
        if self._aws is None:
            self._aws = self._open.enter_context(sandbox(VirtualClock()))
            gc.freeze()  # excludes the sandbox from garbage collection
        return self._aws

    def close(self) -> None:
        """Close the sandbox, since a process can have only one."""
        self._open.close()
        self._aws = None


@pytest.fixture(scope="package")
def _shared() -> Iterator[SharedSandbox]:
    shared = SharedSandbox()
    yield shared
    shared.close()


@pytest.fixture
def aws(_shared: SharedSandbox) -> Sandbox:
    """The shared sandbox, as it was right after deployment."""
    aws = _shared.deployed()
    aws.reset()
    return aws


@pytest.fixture
def world(aws: Sandbox) -> Sandbox:
    """The world of a copy between accounts, which takes a minute."""
    aws.seed(STORY)
    settings.copy_seconds = 60
    return aws


@pytest.fixture
def deploy(_shared: SharedSandbox) -> Deploy:
    """Deploy a sandbox that the test may change permanently."""
    _shared.close()

    def deploy(stack_account: str = STACK_ACCOUNT) -> AbstractContextManager[Sandbox]:
        return sandbox(VirtualClock(), stack_account)

    return deploy


@pytest.fixture
def witness(aws: Sandbox, run_counts: dict[str, int]) -> Iterator[Witness]:
    """Record the calls of a test, and check the contents of AWS at its end."""
    witness = Witness(aws)
    with witness.watching():
        yield witness
    witness.check_world()
    run_counts["runs"] += len(aws.executions)
    run_counts["checks"] += witness.checks


@pytest.fixture
def run(aws: Sandbox, witness: Witness) -> Run:
    """Run an input to its end, and check the rules that every run must keep."""

    def run(request: object, name: str | None = None) -> Ending:
        calls_before = len(witness.calls)
        ending = Ending.of(aws.run(request, name))
        witness.check_world()
        copied = ending.request or request
        witness.check_ending(ending, copied, calls_before)
        witness.check_grants([(ending, copied)])
        return ending

    return run


@pytest.fixture
def run_story(aws: Sandbox, run: Run) -> RunStory:
    """Run a story in its world, and check that its end is announced."""

    def run_story(story: str) -> Ending:
        aws.seed(story)
        aws.announces = True
        ending = run(read_event(story))
        announcement.check(aws, ending, read_event(story))
        return ending

    return run_story
