"""Accounts, clients and policies for the tests of the sandbox's Rekognition."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from mypy_boto3_rekognition import RekognitionClient
from mypy_boto3_rekognition.type_defs import OutputConfigTypeDef, ProjectVersionDescriptionTypeDef
from mypy_boto3_sts import STSClient

from sandbox.aws.clock import EPOCH
from sandbox.aws.rekognition import rekognition_backends
from sandbox.aws.rekognition.models import RekognitionBackend

REGION = "eu-central-1"
SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
BUCKET: OutputConfigTypeDef = {"S3Bucket": "models", "S3KeyPrefix": "copies"}
ROLE = f"arn:aws:iam::{DESTINATION}:role/copier"
SESSION = f"arn:aws:sts::{DESTINATION}:assumed-role/copier/a-session"
INSIDE = f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats"
V1 = f"{INSIDE}/version/v1/1"
START = EPOCH.replace(tzinfo=None)
BOTO = boto3.Session("AKIAEXAMPLE", "secret", region_name=REGION)  # shared, as it caches the service models

Request = dict[str, Any]
Copy = Callable[..., str]
Describe = Callable[..., ProjectVersionDescriptionTypeDef]


@cache
def _sts() -> STSClient:
    return BOTO.client("sts")


def client(account: str, *, role: str = "copier", region: str = REGION) -> RekognitionClient:
    """Return a client in a session of a role of the account; it neither validates nor retries."""
    arn = f"arn:aws:iam::{account}:role/{role}"
    assumed = _sts().assume_role(RoleArn=arn, RoleSessionName="a-session")["Credentials"]
    return BOTO.client(
        "rekognition",
        region,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def policy(resource: object, principal: object = DESTINATION, effect: str = "Allow", **more: object) -> str:
    """Return a project policy with one statement."""
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": resource,
    } | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refused(code: str, call: Callable[..., object], **request: Any) -> str:
    """Make a call that fails with this code, as boto3's own class for it, and return the message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value
    assert error.response["Error"]["Code"] == code
    assert type(error).__name__ in (code, "ClientError")
    http_code = 500 if code in ("InternalServerError", "ThrottlingException") else 400
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == http_code
    return error.response["Error"]["Message"]


def backend(account: str = DESTINATION) -> RekognitionBackend:
    """Return the backend of an account."""
    found: RekognitionBackend = rekognition_backends[account][REGION]
    return found


def make_role(arn: str) -> None:
    """Make a role in its account."""
    iam_backends[arn.split(":")[4]]["aws"].create_role(
        role_name=arn.rpartition("/")[2],
        assume_role_policy_document="{}",
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )


def delete_role(arn: str) -> None:
    """Delete a role."""
    iam_backends[arn.split(":")[4]]["aws"].delete_role(arn.rpartition("/")[2])
