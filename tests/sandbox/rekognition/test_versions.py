"""Versions: training, descriptions, names and quota."""

import re
from datetime import UTC

import pytest
from mypy_boto3_rekognition import RekognitionClient
from mypy_boto3_rekognition.type_defs import TrainingDataTypeDef

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import BUCKET, REGION, SOURCE, START, refused


def test_a_setting_decides_how_long_a_version_trains(
    source: RekognitionClient, project: str, clock: VirtualClock
) -> None:
    settings.training_seconds = 60
    source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
    statuses = []
    for _ in range(3):
        statuses += [
            one["Status"] for one in source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        ]
        clock.sleep(30)
    assert statuses == ["TRAINING_IN_PROGRESS", "TRAINING_IN_PROGRESS", "TRAINING_COMPLETED"]


def test_a_version_is_described_with_its_settings(source: RekognitionClient, project: str) -> None:
    data: TrainingDataTypeDef = {
        "Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": "bucket", "Name": "manifest"}}}]
    }
    arn = source.create_project_version(
        ProjectArn=project,
        VersionName="v1",
        OutputConfig=BUCKET,
        KmsKeyId="alias/key",
        Tags={"stage": "test"},
        VersionDescription="The first one",
        FeatureConfig={"ContentModeration": {"ConfidenceThreshold": 50.0}},
        TrainingData=data,
        TestingData={"AutoCreate": True},
    )["ProjectVersionArn"]
    assert re.fullmatch(rf"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v1/\d+", arn)
    (found,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert found == {
        "ProjectVersionArn": arn,
        "CreationTimestamp": START.replace(tzinfo=UTC),
        "Status": "TRAINING_COMPLETED",
        "StatusMessage": "The model is ready to run.",
        "OutputConfig": BUCKET,
        "KmsKeyId": "alias/key",
        "Feature": "CUSTOM_LABELS",
        "EvaluationResult": {
            "F1Score": 0.9,
            "Summary": {"S3Object": {"Bucket": "models", "Name": "copies/EvaluationResultSummary-cats-v1.json"}},
        },
        "VersionDescription": "The first one",
        "FeatureConfig": {"ContentModeration": {"ConfidenceThreshold": 50.0}},
        "TrainingDataResult": {"Input": data},
        "TestingDataResult": {"Input": {"AutoCreate": True}},
    }
    assert source.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}


def test_a_version_name_is_unique_within_its_project(source: RekognitionClient, project: str, version: str) -> None:
    make = source.create_project_version
    refused("ResourceInUseException", make, ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)


def test_a_version_needs_a_project(source: RekognitionClient, project: str) -> None:
    make = source.create_project_version
    refused("ResourceNotFoundException", make, ProjectArn=project + "0", VersionName="v1", OutputConfig=BUCKET)
    refused("ResourceNotFoundException", source.describe_project_versions, ProjectArn=project + "0")


@pytest.mark.parametrize("code", ["ServiceQuotaExceededException", "LimitExceededException"])
def test_versions_have_a_quota(source: RekognitionClient, project: str, version: str, code: str) -> None:
    settings.versions_quota, settings.versions_quota_error = 1, code
    make = source.create_project_version
    refused(code, make, ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)


def test_versions_are_listed_newest_first(
    source: RekognitionClient, project: str, version: str, clock: VirtualClock
) -> None:
    clock.sleep(1)
    newer = source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    found = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert [one["ProjectVersionArn"] for one in found] == [newer["ProjectVersionArn"], version]


def test_versions_are_filtered_by_name(source: RekognitionClient, project: str, version: str) -> None:
    source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    found = source.describe_project_versions(ProjectArn=project, VersionNames=["v1"])["ProjectVersionDescriptions"]
    assert [one["ProjectVersionArn"] for one in found] == [version]


@pytest.mark.parametrize("code", [None, "ResourceNotFoundException"])
def test_a_setting_decides_whether_an_unknown_version_name_is_an_error(
    source: RekognitionClient, project: str, version: str, code: str | None
) -> None:
    settings.unknown_version_error = code
    source.describe_project_versions(ProjectArn=project, VersionNames=["v1"])
    names = ["v1", "v2"]
    if code:
        assert "v2" in refused(code, source.describe_project_versions, ProjectArn=project, VersionNames=names)
    else:
        found = source.describe_project_versions(ProjectArn=project, VersionNames=names)
        assert len(found["ProjectVersionDescriptions"]) == 1
