"""The peer of the functions: the same clients and the same calls, made as plainly as boto3 allows.

Each handler makes the calls that the function of its name makes for the event that functions.py gives both.
"""

import json
import os
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
DESCRIBE = "rekognition:DescribeProjectVersions"

sts = boto3.client("sts", config=CONFIG)
clients: dict[str, Any] = {}


def client(arn: str, role: str, *actions: str) -> Any:
    if arn not in clients:
        clients[arn] = assume(arn, role, actions)
    return clients[arn]


def assume(arn: str, role: str, actions: tuple[str, ...]) -> Any:
    _, _, service, _, account, _ = arn.split(":", 5)
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    found = sts.assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{os.environ[role]}",
        RoleSessionName="bare",
        ExternalId=os.environ["EXTERNAL_ID"],
        Policy=json.dumps(policy),
    )["Credentials"]
    make: Any = boto3.client
    return make(
        service,
        config=CONFIG,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def describe_source(event: dict[str, Any]) -> None:
    project, version = event["SourceProjectArn"], event["SourceProjectVersionArn"].split("/")[3]
    client(project, "SOURCE_ROLE_NAME", DESCRIBE).describe_project_versions(ProjectArn=project, VersionNames=[version])


def describe_destination(event: dict[str, Any], *actions: str) -> None:
    project, version = event["DestinationProjectArn"], event["VersionName"]
    destination = client(project, "DESTINATION_ROLE_NAME", DESCRIBE, *actions)
    destination.describe_project_versions(ProjectArn=project, VersionNames=[version])


def list_policies(event: dict[str, Any], action: str) -> None:
    source = client(event["SourceProjectArn"], "SOURCE_ROLE_NAME", "rekognition:ListProjectPolicies", action)
    source.list_project_policies(ProjectArn=event["SourceProjectArn"])


def read_approval(event: dict[str, Any], context: object) -> None:
    package = event["detail"]["ModelPackageArn"]
    packages = client(package, "SOURCE_ROLE_NAME", "sagemaker:DescribeModelPackage")
    packages.describe_model_package(ModelPackageName=package)


def validate_request(event: dict[str, Any], context: object) -> None:
    describe_source(event)
    describe_destination(event)


def ensure_project_policy(event: dict[str, Any], context: object) -> None:
    list_policies(event, "rekognition:PutProjectPolicy")


def copy_project_version(event: dict[str, Any], context: object) -> None:
    describe_destination(event, "rekognition:CopyProjectVersion")


def describe_project_version(event: dict[str, Any], context: object) -> None:
    describe_destination(event)


def withdraw_grant(event: dict[str, Any], context: object) -> None:
    list_policies(event, "rekognition:DeleteProjectPolicy")
