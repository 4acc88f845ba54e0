"""Before anything is changed, source and destination are checked, and all refusals are reported together."""

import json
from collections.abc import Callable

import pytest

from model_copy import checks
from model_copy.errors import (
    FailedBeforeError,
    QualityGateError,
    SourceNotCopyableError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion
from tests.unit.world import DESTINATION, REQUEST, SOURCE, Wire, World

CheckBoth = Callable[..., ModelVersion | None]
Change = Callable[[World], object]


@pytest.fixture
def check_both(source: Wire, destination: Wire, copy_request: CopyRequest) -> CheckBoth:
    """Checks source and destination, by default without a quality gate, and returns the existing copy."""

    def check_both(minimum: float = 0) -> ModelVersion | None:
        existing, _ = checks.check_both(source.client, destination.client, copy_request, minimum)
        return existing

    return check_both


def no_version(world: World) -> None:
    world.source.versions.clear()


def in_training(world: World) -> None:
    world.source_version.forced_status = "TRAINING_IN_PROGRESS"


def too_bad(world: World) -> None:
    world.source_version.f1_score = 0.71


def without_score(world: World) -> None:
    world.source_version.f1_score = None


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
def test_an_existing_copy_needs_no_source(
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


@pytest.mark.parametrize("minimum", [0, 0.8])
def test_the_source_that_was_described_is_returned_with_its_score(
    source: Wire, destination: Wire, copy_request: CopyRequest, minimum: float
) -> None:
    existing, found = checks.check_both(source.client, destination.client, copy_request, minimum)

    assert existing is None
    assert found is not None
    assert (found.arn, found.f1_score) == (copy_request.source_version.text, 0.9)


@pytest.mark.parametrize(("change", "score"), [(too_bad, "the F1 score 0.71"), (without_score, "no F1 score")])
def test_a_source_that_is_too_bad_is_refused_only_with_a_quality_gate(
    world: World, change: Change, score: str, check_both: CheckBoth
) -> None:
    change(world)

    assert check_both(0) is None
    with pytest.raises(QualityGateError, match=f"{REQUEST['SourceProjectVersionArn']} reports {score}, and .* 0.8 "):
        check_both(0.8)


@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_COMPLETED", "RUNNING"])
def test_a_source_that_is_too_bad_is_refused_even_if_its_copy_exists(
    world: World, status: str, check_both: CheckBoth
) -> None:
    too_bad(world)
    world.add_version(status)

    with pytest.raises(QualityGateError):
        check_both(0.8)


def test_an_existing_copy_of_a_source_that_is_good_enough_is_adopted_with_its_score(
    source: Wire, destination: Wire, world: World, copy_request: CopyRequest
) -> None:
    version = world.add_version(f1_score=0.1)

    existing, found = checks.check_both(source.client, destination.client, copy_request, 0.8)

    assert existing is not None
    assert found is not None
    assert (existing.arn, found.f1_score) == (version.arn, 0.9)


@pytest.mark.parametrize("gone", [no_version, lambda world: world.backend(SOURCE).projects.clear()])
def test_an_existing_copy_of_a_source_that_is_gone_is_adopted_with_a_quality_gate_too(
    world: World, gone: Change, check_both: CheckBoth
) -> None:
    version = world.add_version()
    gone(world)

    found = check_both(0.8)

    assert found is not None
    assert found.arn == version.arn


def test_a_source_in_training_has_no_score_yet_and_is_refused_for_its_status(
    world: World, check_both: CheckBoth
) -> None:
    in_training(world)

    with pytest.raises(SourceNotCopyableError):
        check_both(0.8)


@pytest.mark.parametrize(("change_destination", "second"), DESTINATION_REFUSALS)
def test_a_source_that_is_too_bad_is_reported_with_the_refusal_of_the_destination(
    world: World, change_destination: Change, second: str, check_both: CheckBoth
) -> None:
    too_bad(world)
    change_destination(world)

    with pytest.raises(QualityGateError) as caught:
        check_both(0.8)

    assert 0 <= str(caught.value).find("the F1 score 0.71") < str(caught.value).find(second)
