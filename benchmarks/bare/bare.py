"""What each function calls, made as plainly as boto3 allows: the peer of its cold start."""

import json
import os

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
sts = boto3.client("sts", config=CONFIG)


def client(project, role, *actions):
    account = project.split(":")[4]
    found = sts.assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{os.environ[role]}",
        RoleSessionName="bare",
        ExternalId=os.environ["EXTERNAL_ID"],
        Policy=json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
        ),
    )["Credentials"]
    return boto3.client(
        "rekognition",
        config=CONFIG,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def validate_request(event, context):
    source = client(event["SourceProjectArn"], "SOURCE_ROLE_NAME", "rekognition:DescribeProjectVersions")
    destination = client(event["DestinationProjectArn"], "DESTINATION_ROLE_NAME", "rekognition:DescribeProjectVersions")
    source.describe_project_versions(ProjectArn=event["SourceProjectArn"], VersionNames=["v3"])
    destination.describe_project_versions(
        ProjectArn=event["DestinationProjectArn"], VersionNames=[event["VersionName"]]
    )
    return {}


def ensure_project_policy(event, context):
    source = client(
        event["SourceProjectArn"], "SOURCE_ROLE_NAME", "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy"
    )
    source.list_project_policies(ProjectArn=event["SourceProjectArn"])
    return {}


def copy_project_version(event, context):
    destination = client(event["DestinationProjectArn"], "DESTINATION_ROLE_NAME", "rekognition:CopyProjectVersion")
    destination.describe_project_versions(
        ProjectArn=event["DestinationProjectArn"], VersionNames=[event["VersionName"]]
    )
    return {}


def describe_project_version(event, context):
    destination = client(event["DestinationProjectArn"], "DESTINATION_ROLE_NAME", "rekognition:DescribeProjectVersions")
    destination.describe_project_versions(
        ProjectArn=event["DestinationProjectArn"], VersionNames=[event["VersionName"]]
    )
    return {}


def withdraw_grant(event, context):
    source = client(event["SourceProjectArn"], "SOURCE_ROLE_NAME", "rekognition:ListProjectPolicies")
    source.list_project_policies(ProjectArn=event["SourceProjectArn"])
    return {}
