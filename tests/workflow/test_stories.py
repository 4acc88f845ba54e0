"""Each event of events/ is a story, and each story is told here under its own name."""

import pytest

from sandbox.stories import WORLDS, backend_of, read_event, stories
from tests.workflow.invariants import copies, own_grants

SOURCE, DESTINATION = "111111111111", "222222222222"
OWN_POLICY = "rekognition-model-copy-1"
GRANTED = {"PolicyName": OWN_POLICY, "Changed": True, "Rounds": 1}
PACKAGES = f"arn:aws:sagemaker:us-east-1:{SOURCE}:model-package"
NOT_APPROVED = {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}
NO_GRANT_NEEDED = {"PolicyName": None, "Changed": False, "Rounds": 0}


@pytest.mark.parametrize("story", stories())
def test_every_event_has_a_world_and_a_test_of_its_name(story):
    assert (WORLDS / f"{story}.yaml").is_file()
    assert callable(globals().get(f"test_{story}"))


def version(story, account=DESTINATION, project=None, name="v3"):
    """The version of that name as the sandbox holds it."""
    backend = backend_of(f"arn:aws:rekognition:us-east-1:{account}:project/")
    found = next(one for one in backend.projects.values() if one.name == (project or story))
    return found.versions[name]


def policies(story):
    backend = backend_of(f"arn:aws:rekognition:us-east-1:{SOURCE}:project/")
    return next(one for one in backend.projects.values() if one.name == story).policies


def test_copy_between_accounts(tell):
    ending = tell("copy_between_accounts")

    assert ending.status == "SUCCEEDED"
    assert ending.output == {
        "ProjectVersionArn": version("copy_between_accounts").arn,
        "Status": "COPYING_COMPLETED",
        "Adopted": False,
        "Policy": GRANTED,
        "Withdrawal": {"PolicyName": OWN_POLICY, "Withdrawn": True},
        "Approval": NOT_APPROVED,
        "StartedAt": "2030-01-01T09:00:00+00:00",
        "EndedAt": ending.output["EndedAt"],
    }
    assert len(copies()) == 1
    assert policies("copy_between_accounts") == {}


def test_copy_within_account(tell):
    ending = tell("copy_within_account")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert ending.output["Withdrawal"] == {"PolicyName": None, "Withdrawn": False}
    assert "Ensure project policy" not in ending.states
    assert len(copies()) == 1


def test_copy_with_tags_and_key(tell):
    ending = tell("copy_with_tags_and_key")
    copied = version("copy_with_tags_and_key")

    assert ending.status == "SUCCEEDED"
    assert copied.kms_key_id == "arn:aws:kms:us-east-1:222222222222:key/0a1b2c3d-1111-2222-3333-444455556666"
    assert copied.tags == {"team": "vision", "größe": "groß"}
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "copies/parts"}


def test_already_granted(tell):
    ending = tell("already_granted")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == {"PolicyName": "team-grants", "Changed": False, "Rounds": 1}
    assert ending.output["Withdrawal"] == {"PolicyName": None, "Withdrawn": False}
    assert list(policies("already_granted")) == ["team-grants"]


def test_grant_beside_others(tell):
    ending = tell("grant_beside_others")
    versions = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/grant_beside_others/version"

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == GRANTED
    assert list(policies("grant_beside_others")) == ["auditors", "no-v1", OWN_POLICY]
    assert own_grants() == {
        (f"arn:aws:iam::{DESTINATION}:role/rekognition-model-copy-destination", f"{versions}/v2/1690000100000"),
        ("arn:aws:iam::444444444444:role/rekognition-model-copy-destination", f"{versions}/v3/1700000100000"),
    }


def test_granted_by_account(tell):
    ending = tell("granted_by_account")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == {"PolicyName": "production", "Changed": False, "Rounds": 1}
    assert own_grants() == set()


def test_name_taken(tell):
    ending = tell("name_taken")

    assert ending.error == "VersionConflictError"
    assert "already has a version named v3" in ending.cause
    assert "which is not a copy. Choose another VersionName" in ending.cause
    assert copies() == []


def test_already_copied(tell):
    ending = tell("already_copied")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert ending.output["Status"] == "RUNNING"
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert copies() == []


def test_grant_left_behind(tell):
    ending = tell("grant_left_behind")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert ending.output["Withdrawal"] == {"PolicyName": OWN_POLICY, "Withdrawn": True}
    assert policies("grant_left_behind") == {}
    assert copies() == []


def test_copied_to_another_bucket(tell):
    ending = tell("copied_to_another_bucket")

    assert ending.error == "VersionConflictError"
    assert (
        "its output at s3://somewhere-else/copies/parts, not at s3://models-222222222222/copies/parts" in ending.cause
    )


def test_copy_in_progress(tell):
    ending = tell("copy_in_progress")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert 1500 <= ending.seconds <= 1500 + 66
    assert copies() == []


