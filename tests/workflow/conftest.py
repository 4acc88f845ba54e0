"""The real definition, wired by the real template, over the real handlers, in the sandbox."""

import gc
from collections.abc import Callable, Iterator

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.deployment import STACK_ACCOUNT, STACK_NAME, client, create_account_role
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.accounts import MORE_ACCOUNTS
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness


@pytest.fixture(scope="module")
def deployed() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as aws:
        gc.freeze()  # what was made so far stays, and is not to be looked through again and again
        yield aws


@pytest.fixture(scope="module")
def more_accounts(deployed: Sandbox) -> None:
    """Let more accounts have the role that copies."""
    (stack,) = client("cloudformation", STACK_ACCOUNT).describe_stacks(StackName=STACK_NAME)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    for account in MORE_ACCOUNTS:
        create_account_role("destination", account, TrustedRoleArns=outputs["DestinationRolePrincipals"])


@pytest.fixture
def aws(deployed: Sandbox) -> Sandbox:
    deployed.reset()
    return deployed


@pytest.fixture
def witness(aws: Sandbox, witnessed: dict[str, int]) -> Iterator[Witness]:
    """Whoever watches the calls of a test, and checks the world when it is over."""
    witness = Witness(aws)
    with witness.watching():
        yield witness
    witness.check_world()
    witnessed["runs"] += len(aws.executions)
    witnessed["checks"] += witness.checks


@pytest.fixture
def end(aws: Sandbox, witness: Witness) -> Callable[..., Ending]:
    """Run an input to its end, and check what must be true of every run."""

    def end(request: object, name: str | None = None) -> Ending:
        calls_before = len(witness.calls)
        ending = Ending.of(aws.run(request, name))
        witness.check_world()
        read = ending.request or request
        witness.check_ending(ending, read, calls_before)
        witness.check_grants([(ending, read)])
        return ending

    return end


@pytest.fixture
def tell(aws: Sandbox, end: Callable[..., Ending]) -> Callable[[str], Ending]:
    """Run a story from the world that it starts from."""

    def tell(story: str) -> Ending:
        aws.seed(story)
        return end(read_event(story))

    return tell
