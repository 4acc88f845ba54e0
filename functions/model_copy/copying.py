"""The copy: started exactly once, then polled until it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from model_copy import grants, runtime, versions
from model_copy.aws import rekognition
from model_copy.errors import (
    AccessDeniedError,
    CopyDeadlineError,
    DestinationProjectNotFoundError,
    ModelCopyError,
    ModelQuotaError,
    NoCopySlotError,
    SourceVersionNotFoundError,
    VersionConflictError,
    VersionGoneError,
)
from model_copy.progress import Progress
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

MODELS_PER_PROJECT = 100  # the default quota
MOST_TIMES_MISSING = 10
DESCRIBE, LIST_POLICIES = "rekognition:DescribeProjectVersions", "rekognition:ListProjectPolicies"

# Returns a client for the source account that is limited to one action.
SourceClient = Callable[[str], "RekognitionClient"]


def find_source(client: "RekognitionClient", request: CopyRequest) -> ModelVersion:
    """Return the source version.

    Raises SourceVersionNotFoundError, TransientError, AccessDeniedError.
    """
    requested = request.source_version
    try:
        found = rekognition.describe_version(client, request.source_project, requested.version)
    except rekognition.ProjectNotFoundError as error:
        hint = f", because there is no project {request.source_project}"
        raise SourceVersionNotFoundError(version=requested, hint=hint) from error
    if found is None or found.arn != requested.text:
        hint = f"; the version named {requested.version} is {found.arn}" if found else ""
        raise SourceVersionNotFoundError(version=requested, hint=hint)
    return found


def check_is_this_copy(existing: ModelVersion, request: CopyRequest, source_client: SourceClient) -> None:
    """Raise an error unless the version with the requested name is this copy.

    A copy may report the output location and key of its source, so the source is read before a conflict is raised.

    Raises TransientError, VersionConflictError, FailedBeforeError, AccessDeniedError.
    """
    try:
        versions.check_is_this_copy(existing, request, None)
    except VersionConflictError:
        if not versions.may_be_copy(existing, request):
            raise
        try:
            source = find_source(source_client(DESCRIBE), request)
        except SourceVersionNotFoundError:
            source = None
        versions.check_is_this_copy(existing, request, source)


def find_existing_version(client: "RekognitionClient", request: CopyRequest) -> ModelVersion | None:
    """Return the version with the requested name in the destination project.

    Raises DestinationProjectNotFoundError, TransientError, AccessDeniedError.
    """
    with _in_destination(request):
        return rekognition.describe_version(client, request.destination_project, request.version_name)


@contextmanager
def _in_destination(request: CopyRequest) -> Iterator[None]:
    project = request.destination_project
    try:
        yield
    except rekognition.ProjectNotFoundError as error:
        raise DestinationProjectNotFoundError(project=project, account=project.account) from error


def copy_once(client: "RekognitionClient", request: CopyRequest, source_client: SourceClient) -> Progress:
    """Adopt the existing copy, or start it.

    CopyProjectVersion has no client token and its response can be lost, so the version's name makes it happen once:
    the name is described before the call, and again if the call failed.
    """
    existing = find_existing_version(client, request)
    if existing is None:
        try:
            arn = rekognition.copy_version(client, request)
        except Exception as error:  # after any error the copy may have been started
            existing = find_existing_version(client, request)
            if existing is None:
                raise _copy_error(error, client, request, source_client) from error
        else:
            return Progress(arn, versions.IN_PROGRESS, "", runtime.now(), adopted=False)
    check_is_this_copy(existing, request, source_client)
    return Progress(existing.arn, existing.status, existing.message, runtime.now(), adopted=True)


def poll(client: "RekognitionClient", request: CopyRequest, before: Progress) -> Progress:
    """Return the progress of the copy.

    Raises VersionGoneError, VersionConflictError, CopyDeadlineError, DestinationProjectNotFoundError, TransientError.
    """
    found = find_existing_version(client, request)
    if found is None:
        times = before.times_missing + 1
        if times > MOST_TIMES_MISSING:
            raise VersionGoneError(version=before.arn or request.version_name, times=times)
        return replace(before, times_missing=times)
    # Only a copy that this execution started is certain to be a copy of the requested version.
    adopted = before.adopted or found.arn != before.arn
    if adopted:
        versions.check_source_of(found, request)
    _check_deadline(found, before)
    message = versions.explain_failure(found) if adopted and found.status == versions.FAILED else found.message
    return replace(before, arn=found.arn, status=found.status, message=message, adopted=adopted, times_missing=0)


def _check_deadline(found: ModelVersion, before: Progress) -> None:
    deadline = timedelta(hours=float(runtime.setting("DEADLINE_HOURS")))
    if found.status == versions.IN_PROGRESS and runtime.now() - before.first_seen > deadline:
        raise CopyDeadlineError(version=found.arn, hours=f"{deadline.total_seconds() / 3600:g} hours")


def _copy_error(
    error: Exception, client: "RekognitionClient", request: CopyRequest, source_client: SourceClient
) -> Exception:
    """Return the error for a copy that was not started."""
    if isinstance(error, AccessDeniedError):
        grants.explain_denial(source_client(LIST_POLICIES), request, str(error.details["message"]))
    if isinstance(error, rekognition.CopyQuotaError):
        return _quota_error(str(error), client, request)
    return error


def _quota_error(message: str, client: "RekognitionClient", request: CopyRequest) -> ModelCopyError:
    """Distinguish a full project, which stays full, from copy slots, which become free."""
    project = request.destination_project
    with _in_destination(request):
        count = rekognition.count_versions(client, project)
    if count >= MODELS_PER_PROJECT:
        return ModelQuotaError(project=project, count=count, message=message)
    return NoCopySlotError(account=project.account, region=project.region, message=message)
