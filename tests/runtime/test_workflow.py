"""The whole definition over the functions as they are deployed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from sandbox.aws.lambda_.emulator import emulated
from sandbox.aws.patches import replaced
from sandbox.aws.rekognition.settings import settings
from sandbox.serve import SPEED
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow.ending import Ending


@pytest.fixture(autouse=True)
def _deployed_functions(aws: Sandbox, endpoint: str) -> Iterator[None]:
    """Run each function under Lambda's runtime instead of in the sandbox's process."""
    with ExitStack() as stack:
        running = {
            arn: stack.enter_context(emulated(function, endpoint)) for arn, function in aws.deployment.functions.items()
        }
        lambdas = SimpleNamespace(invoke=lambda arn, payload, role_arn: running[arn].invoke(payload))
        stack.enter_context(replaced(aws, "lambdas", lambdas))
        yield


def run(aws: Sandbox, story: str) -> Ending:
    """Run a story in real time, which the sandbox's clock speeds up."""
    execution = aws.start(read_event(story))
    deadline = time.monotonic() + 120
    while execution.status == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.05)
    return Ending.of(execution)


def test_the_definition_copies_between_accounts(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "copy_seconds", 2 * SPEED)

    ending = run(aws, "copy_between_accounts")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Withdrawal"]["Withdrawn"] is True
    request = read_event("copy_between_accounts")
    copied = backend_of(request["DestinationProjectArn"]).projects[request["DestinationProjectArn"]].versions["v3"]
    assert ending.output["ProjectVersionArn"] == copied.arn
    assert backend_of(request["SourceProjectArn"]).projects[request["SourceProjectArn"]].policies == {}


def test_the_definition_catches_a_refusal_by_its_name(aws: Sandbox) -> None:
    ending = run(aws, "name_taken")

    assert ending.error == "VersionConflictError"
    assert not ending.failed_at_task
