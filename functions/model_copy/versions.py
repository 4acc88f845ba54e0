"""Model versions: what a version is and what its status means for a copy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from model_copy.errors import (
    FailedBeforeError,
    QualityGateError,
    SourceNotCopyableError,
    TransientError,
    VersionConflictError,
)
from model_copy.request import CopyRequest
from model_copy.text import without_period

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import ProjectVersionDescriptionTypeDef

IN_PROGRESS = "COPYING_IN_PROGRESS"
FAILED = "COPYING_FAILED"
DELETING = "DELETING"
F1_DIGITS = 6  # the digits that a 32-bit number keeps: AWS may report 0.9 as 0.8999999761581421
COPIED = frozenset({"COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"})

_NOT_COPYABLE = {
    "TRAINING_IN_PROGRESS": "Start the request again when the training has completed.",
    "COPYING_IN_PROGRESS": "Start the request again when the version has been copied to the source project.",
    "TRAINING_FAILED": "Train the model again and copy the new version.",
    "COPYING_FAILED": "Choose a version whose training or copy has completed.",
    "DELETING": "Choose another version.",
}


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version as DescribeProjectVersions reports it; None for a field that AWS does not report.

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
    f1_score: float | None

    @classmethod
    def from_description(cls, description: "ProjectVersionDescriptionTypeDef") -> Self:
        """Read an entry of DescribeProjectVersions."""
        output, status = description.get("OutputConfig", {}), description.get("Status", "")
        no_message = "" if status == IN_PROGRESS or status in COPIED else "AWS gives no reason"
        return cls(
            arn=description.get("ProjectVersionArn", ""),
            status=status,
            message=without_period(description.get("StatusMessage") or no_message),
            source=description.get("SourceProjectVersionArn") or None,
            bucket=output.get("S3Bucket"),
            prefix=output.get("S3KeyPrefix"),
            kms_key=description.get("KmsKeyId") or None,
            feature=description.get("Feature") or None,
            f1_score=_score(description.get("EvaluationResult", {}).get("F1Score")),
        )


def _score(reported: object) -> float | None:
    """Return the F1 score; None if it is not a number from 0 to 1."""
    if not isinstance(reported, int | float) or isinstance(reported, bool) or not 0 <= reported <= 1:
        return None
    return round(float(reported), F1_DIGITS)


def check_source(version: ModelVersion) -> None:
    """Raise SourceNotCopyableError if the source version certainly cannot be copied; otherwise AWS decides."""
    if version.feature not in (None, "CUSTOM_LABELS"):
        reason, advice = f"its Feature is {version.feature}", "Choose a Custom Labels model; no other can be copied."
    elif version.status in _NOT_COPYABLE:
        reason, advice = f"its status is {version.status}", _NOT_COPYABLE[version.status]
    else:
        return
    raise SourceNotCopyableError(version=version.arn, reason=reason, advice=advice)


def check_quality(version: ModelVersion, minimum: float) -> None:
    """Raise QualityGateError if the F1 score is lower than the minimum or not reported; 0 accepts every version."""
    score = version.f1_score
    if minimum == 0 or (score is not None and score >= round(minimum, F1_DIGITS)):
        return
    shown = "no F1 score" if score is None else f"the F1 score {score:g}"
    raise QualityGateError(version=version.arn, score=shown, minimum=f"{minimum:g}")


def may_be_copy(existing: ModelVersion, request: CopyRequest) -> bool:
    """Return whether the version is a copy of the requested version, or may turn out to be one.

    AWS does not document when a copy begins to report its source, so an incomplete copy may not report it.
    """
    return existing.source == request.source_version.text or (
        existing.source is None and existing.status in (IN_PROGRESS, FAILED)
    )


def check_source_of(existing: ModelVersion, request: CopyRequest) -> None:
    """Raise VersionConflictError if the version is not a copy of the requested version."""
    if may_be_copy(existing, request):
        return
    raise _conflict(existing, request, f"copied from {existing.source}" if existing.source else "which is not a copy")


def check_is_this_copy(existing: ModelVersion, request: CopyRequest, source: ModelVersion | None) -> None:
    """Raise an error unless the version with the requested name is this copy, running or complete.

    An output location or key other than the requested one is a conflict, unless AWS reports the same for the source.

    Raises TransientError, VersionConflictError, FailedBeforeError.
    """
    if existing.status == DELETING:
        raise TransientError(what=f"Using the name {request.version_name}", reason=f"{existing.arn} is being deleted")
    check_source_of(existing, request)
    difference = _difference(existing, request, source)
    if difference:
        origin = "copied from the same version" if existing.source else "a copy that does not report its source,"
        raise _conflict(existing, request, f"{origin} {difference}")
    if existing.status == FAILED:
        raise FailedBeforeError(
            origin=" of this model version" if existing.source else "",
            project=request.destination_project,
            name=request.version_name,
            message=explain_failure(existing),
            version=existing.arn,
        )
    if existing.status not in COPIED | {IN_PROGRESS}:
        raise _conflict(existing, request, "copied from the same version")


def explain_failure(existing: ModelVersion) -> str:
    """Return AWS's reason; add that a failed copy without a source may be somebody else's."""
    unknown = "" if existing.source else " (the failed version reports no source, so it may be somebody else's copy)"
    return f"{existing.message}{unknown}"


def _conflict(existing: ModelVersion, request: CopyRequest, what: str) -> VersionConflictError:
    described = f"{existing.arn}, with status {existing.status}, {what}"
    return VersionConflictError(project=request.destination_project, name=request.version_name, existing=described)


def _difference(existing: ModelVersion, request: CopyRequest, source: ModelVersion | None) -> str | None:
    """Describe how the copy differs from the requested one, as far as AWS reports it."""
    requested = _location(request.output_config.get("S3Bucket"), request.output_config.get("S3KeyPrefix"))
    found = _location(existing.bucket, existing.prefix)
    inherited = source is not None and found == _location(source.bucket, source.prefix)
    if existing.bucket is not None and requested != found and not inherited:
        return f"with its output at {found}, not at {requested}"
    inherited = source is not None and existing.kms_key == source.kms_key
    if existing.kms_key is not None and not _same_key(request.kms_key_id, existing.kms_key) and not inherited:
        return f"with the KMS key {existing.kms_key}, not {request.kms_key_id or 'a key that AWS owns'}"
    return None


def _location(bucket: str | None, prefix: str | None) -> str:
    return f"s3://{bucket or ''}/{prefix or ''}".rstrip("/")


def _same_key(requested: str | None, reported: str) -> bool:
    """Compare two names of a key; an alias cannot be compared, so it counts as the same."""
    if requested is None:
        return False
    if "alias/" in requested or "alias/" in reported:
        return True
    return requested.rpartition("/")[2] == reported.rpartition("/")[2]
