"""The served sandbox answers with AWS's errors, in the protocol of each service."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.test import Client
from werkzeug.wrappers import Response

from sandbox.aws.iam import roles
from sandbox.aws.server_errors import Errors
from sandbox.deployment import REGION, SOURCE_ACCOUNT
from sandbox.deployment import client as administrator
from sandbox.serve import served
from tests.sandbox.step_functions import Machines, machines

ROLE = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/reader"


@pytest.fixture(scope="module")
def aws() -> Iterator[Machines]:
    """An AWS with a role in another account; its clock is far ahead of the machine's."""
    with machines() as aws:
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam = administrator("iam", SOURCE_ACCOUNT)
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=document)
        aws.put_items([1])
        yield aws


@pytest.fixture(scope="module")
def endpoint(aws: Machines) -> Iterator[str]:
    with served() as address:
        yield address


def client(service: str, endpoint: str, credentials: dict[str, Any] | None = None) -> Any:
    """Return a client that neither validates nor retries."""
    known = credentials or {"AccessKeyId": "any", "SecretAccessKey": "any", "SessionToken": None}
    make: Any = boto3.client
    return make(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=known["AccessKeyId"],
        aws_secret_access_key=known["SecretAccessKey"],
        aws_session_token=known["SessionToken"],
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def error(operations: Any, operation: str, **request: Any) -> tuple[str, int, str]:
    """Call an operation that is refused, and return the code, the HTTP status and the message."""
    with pytest.raises(ClientError) as caught:
        getattr(operations, operation)(**request)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "status", "named"),
    [
        ("rekognition", "list_faces", {"CollectionId": "x"}, "UnknownOperationException", 400, "ListFaces"),
        ("sts", "decode_authorization_message", {}, "InvalidAction", 400, "DecodeAuthorizationMessage"),
        ("ec2", "describe_ipams", {}, "InvalidAction", 400, "DescribeIpams"),
        ("lambda", "list_capacity_providers", {}, "UnknownOperationException", 404, "GET /2025-11-30/capacity-prov"),
        ("route53", "list_traffic_policies", {}, "InvalidAction", 400, "GET /2013-04-01/trafficpolicies"),
        ("apigateway", "get_sdk_types", {}, "UnknownOperationException", 404, "GET /sdktypes"),
        ("accessanalyzer", "list_analyzers", {}, "UnknownOperationException", 404, "GET /analyzer"),
    ],
)
def test_an_operation_that_the_sandbox_lacks_is_unknown(
    endpoint: str, service: str, operation: str, request_: dict[str, str], code: str, status: int, named: str
) -> None:
    *found, message = error(client(service, endpoint), operation, **request_)

    assert found == [code, status]
    assert message.startswith(f"The sandbox does not have the operation {named}")


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code"),
    [
        ("stepfunctions", "tag_resource", {"resourceArn": "x", "tags": [{}]}, "InternalFailure"),
        ("sns", "list_topics", {"NextToken": "nonsense"}, "InternalFailure"),
        ("s3", "list_objects_v2", {"Bucket": "items", "ContinuationToken": "nonsense"}, "InternalError"),
    ],
)
def test_an_exception_in_moto_is_a_failure_of_the_service(
    endpoint: str,
    service: str,
    operation: str,
    request_: dict[str, Any],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    *found, message = error(client(service, endpoint), operation, **request_)

    assert found == [code, 500]
    assert message.startswith("The sandbox failed: ")
    assert "Traceback" in caplog.text


def of_service(service: str) -> dict[str, str]:
    """Return the header of a signed request."""
    credential = f"Credential=any/20300101/{REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"}


