"""The stories of approvals: an event is read, and the version that it approves is copied; or nothing is copied."""

from sandbox.stories import read_event
from tests.workflow.conftest import RunStory
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies
from tests.workflow.story import SOURCE, version

PACKAGES = f"arn:aws:sagemaker:us-east-1:{SOURCE}:model-package"


def test_approved_by_own_event(run_story: RunStory) -> None:
    ending = run_story("approved_by_own_event")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"] == {
        "Kind": "Event",
        "EventId": read_event("approved_by_own_event")["id"],
        "At": "2030-01-01T09:00:00Z",
        "By": "123456789012",
        "Subject": None,
    }
    assert ending.output["ProjectVersionArn"] == version("approved_by_own_event").arn


def test_approved_in_sagemaker(run_story: RunStory) -> None:
    ending = run_story("approved_in_sagemaker")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["Kind"] == "ModelPackage"
    assert ending.output["Approval"]["Subject"] == f"{PACKAGES}/approved-in-sagemaker/1"
    copied = version("approved_in_sagemaker")
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "approved/parts"}


def test_approved_by_tag(run_story: RunStory) -> None:
    ending = run_story("approved_by_tag")
    copied = version("approved_by_tag")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["By"] == "arn:aws:sts::111111111111:assumed-role/Approver/ana"
    assert ending.output["Approval"]["Subject"] == copied.source_arn
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "copies/parts"}


def why_ignored(ending: Ending) -> str:
    """Check that the event was ignored; return the reason."""
    assert ending.status == "SUCCEEDED"
    assert ending.states[-3:] == ["Read approval", "Is it an approval?", "Ignored"]
    assert copies() == []
    reason: str = ending.output["Approval"]["Ignored"]
    return reason


def test_rejected_in_sagemaker(run_story: RunStory) -> None:
    assert why_ignored(run_story("rejected_in_sagemaker")) == "ModelApprovalStatus is 'Rejected', not 'Approved'."


def test_pending_in_sagemaker(run_story: RunStory) -> None:
    assert why_ignored(run_story("pending_in_sagemaker")).startswith("ModelApprovalStatus is 'PendingManualApproval'")


def test_lifecycle_in_sagemaker(run_story: RunStory) -> None:
    reason = "UpdatedModelPackageFields does not contain ModelApprovalStatus."
    assert why_ignored(run_story("lifecycle_in_sagemaker")) == reason


def test_approval_revoked(run_story: RunStory) -> None:
    assert why_ignored(run_story("approval_revoked")) == "The model package is now Rejected."


def test_tagged_differently(run_story: RunStory) -> None:
    reason = "The tags do not contain rekognition-model-copy with the value approved."
    assert why_ignored(run_story("tagged_differently")) == reason


def test_tagging_failed(run_story: RunStory) -> None:
    assert why_ignored(run_story("tagging_failed")) == "The call failed with 'AccessDenied'."


def refused(ending: Ending) -> tuple[str | None, str]:
    """Check that the event was refused as no valid approval; return the error and the sentence."""
    assert ending.states[-3:] == ["Read approval", "Read the errors", "Copy refused"]
    return ending.error, ending.cause


def test_package_missing(run_story: RunStory) -> None:
    error, cause = refused(run_story("package_missing"))

    assert error == "ModelPackageNotFoundError"
    assert cause.startswith(f"SageMaker cannot describe the model package {PACKAGES}/package-missing/1: ")


def test_package_without_metadata(run_story: RunStory) -> None:
    error, cause = refused(run_story("package_without_metadata"))
    metadata = f"the CustomerMetadataProperties of {PACKAGES}/package-without-metadata/1"

    assert error == "InvalidApprovalError"
    assert cause == (
        f"The approval has 2 errors: (1) SourceProjectArn is required; it is not in {metadata}. "
        f"(2) SourceProjectVersionArn is required; it is not in {metadata}. "
        "Correct the approval and approve the model version again. Runbook: docs/runbook.md#invalidapprovalerror"
    )


def test_project_missing(run_story: RunStory) -> None:
    error, cause = refused(run_story("project_missing"))

    assert error == "SourceVersionNotFoundError"
    assert "because there is no project named project_missing in account 111111111111. Correct" in cause


def test_malformed_own_event(run_story: RunStory) -> None:
    error, cause = refused(run_story("malformed_own_event"))

    assert error == "InvalidApprovalError"
    assert "(1) detail must be an object; got 'approved'." in cause


def test_malformed_in_sagemaker(run_story: RunStory) -> None:
    error, cause = refused(run_story("malformed_in_sagemaker"))

    assert error == "InvalidApprovalError"
    assert cause.startswith("The approval has 2 errors: ")
    assert "(2) detail.ModelPackageArn must be the ARN of the approved resource; got 'parts/1'." in cause


def test_malformed_tag_event(run_story: RunStory) -> None:
    error, cause = refused(run_story("malformed_tag_event"))

    assert error == "InvalidApprovalError"
    assert cause.startswith("The approval has 3 errors: (1) detail.eventName must be a string; got null. ")
    assert "resourceArn must be in a Region with Rekognition Custom Labels; got us-moon-1" in cause
    assert "resourceArn, 111111111111; got '999999999999'." in cause
