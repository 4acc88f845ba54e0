"""CopyProjectVersion refuses names that are taken, copies beyond the quotas and unsuitable versions."""

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import rekognition_backends, settings
from tests.sandbox.rekognition.helpers import (
    DESTINATION,
    INSIDE,
    REGION,
    SOURCE,
    START,
    Copy,
    Request,
    backend,
    policy,
    refused,
)


@pytest.mark.parametrize("code", ["ResourceInUseException", "InvalidParameterException"])
def test_a_taken_name_is_refused(copy: Copy, code: str) -> None:
    settings.taken_name_error = code
    copy()
    refused(code, copy)


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_concurrent_copies_have_a_quota(copy: Copy, clock: VirtualClock, code: str) -> None:
    settings.slot_error = code
    for number in range(5):
        copy(VersionName=f"v{number}")
    refused(code, copy, VersionName="v5")
    clock.sleep(3600)
    copy(VersionName="v5")


def test_a_copy_counts_toward_the_quota_of_versions(copy: Copy) -> None:
    settings.versions_quota = 0
    refused("ServiceQuotaExceededException", copy)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("TRAINING_COMPLETED", None),
        ("COPYING_COMPLETED", None),
        ("STARTING", None),
        ("RUNNING", None),
        ("STOPPING", None),
        ("STOPPED", None),
        ("TRAINING_IN_PROGRESS", "ResourceInUseException"),
        ("COPYING_IN_PROGRESS", "ResourceInUseException"),
        ("DELETING", "ResourceInUseException"),
        ("TRAINING_FAILED", "InvalidParameterException"),
        ("COPYING_FAILED", "InvalidParameterException"),
        ("FAILED", "InvalidParameterException"),
        ("DEPRECATED", "InvalidParameterException"),
        ("EXPIRED", "InvalidParameterException"),
    ],
)
def test_only_a_finished_version_is_copied(copy: Copy, version: str, status: str, code: str | None) -> None:
    backend(SOURCE).version(version, START).forced_status = status
    if code:
        assert status in refused(code, copy)
    else:
        copy()


def test_a_version_that_was_deleted_is_not_copied(source: RekognitionClient, copy: Copy, version: str) -> None:
    source.delete_project_version(ProjectVersionArn=version)
    refused("ResourceNotFoundException", copy)


@pytest.mark.parametrize("member", ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"])
def test_projects_and_version_of_a_copy_must_exist(
    source: RekognitionClient, copy: Copy, request_: Request, member: str
) -> None:
    source.put_project_policy(
        ProjectArn=request_["SourceProjectArn"], PolicyName="all", PolicyDocument=policy(f"{INSIDE}/*")
    )
    refused("ResourceNotFoundException", copy, **{member: request_[member] + "0"})


def test_an_account_without_projects_has_no_source_project(copy: Copy, project: str) -> None:
    refused("ResourceNotFoundException", copy, SourceProjectArn=project.replace(SOURCE, "444444444444"))
    assert "444444444444" not in rekognition_backends


def test_the_destination_must_belong_to_the_caller(source: RekognitionClient, request_: Request) -> None:
    refused("ResourceNotFoundException", source.copy_project_version, **request_)


@pytest.mark.parametrize("member", ["SourceProjectArn", "DestinationProjectArn"])
def test_a_copy_stays_in_its_region(copy: Copy, request_: Request, member: str) -> None:
    elsewhere = request_[member].replace(REGION, "us-east-1")
    assert "us-east-1" in refused("InvalidParameterException", copy, **{member: elsewhere})


def test_a_version_belongs_to_its_project(copy: Copy, version: str) -> None:
    another = version.replace("/cats/", "/dogs/")
    assert "is not a version of" in refused("InvalidParameterException", copy, SourceProjectVersionArn=another)


@pytest.mark.parametrize("side", [SOURCE, DESTINATION])
def test_only_custom_labels_are_copied(copy: Copy, request_: Request, side: str) -> None:
    member = "SourceProjectArn" if side == SOURCE else "DestinationProjectArn"
    backend(side).projects[request_[member]].feature = "CONTENT_MODERATION"
    assert "CONTENT_MODERATION" in refused("InvalidParameterException", copy)
