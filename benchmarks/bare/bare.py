"""The peers of the functions: the same clients and the same calls, in plain boto3.

Each handler makes the calls that the function of the same name makes for the event that functions.py gives both.
"""

import json
import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
DESCRIBE = "rekognition:DescribeProjectVersions"


@cache
def own(service: str) -> Any:
    make: Any = boto3.client
    return make(service, config=CONFIG)


@cache
def client(arn: str, role: str, *actions: str) -> Any:
    _, _, service, _, account, _ = arn.split(":", 5)
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    session = own("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{os.environ[role]}",
        RoleSessionName="bare",
        ExternalId=os.environ["EXTERNAL_ID"],
        Policy=json.dumps(policy),
    )["Credentials"]
    make: Any = boto3.client
    return make(
        service,
        config=CONFIG,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
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


def plan_copy(event: dict[str, Any], context: object) -> None:
    describe_source(event)
    describe_destination(event)
    list_policies(event, DESCRIBE)


def ensure_project_policy(event: dict[str, Any], context: object) -> None:
    list_policies(event, "rekognition:PutProjectPolicy")


def copy_project_version(event: dict[str, Any], context: object) -> None:
    describe_destination(event, "rekognition:CopyProjectVersion")


def describe_project_version(event: dict[str, Any], context: object) -> None:
    describe_destination(event)


def withdraw_grant(event: dict[str, Any], context: object) -> None:
    list_policies(event, "rekognition:DeleteProjectPolicy")


def validate_promotion(event: dict[str, Any], context: object) -> None:
    put("bare/destinations.json")


def count_failures(event: dict[str, Any], context: object) -> None:
    keys(f"{event['Promotion']['Prefix']}failed/")


def record_copy(event: dict[str, Any], context: object) -> None:
    put("bare/rows/0000.json")
    put("bare/failed/0000.json")


def summarize_promotion(event: dict[str, Any], context: object) -> None:
    prefix = event["Promotion"]["Prefix"]
    for key in (*keys(f"{prefix}rows/"), f"{prefix}destinations.json"):
        own("s3").get_object(Bucket=os.environ["PROMOTIONS_BUCKET"], Key=key)["Body"].read()
    put("bare/table.json")
    put("bare/table.csv")


def put(key: str) -> None:
    own("s3").put_object(Bucket=os.environ["PROMOTIONS_BUCKET"], Key=f"promotions/{key}", Body="{}")


def keys(prefix: str) -> list[str]:
    listed = own("s3").list_objects_v2(Bucket=os.environ["PROMOTIONS_BUCKET"], Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", ())]


def announce_promotion(event: dict[str, Any], context: object) -> None:
    announce(event, "Model Promotion Failed")


def announce_outcome(event: dict[str, Any], context: object) -> None:
    announce(event, "Model Copied")


def audit_grants(event: dict[str, Any], context: object) -> None:
    actions = [f"rekognition:{name}" for name in ("DescribeProjects", "DescribeProjectVersions", "ListProjectPolicies")]
    for account in event["Accounts"]:
        try:
            source = client(f"arn:aws:rekognition::{account}:project/*", "SOURCE_ROLE_NAME", *actions)
        except ClientError:  # the account has no role
            continue
        for project in source.describe_projects()["ProjectDescriptions"]:
            if source.list_project_policies(ProjectArn=project["ProjectArn"])["ProjectPolicies"]:
                source.describe_project_versions(ProjectArn=project["ProjectArn"])
    machine = os.environ["COPY_MODEL_STATE_MACHINE_ARN"]
    own("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    for kind in ("csv", "json"):
        own("s3").put_object(Bucket=os.environ["AUDIT_BUCKET"], Key=f"audits/bare.{kind}", Body="{}")
    tell("Model Grants Found")


def announce(event: dict[str, Any], name: str) -> None:
    arn, executions = event["detail"]["executionArn"], own("stepfunctions")
    executions.describe_execution(executionArn=arn)
    executions.get_execution_history(executionArn=arn, reverseOrder=True)
    tell(name)


def tell(name: str) -> None:
    entry = {"Source": "rekognition-model-copy", "DetailType": name, "Detail": "{}"}
    own("events").put_events(Entries=[entry | {"EventBusName": os.environ["EVENT_BUS_NAME"]}])
    own("sns").publish(TopicArn=os.environ["NOTIFICATION_TOPIC_ARN"], Subject=name, Message="{}")
