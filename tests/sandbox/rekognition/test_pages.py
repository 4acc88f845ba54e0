"""Pages and pagination tokens."""

from collections.abc import Callable
from typing import Any

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from tests.sandbox.rekognition.helpers import BUCKET, REGION, SOURCE, policy, refused


def pages(call: Callable[..., Any], key: str, **request: Any) -> list[list[Any]]:
    """Return the items of each page of a list."""
    answer = call(**request)
    seen = [answer[key]]
    while "NextToken" in answer:
        answer = call(**request, NextToken=answer["NextToken"])
        seen.append(answer[key])
    return seen


def lists(source: RekognitionClient, project: str) -> list[tuple[Callable[..., Any], str, dict[str, str]]]:
    """Return each operation that has pages, the key of its items and the request."""
    of_project = {"ProjectArn": project}
    return [
        (source.describe_projects, "ProjectDescriptions", {}),
        (source.describe_project_versions, "ProjectVersionDescriptions", of_project),
        (source.list_project_policies, "ProjectPolicies", of_project),
    ]


def test_the_pages_of_a_list_have_each_item_exactly_once(
    source: RekognitionClient, project: str, clock: VirtualClock
) -> None:
    for number in range(5):
        clock.sleep(number % 2)
        source.create_project(ProjectName=f"p{number}")
        source.create_project_version(ProjectArn=project, VersionName=f"v{number}", OutputConfig=BUCKET)
        document = policy(f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/*")
        source.put_project_policy(ProjectArn=project, PolicyName=f"p{number}", PolicyDocument=document)
    sizes = []
    for call, key, request in lists(source, project):
        found = pages(call, key, MaxResults=2, **request)
        sizes.append([len(page) for page in found])
        assert [item for page in found for item in page] == call(**request)[key]
    assert sizes == [[2, 2, 2], [2, 2, 1], [2, 2, 1]]


def test_a_page_skips_no_item_when_another_one_is_deleted(
    source: RekognitionClient, project: str, version: str
) -> None:
    for name in "abc":
        source.put_project_policy(ProjectArn=project, PolicyName=name, PolicyDocument=policy(version))
    token = source.list_project_policies(ProjectArn=project, MaxResults=1)["NextToken"]
    source.delete_project_policy(ProjectArn=project, PolicyName="a")
    rest = source.list_project_policies(ProjectArn=project, NextToken=token)["ProjectPolicies"]
    assert [one["PolicyName"] for one in rest] == ["b", "c"]


def test_an_empty_token_means_the_first_page(source: RekognitionClient, project: str) -> None:
    for call, key, request in lists(source, project):
        without, with_empty = call(**request), call(**request, NextToken="")
        assert with_empty[key] == without[key]
        assert with_empty.keys() == without.keys()


@pytest.mark.parametrize("token", ["nonsense", "é", "W10=", "bnVsbA==", "WzEsMiwzXQ=="])
def test_an_unknown_token_is_refused(source: RekognitionClient, project: str, token: str) -> None:
    code = "InvalidPaginationTokenException"
    refused(code, source.describe_projects, NextToken=token)
    refused(code, source.describe_project_versions, ProjectArn=project, NextToken=token)
    refused(code, source.list_project_policies, ProjectArn=project, NextToken=token)


def test_a_token_is_valid_for_its_own_list_only(source: RekognitionClient, project: str, version: str) -> None:
    source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    token = source.describe_project_versions(ProjectArn=project, MaxResults=1)["NextToken"]
    refused("InvalidPaginationTokenException", source.list_project_policies, ProjectArn=project, NextToken=token)
