"""Before anything is changed, source and destination are checked, and all refusals are reported together."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from model_copy import copying
from model_copy.errors import (
    FailedBeforeError,
    SourceNotCopyableError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion
from sandbox.aws.rekognition import settings
from tests.unit.world import DESTINATION, SOURCE, Wire, World

CheckBoth = Callable[[], ModelVersion | None]
Change = Callable[[World], object]


@pytest.fixture
def check_both(source: Wire, destination: Wire, copy_request: CopyRequest) -> CheckBoth:
    """Checks source and destination."""
    return partial(copying.check_both, source.client, destination.client, copy_request)


def no_version(world: World) -> None:
    world.source.versions.clear()


def in_training(world: World) -> None:
    world.source_version.forced_status = "TRAINING_IN_PROGRESS"


def no_destination(world: World) -> None:
    world.backend(DESTINATION).projects.clear()


SOURCE_REFUSALS: list[tuple[Change, type[Exception], str]] = [
    (no_version, SourceVersionNotFoundError, "There is no model version"),
    (in_training, SourceNotCopyableError, "its status is TRAINING_IN_PROGRESS"),
]
DESTINATION_REFUSALS: list[tuple[Change, str]] = [
    (no_destination, "There is no project arn:aws:rekognition:eu-central-1:222222222222"),
    (lambda world: world.add_version("COPYING_FAILED"), "An earlier copy of this model version"),
    (lambda world: world.add_version(source_arn=None), "already has a version named v1"),
]


def test_a_version_that_can_be_copied_passes_both_checks(
    source: Wire, destination: Wire, check_both: CheckBoth
) -> None:
    assert check_both() is None

    assert (source.calls, destination.calls) == (["DescribeProjectVersions"], ["DescribeProjectVersions"])


@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_COMPLETED", "RUNNING"])
@pytest.mark.parametrize("gone", ["nothing", "version", "project"])
def test_an_existing_copy_needs_change_source(
    source: Wire, world: World, status: str, gone: str, check_both: CheckBoth
) -> None:
    version = world.add_version(status)
    if gone == "version":
        world.source.versions.clear()
    elif gone == "project":
        world.backend(SOURCE).projects.clear()

    found = check_both()

    assert found is not None
    assert (found.arn, found.status) == (version.arn, status)
    assert source.calls == []


def test_a_name_that_is_being_deleted_is_transient_whatever_the_source(
    source: Wire, world: World, check_both: CheckBoth
) -> None:
    world.source.versions.clear()
    world.add_version("DELETING")

    with pytest.raises(TransientError, match="Using the name v1 failed"):
        check_both()

    assert source.calls == []


@pytest.mark.parametrize(("change_source", "error", "first"), SOURCE_REFUSALS)
@pytest.mark.parametrize(("change_destination", "second"), DESTINATION_REFUSALS)
def test_the_refusals_of_both_checks_are_reported_together_and_that_of_the_source_first(
    world: World,
    change_source: Change,
    error: type[Exception],
    first: str,
    change_destination: Change,
    second: str,
    check_both: CheckBoth,
) -> None:
    change_source(world)
    change_destination(world)

    with pytest.raises(error) as caught:
        check_both()

    assert 0 <= str(caught.value).find(first) < str(caught.value).find(second)


def test_two_long_refusals_are_shortened_and_still_end_in_what_to_do(world: World, check_both: CheckBoth) -> None:
    in_training(world)
    world.add_version("COPYING_FAILED", forced_status="COPYING_FAILED", forced_message="x" * 7_200)  # one fits

    with pytest.raises(SourceNotCopyableError) as caught:
        check_both()

    assert 6_500 < len(json.dumps(str(caught.value))) <= 7_600
    assert str(caught.value).endswith("or choose another VersionName, then start the request again.")


@pytest.mark.parametrize(("change_source", "error", "words"), SOURCE_REFUSALS)
def test_a_source_that_cannot_be_copied_is_refused_at_once(
    world: World, change_source: Change, error: type[Exception], words: str, check_both: CheckBoth
) -> None:
    change_source(world)

    with pytest.raises(error, match=words):
        check_both()


def test_an_earlier_failed_copy_is_refused_at_once(world: World, check_both: CheckBoth) -> None:
    world.add_version("COPYING_FAILED")

    with pytest.raises(FailedBeforeError, match="AWS gives no reason"):
        check_both()


def test_a_source_version_that_exists_is_found(source: Wire, copy_request: CopyRequest) -> None:
    found = copying.find_source(source.client, copy_request)

    assert (found.arn, found.status) == (copy_request.source_version.text, "TRAINING_COMPLETED")
    assert (found.bucket, found.prefix) == ("training", "output")


@pytest.mark.parametrize("unknown_version_error", [None, "ResourceNotFoundException"])
def test_a_missing_source_version_is_named(
    source: Wire, world: World, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error
    world.source.versions.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"no model version {copy_request.source_version}. Correct"):
        copying.find_source(source.client, copy_request)


def test_a_source_version_with_another_number_is_named(source: Wire, copy_request: CopyRequest) -> None:
    text = copy_request.source_version.text.replace("1700000000001", "1700000000099")
    other = replace(copy_request.source_version, text=text)

    with pytest.raises(SourceVersionNotFoundError, match=r"the version named v1 is arn:\S+/1700000000001\. Correct"):
        copying.find_source(source.client, replace(copy_request, source_version=other))


def test_a_missing_source_project_is_named(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.backend(SOURCE).projects.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"because there is no project {copy_request.source_project}"):
        copying.find_source(source.client, copy_request)
