"""AWS's errors, translated into the errors of the workflow."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError
from botocore.parsers import ResponseParserError

from model_copy.errors import AccessDeniedError, ModelCopyError, RequestRejectedError, TransientError
from model_copy.text import without_period

THROTTLING = {
    "KMSThrottling",
    "KmsThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_TRANSIENT = THROTTLING | {
    "ExpiredToken",  # the next attempt gets another session
    "ExpiredTokenException",
    "InternalServerError",
    "InvalidPaginationTokenException",  # the list changed between two pages
    "RequestTimeout",
    "RequestTimeoutException",
    "UnrecognizedClientException",  # a new session may not be valid everywhere yet
}
_DENIED = {"AccessDeniedException", "AccessDenied", "AuthorizationError", "KMSAccessDenied", "KmsAccessDeniedException"}
_REJECTED = {"InvalidParameterException", "ValidationException"}
UNTRANSLATED = (ClientError, BotoCoreError)
_QUOTA = {"LimitExceededException", "ServiceQuotaExceededException"}


@contextmanager
def translated(operation: str, resource: object, advice: str) -> Iterator[None]:
    """Raise the workflow's errors for the errors that any operation may have; let other errors pass.

    Raises TransientError, AccessDeniedError, RequestRejectedError.

    After a dropped connection it is unknown whether the call took effect.
    """
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code(error) in _TRANSIENT or status >= 500:
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
        # The error's text contains the response, and a response of AssumeRole contains a session's keys.
        raise TransientError(
            what=f"{operation} on {resource}", reason="ResponseParserError, AWS's response cannot be parsed"
        ) from None
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise TransientError(
            what=f"{operation} on {resource}", reason=f"{type(error).__name__}, {without_period(str(error))}"
        ) from error


class NotSentError(Exception):
    """AWS did not accept an event or a mail.  notifications.py then still sends the other one."""


@contextmanager
def sending(operation: str, resource: object, advice: str) -> Iterator[None]:
    """Raise NotSentError for any error of AWS."""
    try:
        with translated(operation, resource, advice):
            yield
    except (ModelCopyError, *UNTRANSLATED) as error:
        raise NotSentError(reason(error)) from error


def reason(error: Exception) -> str:
    """Return what failed and which permission is missing, without the advice to redrive an execution that has ended."""
    if not isinstance(error, ModelCopyError):
        return without_period(str(error))
    failure = error.sentence.partition(". ")[0].format(**error.details)
    return without_period(f"{failure}. {error.details.get('advice', '')}")


def code(error: ClientError) -> str:
    """Return AWS's code of the error."""
    return error.response["Error"]["Code"]


def message(error: ClientError) -> str:
    """Return AWS's message without its period."""
    return without_period(error.response["Error"].get("Message") or "AWS gives no message")


def is_quota(error: ClientError) -> bool:
    """Return whether AWS refused because of a limit; AWS does not document which code is for which limit."""
    return code(error) in _QUOTA
