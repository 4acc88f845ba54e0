"""Requests are validated against botocore's service model."""

import re
from typing import Any

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.rekognition import settings
from sandbox.aws.rekognition.validation import violations
from tests.sandbox.rekognition.helpers import INSIDE, SOURCE, V1, Copy, refused


def test_each_violation_of_the_service_model_is_reported(source: RekognitionClient) -> None:
    message = refused("InvalidParameterException", source.create_project, ProjectName="no spaces", Feature="NONE")
    assert message.startswith("2 validation errors detected: Value 'no spaces' at 'projectName' failed")


def test_a_setting_decides_the_error_for_an_invalid_request(source: RekognitionClient) -> None:
    settings.invalid_request_error = "ValidationException"
    refused("ValidationException", source.describe_projects, MaxResults=101)


def test_a_body_that_is_not_json_is_refused(source: RekognitionClient) -> None:
    source.meta.events.register("before-call.rekognition", lambda params, **_: params.update(body=b"{"))
    refused("InvalidParameterException", source.describe_projects)


@pytest.mark.parametrize("body", [b'{"MaxResults": null}', b'{"Unknown": 1}'])
def test_nulls_and_unknown_parameters_are_ignored(source: RekognitionClient, project: str, body: bytes) -> None:
    source.meta.events.register("before-call.rekognition", lambda params, **_: params.update(body=body))
    assert len(source.describe_projects()["ProjectDescriptions"]) == 1


ARN = f"{INSIDE}/1"


PUT = {"ProjectArn": ARN, "PolicyName": "p", "PolicyDocument": "{}"}


TAGGED = {"ResourceArn": V1}


@pytest.mark.parametrize(
    ("operation", "request_body", "expected"),
    [
        ("DescribeProjects", {}, []),
        ("DescribeProjects", {"MaxResults": None, "Unknown": 1}, []),
        ("DescribeProjects", [], ["at '' failed to satisfy constraint: Member must be a structure"]),
        ("DescribeProjects", {"MaxResults": 0}, ["'0' at 'maxResults'", "value greater than or equal to 1"]),
        ("DescribeProjects", {"MaxResults": 101}, ["value less than or equal to 100"]),
        ("DescribeProjects", {"MaxResults": "1"}, ["must be a integer"]),
        ("DescribeProjects", {"MaxResults": True}, ["must be a integer"]),
        ("DescribeProjects", {"ProjectNames": "a"}, ["must be a list"]),
        ("DescribeProjects", {"ProjectNames": []}, ["length greater than or equal to 1"]),
        ("DescribeProjects", {"ProjectNames": ["a"] * 11}, ["length less than or equal to 10"]),
        ("DescribeProjects", {"ProjectNames": ["a", "b c"]}, ["at 'projectNames.2.member'", "regular expression"]),
        ("DescribeProjects", {"Features": ["NONE"]}, ["enum value set: [CONTENT_MODERATION, CUSTOM_LABELS]"]),
        ("ListProjectPolicies", {"ProjectArn": ARN, "MaxResults": 6}, ["less than or equal to 5"]),
        ("ListProjectPolicies", {}, ["Value null at 'projectArn' failed", "must not be null"]),
        ("ListProjectPolicies", {"ProjectArn": ARN + "\n"}, ["regular expression"]),
        ("ListProjectPolicies", {"ProjectArn": ARN.replace(SOURCE, "\u0661" * 12)}, ["regular expression"]),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "\u00ff\t\n\r"}, []),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "\u0100"}, ["regular expression"]),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "x" * 2000}, []),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "x" * 2001}, ["length less than or equal to 2000"]),
        ("PutProjectPolicy", PUT | {"PolicyRevisionId": "xyz"}, ["regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"clé n°1": "größe 東京 ٣"}}, ["at 'tags.key'"]),
        ("TagResource", TAGGED | {"Tags": {"clé 東京\u00a0٣": "größe"}}, []),
        ("TagResource", TAGGED | {"Tags": {"a": "€"}}, ["at 'tags.a.member'", "regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"aws:a": ""}}, ["regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"äws:a": ""}}, []),
        ("TagResource", TAGGED | {"Tags": {str(n): "" for n in range(201)}}, ["length less than or equal to 200"]),
        ("TagResource", TAGGED | {"Tags": {"": ""}}, ["length greater than or equal to 1"]),
        ("TagResource", TAGGED | {"Tags": {"a": 1}}, ["must be a string"]),
        ("UntagResource", TAGGED | {"TagKeys": ["ok", "n°1"]}, ["at 'tagKeys.2.member'"]),
    ],
)
def test_a_violation_is_reported_with_its_path(operation: str, request_body: Any, expected: list[str]) -> None:
    broken = violations(operation, request_body)
    assert len(broken) == (1 if expected else 0)
    assert all(part in broken[0] for part in expected)


def test_a_string_that_looks_like_a_query_does_not_change_the_operation(copy: Copy) -> None:
    assert "/version/" in copy(OutputConfig={"S3Bucket": "models", "S3KeyPrefix": "a&Action=CreateProject&b=c"})


def test_nested_parameters_are_validated() -> None:
    body = {"ProjectArn": ARN, "VersionName": "v", "OutputConfig": {"S3Bucket": "ab"}}
    config = {"FeatureConfig": {"ContentModeration": {"ConfidenceThreshold": 100.5}}}
    broken = violations("CreateProjectVersion", body | config | {"TestingData": {"AutoCreate": 1}})
    assert re.findall("at '(.*?)'", "\n".join(broken)) == [
        "outputConfig.s3Bucket",
        "testingData.autoCreate",
        "featureConfig.contentModeration.confidenceThreshold",
    ]
