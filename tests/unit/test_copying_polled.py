"""A copy is polled to its end, and a version that is not this copy is a conflict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from model_copy import checks, copying
from model_copy.errors import (
    CopyDeadlineError,
    DestinationProjectNotFoundError,
    VersionConflictError,
    VersionGoneError,
)
from model_copy.progress import Progress
from model_copy.request import CopyRequest
from tests.unit.world import DESTINATION, OTHER_VERSION, CopyOnce, Json, Wire, World


@pytest.mark.parametrize("call", ["copy_once", "poll", "check_both"])
def test_a_missing_destination_project_is_named(
    source: Wire, destination: Wire, world: World, copy_request: CopyRequest, call: str, copy_once: CopyOnce
) -> None:
    world.backend(DESTINATION).projects.clear()
    before = Progress("", "COPYING_IN_PROGRESS", "", world.now, adopted=True)
    calls: dict[str, Callable[[], object]] = {
        "copy_once": copy_once,
        "poll": lambda: copying.poll(destination.client, copy_request, before),
        "check_both": lambda: checks.check_both(source.client, destination.client, copy_request, 0),
    }

    with pytest.raises(DestinationProjectNotFoundError, match="Create the project in account 222222222222 or"):
        calls[call]()


def test_a_poll_returns_the_status_and_keeps_when_the_copy_was_first_seen(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(600)
    world.copy.forced_status = "COPYING_FAILED"
    world.copy.forced_message = "No bucket."

    after = copying.poll(destination.client, copy_request, progress)

    assert after == replace(progress, status="COPYING_FAILED", message="No bucket")


def test_a_copy_may_be_missing_ten_times_in_a_row(destination: Wire, world: World, copy_request: CopyRequest) -> None:
    polled = Progress("the-copy", "COPYING_IN_PROGRESS", "", world.now, adopted=False)

    for times in range(1, 11):
        polled = copying.poll(destination.client, copy_request, polled)
        assert (polled.status, polled.times_missing) == ("COPYING_IN_PROGRESS", times)
    with pytest.raises(VersionGoneError, match="The copy the-copy was not found 11 times in a row"):
        copying.poll(destination.client, copy_request, polled)


def test_a_copy_that_is_found_again_is_not_missing(
    destination: Wire, copy_request: CopyRequest, progress: Progress
) -> None:
    assert copying.poll(destination.client, copy_request, replace(progress, times_missing=10)) == progress


def test_a_copy_that_another_model_replaces_is_a_conflict(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    world.add_version("TRAINING_COMPLETED", source_arn=None)

    with pytest.raises(VersionConflictError, match="which is not a copy"):
        copying.poll(destination.client, copy_request, progress)


def test_a_copy_that_a_copy_of_another_version_replaces_is_a_conflict(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    world.add_version(source_arn=OTHER_VERSION)

    with pytest.raises(VersionConflictError, match=f"copied from {OTHER_VERSION}"):
        copying.poll(destination.client, copy_request, progress)


@pytest.mark.parametrize("changed", [{}, {"output_config": {"S3Bucket": "old-models"}, "kms_key_id": "a-key"}], ids=str)
@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_FAILED", "DELETING"])
def test_a_copy_that_another_copy_of_the_same_version_replaces_is_polled(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress, status: str, changed: Json
) -> None:
    world.clock.sleep(60)
    version = world.add_version(status, **changed)

    polled = copying.poll(destination.client, copy_request, progress)

    assert version.arn != progress.arn
    assert (polled.arn, polled.status) == (version.arn, status)


@pytest.mark.parametrize(("hours", "name"), [("24", "24 hours"), ("0.5", "0.5 hours")])
def test_a_copy_still_in_progress_after_the_deadline_is_refused(
    destination: Wire,
    world: World,
    copy_request: CopyRequest,
    progress: Progress,
    monkeypatch: pytest.MonkeyPatch,
    hours: str,
    name: str,
) -> None:
    monkeypatch.setenv("DEADLINE_HOURS", hours)
    world.clock.sleep(float(hours) * 3_600)
    assert copying.poll(destination.client, copy_request, progress) == progress

    world.clock.sleep(1)
    with pytest.raises(CopyDeadlineError, match=f"still in progress {name} after it was first seen"):
        copying.poll(destination.client, copy_request, progress)


@pytest.mark.parametrize("status", ["COPYING_COMPLETED", "RUNNING", "COPYING_FAILED", "DELETING"])
def test_the_deadline_does_not_apply_to_a_copy_that_ended(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress, status: str
) -> None:
    world.clock.sleep(timedelta(hours=25).total_seconds())
    world.copy.forced_status = status

    assert copying.poll(destination.client, copy_request, progress).status == status
