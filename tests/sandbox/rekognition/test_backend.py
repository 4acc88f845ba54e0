"""Throttling, errors, the settings, and the installation into moto."""

import threading
from datetime import datetime
from typing import Any

import pytest
from moto.core.base_backend import backend_lock
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import exceptions, install, models, rekognition_backends, settings
from tests.sandbox.rekognition.helpers import (
    BOTO,
    INSIDE,
    OTHER,
    REGION,
    SOURCE,
    START,
    backend,
    client,
    policy,
    refused,
)


def test_requests_above_the_rate_are_throttled(source: RekognitionClient, project: str, clock: VirtualClock) -> None:
    settings.requests_per_second = 2
    source.describe_projects()
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)
    source.list_project_policies(ProjectArn=project)
    client(OTHER).describe_projects()
    clock.sleep(0.5)
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)
    clock.sleep(60)
    source.describe_projects()
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)


def test_without_a_rate_nothing_is_throttled(source: RekognitionClient) -> None:
    for _ in range(20):
        source.describe_projects()


@pytest.mark.parametrize("cls", exceptions.CustomLabelsError.__subclasses__())
def test_each_error_reaches_the_caller_as_its_own_class(
    source: RekognitionClient, monkeypatch: pytest.MonkeyPatch, cls: type[exceptions.CustomLabelsError]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise exceptions.error(cls.__name__, "So it is.")

    monkeypatch.setattr(models.RekognitionBackend, "describe_projects", fail)
    assert refused(cls.__name__, source.describe_projects) == "So it is."
    if cls not in (exceptions.ExpiredTokenException, exceptions.ValidationException):  # which no model names
        with pytest.raises(getattr(source.exceptions, cls.__name__)):
            source.describe_projects()


def test_operations_do_not_interleave() -> None:
    seeded = backend(SOURCE)
    waiting = threading.Thread(target=seeded.create_project, args=["cats"])
    with backend_lock:
        waiting.start()
        waiting.join(0.05)
        assert not seeded.projects
    waiting.join()
    assert seeded.projects


def test_a_world_can_be_seeded_without_the_api(clock: VirtualClock) -> None:
    seeded = backend(SOURCE)
    created = datetime(2024, 2, 3, 4, 5, 6, 789000)
    project = seeded.create_project("cats", created=created)
    version = seeded.create_project_version(project.arn, "v1", {"S3Bucket": "models"}, created=created)
    version.forced_status, version.forced_message = "COPYING_FAILED", "No."
    policy_ = seeded.put_project_policy(project.arn, "grant", policy(version.arn))
    assert seeded.projects[project.arn].versions["v1"] is version
    assert seeded.projects[project.arn].policies["grant"] is policy_
    assert (project.arn, version.arn) == (f"{INSIDE}/1706933106789", f"{INSIDE}/version/v1/1706933106789")
    (found,) = client(SOURCE).describe_project_versions(ProjectArn=project.arn)["ProjectVersionDescriptions"]
    assert (found["Status"], found["StatusMessage"]) == ("COPYING_FAILED", "No.")


def test_a_forced_status_ends_with_the_next_action(source: RekognitionClient, version: str) -> None:
    seeded = backend(SOURCE).version(version, START)
    seeded.forced_status = "STOPPED"
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    assert seeded.status(START) == "RUNNING"


def test_a_reset_of_moto_empties_each_backend(project: str) -> None:
    seeded = backend(SOURCE)
    moto_api_backend.reset()
    assert not seeded.projects
    assert not backend(SOURCE).projects


def test_the_operations_work_in_the_server_of_moto(project: str) -> None:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    rekognition = BOTO.client("rekognition", endpoint_url=f"http://{host}:{port}")
    made = rekognition.create_project(ProjectName="served")["ProjectArn"]
    refused("ResourceInUseException", rekognition.create_project, ProjectName="served")
    server.stop()
    assert made in rekognition_backends["123456789012"][REGION].projects


def test_the_settings_reset_in_place() -> None:
    vars(settings).update(copies_quota=1, copy_seconds=None)
    settings.reset()
    assert (settings.copies_quota, settings.copy_seconds) == (5, 3600)


def test_the_other_operations_of_moto_still_work(source: RekognitionClient) -> None:
    assert source.detect_text(Image={"Bytes": b"x"})["TextDetections"]


def test_installation_can_be_repeated(source: RekognitionClient, project: str) -> None:
    install()
    assert source.describe_projects()["ProjectDescriptions"]
