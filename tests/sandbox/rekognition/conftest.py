"""Two accounts, with a model to copy from one to the other."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from mypy_boto3_rekognition import RekognitionClient
from mypy_boto3_rekognition.type_defs import ProjectVersionDescriptionTypeDef

from sandbox.aws import clock as sandbox_clock
from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import install, settings
from tests.sandbox.rekognition.helpers import (
    BUCKET,
    DESTINATION,
    SOURCE,
    Copy,
    Describe,
    Request,
    client,
    policy,
)

install()


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    """An empty AWS with default settings and a clock that the test moves."""
    clock = VirtualClock()
    settings.reset()
    with mock_aws(), sandbox_clock.install(clock):
        yield clock
    settings.reset()


@pytest.fixture
def source() -> RekognitionClient:
    return client(SOURCE)


@pytest.fixture
def destination() -> RekognitionClient:
    return client(DESTINATION)


@pytest.fixture
def project(source: RekognitionClient) -> str:
    """The ARN of the source project."""
    return source.create_project(ProjectName="cats")["ProjectArn"]


@pytest.fixture
def version(source: RekognitionClient, project: str) -> str:
    """The ARN of the source version."""
    made = source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
    return made["ProjectVersionArn"]


@pytest.fixture
def target(destination: RekognitionClient) -> str:
    """The ARN of the destination project."""
    return destination.create_project(ProjectName="cats-live")["ProjectArn"]


@pytest.fixture
def request_(source: RekognitionClient, project: str, version: str, target: str) -> Request:
    """A request to copy between the accounts, which a policy allows."""
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version))
    return {
        "SourceProjectArn": project,
        "SourceProjectVersionArn": version,
        "DestinationProjectArn": target,
        "VersionName": "v1",
        "OutputConfig": BUCKET,
    }


@pytest.fixture
def copy(destination: RekognitionClient, request_: Request) -> Copy:
    """A function that copies the version, with changes to the request, and returns the ARN of the copy."""

    def copy(**changes: Any) -> str:
        return destination.copy_project_version(**request_ | changes)["ProjectVersionArn"]

    return copy


@pytest.fixture
def described(destination: RekognitionClient, target: str) -> Describe:
    """A function that describes a version of the destination project by its name."""

    def describe(name: str = "v1") -> ProjectVersionDescriptionTypeDef:
        answer = destination.describe_project_versions(ProjectArn=target, VersionNames=[name])
        (description,) = answer["ProjectVersionDescriptions"]
        return description

    return describe
