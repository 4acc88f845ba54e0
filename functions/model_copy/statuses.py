"""What the statuses of a model version mean for a copy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from model_copy.errors import FailedBeforeError, SourceNotCopyableError, TransientError, VersionConflictError
from model_copy.request import CopyRequest
from model_copy.text import without_stop

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import ProjectVersionDescriptionTypeDef

IN_PROGRESS = "COPYING_IN_PROGRESS"
FAILED = "COPYING_FAILED"
DELETING = "DELETING"
COPIED = frozenset({"COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"})

_NOT_COPYABLE = {
    "TRAINING_IN_PROGRESS": "Start the request again when the training has completed.",
    "COPYING_IN_PROGRESS": "Start the request again when its own copy has completed.",
    "TRAINING_FAILED": "Train the model again and copy that version.",
    "COPYING_FAILED": "Choose a version that was copied or trained in full.",
    "DELETING": "Choose another version.",
}


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """What DescribeProjectVersions tells of a version; None where it tells nothing.

    Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_ProjectVersionDescription.html
    """

    arn: str
    status: str
    message: str
    source: str | None
    bucket: str | None
    prefix: str | None
    kms_key: str | None
    feature: str | None

    @classmethod
    def of(cls, description: "ProjectVersionDescriptionTypeDef") -> Self:
        """Read a description."""
        output, status = description.get("OutputConfig", {}), description.get("Status", "")
        no_message = "" if status == IN_PROGRESS or status in COPIED else "AWS gives no reason"
        return cls(
            arn=description.get("ProjectVersionArn", ""),
            status=status,
            message=without_stop(description.get("StatusMessage") or no_message),
            source=description.get("SourceProjectVersionArn") or None,
            bucket=output.get("S3Bucket"),
            prefix=output.get("S3KeyPrefix"),
            kms_key=description.get("KmsKeyId") or None,
            feature=description.get("Feature") or None,
        )


def check_source(version: ModelVersion) -> None:
    """Raise SourceNotCopyableError when the source version is in no state to be copied.

    Whatever is not plainly wrong is AWS's to judge.
    """
    if version.feature not in (None, "CUSTOM_LABELS"):
        reason, advice = f"its Feature is {version.feature}", "Only Custom Labels models can be copied; choose one."
    elif version.status in _NOT_COPYABLE:
        reason, advice = f"its status is {version.status}", _NOT_COPYABLE[version.status]
    else:
        return
    raise SourceNotCopyableError(version=version.arn, reason=reason, advice=advice)


def may_be_copy(held: ModelVersion, request: CopyRequest) -> bool:
    """Return whether the version is a copy of the requested version, or can still turn out to be one.

    AWS does not document when a copy begins to report its source, so one that is not complete may not report it.
    """
    return held.source == request.source_version.text or (held.source is None and held.status in (IN_PROGRESS, FAILED))


def check_source_of(held: ModelVersion, request: CopyRequest) -> None:
    """Raise VersionConflictError when the version is not a copy of the requested version."""
    if may_be_copy(held, request):
        return
    raise _conflict(held, request, f"copied from {held.source}" if held.source else "which is no copy")


def adopt(held: ModelVersion, request: CopyRequest, source: ModelVersion | None) -> None:
    """Pass when the version that holds the name is this copy, running or done; else raise what stands in the way.

    What AWS tells of its output location and key counts unless it is just what it tells of the source.

    Raises TransientError, VersionConflictError, FailedBeforeError.
    """
    if held.status == DELETING:
        raise TransientError(what=f"Taking the name {request.version_name}", reason=f"{held.arn} is being deleted")
    check_source_of(held, request)
    difference = _difference(held, request, source)
    if difference:
        origin = "copied from the same version" if held.source else "a copy that does not report its source,"
        raise _conflict(held, request, f"{origin} {difference}")
    if held.status == FAILED:
        raise FailedBeforeError(
            origin=" of this model version" if held.source else "",
            project=request.destination_project,
            name=request.version_name,
            message=explain_failure(held),
            version=held.arn,
        )
    if held.status not in COPIED | {IN_PROGRESS}:
        raise _conflict(held, request, "copied from the same version")


def explain_failure(held: ModelVersion) -> str:
    """Return AWS's reason, and that a failed copy may be another's if it reports no source."""
    return held.message if held.source else f"{held.message} (it reports no source, so it may be somebody else's copy)"


def _conflict(held: ModelVersion, request: CopyRequest, what: str) -> VersionConflictError:
    holder = f"{held.arn}, with status {held.status}, {what}"
    return VersionConflictError(project=request.destination_project, name=request.version_name, holder=holder)


def _difference(held: ModelVersion, request: CopyRequest, source: ModelVersion | None) -> str | None:
    """Say how the copy differs from the one asked for, as far as AWS tells."""
    asked = _location(request.output_config.get("S3Bucket"), request.output_config.get("S3KeyPrefix"))
    found = _location(held.bucket, held.prefix)
    inherited = source is not None and found == _location(source.bucket, source.prefix)
    if held.bucket is not None and asked != found and not inherited:
        return f"with its output at {found}, not at {asked}"
    inherited = source is not None and held.kms_key == source.kms_key
    if held.kms_key is not None and not _same_key(request.kms_key_id, held.kms_key) and not inherited:
        return f"with the KMS key {held.kms_key}, not {request.kms_key_id or 'a key that AWS owns'}"
    return None


def _location(bucket: str | None, prefix: str | None) -> str:
    return f"s3://{bucket or ''}/{prefix or ''}".rstrip("/")


def _same_key(asked: str | None, held: str) -> bool:
    """Compare two names of a key; an alias cannot be compared, so it is taken to be right."""
    if asked is None:
        return False
    if "alias/" in asked or "alias/" in held:
        return True
    return asked.rpartition("/")[2] == held.rpartition("/")[2]
