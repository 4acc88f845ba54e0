"""AWS's errors under the workflow's names, whichever the operation."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from model_copy.errors import AccessDeniedError, RequestRejectedError, TransientError
from model_copy.text import without_stop

THROTTLED = {
    "KMSThrottling",
    "KmsThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_BUSY = THROTTLED | {
    "ExpiredToken",  # the next try has another session
    "ExpiredTokenException",
    "InternalServerError",
    "InvalidPaginationTokenException",  # the list changed between two pages
    "RequestTimeout",
    "RequestTimeoutException",
    "UnrecognizedClientException",  # a new session is not known everywhere yet
}
_DENIED = {"AccessDeniedException", "AccessDenied", "AuthorizationError", "KMSAccessDenied", "KmsAccessDeniedException"}
_REJECTED = {"InvalidParameterException", "ValidationException"}
_QUOTA = {"LimitExceededException", "ServiceQuotaExceededException"}


@contextmanager
def calling(operation: str, resource: object, advice: str) -> Iterator[None]:
    """Turn what any operation may fail with into errors of the workflow; all else passes.

    Raises TransientError, AccessDeniedError, RequestRejectedError.

    A dropped connection leaves open whether the call took effect.
    """
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code(error) in _BUSY or status >= 500:
            raise TransientError(
                what=f"{operation} on {resource}", reason=f"{code(error)}, {message(error)}"
            ) from error
        if code(error) in _DENIED:
            raise AccessDeniedError(
                operation=operation, resource=resource, message=message(error), advice=advice
            ) from error
        if code(error) in _REJECTED:
            raise RequestRejectedError(
                operation=operation, resource=resource, code=code(error), message=message(error)
            ) from error
        raise
    except ResponseParserError:
        # Its text holds the answer, and that of AssumeRole holds a session's keys.
        raise TransientError(
            what=f"{operation} on {resource}", reason="ResponseParserError, AWS's answer cannot be read"
        ) from None
    except (ConnectionError, HTTPClientError) as error:
        raise TransientError(
            what=f"{operation} on {resource}", reason=f"{type(error).__name__}, {without_stop(str(error))}"
        ) from error


def code(error: ClientError) -> str:
    """Give AWS's name of the error."""
    return error.response["Error"]["Code"]


def message(error: ClientError) -> str:
    """Give AWS's sentence, without its full stop."""
    return without_stop(error.response["Error"].get("Message") or "AWS gives no message")


def is_quota(error: ClientError) -> bool:
    """Tell whether AWS refuses for a limit; which of the two errors it uses for which limit is undocumented."""
    return code(error) in _QUOTA
