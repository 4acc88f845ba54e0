"""An approval stands for one request: the approved version, and the stack's defaults for the rest."""

from functools import partial

import pytest
from moto.sagemaker.models import sagemaker_backends

from model_copy import approval_requests
from model_copy.approval_events import PACKAGE, TAG, Approval
from model_copy.arns import Arn
from model_copy.aws import clients
from model_copy.errors import InvalidApprovalError, ModelPackageNotFoundError, SourceVersionNotFoundError
from sandbox.stories import seed_package
from tests.unit.world import REGION, REQUEST, SOURCE, Wire, World

PROJECT, VERSION = REQUEST["SourceProjectArn"], REQUEST["SourceProjectVersionArn"]
PACKAGE_ARN = f"arn:aws:sagemaker:{REGION}:{SOURCE}:model-package/cats/1"
NAMED = {"SourceProjectArn": PROJECT, "SourceProjectVersionArn": VERSION}
BY_DEFAULT = {**NAMED, "VersionName": "v1", "DestinationProjectArn": REQUEST["DestinationProjectArn"]}


def seed(properties: dict[str, str], status: str = "Approved") -> None:
    seed_package({"arn": PACKAGE_ARN, "status": status, "properties": properties})


def complete(kind: str, subject: str, promotes: bool = False) -> Approval:
    arn = Arn.parse_model_package(subject) or Arn.parse_version(subject)
    approval = Approval(kind=kind, event_id="an-event", at=None, account=SOURCE, subject=arn)
    return approval_requests.complete(approval, partial(clients.approved, "promote-v1"), promotes)


def of_package(promotes: bool = False) -> Approval:
    return complete(PACKAGE, PACKAGE_ARN, promotes)


def of_tag(version: str = VERSION, promotes: bool = False) -> Approval:
    return complete(TAG, version, promotes)


def test_a_package_that_names_the_version_gets_the_rest_from_the_stack(world: World) -> None:
    seed(NAMED)

    assert of_package().request == {**BY_DEFAULT, "OutputConfig": {"S3Bucket": "live-models"}}


