"""AWS's errors become the few errors that the workflow knows; an unknown error passes unchanged."""

import re
from collections.abc import Callable
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

from model_copy.aws import errors, rekognition
from model_copy.aws.rekognition import (
    CopyQuotaError,
    PolicyChangedError,
    PolicyMalformedError,
    PolicyQuotaReachedError,
    ProjectNotFoundError,
)
from model_copy.errors import AccessDeniedError, RequestRejectedError, TransientError
from model_copy.request import CopyRequest
from tests.unit.world import Wire, World

URL = "https://rekognition.eu-central-1.amazonaws.com/"
Call = Callable[[Any, CopyRequest], object]

CALLS: dict[str, tuple[str, Call]] = {
    "describe": (
        "DescribeProjectVersions",
        lambda client, request: rekognition.describe_version(client, request.source_project, "v1"),
    ),
    "check": (
        "DescribeProjectVersions",
        lambda client, request: rekognition.check_project(client, request.source_project),
    ),
    "count": (
        "DescribeProjectVersions",
        lambda client, request: rekognition.count_versions(client, request.source_project),
    ),
    "find": ("DescribeProjects", lambda client, request: rekognition.find_project(client, request.source_version)),
    "copy": ("CopyProjectVersion", rekognition.copy_version),
    "list": ("ListProjectPolicies", lambda client, request: rekognition.list_policies(client, request.source_project)),
    "put": (
        "PutProjectPolicy",
        lambda client, request: rekognition.put_policy(client, request.source_project, "p", "{}", None),
    ),
    "delete": (
        "DeleteProjectPolicy",
        lambda client, request: rekognition.delete_policy(client, request.source_project, "p", "0a"),
    ),
}
OWN_NAMES = [
    ("describe", "ResourceNotFoundException", ProjectNotFoundError),
    ("check", "ResourceNotFoundException", ProjectNotFoundError),
    ("count", "ResourceNotFoundException", ProjectNotFoundError),
    ("list", "ResourceNotFoundException", ProjectNotFoundError),
    ("put", "ResourceNotFoundException", PolicyChangedError),
    ("put", "InvalidPolicyRevisionIdException", PolicyChangedError),
    ("put", "ResourceAlreadyExistsException", PolicyChangedError),
    ("put", "LimitExceededException", PolicyQuotaReachedError),
    ("put", "ServiceQuotaExceededException", PolicyQuotaReachedError),
    ("put", "MalformedPolicyDocumentException", PolicyMalformedError),
    ("delete", "ResourceNotFoundException", PolicyChangedError),
    ("delete", "InvalidPolicyRevisionIdException", PolicyChangedError),
    ("copy", "ResourceNotFoundException", RequestRejectedError),
    ("copy", "ResourceInUseException", TransientError),
    ("copy", "ResourceAlreadyExistsException", TransientError),
    ("copy", "LimitExceededException", CopyQuotaError),
    ("copy", "ServiceQuotaExceededException", CopyQuotaError),
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
def test_an_error_that_may_pass_is_transient(source: Wire, copy_request: CopyRequest, code: str, status: int) -> None:
    for operation, call in CALLS.values():
        source.return_error(operation, code, status, "Rate exceeded")

        with pytest.raises(TransientError, match=rf"{operation} on arn:\S+ failed: {code}, Rate exceeded\."):
            call(source.client, copy_request)


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied"])
def test_a_denied_call_names_the_missing_permission_and_its_account(
    source: Wire, copy_request: CopyRequest, code: str
) -> None:
    for operation, call in CALLS.values():
        source.return_error(operation, code, 400, "User is not authorized.")

        with pytest.raises(AccessDeniedError) as caught:
            call(source.client, copy_request)

        account = "222222222222" if operation == "CopyProjectVersion" else "111111111111"
        assert "was denied: User is not authorized. Allow the stack's role in account " in str(caught.value)
        keys = r", to use the bucket and key of the output \(.+ OutputKeyArn\) and, .+ KMS key, to use that key"
        also = keys if account == "222222222222" else ""
        assert re.search(
            rf"{account} to call rekognition:{operation} on arn:\S+{also}\. Then redrive", str(caught.value)
        )


@pytest.mark.parametrize("code", ["InvalidParameterException", "ValidationException"])
def test_a_request_that_aws_does_not_accept_is_refused_with_its_reason(
    source: Wire, copy_request: CopyRequest, code: str
) -> None:
    for operation, call in CALLS.values():
        source.return_error(operation, code, message="Something is wrong.")

        with pytest.raises(RequestRejectedError) as caught:
            call(source.client, copy_request)

        assert f"did not accept {operation} on arn:aws:" in str(caught.value)
        assert f"({code}): Something is wrong. Correct what this message names" in str(caught.value)


@pytest.mark.parametrize("code", ["InvalidSignatureException", "UnknownException"])
def test_an_unknown_error_passes_as_it_is(source: Wire, copy_request: CopyRequest, code: str) -> None:
    for operation, call in CALLS.values():
        source.return_error(operation, code)

        with pytest.raises(ClientError) as caught:
            call(source.client, copy_request)

        assert errors.code(caught.value) == code


@pytest.mark.parametrize(("call", "code", "error"), OWN_NAMES)
def test_an_operation_names_its_own_errors(
    source: Wire, copy_request: CopyRequest, call: str, code: str, error: type[Exception]
) -> None:
    operation, make = CALLS[call]
    source.return_error(operation, code)

    with pytest.raises(error) as caught:
        make(source.client, copy_request)

    assert caught.type is error


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        SSLError(endpoint_url=URL, error=OSError("handshake")),
        ProxyConnectionError(proxy_url="http://proxy"),
        ResponseParserError("Unable to parse the response."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_connection_is_transient_once_botocore_gives_up(
    source: Wire, copy_request: CopyRequest, error: Exception
) -> None:
    for operation, call in CALLS.values():
        source.break_connection(operation, error)

        with pytest.raises(TransientError, match=f"{operation} on .* failed: {type(error).__name__}, "):
            call(source.client, copy_request)


def test_missing_credentials_are_a_bug(source: Wire, copy_request: CopyRequest) -> None:
    source.break_connection("ListProjectPolicies", NoCredentialsError())

    with pytest.raises(NoCredentialsError):
        rekognition.list_policies(source.client, copy_request.source_project)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"{}", b'{"__type": "InternalServerError"}'])
