"""The version with the requested name decides what happens to the copy: it is adopted, retried or refused."""

import re
from dataclasses import replace
from typing import Any

import pytest

from model_copy import versions
from model_copy.errors import (
    FailedBeforeError,
    QualityGateError,
    SourceNotCopyableError,
    TransientError,
    VersionConflictError,
)
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion
from tests.unit.world import OTHER_VERSION, Json

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
    "AN_UNKNOWN_STATUS": VersionConflictError,
}
SAME_COPY: list[Json] = [
    {},
    {"bucket": None, "prefix": None},
    {"kms_key": None},
    {"bucket": None, "prefix": None, "kms_key": None},
    {"prefix": "copies/"},
    {"kms_key": KEY.rpartition("/")[2]},
    {"kms_key": "alias/models"},
]
OTHER_VERSIONS: list[tuple[Json, str]] = [
    ({"source": OTHER_VERSION}, f"copied from {OTHER_VERSION}"),
    ({"source": None}, "which is not a copy"),
    ({"bucket": "old-models"}, "with its output at s3://old-models/copies, not at s3://live-models/copies"),
    ({"prefix": "old"}, "with its output at s3://live-models/old, not at s3://live-models/copies"),
    ({"prefix": None}, "with its output at s3://live-models, not at s3://live-models/copies"),
    ({"kms_key": KEY[:-1] + "6"}, f"with the KMS key {KEY[:-1]}6, not {KEY}"),
]


@pytest.fixture
def request_with_key(copy_request: CopyRequest) -> CopyRequest:
    return replace(copy_request, kms_key_id=KEY)


@pytest.fixture
def existing(copy_request: CopyRequest) -> ModelVersion:
    """The requested copy, as AWS reports it."""
    return ModelVersion(
        arn="arn:aws:rekognition:eu-central-1:222222222222:project/cats-live/version/v1/1700000000010",
        status="COPYING_COMPLETED",
        message="The bucket is gone",
        source=copy_request.source_version.text,
        bucket="live-models",
        prefix="copies",
        kms_key=KEY,
        feature="CUSTOM_LABELS",
        f1_score=0.9,
    )


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
@pytest.mark.parametrize("reported", SAME_COPY, ids=str)
def test_a_copy_of_the_request_is_adopted_or_refused_by_its_status(
    existing: ModelVersion,
    request_with_key: CopyRequest,
    status: str,
    error: type[Exception] | None,
    reported: Json,
) -> None:
    existing = replace(existing, status=status, **reported)

    if error is None:
        versions.check_is_this_copy(existing, request_with_key, None)
    else:
        with pytest.raises(error) as caught:
            versions.check_is_this_copy(existing, request_with_key, None)
        assert caught.type is error


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("reported", "difference"), OTHER_VERSIONS)
def test_a_version_that_is_not_the_requested_copy_keeps_its_name(
    existing: ModelVersion, request_with_key: CopyRequest, status: str, reported: Json, difference: str
) -> None:
    existing = replace(existing, status=status, **reported)

    if status == "DELETING":
        with pytest.raises(TransientError, match="is being deleted"):
            versions.check_is_this_copy(existing, request_with_key, None)
    elif existing.source is None and status == "COPYING_IN_PROGRESS":
        versions.check_is_this_copy(existing, request_with_key, None)
    elif existing.source is None and status == "COPYING_FAILED":
        with pytest.raises(FailedBeforeError) as failed:
            versions.check_is_this_copy(existing, request_with_key, None)
        assert str(failed.value).startswith(
            f"An earlier copy to {request_with_key.destination_project} under the name v1 failed: The bucket is gone "
            "(the failed version reports no source, so it may be somebody else's copy). Delete the failed"
        )
    else:
        with pytest.raises(VersionConflictError) as caught:
            versions.check_is_this_copy(existing, request_with_key, None)
        assert f"{existing.arn}, with status {status}, " in str(caught.value)
        assert difference in str(caught.value)


def test_an_alias_in_the_request_cannot_be_compared_so_it_counts_as_the_same_key(
    existing: ModelVersion, copy_request: CopyRequest
) -> None:
    versions.check_is_this_copy(existing, replace(copy_request, kms_key_id="alias/models"), None)


def test_a_copy_with_a_key_is_not_the_copy_without_one(existing: ModelVersion, copy_request: CopyRequest) -> None:
    with pytest.raises(VersionConflictError, match=f"with the KMS key {KEY}, not a key that AWS owns"):
        versions.check_is_this_copy(existing, copy_request, None)


def test_a_bare_key_id_names_the_key_of_the_arn(existing: ModelVersion, copy_request: CopyRequest) -> None:
    versions.check_is_this_copy(existing, replace(copy_request, kms_key_id=KEY.rpartition("/")[2]), None)


