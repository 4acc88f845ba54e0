"""AWS's errors get the few names that the workflow knows; what nobody knows passes."""

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from model_copy import aws_errors, rekognition
from model_copy.errors import AccessDeniedError, RequestRejectedError, TransientError
from model_copy.rekognition import (
    PolicyChangedError,
    PolicyMalformedError,
    PolicyQuotaReachedError,
    ProjectNotFoundError,
)
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings

URL = "https://rekognition.eu-central-1.amazonaws.com/"
Call = Callable[[Any, CopyRequest], object]

CALLS: dict[str, tuple[str, Call]] = {
    "describe": (
        "DescribeProjectVersions",
        lambda client, it: rekognition.describe_version(client, it.source_project, "v1"),
    ),
    "check": ("DescribeProjectVersions", lambda client, it: rekognition.check_project(client, it.source_project)),
    "count": ("DescribeProjectVersions", lambda client, it: rekognition.count_versions(client, it.source_project)),
    "copy": ("CopyProjectVersion", rekognition.copy_version),
    "list": ("ListProjectPolicies", lambda client, it: rekognition.list_policies(client, it.source_project)),
    "put": ("PutProjectPolicy", lambda client, it: rekognition.put_policy(client, it.source_project, "p", "{}", None)),
    "delete": (
        "DeleteProjectPolicy",
        lambda client, it: rekognition.delete_policy(client, it.source_project, "p", "0a"),
    ),
}
PASSES = object()
OWN_NAMES = [
    ("describe", "ResourceNotFoundException", ProjectNotFoundError),
    ("check", "ResourceNotFoundException", ProjectNotFoundError),
    ("list", "ResourceNotFoundException", ProjectNotFoundError),
    ("put", "ResourceNotFoundException", PolicyChangedError),
    ("put", "InvalidPolicyRevisionIdException", PolicyChangedError),
    ("put", "ResourceAlreadyExistsException", PolicyChangedError),
    ("put", "LimitExceededException", PolicyQuotaReachedError),
    ("put", "ServiceQuotaExceededException", PolicyQuotaReachedError),
    ("put", "MalformedPolicyDocumentException", PolicyMalformedError),
    ("delete", "ResourceNotFoundException", PolicyChangedError),
    ("delete", "InvalidPolicyRevisionIdException", PolicyChangedError),
    ("copy", "ResourceNotFoundException", ClientError),
    ("copy", "ResourceInUseException", ClientError),
    ("copy", "LimitExceededException", ClientError),
    ("copy", "ServiceQuotaExceededException", ClientError),
]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalServerError", 500),
        ("InternalServerError", 400),
        ("ThrottlingException", 500),
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("TooManyRequestsException", 400),
        ("RequestLimitExceeded", 400),
        ("RequestTimeout", 400),
        ("RequestTimeoutException", 400),
        ("UnrecognizedClientException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("InvalidPaginationTokenException", 400),
        ("500", 500),
        ("502", 502),
        ("ServiceUnavailable", 503),
        ("504", 504),
    ],
)
def test_what_may_go_better_soon_is_transient(source: Any, copy_request: CopyRequest, code: str, status: int) -> None:
    for operation, call in CALLS.values():
        source.refuse(operation, code, status, "Rate exceeded")

        with pytest.raises(TransientError, match=rf"{operation} on arn:\S+ did not succeed: {code}, Rate exceeded\."):
            call(source.client, copy_request)


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied"])
def test_a_denied_call_says_which_permission_is_lacking_where(
    source: Any, copy_request: CopyRequest, code: str
) -> None:
    for operation, call in CALLS.values():
        source.refuse(operation, code, 400, "User is not authorized.")

        with pytest.raises(AccessDeniedError) as caught:
            call(source.client, copy_request)

        account = "222222222222" if operation == "CopyProjectVersion" else "111111111111"
        assert "was denied: User is not authorized. Let the stack's role in account " in str(caught.value)
        keys = r", use the bucket and key of the output \(.+ OutputKeyArn\) and, if the source .+ KMS key, that key"
        also = keys if account == "222222222222" else ""
        assert re.search(rf"{account} call rekognition:{operation} on it{also}\. Then redrive", str(caught.value))


