"""The source version is found by its whole ARN."""

from dataclasses import replace

import pytest

from model_copy import copying
from model_copy.errors import SourceVersionNotFoundError
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.world import SOURCE, Wire, World


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
