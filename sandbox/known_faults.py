"""Where faults can strike, and which: the operations that the functions call, and the functions themselves."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from moto.core.utils import get_service_model

from sandbox.deployment import function_names
from sandbox.happenings import HAPPENINGS
from sandbox.usage import UsageError

OPERATIONS = {
    "AssumeRole": "sts",
    "DescribeProjectVersions": "rekognition",
    "ListProjectPolicies": "rekognition",
    "PutProjectPolicy": "rekognition",
    "DeleteProjectPolicy": "rekognition",
    "CopyProjectVersion": "rekognition",
    "DescribeModelPackage": "sagemaker",
    "DescribeProjects": "rekognition",
    "DescribeExecution": "stepfunctions",
    "GetExecutionHistory": "stepfunctions",
    "ListExecutions": "stepfunctions",
    "PutEvents": "events",
    "Publish": "sns",
    "GetObject": "s3",
    "PutObject": "s3",
    "DeleteObject": "s3",
    "ListObjectsV2": "s3",
}
OF_PUT_EVENTS = ("entry_failed",)
OF_OPERATIONS = ("http_500", "http_502", "http_503", "dropped", "lost_answer", "slow", "none")
OF_FUNCTIONS = ("throttled", "crashed", "killed", "timed_out", "too_large", "none")
# Any service may answer these: https://docs.aws.amazon.com/rekognition/latest/APIReference/CommonErrors.html
COMMON_ERRORS = (
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InvalidClientTokenId",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceQuotaExceededException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
)


class PlanError(UsageError):
    """A plan has names or values that the sandbox does not know; the message lists all of them."""


def faults_at(place: str, happenings: Iterable[str] = HAPPENINGS) -> list[str]:
    """Return the faults of a place: an operation, a function, or an operation as called by a function.

    Raises PlanError if there is no such place.
    """
    function, dot, operation = place.rpartition(".")
    named = function if dot else operation
    if operation in OPERATIONS and (not dot or named in functions()):
        own = OF_PUT_EVENTS if operation == "PutEvents" else ()
        return [*OF_OPERATIONS, *own, *errors_of(operation), *happenings]
    if named in functions() and not dot:
        return [*OF_FUNCTIONS, *invoke_errors()]
    known = [*OPERATIONS, *functions()]
    raise PlanError(f"There is no place {place!r}. {meant(place, 'places', known)}")


@cache
def functions() -> list[str]:
    """Return the logical ids of the functions."""
    return function_names()


def errors_of(operation: str) -> list[str]:
    """Return the names of the errors with which AWS may answer an operation."""
    shapes = get_service_model(OPERATIONS[operation]).operation_model(operation).error_shapes
    return sorted({*COMMON_ERRORS, *(shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes)})


@cache
def invoke_errors() -> dict[str, int]:
    """Return the HTTP status codes of the errors of Lambda's Invoke, by name."""
    shapes = get_service_model("lambda").operation_model("Invoke").error_shapes
    return {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes}


def meant(name: str, what: str, known: Iterable[str]) -> str:
    """Return the known name that is close to an unknown one, or all of them."""
    listed = list(known)
    close = get_close_matches(name, listed, 1)
    return f"Did you mean {close[0]}?" if close else f"The {what} are {', '.join(listed)}."