@pytest.mark.parametrize("code", ["InvalidParameterException", "ValidationException"])
def test_what_aws_does_not_accept_is_refused_with_its_reason(source: Any, copy_request: CopyRequest, code: str) -> None:
    for operation, call in CALLS.values():
        source.refuse(operation, code, message="Something is wrong.")

        with pytest.raises(RequestRejectedError) as caught:
            call(source.client, copy_request)

        assert f"did not accept {operation} on arn:aws:" in str(caught.value)
        assert f"({code}): Something is wrong. Correct what it names" in str(caught.value)


@pytest.mark.parametrize("code", ["InvalidSignatureException", "NobodyKnowsException"])
def test_an_error_that_nobody_knows_passes_as_it_is(source: Any, copy_request: CopyRequest, code: str) -> None:
    for operation, call in CALLS.values():
        source.refuse(operation, code)

        with pytest.raises(ClientError) as caught:
            call(source.client, copy_request)

        assert aws_errors.code(caught.value) == code


@pytest.mark.parametrize(("call", "code", "error"), OWN_NAMES)
def test_an_operation_names_its_own_errors(
    source: Any, copy_request: CopyRequest, call: str, code: str, error: type[Exception]
) -> None:
    operation, make = CALLS[call]
    source.refuse(operation, code)

    with pytest.raises(error) as caught:
        make(source.client, copy_request)

    assert caught.type is error or (error is ClientError and aws_errors.code(caught.value) == code)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        SSLError(endpoint_url=URL, error="handshake"),
        ProxyConnectionError(proxy_url="http://proxy"),
        ResponseParserError("Unable to parse the response."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_fails_is_transient_once_the_sdk_has_given_up(
    source: Any, copy_request: CopyRequest, error: Exception
) -> None:
    for operation, call in CALLS.values():
        source.cut(operation, error)

        with pytest.raises(TransientError, match=f"{operation} on .* did not succeed: {type(error).__name__}, "):
            call(source.client, copy_request)


def test_missing_credentials_are_a_bug(source: Any, copy_request: CopyRequest) -> None:
    source.cut("ListProjectPolicies", NoCredentialsError())

    with pytest.raises(NoCredentialsError):
        rekognition.list_policies(source.client, copy_request.source_project)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"{}", b'{"__type": "InternalServerError"}'])
def test_a_server_error_is_transient_after_three_attempts(
    source: Any, world: Any, copy_request: CopyRequest, status: int, body: bytes
) -> None:
    answers = source.answer("ListProjectPolicies", status, body)

    with pytest.raises(TransientError):
        rekognition.list_policies(source.client, copy_request.source_project)

    assert len(answers) == 3
    assert len(world.clock.sleeps) == 2


def test_an_error_without_a_message_says_so(source: Any, copy_request: CopyRequest) -> None:
    source.refuse("ListProjectPolicies", "ThrottlingException", message="")

    with pytest.raises(TransientError, match="ThrottlingException, AWS gives no message"):
        rekognition.list_policies(source.client, copy_request.source_project)


