"""A copy may report its source only when it is complete; until then it may be this copy."""

import pytest

from model_copy import checks, copying
from model_copy.errors import (
    VersionConflictError,
)
from model_copy.progress import Progress
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.world import OTHER_VERSION, CopyOnce, Wire, World


@pytest.fixture
def source_when_complete(world: World) -> None:
    """An AWS whose copies report their source only when they are complete."""
    settings.copy_reports_source = "when_complete"


@pytest.mark.usefixtures("source_when_complete")
def test_a_running_copy_without_a_source_is_adopted_and_polled_until_it_reports_one(
    source: Wire, destination: Wire, world: World, copy_request: CopyRequest, copy_once: CopyOnce
) -> None:
    version = world.add_version("COPYING_IN_PROGRESS")

    found, _ = checks.check_both(source.client, destination.client, copy_request, 0)
    polled = copy_once()
    assert found is not None
    assert found.arn == polled.arn == version.arn
    assert copying.poll(destination.client, copy_request, polled) == polled

    version.forced_status = "COPYING_COMPLETED"
    assert copying.poll(destination.client, copy_request, polled).status == "COPYING_COMPLETED"


@pytest.mark.usefixtures("grant", "source_when_complete")
def test_a_copy_without_a_source_is_adopted_after_a_lost_response(
    destination: Wire, world: World, copy_once: CopyOnce
) -> None:
    destination.lose_responses("CopyProjectVersion", times=3)

    polled = copy_once()

    assert (polled.adopted, polled.status) == (True, "COPYING_IN_PROGRESS")
    assert world.copies == 1


@pytest.mark.usefixtures("source_when_complete")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("COPYING_COMPLETED", f"copied from {OTHER_VERSION}"),
        ("RUNNING", f"copied from {OTHER_VERSION}"),
    ],
)
def test_a_polled_copy_of_another_version_is_a_conflict_once_it_reports_its_source(
    destination: Wire, world: World, copy_request: CopyRequest, status: str, words: str, copy_once: CopyOnce
) -> None:
    version = world.add_version("COPYING_IN_PROGRESS", source_arn=OTHER_VERSION)
    polled = copy_once()
    polled = copying.poll(destination.client, copy_request, polled)

    version.forced_status, version.forced_message = status, "No bucket."
    with pytest.raises(VersionConflictError, match=f"{version.arn}, with status {status}, {words}"):
        copying.poll(destination.client, copy_request, polled)


@pytest.mark.usefixtures("source_when_complete")
@pytest.mark.parametrize("source_arn", [None, OTHER_VERSION])
def test_an_adopted_copy_that_fails_without_a_source_may_be_somebody_else_s(
    destination: Wire, world: World, copy_request: CopyRequest, source_arn: str | None, copy_once: CopyOnce
) -> None:
    version = world.add_version("COPYING_IN_PROGRESS", **({"source_arn": source_arn} if source_arn else {}))
    polled = copy_once()

    version.forced_status, version.forced_message = "COPYING_FAILED", "No bucket."
    polled = copying.poll(destination.client, copy_request, polled)

    assert polled.status == "COPYING_FAILED"
    assert polled.message == "No bucket (the failed version reports no source, so it may be somebody else's copy)"


@pytest.mark.usefixtures("source_when_complete")
def test_a_copy_that_an_unknown_copy_replaces_is_a_conflict_once_that_reports_another_source(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    version = world.add_version("COPYING_IN_PROGRESS", source_arn=OTHER_VERSION)

    polled = copying.poll(destination.client, copy_request, progress)
    assert polled.adopted

    version.forced_status = "COPYING_COMPLETED"
    with pytest.raises(VersionConflictError, match=f"copied from {OTHER_VERSION}"):
        copying.poll(destination.client, copy_request, polled)


@pytest.mark.usefixtures("source_when_complete")
def test_a_copy_that_this_execution_started_needs_to_report_no_source(
    destination: Wire, world: World, copy_request: CopyRequest, progress: Progress
) -> None:
    version = world.copy
    version.forced_status, version.forced_message = "COPYING_FAILED", "No bucket."

    polled = copying.poll(destination.client, copy_request, progress)

    assert (polled.status, polled.message) == ("COPYING_FAILED", "No bucket")
