"""Rekognition's responses are read to their last page, and each answer of AWS has one meaning."""

import json
from types import SimpleNamespace

import pytest

from model_copy.aws import rekognition
from model_copy.aws.rekognition import ProjectNotFoundError
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion
from sandbox.aws.rekognition import project_version, settings
from tests.unit.world import DESTINATION, Json, Wire, World

each_answer_for_an_unknown_version = pytest.mark.parametrize(
    "unknown_version_error", [None, "ResourceNotFoundException"]
)


def test_all_pages_of_policies_are_listed(source: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.policies_quota = 12
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "444444444444"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": copy_request.source_version.text,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    for number in range(12):
        world.put_policy(f"policy-{number:02}", document)

    found = rekognition.list_policies(source.client, copy_request.source_project)

    assert [policy.name for policy in found] == [f"policy-{number:02}" for number in range(12)]
    assert source.calls == ["ListProjectPolicies"] * 3
    assert json.loads(found[11].document) == document
    assert found[11].revision == world.source.policies["policy-11"].revision_id
    assert found[11].updated.timestamp() == world.clock.time()


def test_all_pages_of_versions_are_counted(destination: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.versions_quota = 250
    for number in range(201):
        world.add_version(name=f"v{number}")

    assert rekognition.count_versions(destination.client, copy_request.destination_project) == 201
    assert destination.calls == ["DescribeProjectVersions"] * 3


def test_a_name_is_not_free_because_the_first_page_is_empty(destination: Wire, copy_request: CopyRequest) -> None:
    version = {"ProjectVersionArn": "the-copy", "Status": "COPYING_IN_PROGRESS"}
    bodies = paged(
        destination,
        {"ProjectVersionDescriptions": [], "NextToken": "one"},
        {"ProjectVersionDescriptions": [], "NextToken": "two"},
        {"ProjectVersionDescriptions": [version]},
    )

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert found.arn == "the-copy"
    first = {"ProjectArn": copy_request.destination_project.text, "VersionNames": ["v1"]}
    assert bodies == [first, {**first, "NextToken": "one"}, {**first, "NextToken": "two"}]


def test_a_name_is_free_when_every_page_is_empty(destination: Wire, copy_request: CopyRequest) -> None:
    empty: Json = {"ProjectVersionDescriptions": []}
    bodies = paged(destination, {**empty, "NextToken": "one"}, empty)

    assert rekognition.describe_version(destination.client, copy_request.destination_project, "v1") is None
    assert len(bodies) == 2


@each_answer_for_an_unknown_version
def test_a_name_without_a_version_is_free(
    destination: Wire, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error

    assert rekognition.describe_version(destination.client, copy_request.destination_project, "v1") is None


@each_answer_for_an_unknown_version
def test_a_missing_project_is_distinguished_from_a_free_name(
    destination: Wire, world: World, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error
    world.backend(DESTINATION).projects.clear()

    with pytest.raises(ProjectNotFoundError):
        rekognition.describe_version(destination.client, copy_request.destination_project, "v1")


@pytest.mark.parametrize("error", [None, "ResourceNotFoundException"])
def test_a_project_that_is_not_found_by_its_name_is_none(
    source: Wire, world: World, copy_request: CopyRequest, error: str | None
) -> None:
    if error:
        source.return_error("DescribeProjects", error)
    else:
        world.backend("111111111111").projects.clear()

    assert rekognition.find_project(source.client, copy_request.source_version) is None


def test_a_version_has_all_that_aws_reports(destination: Wire, world: World, copy_request: CopyRequest) -> None:
    version = world.add_version(
        f1_score=0.93, kms_key_id="a-key", forced_status="COPYING_FAILED", forced_message="No bucket."
    )

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found == ModelVersion(
        arn=version.arn,
        status="COPYING_FAILED",
        message="No bucket",
        source=copy_request.source_version.text,
        bucket="live-models",
        prefix="copies",
        kms_key="a-key",
        feature="CUSTOM_LABELS",
        f1_score=0.93,
    )


def test_a_field_that_aws_does_not_report_is_none(destination: Wire, world: World, copy_request: CopyRequest) -> None:
    settings.copy_reports_output_config = settings.copy_reports_kms_key = settings.copy_reports_evaluation = False
    world.add_version(f1_score=0.93, kms_key_id="a-key")

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert (found.bucket, found.prefix, found.kms_key, found.f1_score) == (None, None, None, None)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("COPYING_FAILED", "AWS gives no reason"),
        ("FAILED", "AWS gives no reason"),
        ("COPYING_IN_PROGRESS", ""),
        ("COPYING_COMPLETED", ""),
        ("RUNNING", ""),
    ],
)
def test_a_failure_without_a_reason_says_so(
    destination: Wire,
    world: World,
    copy_request: CopyRequest,
    status: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(project_version, "MESSAGES", {})
    world.add_version(status)

    found = rekognition.describe_version(destination.client, copy_request.destination_project, "v1")

    assert found is not None
    assert (found.status, found.message) == (status, message)


def paged(wire: Wire, *pages: Json) -> list[Json]:
    """Let AWS describe versions in these pages; the list grows with each request."""
    bodies: list[Json] = []
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}

    def respond(params: Json, **_: object) -> tuple[SimpleNamespace, Json]:
        bodies.append(json.loads(params["body"]))
        return SimpleNamespace(status_code=200), {"ResponseMetadata": metadata, **pages[len(bodies) - 1]}

    wire.client.meta.events.register("before-call.rekognition.DescribeProjectVersions", respond)
    return bodies