def test_a_server_error_is_transient_after_three_attempts(
    source: Wire, world: World, copy_request: CopyRequest, status: int, body: bytes
) -> None:
    responses = source.respond("ListProjectPolicies", status, body)

    with pytest.raises(TransientError):
        rekognition.list_policies(source.client, copy_request.source_project)

    assert len(responses) == 3
    assert len(world.clock.pauses) == 2


def test_an_error_without_a_message_says_so(source: Wire, copy_request: CopyRequest) -> None:
    source.return_error("ListProjectPolicies", "ThrottlingException", message="")

    with pytest.raises(TransientError, match="ThrottlingException, AWS gives no message"):
        rekognition.list_policies(source.client, copy_request.source_project)


def test_all_attempts_fit_in_the_time_of_a_function(source: Wire) -> None:
    config = source.client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (3, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


@pytest.mark.parametrize("error", [NoCredentialsError(), ConnectTimeoutError(endpoint_url=URL)])
def test_any_error_of_aws_while_sending_is_a_not_sent_error(error: Exception) -> None:
    with (
        pytest.raises(errors.NotSentError, match=re.escape(str(error).rstrip("."))),
        errors.sending("Publish", "t", ""),
    ):
        raise error


def test_a_bug_while_sending_stays_a_bug() -> None:
    with pytest.raises(KeyError), errors.sending("Publish", "a-topic", ""):
        raise KeyError("a-bug")