@pytest.fixture
def source(existing: ModelVersion) -> ModelVersion:
    """The source of the copy, with an output location and a key of its own."""
    return replace(existing, source=None, bucket="training", prefix="output", kms_key="a-key-of-the-source")


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
def test_an_output_or_key_that_the_copy_shares_with_its_source_is_not_a_difference(
    existing: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, inherited: Json
) -> None:
    existing = replace(existing, **inherited)

    versions.check_is_this_copy(existing, request_with_key, source)
    with pytest.raises(VersionConflictError, match="copied from the same version with"):
        versions.check_is_this_copy(existing, request_with_key, None)


@pytest.mark.parametrize(
    ("reported", "difference"),
    [
        ({"bucket": "training", "prefix": "copies"}, "with its output at s3://training/copies, not at"),
        ({"bucket": "live-models", "prefix": "output"}, "with its output at s3://live-models/output, not at"),
        ({"bucket": "training", "prefix": None}, "with its output at s3://training, not at"),
        ({"bucket": "training", "prefix": "output", "kms_key": "a-third-key"}, "with the KMS key a-third-key, not"),
        ({"bucket": "a-third", "kms_key": "a-key-of-the-source"}, "with its output at s3://a-third/copies, not at"),
    ],
)
def test_an_output_or_key_of_neither_the_request_nor_the_source_is_a_difference(
    existing: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, reported: Json, difference: str
) -> None:
    with pytest.raises(VersionConflictError, match=difference):
        versions.check_is_this_copy(replace(existing, **reported), request_with_key, source)


def test_a_source_without_a_key_explains_no_key_of_its_copy(
    existing: ModelVersion, source: ModelVersion, copy_request: CopyRequest
) -> None:
    with pytest.raises(VersionConflictError, match=f"with the KMS key {KEY}, not a key that AWS owns"):
        versions.check_is_this_copy(existing, copy_request, replace(source, kms_key=None))


def test_a_failed_copy_with_the_output_of_its_source_failed_before(
    existing: ModelVersion, source: ModelVersion, request_with_key: CopyRequest
) -> None:
    existing = replace(existing, status="COPYING_FAILED", bucket="training", prefix="output")

    with pytest.raises(FailedBeforeError):
        versions.check_is_this_copy(existing, request_with_key, source)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("reported", [{}, {"bucket": "old-models"}, {"kms_key": "a-third-key"}], ids=str)
def test_a_copy_of_the_requested_version_passes_the_check_of_its_source_whatever_else_differs(
    existing: ModelVersion, copy_request: CopyRequest, status: str, reported: Json
) -> None:
    versions.check_source_of(replace(existing, status=status, **reported), copy_request)


@pytest.mark.parametrize(
    ("reported", "difference"),
    [
        ({"bucket": "a-third"}, "with its output at s3://a-third/copies, not at s3://live-models/copies"),
        ({"kms_key": "a-third-key"}, f"with the KMS key a-third-key, not {KEY}"),
    ],
)
def test_a_copy_without_a_source_but_with_another_output_or_key_is_a_conflict(
    existing: ModelVersion, source: ModelVersion, request_with_key: CopyRequest, reported: Json, difference: str
) -> None:
    existing = replace(existing, status="COPYING_IN_PROGRESS", source=None, **reported)

    for known in (None, source):
        with pytest.raises(VersionConflictError) as caught:
            versions.check_is_this_copy(existing, request_with_key, known)
        assert f"COPYING_IN_PROGRESS, a copy that does not report its source, {difference}." in str(caught.value)


def test_a_running_copy_without_a_source_but_with_the_output_of_the_requested_version_is_adopted(
    existing: ModelVersion, source: ModelVersion, request_with_key: CopyRequest
) -> None:
    existing = replace(existing, status="COPYING_IN_PROGRESS", source=None, bucket="training", prefix="output")

    versions.check_is_this_copy(existing, request_with_key, source)


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_source_feature_or_key_is_none(text: str | None) -> None:
    read = ModelVersion.from_description({"SourceProjectVersionArn": text, "Feature": text, "KmsKeyId": text})

    assert (read.source, read.feature, read.kms_key) == (None, None, None)


@pytest.mark.parametrize(
    ("source", "words"), [(OTHER_VERSION, f"copied from {OTHER_VERSION}"), (None, "which is not a copy")]
)
def test_a_copy_of_another_version_is_a_conflict(
    existing: ModelVersion, copy_request: CopyRequest, source: str | None, words: str
) -> None:
    with pytest.raises(VersionConflictError, match=f"{existing.arn}, with status COPYING_COMPLETED, {words}"):
        versions.check_source_of(replace(existing, source=source), copy_request)