def test_the_sdk_waits_and_tries_as_long_as_a_function_has_time(source: Any) -> None:
    config = source.client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (3, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_all_pages_of_policies_are_listed(source: Any, world: Any, copy_request: CopyRequest) -> None:
    settings.policies_quota = 12
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "444444444444"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": copy_request.source_version.text,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    for number in range(12):
        world.put_policy(f"policy-{number:02}", document)

    found = rekognition.list_policies(source.client, copy_request.source_project)

    assert [policy.name for policy in found] == [f"policy-{number:02}" for number in range(12)]
    assert source.calls == ["ListProjectPolicies"] * 3
    assert json.loads(found[11].document) == document
    assert found[11].revision == world.source.policies["policy-11"].revision_id
    assert found[11].updated.timestamp() == world.clock.now


def test_all_pages_of_versions_are_counted(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    settings.versions_quota = 250
    for number in range(201):
        world.hold(name=f"v{number}")

    assert rekognition.count_versions(destination.client, copy_request.destination_project) == 201
    assert destination.calls == ["DescribeProjectVersions"] * 3


def test_a_name_is_not_free_because_the_first_page_is_empty(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    version = {"ProjectVersionArn": "the-copy", "Status": "COPYING_IN_PROGRESS"}
    bodies = paged(
        destination,
        {"ProjectVersionDescriptions": [], "NextToken": "one"},
        {"ProjectVersionDescriptions": [], "NextToken": "two"},
        {"ProjectVersionDescriptions": [version]},
    )

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert found.arn == "the-copy"
    asked = {"ProjectArn": copy_request.destination_project.text, "VersionNames": ["v1"]}
    assert bodies == [asked, {**asked, "NextToken": "one"}, {**asked, "NextToken": "two"}]


def test_a_name_is_free_when_every_page_is_empty(destination: Any, copy_request: CopyRequest) -> None:
    empty: dict[str, Any] = {"ProjectVersionDescriptions": []}
    bodies = paged(destination, {**empty, "NextToken": "one"}, empty)

    assert rekognition.describe_version(destination.client, copy_request.destination_project, "v1") is None
    assert len(bodies) == 2


@pytest.mark.parametrize("unknown_version_error", [None, "ResourceNotFoundException"])
def test_a_name_that_nothing_holds_is_free(
    destination: Any, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error

    assert rekognition.describe_version(destination.client, copy_request.destination_project, "v1") is None


@pytest.mark.parametrize("unknown_version_error", [None, "ResourceNotFoundException"])
def test_a_project_that_does_not_exist_is_told_from_a_free_name(
    destination: Any, world: Any, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error
    world.backend("222222222222").projects.clear()

    with pytest.raises(ProjectNotFoundError):
        rekognition.describe_version(destination.client, copy_request.destination_project, "v1")


def test_a_version_is_described_with_all_that_aws_tells(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    held = world.hold("COPYING_FAILED", kms_key_id="a-key", forced_status="COPYING_FAILED", forced_message="No bucket.")

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found == rekognition.ModelVersion(
        arn=held.arn,
        status="COPYING_FAILED",
        message="No bucket",
        source=copy_request.source_version.text,
        bucket="live-models",
        prefix="copies",
        kms_key="a-key",
        feature="CUSTOM_LABELS",
    )


def test_what_aws_does_not_tell_of_a_version_is_none(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    settings.copy_tells_output_config = settings.copy_tells_kms_key = False
    world.hold(kms_key_id="a-key")

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert (found.bucket, found.prefix, found.kms_key) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("COPYING_FAILED", "AWS gives no reason"),
        ("FAILED", "AWS gives no reason"),
        ("COPYING_IN_PROGRESS", ""),
        ("COPYING_COMPLETED", ""),
        ("RUNNING", ""),
    ],
)
def test_a_failure_without_a_reason_says_so(
    destination: Any, world: Any, copy_request: CopyRequest, status: str, message: str
) -> None:
    world.hold(status)

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert (found.status, found.message) == (status, message)


def paged(wire: Any, *pages: dict[str, Any]) -> list[dict[str, Any]]:
    """Let AWS describe versions in these pages; the list collects what it is asked."""
    bodies: list[dict[str, Any]] = []
    known = {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}}

    def answer(params: dict[str, Any], **_: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        bodies.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=200), known | pages[len(bodies) - 1]

    wire.client.meta.events.register("before-call.rekognition.DescribeProjectVersions", answer)
    return bodies
