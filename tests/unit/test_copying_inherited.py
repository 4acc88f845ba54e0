"""A copy may report the output location and key of its source; then it is still the requested copy."""

from collections.abc import Callable

import pytest

from model_copy import checks, copying
from model_copy.copying import DESCRIBE, SourceClient
from model_copy.errors import FailedBeforeError, TransientError, VersionConflictError
from model_copy.request import CopyRequest
from tests.unit.world import OTHER_VERSION, SOURCE, CopyOnce, Json, Wire, World

Adopt = Callable[[], None]
KEY = "a-key-of-the-source"


@pytest.fixture
def reader(source_client: SourceClient) -> Wire:
    """The wire on which the source is read for what its copy may report."""
    return Wire(source_client(DESCRIBE))


@pytest.fixture
def as_source(world: World) -> Json:
    """The output location and key of the source, for a copy."""
    world.source_version.kms_key_id = KEY
    return {"output_config": {"S3Bucket": "training", "S3KeyPrefix": "output"}, "kms_key_id": KEY}


@pytest.fixture
def adopt(destination: Wire, copy_request: CopyRequest, source_client: SourceClient) -> Adopt:
    """Adopts the version with the requested name."""

    def adopt() -> None:
        existing = copying.find_existing_version(destination.client, copy_request)
        assert existing is not None
        copying.check_is_this_copy(existing, copy_request, source_client)

    return adopt


def test_a_copy_with_the_requested_output_is_adopted_without_reading_the_source(
    world: World, reader: Wire, adopt: Adopt
) -> None:
    world.add_version()

    adopt()

    assert reader.calls == []


def test_a_copy_with_the_output_of_its_source_is_adopted(
    source: Wire,
    destination: Wire,
    world: World,
    copy_request: CopyRequest,
    reader: Wire,
    as_source: Json,
    copy_once: CopyOnce,
    adopt: Adopt,
) -> None:
    version = world.add_version("COPYING_IN_PROGRESS", **as_source)

    adopt()
    assert reader.calls == ["DescribeProjectVersions"]

    found, _ = checks.check_both(source.client, destination.client, copy_request, 0)
    assert found is not None
    assert found.arn == copy_once().arn == version.arn
    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_copy_with_the_output_of_its_source_is_not_copied_twice(
    destination: Wire, world: World, as_source: Json, copy_once: CopyOnce
) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.add_version("COPYING_IN_PROGRESS", **as_source))

    assert copy_once().adopted


def test_a_failed_copy_with_the_output_of_its_source_failed_before(world: World, as_source: Json, adopt: Adopt) -> None:
    world.add_version("COPYING_FAILED", **as_source)

    with pytest.raises(FailedBeforeError):
        adopt()


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"output_config": {"S3Bucket": "a-third", "S3KeyPrefix": "copies"}}, "with its output at s3://a-third/copies"),
        ({"kms_key_id": "a-third-key"}, "with the KMS key a-third-key, not a key that AWS owns"),
    ],
)
def test_a_copy_with_the_output_of_neither_the_request_nor_the_source_is_a_conflict(
    world: World,
    reader: Wire,
    as_source: Json,
    changed: Json,
    difference: str,
    adopt: Adopt,
) -> None:
    world.add_version(**{**as_source, **changed})

    with pytest.raises(VersionConflictError, match=difference):
        adopt()

    assert reader.calls == ["DescribeProjectVersions"]


@pytest.mark.parametrize("gone", ["version", "project"])
def test_a_conflict_stays_one_if_the_source_is_gone(world: World, as_source: Json, gone: str, adopt: Adopt) -> None:
    world.add_version(**as_source)
    if gone == "version":
        world.source.versions.clear()
    else:
        world.backend(SOURCE).projects.clear()

    with pytest.raises(VersionConflictError, match="with its output at s3://training/output, not at"):
        adopt()


def test_a_conflict_is_reported_only_after_the_source_was_read(
    world: World, reader: Wire, as_source: Json, adopt: Adopt
) -> None:
    world.add_version(**as_source)
    reader.return_error("DescribeProjectVersions", "ThrottlingException")

    with pytest.raises(TransientError, match="ThrottlingException"):
        adopt()


@pytest.mark.parametrize("source_arn", [OTHER_VERSION, None])
def test_a_copy_of_another_source_is_a_conflict_without_reading_the_source(
    world: World,
    reader: Wire,
    as_source: Json,
    source_arn: str | None,
    adopt: Adopt,
) -> None:
    world.add_version(source_arn=source_arn, **as_source)

    with pytest.raises(VersionConflictError):
        adopt()

    assert reader.calls == []