def test_a_failed_copy_of_the_requested_version_is_described_as_such(
    existing: ModelVersion, copy_request: CopyRequest
) -> None:
    with pytest.raises(FailedBeforeError, match=r"^An earlier copy of this model version to .* failed: The bucket is"):
        versions.check_is_this_copy(replace(existing, status="COPYING_FAILED", kms_key=None), copy_request, None)


def test_a_failed_copy_says_why_and_which_version_to_delete(
    existing: ModelVersion, request_with_key: CopyRequest
) -> None:
    existing = replace(existing, status="COPYING_FAILED")

    with pytest.raises(
        FailedBeforeError, match=rf"failed: The bucket is gone\. Delete the failed version {existing.arn} or"
    ):
        versions.check_is_this_copy(existing, request_with_key, None)


def test_a_conflict_names_the_project_the_name_and_the_existing_version(
    existing: ModelVersion, copy_request: CopyRequest
) -> None:
    with pytest.raises(VersionConflictError) as caught:
        versions.check_is_this_copy(replace(existing, source=None), copy_request, None)

    assert str(caught.value) == (
        f"{copy_request.destination_project} already has a version named v1: {existing.arn}, with status "
        "COPYING_COMPLETED, which is not a copy. Choose another VersionName or delete that project's version v1, then "
        "start the request again."
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_source_is_refused_only_for_a_status_that_surely_cannot_be_copied(
    existing: ModelVersion, status: str
) -> None:
    not_copyable = {
        "TRAINING_IN_PROGRESS",
        "TRAINING_FAILED",
        "COPYING_IN_PROGRESS",
        "COPYING_FAILED",
        "DELETING",
    }

    if status in not_copyable:
        with pytest.raises(SourceNotCopyableError) as caught:
            versions.check_source(replace(existing, status=status))
        assert f"{existing.arn} cannot be copied: its status is {status}. " in str(caught.value)
        assert re.search(r"\. (Start|Train|Choose) [^.]+\.$", str(caught.value))
    else:
        versions.check_source(replace(existing, status=status))


@pytest.mark.parametrize(
    ("feature", "copyable"), [(None, True), ("CUSTOM_LABELS", True), ("CONTENT_MODERATION", False)]
)
def test_only_custom_labels_models_are_copied(existing: ModelVersion, feature: str | None, copyable: bool) -> None:
    if copyable:
        versions.check_source(replace(existing, feature=feature))
    else:
        with pytest.raises(SourceNotCopyableError, match="its Feature is CONTENT_MODERATION"):
            versions.check_source(replace(existing, feature=feature))


@pytest.mark.parametrize(
    ("reported", "score"),
    [
        (0.9, 0.9),
        (0, 0.0),
        (1, 1.0),
        (0.8999999761581421, 0.9),  # 0.9 in 32 bits
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (-0.1, None),
        (1.1, None),
        (10**4_000, None),
        (True, None),
        ("0.9", None),
        ([0.9], None),
        ({}, None),
    ],
)
def test_only_a_number_from_0_to_1_is_an_f1_score(reported: Any, score: float | None) -> None:
    assert ModelVersion.from_description({"EvaluationResult": {"F1Score": reported}}).f1_score == score


@pytest.mark.parametrize("description", [{}, {"EvaluationResult": {}}])
def test_a_version_may_report_no_f1_score(description: Any) -> None:
    assert ModelVersion.from_description(description).f1_score is None


@pytest.mark.parametrize(
    ("score", "minimum"), [(0.9, 0.9), (0.9, 0.9000001), (0.9, 0.8), (1.0, 1.0), (0.0, 0), (None, 0), (0.000001, 1e-6)]
)
def test_a_score_that_is_high_enough_passes(existing: ModelVersion, score: float | None, minimum: float) -> None:
    versions.check_quality(replace(existing, f1_score=score), minimum)


@pytest.mark.parametrize(
    ("score", "minimum", "words"),
    [
        (0.899999, 0.9, "the F1 score 0.899999, and this stack requires at least 0.9 "),
        (0.0, 1e-6, "the F1 score 0, and this stack requires at least 1e-06 "),
        (0.99, 1.0, "the F1 score 0.99, and this stack requires at least 1 "),
        (None, 1e-9, "no F1 score, and this stack requires at least 1e-09 "),
        (None, 0.9, "no F1 score, and this stack requires at least 0.9 "),
    ],
)
def test_a_score_that_is_too_low_or_unknown_is_refused_with_both_numbers(
    existing: ModelVersion, score: float | None, minimum: float, words: str
) -> None:
    with pytest.raises(QualityGateError) as caught:
        versions.check_quality(replace(existing, f1_score=score), minimum)

    assert f"The model version {existing.arn} reports {words}(MinimumF1Score). Choose" in str(caught.value)
