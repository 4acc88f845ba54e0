"""A copy is polled while it is in progress; every other status ends the execution, and only five are a success."""

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.invariants import copies, own_grants
from tests.workflow.story import REQUEST, version


@pytest.mark.parametrize("lag", [5, 40])
def test_a_copy_that_is_not_visible_yet_is_polled_again(world: Sandbox, run: Run, lag: float) -> None:
    settings.visibility_lag_seconds = lag

    assert run(REQUEST).status == "SUCCEEDED"
    assert len(copies()) == 1


def test_a_copy_that_never_becomes_visible_is_refused(world: Sandbox, run: Run) -> None:
    settings.visibility_lag_seconds = 1e9

    ending = run(REQUEST)

    assert ending.error == "VersionGoneError"
    assert ending.states.count("Describe project version") == 11
    assert own_grants() == set()


@pytest.mark.parametrize("status", ["FAILED", "DELETING", "DEPRECATED", "EXPIRED", "TRAINING_COMPLETED", "A_NEW_ONE"])
def test_an_unexpected_status_fails_and_is_named(world: Sandbox, run: Run, status: str) -> None:
    world.clock.after(30, lambda: setattr(version(), "forced_status", status))

    ending = run(REQUEST)

    assert ending.error == "UnexpectedStatusError"
    assert f"has the unexpected status {status}" in ending.cause
    assert own_grants() == set()


@pytest.mark.parametrize("status", ["COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"])
def test_each_status_of_a_complete_copy_succeeds(world: Sandbox, run: Run, status: str) -> None:
    world.clock.after(30, lambda: setattr(version(), "forced_status", status))

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Status"] == status
