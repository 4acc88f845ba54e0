"""Project policies: revisions, quota, listing and deletion."""

import re
from datetime import UTC, timedelta

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import START, policy, refused


def test_a_policy_is_listed_as_it_was_put(
    source: RekognitionClient, project: str, version: str, clock: VirtualClock
) -> None:
    document = policy(version)
    first = source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)["PolicyRevisionId"]
    clock.sleep(60)
    revision = source.put_project_policy(
        ProjectArn=project, PolicyName="p", PolicyDocument=document, PolicyRevisionId=first.upper()
    )["PolicyRevisionId"]
    assert re.fullmatch("[0-9a-f]{32}", revision)
    assert revision != first
    assert source.list_project_policies(ProjectArn=project)["ProjectPolicies"] == [
        {
            "ProjectArn": project,
            "PolicyName": "p",
            "PolicyRevisionId": revision,
            "PolicyDocument": document,
            "CreationTimestamp": START.replace(tzinfo=UTC),
            "LastUpdatedTimestamp": (START + timedelta(seconds=60)).replace(tzinfo=UTC),
        }
    ]


def test_a_new_policy_cannot_name_a_revision(source: RekognitionClient, project: str, version: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version), "PolicyRevisionId": "0" * 32}
    refused("InvalidPolicyRevisionIdException", source.put_project_policy, **put)


def test_a_stale_revision_is_refused(source: RekognitionClient, project: str, version: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version)}
    stale = source.put_project_policy(**put)["PolicyRevisionId"]
    source.put_project_policy(**put, PolicyRevisionId=stale)
    refused("InvalidPolicyRevisionIdException", source.put_project_policy, **put, PolicyRevisionId=stale)
    del put["PolicyDocument"]
    refused("InvalidPolicyRevisionIdException", source.delete_project_policy, **put, PolicyRevisionId=stale)


@pytest.mark.parametrize("code", ["ResourceAlreadyExistsException", "InvalidPolicyRevisionIdException"])
def test_an_existing_policy_is_not_replaced_without_its_revision(
    source: RekognitionClient, project: str, version: str, code: str
) -> None:
    settings.existing_policy_error = code
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version)}
    source.put_project_policy(**put)
    refused(code, source.put_project_policy, **put)


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_policies_have_a_quota_that_does_not_affect_updates(
    source: RekognitionClient, project: str, version: str, code: str
) -> None:
    settings.policy_quota_error = code
    put = {"ProjectArn": project, "PolicyDocument": policy(version)}
    revisions = [source.put_project_policy(**put, PolicyName=name)["PolicyRevisionId"] for name in "abcde"]
    refused(code, source.put_project_policy, **put, PolicyName="f")
    source.put_project_policy(**put, PolicyName="a", PolicyRevisionId=revisions[0])


def test_a_policy_is_deleted_with_and_without_its_revision(
    source: RekognitionClient, project: str, version: str
) -> None:
    put = {"ProjectArn": project, "PolicyDocument": policy(version)}
    revision = source.put_project_policy(**put, PolicyName="a")["PolicyRevisionId"]
    source.put_project_policy(**put, PolicyName="b")
    source.delete_project_policy(ProjectArn=project, PolicyName="a", PolicyRevisionId=revision)
    source.delete_project_policy(ProjectArn=project, PolicyName="b")
    assert source.list_project_policies(ProjectArn=project)["ProjectPolicies"] == []


def test_policies_need_a_project_and_a_deletion_needs_a_policy(
    source: RekognitionClient, project: str, version: str
) -> None:
    code, unknown = "ResourceNotFoundException", project + "0"
    refused(code, source.put_project_policy, ProjectArn=unknown, PolicyName="p", PolicyDocument=policy(version))
    refused(code, source.list_project_policies, ProjectArn=unknown)
    refused(code, source.delete_project_policy, ProjectArn=unknown, PolicyName="p")
    refused(code, source.delete_project_policy, ProjectArn=project, PolicyName="p")
