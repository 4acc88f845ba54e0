"""Projects: their names, ARNs, descriptions and quota."""

from datetime import UTC

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import BUCKET, OTHER, REGION, SOURCE, START, V1, client, policy, refused


def test_a_project_arn_ends_in_its_creation_time_in_milliseconds(project: str) -> None:
    milliseconds = int(START.replace(tzinfo=UTC).timestamp() * 1000)
    assert project == f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/{milliseconds}"


def test_a_project_name_is_unique(source: RekognitionClient, project: str) -> None:
    refused("ResourceInUseException", source.create_project, ProjectName="cats")


def test_a_project_belongs_to_one_account_and_region(source: RekognitionClient, project: str) -> None:
    assert source.describe_projects()["ProjectDescriptions"][0]["ProjectArn"] == project
    assert not client(OTHER).describe_projects()["ProjectDescriptions"]
    assert not client(SOURCE, region="us-east-1").describe_projects()["ProjectDescriptions"]


def test_projects_are_listed_newest_first_with_their_settings(
    source: RekognitionClient, project: str, clock: VirtualClock
) -> None:
    clock.sleep(1)
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION", AutoUpdate="ENABLED", Tags={"a": "b"})
    rude, cats = source.describe_projects()["ProjectDescriptions"]
    assert (rude["Feature"], rude["AutoUpdate"], rude["Status"]) == ("CONTENT_MODERATION", "ENABLED", "CREATED")
    assert (cats["Feature"], "AutoUpdate" in cats) == ("CUSTOM_LABELS", False)
    assert cats["CreationTimestamp"] == START.replace(tzinfo=UTC)
    assert source.list_tags_for_resource(ResourceArn=rude["ProjectArn"])["Tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("found", "shown"), [("CUSTOM_LABELS", {"Feature": "CUSTOM_LABELS"}), ("", {"Feature": ""}), (None, {})]
)
def test_a_setting_decides_the_reported_feature_of_custom_labels(
    source: RekognitionClient, project: str, version: str, found: str | None, shown: dict[str, str]
) -> None:
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION")
    settings.reported_feature = found
    features = [
        {key: value for key, value in one.items() if key == "Feature"}
        for one in (
            *source.describe_projects()["ProjectDescriptions"],
            *source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"],
        )
    ]
    assert [one for one in features if one != {"Feature": "CONTENT_MODERATION"}] == [shown, shown]


def test_projects_are_filtered_by_name_and_by_feature(source: RekognitionClient, project: str) -> None:
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION")
    by_name = source.describe_projects(ProjectNames=["cats", "none"])["ProjectDescriptions"]
    by_feature = source.describe_projects(Features=["CUSTOM_LABELS"])["ProjectDescriptions"]
    assert [one["ProjectArn"] for one in by_name] == [one["ProjectArn"] for one in by_feature] == [project]


def test_projects_have_a_quota(source: RekognitionClient, project: str) -> None:
    settings.projects_quota = 1
    refused("LimitExceededException", source.create_project, ProjectName="dogs")


def test_a_project_is_deleted_with_its_policies(source: RekognitionClient, project: str, clock: VirtualClock) -> None:
    settings.delete_seconds = 10
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(V1))

    assert source.delete_project(ProjectArn=project)["Status"] == "DELETING"
    (found,) = source.describe_projects()["ProjectDescriptions"]
    assert found["Status"] == "DELETING"
    assert source.list_project_policies(ProjectArn=project)["ProjectPolicies"] == []
    clock.sleep(10)
    assert source.describe_projects()["ProjectDescriptions"] == []


def test_a_deleted_project_does_not_exist(source: RekognitionClient, project: str, clock: VirtualClock) -> None:
    source.delete_project(ProjectArn=project)

    refused("ResourceNotFoundException", source.describe_project_versions, ProjectArn=project)


def test_a_deleted_project_frees_its_name(source: RekognitionClient, project: str, clock: VirtualClock) -> None:
    source.delete_project(ProjectArn=project)
    clock.sleep(1)

    assert source.create_project(ProjectName="cats")["ProjectArn"] != project


def test_a_deleted_project_is_in_no_one_s_way(source: RekognitionClient, project: str, version: str) -> None:
    other = source.create_project(ProjectName="dogs")["ProjectArn"]
    source.delete_project(ProjectArn=other)

    assert source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)["Status"] == "STARTING"


def test_a_project_that_is_being_deleted_takes_nothing_new(source: RekognitionClient, project: str) -> None:
    settings.delete_seconds = 10
    source.delete_project(ProjectArn=project)
    in_use, of_project = "ResourceInUseException", {"ProjectArn": project}

    refused(in_use, source.create_project_version, VersionName="v1", OutputConfig=BUCKET, **of_project)
    refused(in_use, source.put_project_policy, PolicyName="grant", PolicyDocument=policy(V1), **of_project)
    refused(in_use, source.delete_project, **of_project)
    refused(in_use, source.create_project, ProjectName="cats")


def test_only_a_project_without_versions_is_deleted(
    source: RekognitionClient, project: str, version: str, clock: VirtualClock
) -> None:
    settings.delete_seconds = 10
    refused("ResourceInUseException", source.delete_project, ProjectArn=project)
    source.delete_project_version(ProjectVersionArn=version)
    refused("ResourceInUseException", source.delete_project, ProjectArn=project)
    clock.sleep(10)

    assert source.delete_project(ProjectArn=project)["Status"] == "DELETING"


def test_an_unknown_project_is_not_deleted(source: RekognitionClient, project: str) -> None:
    refused("ResourceNotFoundException", source.delete_project, ProjectArn=project + "0")
