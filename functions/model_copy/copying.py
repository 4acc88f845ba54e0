"""The copy: started exactly once, then looked at until it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_copy import accounts, aws_errors, grants, rekognition, runtime, statuses
from model_copy.errors import (
    AccessDeniedError,
    CopyDeadlineError,
    DestinationProjectNotFoundError,
    ModelCopyError,
    ModelQuotaError,
    NoCopySlotError,
    RefusedError,
    RequestRejectedError,
    SourceVersionNotFoundError,
    TransientError,
    VersionConflictError,
    VersionGoneError,
)
from model_copy.polling import Progress
from model_copy.request import CopyRequest
from model_copy.statuses import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

MODELS_A_PROJECT = 100  # the default quota
MOST_TIMES_MISSING = 10


def check_both(
    source: "RekognitionClient", destination: "RekognitionClient", request: CopyRequest
) -> ModelVersion | None:
    """Give the copy that holds the name, or check that it can be made, and say at once all that speaks against it.

    A copy that is there already needs no source any more.

    Raises SourceVersionNotFoundError, SourceNotCopyableError, DestinationProjectNotFoundError, VersionConflictError,
    FailedBeforeError, TransientError, AccessDeniedError.
    """
    refusals: list[RefusedError] = []
    try:
        held = find_held(destination, request)
        if held:
            adopt(held, request)
            return held
    except RefusedError as error:
        refusals.append(error)
    try:
        statuses.check_source(find_source(source, request))
    except RefusedError as error:
        refusals.insert(0, error)
    if refusals:
        raise RefusedError.together(refusals)
    return None


def find_source(client: "RekognitionClient", request: CopyRequest) -> ModelVersion:
    """Find the source version.

    Raises SourceVersionNotFoundError, TransientError, AccessDeniedError.
    """
    wanted = request.source_version
    try:
        found = rekognition.describe_version(client, request.source_project, wanted.version)
    except rekognition.ProjectNotFoundError as error:
        raise SourceVersionNotFoundError.without_project(wanted, request.source_project) from error
    if found is None or found.arn != wanted.text:
        hint = f"; the version named {wanted.version} is {found.arn}" if found else ""
        raise SourceVersionNotFoundError(version=wanted, hint=hint)
    return found


def adopt(held: ModelVersion, request: CopyRequest) -> None:
    """Pass when the version that holds the name is this copy; else raise what stands in the way.

    A copy may inherit the description of its source's output and key, so on a conflict the source is looked at, too.

    Raises TransientError, VersionConflictError, FailedBeforeError, AccessDeniedError.
    """
    try:
        statuses.adopt(held, request, None)
    except VersionConflictError:
        if not statuses.may_be_copy(held, request):
            raise
        try:
            source = find_source(accounts.source(request, "rekognition:DescribeProjectVersions"), request)
        except SourceVersionNotFoundError:
            source = None
        statuses.adopt(held, request, source)


def find_held(client: "RekognitionClient", request: CopyRequest) -> ModelVersion | None:
    """Find what holds the name in the destination project.

    Raises DestinationProjectNotFoundError, TransientError, AccessDeniedError.
    """
    with _in_destination(request):
        return rekognition.describe_version(client, request.destination_project, request.version_name)


@contextmanager
def _in_destination(request: CopyRequest) -> Iterator[None]:
    """Name the project that is not there."""
    project = request.destination_project
    try:
        yield
    except rekognition.ProjectNotFoundError as error:
        raise DestinationProjectNotFoundError(project=project, account=project.account) from error


def copy_once(client: "RekognitionClient", request: CopyRequest) -> Progress:
    """Adopt the copy that holds the name, or start it.

    CopyProjectVersion has no client token and an answer of it can be lost, so the name is what makes it happen once:
    it is described before, and again after a failure.
    """
    held = find_held(client, request)
    if held is None:
        try:
            arn = rekognition.copy_version(client, request)
        except (ClientError, ModelCopyError) as error:
            held = find_held(client, request)
            if held is None:
                raise _failure(error, client, request) from error
        else:
            return Progress(arn, statuses.IN_PROGRESS, "", runtime.now(), adopted=False)
    adopt(held, request)
    return Progress(held.arn, held.status, held.message, runtime.now(), adopted=True)


def look(client: "RekognitionClient", request: CopyRequest, before: Progress) -> Progress:
    """See how far the copy is.

    Raises VersionGoneError, VersionConflictError, CopyDeadlineError, DestinationProjectNotFoundError, TransientError.
    """
    held = find_held(client, request)
    if held is None:
        times = before.times_missing + 1
        if times > MOST_TIMES_MISSING:
            raise VersionGoneError(version=before.arn or request.version_name, times=times)
        return replace(before, times_missing=times)
    # Only the copy that this execution started is known to be of the requested version.
    adopted = before.adopted or held.arn != before.arn
    if adopted:
        statuses.check_source_of(held, request)
    _check_deadline(held, before)
    message = statuses.explain_failure(held) if adopted and held.status == statuses.FAILED else held.message
    return replace(before, arn=held.arn, status=held.status, message=message, adopted=adopted, times_missing=0)


def _check_deadline(held: ModelVersion, before: Progress) -> None:
    deadline = timedelta(hours=float(runtime.setting("DEADLINE_HOURS")))
    if held.status == statuses.IN_PROGRESS and runtime.now() - before.since > deadline:
        raise CopyDeadlineError(version=held.arn, hours=f"{deadline.total_seconds() / 3600:g} hours")


def _failure(error: Exception, client: "RekognitionClient", request: CopyRequest) -> Exception:
    """Name what a copy that did not start failed with."""
    if isinstance(error, AccessDeniedError):
        denial = aws_errors.message(error.__cause__) if isinstance(error.__cause__, ClientError) else str(error)
        grants.explain_denial(accounts.source(request, "rekognition:ListProjectPolicies"), request, denial)
    if not isinstance(error, ClientError):
        return error
    if aws_errors.is_quota(error):
        return _quota(error, client, request)
    project, code, message = request.destination_project, aws_errors.code(error), aws_errors.message(error)
    if code in ("ResourceInUseException", "ResourceAlreadyExistsException"):
        return TransientError(what=f"The copy to {project}", reason=f"{code}, {message}")
    if code == "ResourceNotFoundException":
        return RequestRejectedError(operation="CopyProjectVersion", resource=project, code=code, message=message)
    return error


def _quota(error: ClientError, client: "RekognitionClient", request: CopyRequest) -> ModelCopyError:
    """Tell a full project, which does not free itself, from full copy slots, which do."""
    project, message = request.destination_project, aws_errors.message(error)
    with _in_destination(request):
        count = rekognition.count_versions(client, project)
    if count >= MODELS_A_PROJECT:
        return ModelQuotaError(project=project, count=count, message=message)
    return NoCopySlotError(account=project.account, region=project.region, message=message)
