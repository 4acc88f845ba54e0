"""An approval stands for one request: of what was approved, and for the rest of the stack's defaults."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sagemaker.models import sagemaker_backends

from model_copy import accounts, approved, sagemaker
from model_copy.approvals import PACKAGE, TAG, Approval
from model_copy.arns import Arn
from model_copy.errors import (
    AccessDeniedError,
    InvalidApprovalError,
    ModelPackageNotFoundError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.sagemaker import ModelPackage
from sandbox.stories import seed_package
from tests.unit.conftest import STATE, Wire

SOURCE = "111111111111"
PROJECT, VERSION = STATE["SourceProjectArn"], STATE["SourceProjectVersionArn"]
DESTINATION = STATE["DestinationProjectArn"]
PACKAGE_ARN = f"arn:aws:sagemaker:eu-central-1:{SOURCE}:model-package/cats/1"
NAMED = {"SourceProjectArn": PROJECT, "SourceProjectVersionArn": VERSION}
BY_DEFAULT = {**NAMED, "VersionName": "v1", "DestinationProjectArn": DESTINATION}


def seed(properties: dict[str, str], status: str = "Approved") -> None:
    seed_package({"arn": PACKAGE_ARN, "status": status, "properties": properties})


def approval(kind: str, subject: str) -> Approval:
    arn = Arn.of_package(subject) or Arn.of_version(subject)
    return Approval(kind=kind, event_id="an-event", at=None, account=SOURCE, subject=arn)


def of_package() -> Approval:
    return approved.complete(approval(PACKAGE, PACKAGE_ARN), "promote-v1")


def of_tag(version: str = VERSION) -> Approval:
    return approved.complete(approval(TAG, version), "promote-v1")


def test_a_package_that_names_the_version_gets_the_rest_from_the_stack(world: Any) -> None:
    seed(NAMED)

    assert of_package().request == {**BY_DEFAULT, "OutputConfig": {"S3Bucket": "live-models"}}


def test_what_the_package_names_comes_before_the_stack_s_defaults(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DEFAULT_KMS_KEY_ID", "alias/default")
    monkeypatch.setenv("DEFAULT_OUTPUT_KEY_PREFIX", "default")
    own = {
        "DestinationProjectArn": "arn:own",
        "VersionName": "own-name",
        "OutputS3Bucket": "own-bucket",
        "OutputS3KeyPrefix": "own/prefix",
        "KmsKeyId": "alias/own",
    }
    seed({**NAMED, **own, "Team": "cats", "Weights": "of no concern here"})

    assert of_package().request == {
        **NAMED,
        "DestinationProjectArn": "arn:own",
        "VersionName": "own-name",
        "OutputConfig": {"S3Bucket": "own-bucket", "S3KeyPrefix": "own/prefix"},
        "KmsKeyId": "alias/own",
    }


def test_the_stack_s_defaults_are_all_used(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DEFAULT_KMS_KEY_ID", "alias/default")
    monkeypatch.setenv("DEFAULT_OUTPUT_KEY_PREFIX", "default")
    output = {"S3Bucket": "live-models", "S3KeyPrefix": "default"}

    assert of_tag().request == {**BY_DEFAULT, "KmsKeyId": "alias/default", "OutputConfig": output}


@pytest.mark.parametrize("length", [2, 20, 70, 256])
def test_an_arn_may_be_in_numbered_parts(world: Any, length: int) -> None:
    parts = [VERSION[at : at + length] for at in range(0, len(VERSION), length)]
    numbered = {f"SourceProjectVersionArn{number}": part for number, part in enumerate(parts, start=1)}
    seed({"SourceProjectArn": PROJECT, **numbered})

    assert of_package().request["SourceProjectVersionArn"] == VERSION


def test_what_is_missing_is_said_at_once(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DEFAULT_DESTINATION_PROJECT_ARN", "")
    monkeypatch.setenv("DEFAULT_OUTPUT_BUCKET", "")
    seed({"SourceProjectVersionArn": "v1"})

    with pytest.raises(InvalidApprovalError) as caught:
        of_package()

    where = f"the CustomerMetadataProperties of {PACKAGE_ARN}"
    assert str(caught.value) == (
        f"The approval has 4 mistakes: (1) SourceProjectArn is required, and is not in {where}. "
        "(2) SourceProjectVersionArn must be a model version's ARN, and is 'v1'. "
        f"(3) DestinationProjectArn is required, and is neither in {where} nor the stack's parameter "
        "DefaultDestinationProjectArn. "
        f"(4) OutputS3Bucket is required, and is neither in {where} nor the stack's parameter DefaultOutputBucket. "
        "Correct this and approve the model version again."
    )


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_package_that_is_not_approved_any_more_is_ignored_whatever_it_names(world: Any, status: str) -> None:
    seed({}, status)

    completed = of_package()

    assert completed.ignored == f"The model package is {status} by now."
    assert completed.request == {}


def test_a_package_without_an_approval_status_is_ignored_whatever_the_event_says(world: Any) -> None:
    seed(NAMED)
    sagemaker_backends[SOURCE]["eu-central-1"].model_packages[PACKAGE_ARN].model_approval_status = None

    assert of_package().ignored == "The model package is without an approval status by now."


def test_a_value_in_parts_of_which_one_is_missing_is_refused_and_not_put_together(world: Any) -> None:
    seed({**NAMED, "VersionName1": "a", "VersionName3": "c", "KmsKeyId2": "key"})

    with pytest.raises(InvalidApprovalError) as caught:
        of_package()

    message = str(caught.value)
    assert "2 mistakes: (1) VersionName is in numbered parts, and one before the last is missing." in message
    assert "(2) KmsKeyId is in numbered parts" in message


def test_a_package_that_is_not_there_is_named(world: Any) -> None:
    with pytest.raises(ModelPackageNotFoundError) as caught:
        of_package()

    assert str(caught.value).startswith(f"SageMaker cannot describe the model package {PACKAGE_ARN}: ")
    assert str(caught.value).endswith("Create it, or correct the event, and approve it again.")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ValidationException", 400, ModelPackageNotFoundError),
        ("ResourceNotFound", 400, ModelPackageNotFoundError),
        ("ThrottlingException", 400, TransientError),
        ("InternalFailure", 500, TransientError),
        ("AccessDeniedException", 400, AccessDeniedError),
        ("Unheard", 400, ClientError),
    ],
)
def test_each_answer_of_sagemaker_has_its_route(world: Any, code: str, status: int, error: type[Exception]) -> None:
    arn = Arn.of_package(PACKAGE_ARN)
    assert arn
    client = accounts.approved("sagemaker", arn, "promote-v1", "sagemaker:DescribeModelPackage")
    answer = {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    refused = type("Http", (), {"status_code": status})
    client.meta.events.register("before-call.sagemaker", lambda **_: (refused, answer))

    with pytest.raises(error):
        sagemaker.describe_package(client, arn)


@pytest.mark.parametrize(
    ("modified", "by"),
    [
        ({"IamIdentity": {"Arn": "arn:ana"}, "UserProfileArn": "arn:profile"}, "arn:ana"),
        ({"UserProfileArn": "arn:profile"}, "arn:profile"),
        ({}, None),
    ],
)
def test_who_approved_is_who_changed_the_package_last(modified: Any, by: str | None) -> None:
    assert ModelPackage.of({"LastModifiedBy": modified}) == ModelPackage(None, {}, by)
    assert ModelPackage.of({}).modified_by is None


def test_the_project_of_a_tagged_version_is_the_one_of_its_name(world: Any) -> None:
    for number in range(3):
        world.backend(SOURCE).create_project(f"cats-{number}")

    assert of_tag().request == {**BY_DEFAULT, "OutputConfig": {"S3Bucket": "live-models"}}


def test_a_tagged_version_whose_project_is_gone_is_named(world: Any) -> None:
    with pytest.raises(SourceVersionNotFoundError, match="no project named dogs in account 111111111111"):
        of_tag(VERSION.replace("cats", "dogs"))


def test_projects_are_asked_for_by_name(world: Any) -> None:
    version = Arn.of_version(VERSION)
    assert version
    wire = Wire(accounts.approved("rekognition", version, "promote-v1", "rekognition:DescribeProjects"))
    asked: list[Any] = []
    wire.client.meta.events.register(
        "provide-client-params.rekognition.DescribeProjects", lambda params, **_: asked.append(params)
    )

    of_tag()

    assert asked == [{"ProjectNames": ["cats"]}]
    assert wire.calls == ["DescribeProjects"]


def test_an_approval_to_be_ignored_makes_no_call() -> None:
    ignored = Approval(kind=TAG, event_id=None, at=None, account=SOURCE, ignored="It is none.")

    assert approved.complete(ignored, "promote-v1") is ignored
