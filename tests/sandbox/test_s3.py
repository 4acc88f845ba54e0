"""S3 checks the permissions of a role's session, and CloudFormation creates buckets as on AWS."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from sandbox.aws import services
from sandbox.aws.clock import VirtualClock
from sandbox.deployment import REGION, STACK_ACCOUNT, client
from sandbox.faults import install
from sandbox.plans import Plan
from sandbox.records import Records

ROWS, ROW = "arn:aws:s3:::rows", "arn:aws:s3:::rows/*"
KEY = f"arn:aws:kms:{REGION}:{STACK_ACCOUNT}:key/stack"
ALLOWED: dict[str, str] = {
    "s3:GetObject": ROW,
    "s3:PutObject": ROW,
    "s3:DeleteObject": ROW,
    "s3:ListBucket": ROWS,
    "kms:Decrypt": KEY,
    "kms:GenerateDataKey": KEY,
}
TEMPLATE = {
    "Resources": {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": "rows",
                "VersioningConfiguration": {"Status": "Enabled"},
                "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 30}]},
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                        }
                    ]
                },
            },
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [ROWS, ROW],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        },
                        {
                            "Effect": "Deny",
                            "Principal": {"AWS": f"arn:aws:iam::{STACK_ACCOUNT}:role/writer"},
                            "Action": "s3:PutObject",
                            "Resource": "arn:aws:s3:::rows/locked",
                        },
                    ]
                },
            },
        },
    }
}
CALLS: dict[str, Callable[[Any], Any]] = {
    "PutObject": lambda s3: s3.put_object(Bucket="rows", Key="0001.json", Body=b"{}"),
    "GetObject": lambda s3: s3.get_object(Bucket="rows", Key="0001.json"),
    "DeleteObject": lambda s3: s3.delete_object(Bucket="rows", Key="0001.json"),
    "ListObjectsV2": lambda s3: s3.list_objects_v2(Bucket="rows", Prefix="0"),
}
ACTIONS = [
    ("PutObject", "s3:PutObject"),
    ("PutObject", "kms:GenerateDataKey"),
    ("GetObject", "s3:GetObject"),
    ("GetObject", "kms:Decrypt"),
    ("DeleteObject", "s3:DeleteObject"),
    ("ListObjectsV2", "s3:ListBucket"),
]


class Writer:
    """A role that may write, read, list and delete the rows."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._iam = client("iam", STACK_ACCOUNT)
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        self._iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust)

    def s3(self, *denied: str) -> Any:
        """Return a client of a new session; the role loses the denied actions."""
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in ALLOWED.items()
            if action not in denied
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._iam.put_role_policy(RoleName="writer", PolicyName="own", PolicyDocument=document)
        role = f"arn:aws:iam::{STACK_ACCOUNT}:role/writer"
        session = sts_backends[STACK_ACCOUNT]["aws"].assume_role(REGION, "me", role, "", 3_600, "")
        secrets = (session.access_key_id, session.secret_access_key, session.session_token)
        return boto3.Session(*secrets, region_name=REGION).client("s3")


@pytest.fixture
def writer() -> Iterator[Writer]:
    clock = VirtualClock()
    with services.install(clock, lambda: None, [], []):
        template = json.dumps(TEMPLATE)
        client("cloudformation", STACK_ACCOUNT).create_stack(StackName="rows", TemplateBody=template)
        yield Writer(clock)


def error_of(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_role_with_all_permissions_writes_reads_lists_and_deletes(writer: Writer) -> None:
    s3 = writer.s3()
    for call in ("PutObject", "GetObject", "ListObjectsV2", "DeleteObject"):
        CALLS[call](s3)

    assert CALLS["ListObjectsV2"](s3)["KeyCount"] == 0


@pytest.mark.parametrize(("call", "action"), ACTIONS)
def test_each_permission_is_needed(writer: Writer, call: str, action: str) -> None:
    CALLS["PutObject"](writer.s3())

    code, message = error_of(lambda: CALLS[call](writer.s3(action)))

    resource = {"k": KEY, "s": ROWS if call == "ListObjectsV2" else f"{ROWS}/0001.json"}[action[0]]
    assert code == "AccessDenied"
    assert f"assumed-role/writer/me is not authorized to perform: {action} on resource: {resource} because" in message


@pytest.mark.parametrize(("denied", "code"), [((), "NoSuchKey"), (("s3:ListBucket",), "AccessDenied")])
def test_only_those_who_may_list_the_bucket_learn_that_an_object_is_missing(
    writer: Writer, denied: tuple[str, ...], code: str
) -> None:
    s3 = writer.s3(*denied)

    assert error_of(lambda: CALLS["GetObject"](s3))[0] == code


def test_the_policy_of_a_bucket_can_deny(writer: Writer) -> None:
    s3 = writer.s3()

    code, message = error_of(lambda: s3.put_object(Bucket="rows", Key="locked", Body=b""))

    assert (code, message.partition(" with ")[2]) == ("AccessDenied", "an explicit deny in a resource-based policy")


def test_an_expired_session_is_refused(writer: Writer) -> None:
    s3 = writer.s3()
    writer.clock.spawn(lambda: writer.clock.sleep(3_601))
    writer.clock.run()

    assert error_of(lambda: CALLS["ListObjectsV2"](s3))[0] == "ExpiredToken"


def test_a_bucket_of_a_template_keeps_versions_and_encrypts(writer: Writer) -> None:
    s3 = client("s3", STACK_ACCOUNT)

    rule = s3.get_bucket_encryption(Bucket="rows")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert s3.get_bucket_versioning(Bucket="rows")["Status"] == "Enabled"
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket="rows")["Policy"]


@pytest.mark.parametrize("call", CALLS)
def test_faults_can_be_injected_into_calls_of_s3(writer: Writer, call: str) -> None:
    s3, plan = writer.s3(), Plan(f"{call}: AccessDenied")
    made: list[tuple[str, str]] = []
    with install(writer.clock, lambda: plan, Records):
        writer.clock.spawn(lambda: made.append(error_of(lambda: CALLS[call](s3))))
        writer.clock.run()

    assert made == [("AccessDenied", "The sandbox was told to answer AccessDenied.")]
