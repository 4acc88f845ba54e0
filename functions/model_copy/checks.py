"""The checks of source and destination, before anything is changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_copy import copying, versions
from model_copy.errors import RefusedError, SourceVersionNotFoundError
from model_copy.request import CopyRequest
from model_copy.text import shorten
from model_copy.versions import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


def check_both(
    source: "RekognitionClient", destination: "RekognitionClient", request: CopyRequest, minimum_f1_score: float
) -> tuple[ModelVersion | None, ModelVersion | None]:
    """Return the existing copy and the source version; None for a version that does not exist or was not described.

    If there is no copy, check that the copy is possible, and report all refusals at once.  An existing copy does not
    need its source, but a source that is too bad is refused even then.

    Raises SourceVersionNotFoundError, SourceNotCopyableError, QualityGateError, DestinationProjectNotFoundError,
    VersionConflictError, FailedBeforeError, TransientError, AccessDeniedError.
    """
    refusals: list[RefusedError] = []
    try:
        existing = copying.find_existing_version(destination, request)
        if existing:
            copying.check_is_this_copy(existing, request, lambda _: source)
    except RefusedError as error:
        refusals.append(error)
    else:
        if existing:
            return existing, _check_source_of_copy(source, request, minimum_f1_score)
    try:
        found = copying.find_source(source, request)
        versions.check_source(found)
        versions.check_quality(found, minimum_f1_score)
    except RefusedError as error:
        refusals.insert(0, error)
    if refusals:
        raise _combined(refusals)
    return None, found


def _check_source_of_copy(
    source: "RekognitionClient", request: CopyRequest, minimum_f1_score: float
) -> ModelVersion | None:
    """Return the source of an existing copy; None without a quality gate, or if the source is gone.

    Raises QualityGateError, TransientError, AccessDeniedError.
    """
    if not minimum_f1_score:
        return None
    try:
        found = copying.find_source(source, request)
    except SourceVersionNotFoundError:
        return None
    versions.check_quality(found, minimum_f1_score)
    return found


def _combined(refusals: Sequence[RefusedError]) -> RefusedError:
    """Return the first refusal, with the sentences of all refusals."""
    first = refusals[0]
    first.args = (shorten(" ".join(map(str, refusals))),)
    return first