@pytest.mark.parametrize(
    ("service", "path", "status", "body"),
    [
        ("s3", "/bucket?new", 501, "<Error><Code>NotImplemented</Code><Message>The sandbox does not have"),
        ("ec2", "/?Action=New", 400, "<Response><Errors><Error><Code>InvalidAction</Code><Message>The sandbox does"),
        ("sts", "/?Action=New", 400, "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The"),
        ("lambda", "/new", 404, '{"__type": "UnknownOperationException", "message": "The sandbox does not have'),
    ],
)
def test_an_error_has_the_form_of_its_protocol(service: str, path: str, status: int, body: str) -> None:
    def lacking(environ: object, start_response: object) -> Iterable[bytes]:
        raise NotImplementedError

    answer = Client(Errors(lacking)).get(path, headers=of_service(service))

    assert answer.status_code == status
    assert body in answer.text


def test_an_empty_answer_to_an_unknown_path_is_an_unknown_operation() -> None:
    answer = Client(Errors(Response(status=404))).get("/new", headers=of_service("lambda"))

    assert answer.headers["x-amzn-ErrorType"] == "UnknownOperationException"


def test_what_is_missing_has_the_error_of_its_service(endpoint: str) -> None:
    arn = f"arn:aws:rekognition:{REGION}:{SOURCE_ACCOUNT}:project/x/1700000000000"
    machine = f"arn:aws:states:{REGION}:{SOURCE_ACCOUNT}:stateMachine:x"
    lacking = [
        ("rekognition", "describe_project_versions", {"ProjectArn": arn}, "ResourceNotFoundException"),
        ("stepfunctions", "describe_state_machine", {"stateMachineArn": machine}, "StateMachineDoesNotExist"),
        ("cloudformation", "describe_stacks", {"StackName": "x"}, "ValidationError"),
        ("iam", "get_role", {"RoleName": "x"}, "NoSuchEntity"),
        ("lambda", "get_function", {"FunctionName": "x"}, "ResourceNotFoundException"),
        ("s3", "get_object", {"Bucket": "items", "Key": "x"}, "NoSuchKey"),
    ]

    for service, operation, request, code in lacking:
        assert error(client(service, endpoint), operation, **request)[0] == code


def session(endpoint: str, **options: int) -> dict[str, Any]:
    """Return the credentials of a session of the role in the other account."""
    answer = client("sts", endpoint).assume_role(RoleArn=ROLE, RoleSessionName="me", **options)
    credentials: dict[str, Any] = answer["Credentials"]
    return credentials


def test_a_session_lasts_on_the_clock_of_its_caller(endpoint: str) -> None:
    before = datetime.now(UTC)
    credentials = session(endpoint, DurationSeconds=900)

    assert before + timedelta(seconds=899) <= credentials["Expiration"] <= datetime.now(UTC) + timedelta(seconds=901)
    assert client("rekognition", endpoint, credentials).describe_projects()["ProjectDescriptions"] == []


def test_a_session_within_the_sandbox_lasts_on_its_clock(aws: Machines) -> None:
    expiration = administrator("sts", SOURCE_ACCOUNT).assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"][
        "Expiration"
    ]

    assert expiration == datetime.fromtimestamp(aws.clock.time() + 3_600, UTC)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("rekognition", "describe_projects", "ExpiredTokenException", 400),
        ("stepfunctions", "list_state_machines", "ExpiredTokenException", 400),
        ("lambda", "list_functions", "ExpiredTokenException", 403),
        ("sts", "get_caller_identity", "ExpiredToken", 403),
        ("cloudformation", "list_stacks", "ExpiredToken", 403),
        ("s3", "list_buckets", "ExpiredToken", 400),
    ],
)
def test_an_expired_session_is_refused(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, service: str, operation: str, code: str, status: int
) -> None:
    credentials = session(endpoint)
    getattr(client(service, endpoint, credentials), operation)()
    later = credentials["Expiration"].timestamp() + 1
    monkeypatch.setattr(roles, "time", SimpleNamespace(time=lambda: later))

    found = error(client(service, endpoint, credentials), operation)

    assert found == (code, status, "The security token included in the request is expired")


def test_a_key_is_created_with_its_tags(endpoint: str) -> None:
    kms, tags = client("kms", endpoint), [{"TagKey": "team", "TagValue": "vision"}]

    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]

    assert kms.list_resource_tags(KeyId=key)["Tags"] == tags
