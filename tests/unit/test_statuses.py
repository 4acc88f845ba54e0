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
        statuses.adopt(held, request_with_key, None)
    else:
        with pytest.raises(error) as caught:
            statuses.adopt(held, request_with_key, None)
        assert caught.type is error


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("facts", "difference"), OTHERS)
def test_what_is_not_the_copy_asked_for_keeps_its_name(
    held: ModelVersion, request_with_key: CopyRequest, status: str, facts: dict[str, Any], difference: str
) -> None:
    held = replace(held, status=status, **facts)

    if status == "DELETING":
        with pytest.raises(TransientError, match="is being deleted"):
            statuses.adopt(held, request_with_key, None)
    elif held.source is None and status == "COPYING_IN_PROGRESS":
        statuses.adopt(held, request_with_key, None)
    elif held.source is None and status == "COPYING_FAILED":
        with pytest.raises(FailedBeforeError) as failed:
            statuses.adopt(held, request_with_key, None)
        assert str(failed.value).startswith(
            f"An earlier copy to {request_with_key.destination_project} under the name v1 failed: The bucket is gone "
            "(it reports no source, so it may be somebody else's copy). Delete"
        )
    else:
        with pytest.raises(VersionConflictError) as caught:
            statuses.adopt(held, request_with_key, None)
        assert f"{held.arn}, with status {status}, " in str(caught.value)
        assert difference in str(caught.value)


def test_an_alias_in_the_request_cannot_be_compared_so_it_is_taken_to_be_right(
    held: ModelVersion, copy_request: CopyRequest
) -> None:
    statuses.adopt(held, replace(copy_request, kms_key_id="alias/models"), None)


def test_a_copy_with_a_key_is_not_the_copy_without_one(held: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(VersionConflictError, match=f"with the KMS key {KEY}, not a key that AWS owns"):
        statuses.adopt(held, copy_request, None)


def test_a_bare_key_id_names_the_key_of_the_arn(held: ModelVersion, copy_request: CopyRequest) -> None:
    statuses.adopt(held, replace(copy_request, kms_key_id=KEY.rpartition("/")[2]), None)


@pytest.fixture
def source(held: ModelVersion) -> ModelVersion:
    """The source of the copy, with an output location and a key of its own."""
    return replace(held, source=None, bucket="training", prefix="output", kms_key="a-key-of-the-source")


@pytest.mark.parametrize(
    "inherited",
    [
        {"bucket": "training", "prefix": "output"},
        {"bucket": "training", "prefix": "output/"},
        {"kms_key": "a-key-of-the-source"},
        {"bucket": "training", "prefix": "output", "kms_key": "a-key-of-the-source"},
    ],
    ids=str,
)
def test_what_a_copy_tells_just_as_its_source_does_is_not_told(
    held: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, inherited: dict[str, Any]
) -> None:
    held = replace(held, **inherited)

    statuses.adopt(held, request_with_key, source)
    with pytest.raises(VersionConflictError, match="copied from the same version with"):
        statuses.adopt(held, request_with_key, None)


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({"bucket": "training", "prefix": "copies"}, "with its output at s3://training/copies, not at"),
        ({"bucket": "live-models", "prefix": "output"}, "with its output at s3://live-models/output, not at"),
        ({"bucket": "training", "prefix": None}, "with its output at s3://training, not at"),
        ({"bucket": "training", "prefix": "output", "kms_key": "a-third-key"}, "with the KMS key a-third-key, not"),
        ({"bucket": "a-third", "kms_key": "a-key-of-the-source"}, "with its output at s3://a-third/copies, not at"),
    ],
)
def test_what_is_neither_as_asked_nor_as_its_source_is_a_difference(
    held: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, facts: dict[str, Any], difference: str
) -> None:
    with pytest.raises(VersionConflictError, match=difference):
        statuses.adopt(replace(held, **facts), request_with_key, source)


def test_a_source_without_a_key_gives_none_to_its_copy(
    held: ModelVersion, source: ModelVersion, copy_request: CopyRequest
) -> None:
    with pytest.raises(VersionConflictError, match=f"with the KMS key {KEY}, not a key that AWS owns"):
        statuses.adopt(held, copy_request, replace(source, kms_key=None))


def test_a_failed_copy_that_is_described_as_its_source_has_failed_before(
    held: ModelVersion, source: ModelVersion, request_with_key: CopyRequest
) -> None:
    held = replace(held, status="COPYING_FAILED", bucket="training", prefix="output")

    with pytest.raises(FailedBeforeError):
        statuses.adopt(held, request_with_key, source)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("facts", [{}, {"bucket": "old-models"}, {"kms_key": "a-third-key"}], ids=str)
def test_a_copy_of_the_version_asked_for_is_one_whatever_else_it_is(
    held: ModelVersion, copy_request: CopyRequest, status: str, facts: dict[str, Any]
) -> None:
    statuses.check_source_of(replace(held, status=status, **facts), copy_request)


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({"bucket": "a-third"}, "with its output at s3://a-third/copies, not at s3://live-models/copies"),
        ({"kms_key": "a-third-key"}, f"with the KMS key a-third-key, not {KEY}"),
    ],
)
def test_a_copy_that_reports_another_output_or_key_is_not_followed_though_it_reports_no_source(
    held: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, facts: dict[str, Any], difference: str
) -> None:
    held = replace(held, status="COPYING_IN_PROGRESS", source=None, **facts)

    for known in (None, source):
        with pytest.raises(VersionConflictError) as caught:
            statuses.adopt(held, request_with_key, known)
        assert f"COPYING_IN_PROGRESS, a copy that does not report its source, {difference}." in str(caught.value)


def test_a_copy_that_reports_no_source_and_the_output_of_the_requested_one_is_followed(
    held: ModelVersion, source: ModelVersion, request_with_key: CopyRequest
) -> None:
    held = replace(held, status="COPYING_IN_PROGRESS", source=None, bucket="training", prefix="output")

    statuses.adopt(held, request_with_key, source)


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_source_feature_or_key_is_none(text: str | None) -> None:
    read = ModelVersion.of({"SourceProjectVersionArn": text, "Feature": text, "KmsKeyId": text})

    assert (read.source, read.feature, read.kms_key) == (None, None, None)


@pytest.mark.parametrize(("source", "what"), [(OTHER_VERSION, f"copied from {OTHER_VERSION}"), (None, "which is no")])
def test_a_copy_of_another_version_is_a_conflict(
    held: ModelVersion, copy_request: CopyRequest, source: str | None, what: str
) -> None:
    with pytest.raises(VersionConflictError, match=f"{held.arn}, with status COPYING_COMPLETED, {what}"):
        statuses.check_source_of(replace(held, source=source), copy_request)


def test_a_failed_copy_of_the_requested_version_is_called_that(held: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(FailedBeforeError, match=r"^An earlier copy of this model version to .* failed: The bucket is"):
        statuses.adopt(replace(held, status="COPYING_FAILED", kms_key=None), copy_request, None)


def test_a_failed_copy_says_why_and_which_version_to_delete(held: ModelVersion, request_with_key: CopyRequest) -> None:
    held = replace(held, status="COPYING_FAILED")

    with pytest.raises(FailedBeforeError, match=r"failed: The bucket is gone\. Delete " + held.arn):
        statuses.adopt(held, request_with_key, None)


def test_a_conflict_names_the_project_the_name_and_the_holder(held: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(VersionConflictError) as caught:
        statuses.adopt(replace(held, source=None), copy_request, None)

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
