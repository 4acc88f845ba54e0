"""Copies: their status over time and their description."""

from datetime import timedelta

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import EPOCH, VirtualClock
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import BUCKET, SESSION, START, Copy, Describe, backend, refused


def test_a_copy_is_in_progress_and_then_completed(copy: Copy, described: Describe, clock: VirtualClock) -> None:
    settings.copy_seconds = 100
    arn = copy()
    for seconds, status in ((0, "COPYING_IN_PROGRESS"), (99, "COPYING_IN_PROGRESS"), (1, "COPYING_COMPLETED")):
        clock.sleep(seconds)
        assert (described()["ProjectVersionArn"], described()["Status"]) == (arn, status)


def test_a_copy_is_described_with_its_source_and_its_own_settings(
    destination: RekognitionClient, copy: Copy, described: Describe, version: str
) -> None:
    arn = copy(KmsKeyId="alias/key", Tags={"stage": "live"})
    found = described()
    assert (found["SourceProjectVersionArn"], found["OutputConfig"], found["KmsKeyId"]) == (
        version,
        BUCKET,
        "alias/key",
    )
    summary = {"Bucket": "models", "Name": "copies/EvaluationResultSummary-cats-live-v1.json"}
    assert found["EvaluationResult"] == {"F1Score": 0.9, "Summary": {"S3Object": summary}}
    assert destination.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "live"}


def test_a_setting_decides_whether_a_copy_reports_the_evaluation_of_its_source(copy: Copy, described: Describe) -> None:
    settings.copy_reports_evaluation = False
    copy()
    assert "EvaluationResult" not in described()


def test_each_successful_copy_is_recorded_once(copy: Copy, version: str, clock: VirtualClock) -> None:
    clock.sleep(5)
    arn = copy()
    refused("ResourceInUseException", copy)
    (logged,) = backend().copies
    assert (logged.arn, logged.name, logged.source_arn) == (arn, "v1", version)
    assert (logged.when, logged.caller.arn) == (START + timedelta(seconds=5), SESSION)


def test_a_copy_may_never_end(copy: Copy, described: Describe, clock: VirtualClock) -> None:
    settings.copy_seconds = None
    copy()
    clock.sleep(10**8)
    assert described()["Status"] == "COPYING_IN_PROGRESS"


@pytest.mark.parametrize("holds", [True, False])
def test_a_setting_decides_whether_a_failed_copy_keeps_its_name(
    copy: Copy, described: Describe, clock: VirtualClock, holds: bool
) -> None:
    settings.copy_failure, settings.failed_copy_keeps_name = "Out of luck.", holds
    copy()
    clock.sleep(3600)
    assert (described()["Status"], described()["StatusMessage"]) == ("COPYING_FAILED", "Out of luck.")
    if holds:
        refused("ResourceInUseException", copy)
    else:
        copy()
        assert described()["Status"] == "COPYING_IN_PROGRESS"


@pytest.mark.parametrize("lag", [0, 20])
def test_a_new_copy_can_be_invisible_at_first_but_has_its_name(
    destination: RekognitionClient, copy: Copy, target: str, clock: VirtualClock, lag: float
) -> None:
    def visible() -> bool:
        return bool(destination.describe_project_versions(ProjectArn=target)["ProjectVersionDescriptions"])

    settings.visibility_lag_seconds = lag
    copy()
    assert visible() is not bool(lag)
    refused("ResourceInUseException", copy)
    clock.sleep(lag)
    assert visible()


@pytest.mark.parametrize("inherits", [True, False])
def test_a_setting_decides_the_creation_timestamp_of_a_copy(
    copy: Copy, described: Describe, clock: VirtualClock, inherits: bool
) -> None:
    settings.copy_inherits_creation_timestamp = inherits
    clock.sleep(500)
    arn = copy()
    expected = EPOCH if inherits else EPOCH + timedelta(seconds=500)
    assert described()["CreationTimestamp"] == expected
    assert arn.endswith(f"/{int(clock.time() * 1000)}")


@pytest.mark.parametrize("included", [True, False])
def test_settings_decide_whether_output_and_key_of_a_copy_are_described(
    copy: Copy, described: Describe, included: bool
) -> None:
    settings.copy_reports_output_config = settings.copy_reports_kms_key = included
    copy(KmsKeyId="alias/key")
    assert ("OutputConfig" in described(), "KmsKeyId" in described()) == (included, included)


@pytest.mark.parametrize("replaces", [True, False])
def test_a_setting_decides_whether_a_started_copy_is_described_as_running(
    destination: RekognitionClient, copy: Copy, described: Describe, clock: VirtualClock, replaces: bool
) -> None:
    settings.started_copy_replaces_status = replaces
    arn = copy()
    clock.sleep(3600)
    destination.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert described()["Status"] == ("RUNNING" if replaces else "COPYING_COMPLETED")
    destination.stop_project_version(ProjectVersionArn=arn)
    assert described()["Status"] == ("STOPPED" if replaces else "COPYING_COMPLETED")