def test_the_package_s_properties_come_before_the_stack_s_defaults(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_KMS_KEY_ID", "alias/default")
    monkeypatch.setenv("DEFAULT_OUTPUT_KEY_PREFIX", "default")
    own = {
        "DestinationProjectArn": "arn:own",
        "VersionName": "own-name",
        "OutputS3Bucket": "own-bucket",
        "OutputS3KeyPrefix": "own/prefix",
        "KmsKeyId": "alias/own",
    }
    seed({**NAMED, **own, "Team": "cats", "Weights": "not a field of the request"})

    assert of_package().request == {
        **NAMED,
        "DestinationProjectArn": "arn:own",
        "VersionName": "own-name",
        "OutputConfig": {"S3Bucket": "own-bucket", "S3KeyPrefix": "own/prefix"},
        "KmsKeyId": "alias/own",
    }


def test_the_stack_s_defaults_are_all_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_KMS_KEY_ID", "alias/default")
    monkeypatch.setenv("DEFAULT_OUTPUT_KEY_PREFIX", "default")
    output = {"S3Bucket": "live-models", "S3KeyPrefix": "default"}

    assert of_tag().request == {**BY_DEFAULT, "KmsKeyId": "alias/default", "OutputConfig": output}


@pytest.mark.parametrize("length", [2, 20, 70, 256])
def test_an_arn_may_be_in_numbered_parts(world: World, length: int) -> None:
    parts = [VERSION[at : at + length] for at in range(0, len(VERSION), length)]
    numbered = {f"SourceProjectVersionArn{number}": part for number, part in enumerate(parts, start=1)}
    seed({"SourceProjectArn": PROJECT, **numbered})

    assert of_package().request["SourceProjectVersionArn"] == VERSION


def test_all_missing_fields_are_named_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_DESTINATION_PROJECT_ARN", "")
    monkeypatch.setenv("DEFAULT_OUTPUT_BUCKET", "")
    seed({"SourceProjectVersionArn": "v1"})

    with pytest.raises(InvalidApprovalError) as caught:
        of_package()

    where = f"the CustomerMetadataProperties of {PACKAGE_ARN}"
    assert str(caught.value) == (
        f"The approval has 4 errors: (1) SourceProjectArn is required; it is not in {where}. "
        "(2) SourceProjectVersionArn must be the ARN of a model version; got 'v1'. "
        f"(3) DestinationProjectArn is required; it is neither in {where} nor in the stack's parameter "
        "DefaultDestinationProjectArn. "
        f"(4) OutputS3Bucket is required; it is neither in {where} nor in the stack's parameter DefaultOutputBucket. "
        "Correct the approval and approve the model version again."
    )


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_package_that_is_not_approved_anymore_is_ignored_whatever_its_properties(world: World, status: str) -> None:
    seed({}, status)

    completed = of_package()

    assert completed.ignored == f"The model package is now {status}."
    assert completed.request == {}


def test_a_package_without_an_approval_status_is_ignored_whatever_the_event_says(world: World) -> None:
    seed(NAMED)
    sagemaker_backends[SOURCE][REGION].model_packages[PACKAGE_ARN].model_approval_status = None

    assert of_package().ignored == "The model package is now without an approval status."


def test_a_value_in_parts_with_one_missing_is_refused_and_not_joined(world: World) -> None:
    seed({**NAMED, "VersionName1": "a", "VersionName3": "c", "KmsKeyId2": "key"})

    with pytest.raises(InvalidApprovalError) as caught:
        of_package()

    message = str(caught.value)
    assert "2 errors: (1) VersionName is split into numbered parts, of which one is missing." in message
    assert "(2) KmsKeyId is split into numbered parts, of which one is missing." in message


def test_a_package_that_does_not_exist_is_named(world: World) -> None:
    with pytest.raises(ModelPackageNotFoundError) as caught:
        of_package()

    assert str(caught.value).startswith(f"SageMaker cannot describe the model package {PACKAGE_ARN}: ")
    assert str(caught.value).endswith("Approve a model package that exists, or correct the event and send it again.")


def test_the_project_of_a_tagged_version_is_the_one_of_its_name(world: World) -> None:
    for number in range(3):
        world.backend(SOURCE).create_project(f"cats-{number}")

    assert of_tag().request == {**BY_DEFAULT, "OutputConfig": {"S3Bucket": "live-models"}}


def test_a_tagged_version_without_its_project_is_named(world: World) -> None:
    with pytest.raises(SourceVersionNotFoundError, match="there is no project named dogs in account 111111111111"):
        of_tag(VERSION.replace("cats", "dogs"))


def test_the_project_is_described_by_its_name(world: World) -> None:
    version = Arn.parse_version(VERSION)
    assert version
    wire = Wire(clients.approved("promote-v1", "rekognition", version, "rekognition:DescribeProjects"))
    parameters: list[object] = []
    wire.client.meta.events.register(
        "provide-client-params.rekognition.DescribeProjects", lambda params, **_: parameters.append(params)
    )

    of_tag()

    assert parameters == [{"ProjectNames": ["cats"]}]
    assert wire.calls == ["DescribeProjects"]


def test_an_ignored_approval_makes_no_call() -> None:
    ignored = Approval(kind=TAG, event_id=None, at=None, account=SOURCE, ignored="The call failed.")

    def client_for(*_: object) -> None:
        raise AssertionError("A client was made")

    assert approval_requests.complete(ignored, client_for) is ignored


def test_an_own_event_has_its_request_and_makes_no_call() -> None:
    own = Approval(kind="Event", event_id=None, at=None, account=SOURCE, request={"VersionName": "v1"})

    def client_for(*_: object) -> None:
        raise AssertionError("A client was made")

    assert approval_requests.complete(own, client_for) is own


def test_an_approval_that_promotes_leaves_the_destinations_to_the_manifest(world: World) -> None:
    seed(NAMED)

    expected = {**NAMED, "VersionName": "v1", "OutputConfig": {"S3Bucket": "live-models"}}
    assert of_package(promotes=True).request == expected
    assert of_tag(promotes=True).request == expected


def test_an_approval_that_promotes_needs_no_bucket_since_each_destination_may_have_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_OUTPUT_BUCKET", "")
    monkeypatch.setenv("DEFAULT_OUTPUT_KEY_PREFIX", "copies")

    assert of_tag(promotes=True).request == {**NAMED, "VersionName": "v1"}


def test_an_approval_that_promotes_still_needs_its_sources(world: World) -> None:
    seed({"SourceProjectArn": PROJECT})

    with pytest.raises(InvalidApprovalError, match=r"1 error: \(1\) SourceProjectVersionArn is required"):
        of_package(promotes=True)


def test_a_package_that_promotes_and_names_a_destination_is_refused(world: World) -> None:
    seed({**NAMED, "DestinationProjectArn": REQUEST["DestinationProjectArn"]})

    with pytest.raises(InvalidApprovalError) as caught:
        of_package(promotes=True)

    assert str(caught.value) == (
        "The approval has 1 error: (1) DestinationProjectArn must be left out, because the stack's parameter "
        "DestinationsManifest names the destinations. Correct the approval and approve the model version again."
    )


@pytest.mark.parametrize("name", ["DestinationProjectArn", "Destinations", "DestinationsFrom"])
def test_an_own_event_that_promotes_and_names_a_destination_is_refused(name: str) -> None:
    own = Approval(kind="Event", event_id=None, at=None, account=SOURCE, request={name: None})

    with pytest.raises(InvalidApprovalError, match=f"1 error: .1. {name} must be left out"):
        approval_requests.complete(own, lambda *_: None, promotes=True)
    assert approval_requests.complete(own, lambda *_: None) is own