def test_failed_before(tell):
    ending = tell("failed_before")

    assert ending.error == "FailedBeforeError"
    assert "failed: The bucket models-222222222222 is not accessible. Delete the failed version arn:" in ending.cause


def test_copy_fails(tell):
    ending = tell("copy_fails")

    assert ending.error == "CopyFailedError"
    assert ending.cause == (
        "The copy failed: The bucket models-222222222222 is not accessible. Delete the failed version "
        f"{version('copy_fails').arn} or choose another VersionName, then start the request again. "
        "Runbook: docs/runbook.md#copyfailederror"
    )
    assert 600 <= ending.seconds <= 600 + 36


def test_small_model(tell):
    ending = tell("small_model")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is False
    assert 120 <= ending.seconds <= 120 + 13


def test_never_finishes(tell):
    ending = tell("never_finishes")

    assert ending.error == "CopyDeadlineError"
    assert "is still in progress 24 hours after it was first seen" in ending.cause
    assert "it adopts the running copy" in ending.cause
    assert 86_400 < ending.seconds <= 86_400 + 66
    assert len(ending.history) < 25_000
    assert ending.states.count("Describe project version") <= 1_600


def test_source_missing(tell):
    ending = tell("source_missing")

    assert ending.error == "SourceVersionNotFoundError"
    assert "Correct SourceProjectArn and SourceProjectVersionArn" in ending.cause


def test_source_in_training(tell):
    ending = tell("source_in_training")

    assert ending.error == "SourceNotCopyableError"
    assert ending.cause.endswith(
        "its status is TRAINING_IN_PROGRESS. Start the request again when the training has completed. "
        "Runbook: docs/runbook.md#sourcenotcopyableerror"
    )


def test_destination_missing(tell):
    ending = tell("destination_missing")

    assert ending.error == "DestinationProjectNotFoundError"
    assert "Create the project in account 222222222222 or correct DestinationProjectArn" in ending.cause


def test_regions_differ(tell):
    ending = tell("regions_differ")

    assert ending.error == "InvalidRequestError"
    assert "DestinationProjectArn must have the region of the source, us-east-1; got eu-west-1" in ending.cause


def test_many_mistakes(tell):
    ending = tell("many_mistakes")

    assert ending.error == "InvalidRequestError"
    assert ending.cause.startswith("The request has 7 errors: (1) ")
    for error in (
        "DestinationProjectArn is required",
        "OutputConfig is required",
        "SourceProjectArn must have at least 20 characters; got 'parts'",
        "VersionName must match [a-zA-Z0-9_.\\-]+; got 'v 3'",
        "OutputConfg is not a field of the request; did you mean OutputConfig?",
        "KmsKeyId must be a string; got 7",
        "Tags key 'aws:team' must match",
    ):
        assert error in ending.cause


def test_not_a_request(tell):
    ending = tell("not_a_request")

    assert ending.error == "NotARequestError"
    assert ending.states == ["Nest the request", "What started it?", "Not a request"]
    assert '"SourceProjectVersionArn": "arn:aws:rekognition:' in ending.cause


def test_policies_full(tell):
    ending = tell("policies_full")

    assert ending.error == "PolicyQuotaError"
    assert "(team-3, team-4, team-5, team-6, team-7)" in ending.cause
    assert len(policies("policies_full")) == 5


def test_no_room_for_grant(tell):
    ending = tell("no_room_for_grant")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == GRANTED
    assert 1200 + 3600 <= ending.seconds <= 1200 + 300 + 3600 + 66
    assert len(own_grants()) == 4 * 23


def test_denied_by_policy(tell):
    ending = tell("denied_by_policy")

    assert ending.error == "PolicyDeniedError"
    assert "The project policy frozen of" in ending.cause
    assert copies() == []


def test_approved_by_own_event(tell):
    ending = tell("approved_by_own_event")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"] == {
        "Kind": "Event",
        "EventId": read_event("approved_by_own_event")["id"],
        "At": "2030-01-01T09:00:00Z",
        "By": "123456789012",
        "Subject": None,
    }
    assert ending.output["ProjectVersionArn"] == version("approved_by_own_event").arn


def test_approved_in_sagemaker(tell):
    ending = tell("approved_in_sagemaker")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["Kind"] == "ModelPackage"
    assert ending.output["Approval"]["Subject"] == f"{PACKAGES}/approved-in-sagemaker/1"
    copied = version("approved_in_sagemaker")
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "approved/parts"}


def test_approved_by_tag(tell):
    ending = tell("approved_by_tag")
    copied = version("approved_by_tag")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["By"] == "arn:aws:sts::111111111111:assumed-role/Approver/ana"
    assert ending.output["Approval"]["Subject"] == copied.source_arn
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "copies/parts"}


def ignored(ending):
    """Why nothing was copied."""
    assert ending.status == "SUCCEEDED"
    assert ending.states[-3:] == ["Read approval", "Is it an approval?", "Ignored"]
    assert copies() == []
    return ending.output["Approval"]["Ignored"]


