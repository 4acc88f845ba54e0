"""What holds the name decides what becomes of the copy: adopted, awaited or refused."""

import re
from dataclasses import replace
from typing import Any

import pytest

from model_copy import statuses
from model_copy.errors import FailedBeforeError, SourceNotCopyableError, TransientError, VersionConflictError
from model_copy.request import CopyRequest
from model_copy.statuses import ModelVersion

KEY = "arn:aws:kms:eu-central-1:222222222222:key/11111111-2222-3333-4444-555555555555"
STATUSES = {
    "COPYING_IN_PROGRESS": None,
    "COPYING_COMPLETED": None,
    "STARTING": None,
    "RUNNING": None,
    "STOPPING": None,
    "STOPPED": None,
    "COPYING_FAILED": FailedBeforeError,
    "DELETING": TransientError,
    "TRAINING_IN_PROGRESS": VersionConflictError,
    "TRAINING_COMPLETED": VersionConflictError,
    "TRAINING_FAILED": VersionConflictError,
    "FAILED": VersionConflictError,
    "DEPRECATED": VersionConflictError,
    "EXPIRED": VersionConflictError,
    "A_STATUS_THAT_NOBODY_KNOWS": VersionConflictError,
}
OTHER_VERSION = "arn:aws:rekognition:eu-central-1:111111111111:project/cats/version/v2/1700000000009"
OURS: list[dict[str, Any]] = [
    {},
    {"bucket": None, "prefix": None},
    {"kms_key": None},
    {"bucket": None, "prefix": None, "kms_key": None},
    {"prefix": "copies/"},
    {"kms_key": KEY.rpartition("/")[2]},
    {"kms_key": "alias/models"},
]
OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"source": OTHER_VERSION}, f"copied from {OTHER_VERSION}"),
    ({"source": None}, "which is no copy"),
    ({"bucket": "old-models"}, "with its output at s3://old-models/copies, not at s3://live-models/copies"),
    ({"prefix": "old"}, "with its output at s3://live-models/old, not at s3://live-models/copies"),
    ({"prefix": None}, "with its output at s3://live-models, not at s3://live-models/copies"),
    ({"kms_key": KEY[:-1] + "6"}, f"with the KMS key {KEY[:-1]}6, not {KEY}"),
]


@pytest.fixture
def request_with_key(copy_request: CopyRequest) -> CopyRequest:
    return replace(copy_request, kms_key_id=KEY)


@pytest.fixture
def held(copy_request: CopyRequest) -> ModelVersion:
    """The copy that is asked for, as AWS tells of it."""
    return ModelVersion(
        arn="arn:aws:rekognition:eu-central-1:222222222222:project/cats-live/version/v1/1700000000010",
        status="COPYING_COMPLETED",
        message="The bucket is gone",
        source=copy_request.source_version.text,
        bucket="live-models",
        prefix="copies",
        kms_key=KEY,
        feature="CUSTOM_LABELS",
    )


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
@pytest.mark.parametrize("facts", OURS, ids=str)
def test_a_copy_of_ours_is_adopted_or_refused_by_its_status(
    held: ModelVersion,
    request_with_key: CopyRequest,
    status: str,
    error: type[Exception] | None,
    facts: dict[str, Any],
) -> None:
    held = replace(held, status=status, **facts)

    if error is None:
        statuses.adopt(held, request_with_key)
    else:
        with pytest.raises(error) as caught:
            statuses.adopt(held, request_with_key)
        assert caught.type is error


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("facts", "difference"), OTHERS)
def test_what_is_not_the_copy_asked_for_keeps_its_name(
    held: ModelVersion, request_with_key: CopyRequest, status: str, facts: dict[str, Any], difference: str
) -> None:
    held = replace(held, status=status, **facts)

    if status == "DELETING":
        with pytest.raises(TransientError, match="is being deleted"):
            statuses.adopt(held, request_with_key)
    else:
        with pytest.raises(VersionConflictError) as caught:
            statuses.adopt(held, request_with_key)
        assert f"{held.arn}, with status {status}, " in str(caught.value)
        assert difference in str(caught.value)


def test_an_alias_in_the_request_cannot_be_compared_so_it_is_taken_to_be_right(
    held: ModelVersion, copy_request: CopyRequest
) -> None:
    statuses.adopt(held, replace(copy_request, kms_key_id="alias/models"))


def test_a_copy_with_a_key_is_not_the_copy_without_one(held: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(VersionConflictError, match=f"with the KMS key {KEY}, not a key that AWS owns"):
        statuses.adopt(held, copy_request)


def test_a_bare_key_id_names_the_key_of_the_arn(held: ModelVersion, copy_request: CopyRequest) -> None:
    statuses.adopt(held, replace(copy_request, kms_key_id=KEY.rpartition("/")[2]))


def test_a_failed_copy_says_why_and_which_version_to_delete(held: ModelVersion, request_with_key: CopyRequest) -> None:
    held = replace(held, status="COPYING_FAILED")

    with pytest.raises(FailedBeforeError, match=r"failed: The bucket is gone\. Delete " + held.arn):
        statuses.adopt(held, request_with_key)


def test_a_conflict_names_the_project_the_name_and_the_holder(held: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(VersionConflictError) as caught:
        statuses.adopt(replace(held, source=None), copy_request)

    assert str(caught.value) == (
        f"{copy_request.destination_project} already has a version named v1: {held.arn}, with status "
        "COPYING_COMPLETED, which is no copy. Choose another VersionName, or delete that version, and start the "
        "request again."
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_source_is_refused_only_when_it_is_plainly_in_no_state_to_be_copied(held: ModelVersion, status: str) -> None:
    not_copyable = {
        "TRAINING_IN_PROGRESS",
        "TRAINING_FAILED",
        "COPYING_IN_PROGRESS",
        "COPYING_FAILED",
        "DELETING",
    }

    if status in not_copyable:
        with pytest.raises(SourceNotCopyableError) as caught:
            statuses.check_source(replace(held, status=status))
        assert f"{held.arn} cannot be copied: its status is {status}. " in str(caught.value)
        assert re.search(r"\. (Start|Train|Choose) [^.]+\.$", str(caught.value))
    else:
        statuses.check_source(replace(held, status=status))


@pytest.mark.parametrize(
    ("feature", "copyable"), [(None, True), ("CUSTOM_LABELS", True), ("CONTENT_MODERATION", False)]
)
def test_only_custom_labels_are_copied(held: ModelVersion, feature: str | None, copyable: bool) -> None:
    if copyable:
        statuses.check_source(replace(held, feature=feature))
    else:
        with pytest.raises(SourceNotCopyableError, match="its Feature is CONTENT_MODERATION"):
            statuses.check_source(replace(held, feature=feature))
