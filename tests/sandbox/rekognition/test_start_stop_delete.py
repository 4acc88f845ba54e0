"""Models start, stop and are deleted, if their status allows it."""

from collections.abc import Callable
from typing import Any

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import BUCKET, SOURCE, START, backend, refused


def test_a_model_starts_runs_stops_and_is_deleted(
    source: RekognitionClient, project: str, version: str, clock: VirtualClock
) -> None:
    settings.start_seconds = settings.stop_seconds = settings.delete_seconds = 10
    steps: list[tuple[Callable[..., Any], dict[str, int], str, str | None]] = [
        (source.start_project_version, {"MinInferenceUnits": 1, "MaxInferenceUnits": 2}, "STARTING", "RUNNING"),
        (source.stop_project_version, {}, "STOPPING", "STOPPED"),
        (source.delete_project_version, {}, "DELETING", None),
    ]
    for act, more, during, after in steps:
        assert act(ProjectVersionArn=version, **more)["Status"] == during
        for expected in (during, after):
            found = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
            assert [one["Status"] for one in found] == ([expected] if expected else [])
            clock.sleep(10)


def test_a_started_model_is_described_with_its_inference_units(
    source: RekognitionClient, project: str, version: str
) -> None:
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1, MaxInferenceUnits=3)
    (found,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert (found["MinInferenceUnits"], found["MaxInferenceUnits"]) == (1, 3)


def test_each_status_but_a_failure_has_a_message(
    source: RekognitionClient, project: str, version: str, clock: VirtualClock
) -> None:
    settings.start_seconds = settings.stop_seconds = settings.delete_seconds = 10

    def message() -> str:
        (found,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        return found.get("StatusMessage", "")

    messages = [message()]
    for act in (
        lambda: source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1),
        lambda: clock.sleep(10),
        lambda: source.stop_project_version(ProjectVersionArn=version),
        lambda: clock.sleep(10),
        lambda: source.delete_project_version(ProjectVersionArn=version),
    ):
        act()
        messages.append(message())
    starts = ["ready to run", "starting", "running", "stopping", "stopped", "being deleted"]
    assert messages == [f"The model is {start}." for start in starts]
    backend(SOURCE).version(version, START).forced_status = "TRAINING_FAILED"
    assert message() == ""


def test_a_start_can_fail(source: RekognitionClient, project: str, version: str) -> None:
    settings.start_fails = True
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    (found,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert (found["Status"], found["StatusMessage"]) == ("FAILED", "The model failed to start.")


def test_a_started_model_that_is_not_a_copy_is_always_running(
    source: RekognitionClient, project: str, version: str
) -> None:
    settings.started_copy_replaces_status = False
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    (found,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert found["Status"] == "RUNNING"


def test_running_models_have_a_quota(source: RekognitionClient, project: str, version: str) -> None:
    settings.running_quota = 0
    start = source.start_project_version
    refused("LimitExceededException", start, ProjectVersionArn=version, MinInferenceUnits=1)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("TRAINING_IN_PROGRESS", ""),
        ("TRAINING_COMPLETED", "start delete"),
        ("TRAINING_FAILED", "delete"),
        ("STARTING", ""),
        ("RUNNING", "stop"),
        ("FAILED", "start delete"),
        ("STOPPING", ""),
        ("STOPPED", "start delete"),
        ("DELETING", ""),
        ("COPYING_IN_PROGRESS", ""),
        ("COPYING_COMPLETED", "start delete"),
        ("COPYING_FAILED", "delete"),
        ("DEPRECATED", "delete"),
        ("EXPIRED", "delete"),
    ],
)
def test_the_status_decides_which_operations_are_allowed(
    source: RekognitionClient, version: str, status: str, allowed: str
) -> None:
    seeded = backend(SOURCE).version(version, START)
    for action in ("start", "stop", "delete"):
        seeded.forced_status = status
        more = {"MinInferenceUnits": 1} if action == "start" else {}
        call = getattr(source, f"{action}_project_version")
        if action in allowed:
            call(ProjectVersionArn=version, **more)
        else:
            assert status in refused("ResourceInUseException", call, ProjectVersionArn=version, **more)


def test_an_unknown_version_cannot_be_started_stopped_or_deleted(source: RekognitionClient, version: str) -> None:
    unknown = version + "0"
    refused("ResourceNotFoundException", source.start_project_version, ProjectVersionArn=unknown, MinInferenceUnits=1)
    refused("ResourceNotFoundException", source.stop_project_version, ProjectVersionArn=unknown)
    refused("ResourceNotFoundException", source.delete_project_version, ProjectVersionArn=unknown)


def test_a_deleted_version_frees_its_name(source: RekognitionClient, project: str, version: str) -> None:
    source.delete_project_version(ProjectVersionArn=version)
    source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