def test_rejected_in_sagemaker(tell):
    assert ignored(tell("rejected_in_sagemaker")) == "ModelApprovalStatus is 'Rejected', not 'Approved'."


def test_pending_in_sagemaker(tell):
    assert ignored(tell("pending_in_sagemaker")).startswith("ModelApprovalStatus is 'PendingManualApproval'")


def test_lifecycle_in_sagemaker(tell):
    reason = "UpdatedModelPackageFields does not contain ModelApprovalStatus."
    assert ignored(tell("lifecycle_in_sagemaker")) == reason


def test_approval_taken_back(tell):
    assert ignored(tell("approval_taken_back")) == "The model package is now Rejected."


def test_tagged_otherwise(tell):
    reason = "The tags do not contain rekognition-model-copy with the value approved."
    assert ignored(tell("tagged_otherwise")) == reason


def test_tagging_failed(tell):
    assert ignored(tell("tagging_failed")) == "The call failed with 'AccessDenied'."


def refused(ending):
    """With what an approval was refused that stood for no request."""
    assert ending.states[-3:] == ["Read approval", "Read the errors", "Copy refused"]
    return ending.error, ending.cause


def test_package_missing(tell):
    error, cause = refused(tell("package_missing"))

    assert error == "ModelPackageNotFoundError"
    assert cause.startswith(f"SageMaker cannot describe the model package {PACKAGES}/package-missing/1: ")


def test_package_without_metadata(tell):
    error, cause = refused(tell("package_without_metadata"))
    metadata = f"the CustomerMetadataProperties of {PACKAGES}/package-without-metadata/1"

    assert error == "InvalidApprovalError"
    assert cause == (
        f"The approval has 2 errors: (1) SourceProjectArn is required; it is not in {metadata}. "
        f"(2) SourceProjectVersionArn is required; it is not in {metadata}. "
        "Correct the approval and approve the model version again. Runbook: docs/runbook.md#invalidapprovalerror"
    )


def test_project_missing(tell):
    error, cause = refused(tell("project_missing"))

    assert error == "SourceVersionNotFoundError"
    assert "because there is no project named project_missing in account 111111111111. Correct" in cause


def test_malformed_own_event(tell):
    error, cause = refused(tell("malformed_own_event"))

    assert error == "InvalidApprovalError"
    assert "(1) detail must be an object; got 'approved'." in cause


def test_malformed_in_sagemaker(tell):
    error, cause = refused(tell("malformed_in_sagemaker"))

    assert error == "InvalidApprovalError"
    assert cause.startswith("The approval has 2 errors: ")
    assert "(2) detail.ModelPackageArn must be the ARN of the approved resource; got 'parts/1'." in cause


def test_malformed_tag_event(tell):
    error, cause = refused(tell("malformed_tag_event"))

    assert error == "InvalidApprovalError"
    assert cause.startswith("The approval has 3 errors: (1) detail.eventName must be a string; got null. ")
    assert "resourceArn must be in a Region with Rekognition Custom Labels; got us-moon-1" in cause
    assert "resourceArn, 111111111111; got '999999999999'." in cause


@pytest.fixture
def announced(aws):
    """Let Step Functions tell of the ending of an execution that it knows no more of; give what is announced."""

    def announced(story):
        aws.seed(story)
        aws.put(read_event(story))
        aws.clock.run()
        assert len(aws.outcomes) == len(aws.mails)
        return aws.outcomes[0]["detail"], aws.mails[0]

    return announced


def test_execution_succeeded(announced):
    detail, mail = announced("execution_succeeded")

    assert (detail["Outcome"], detail["Adopted"], detail["Grant"]["Withdrawn"]) == ("Copied", False, True)
    assert "ExecutionDoesNotExist" in detail["Unread"]
    assert mail.subject == "Model Copied: execution_succeeded v3, to execution_succeeded in 222222222222"


def test_execution_failed(announced):
    detail, mail = announced("execution_failed")

    assert (detail["Outcome"], detail["Redrivable"], detail["Error"]) == ("Failed", True, "AccessDeniedError")
    assert "What to do:  Fix the cause, then redrive the execution" in mail.message
    assert "Runbook:     docs/runbook.md#accessdeniederror\n" in mail.message


def test_execution_aborted(announced):
    detail, mail = announced("execution_aborted")

    assert (detail["Outcome"], detail["Status"], detail["Cause"]) == ("Failed", "ABORTED", "The model is withdrawn.")
    assert mail.subject.startswith("Model Copy Failed: NotNeededAnyMore, execution_aborted v3, to execution_aborted ")


def test_execution_timed_out(announced):
    detail, mail = announced("execution_timed_out")

    assert (detail["Outcome"], detail["Status"], detail["Redrivable"]) == ("Failed", "TIMED_OUT", True)
    assert "Why:         The execution ran for longer than the state machine allows.\n" in mail.message


def test_execution_running(aws):
    aws.seed("execution_running")
    aws.put(read_event("execution_running"))
    aws.clock.run()

    assert (aws.outcomes, aws.mails) == ([], [])
