"""Each event of events/ is a story, and each story has a test of its name: here, or in test_*_stories.py."""

import re

import pytest

from sandbox.deployment import ROOT
from sandbox.stories import EVENTS, WORLDS, stories
from sandbox.world import Sandbox
from tests.workflow.conftest import RunStory
from tests.workflow.invariants import copies, own_grants
from tests.workflow.story import DESTINATION, SOURCE, policies, version

STORY_TESTS = sorted((ROOT / "tests" / "workflow").glob("test_*stories.py"))
TESTED = {name for file in STORY_TESTS for name in re.findall(r"^def test_(\w+)\(", file.read_text(), re.MULTILINE)}
RULES = {
    "an_event_has_a_world_and_a_test",
    "a_world_has_an_event",
    "a_test_of_a_story_has_an_event",
    "the_demo_audits",
}
SOURCE_PROJECTS = f"arn:aws:rekognition:us-east-1:{SOURCE}:project"
OWN_POLICY = "rekognition-model-copy-1"
GRANTED = {"PolicyName": OWN_POLICY, "Changed": True, "Rounds": 1}
NO_GRANT_NEEDED = {"PolicyName": None, "Changed": False, "Rounds": 0}
NO_APPROVAL = {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}


@pytest.mark.parametrize("story", stories())
def test_an_event_has_a_world_and_a_test(story: str) -> None:
    assert (WORLDS / f"{story}.yaml").is_file(), f"events/{story}.json has no world. Add sandbox/worlds/{story}.yaml."
    assert story in TESTED, (
        f"No test runs events/{story}.json. Add test_{story} to a file tests/workflow/test_*stories.py."
    )


@pytest.mark.parametrize("world", sorted(path.stem for path in WORLDS.glob("*.yaml")))
def test_a_world_has_an_event(world: str) -> None:
    assert (EVENTS / f"{world}.json").is_file(), f"sandbox/worlds/{world}.yaml has no event. Add events/{world}.json."


@pytest.mark.parametrize("name", sorted(TESTED - RULES))
def test_a_test_of_a_story_has_an_event(name: str) -> None:
    assert name in stories(), f"test_{name} is named after no event. Add events/{name}.json, or move the test."


def test_copy_between_accounts(run_story: RunStory) -> None:
    ending = run_story("copy_between_accounts")

    assert ending.status == "SUCCEEDED"
    assert ending.output == {
        "ProjectVersionArn": version("copy_between_accounts").arn,
        "Status": "COPYING_COMPLETED",
        "Adopted": False,
        "F1Score": 0.9,
        "Policy": GRANTED,
        "Withdrawal": {"PolicyName": OWN_POLICY, "Withdrawn": True},
        "Approval": NO_APPROVAL,
        "StartedAt": "2030-01-01T09:00:00+00:00",
        "EndedAt": ending.output["EndedAt"],
    }
    assert len(copies()) == 1
    assert policies("copy_between_accounts") == {}


def test_copy_within_account(run_story: RunStory) -> None:
    ending = run_story("copy_within_account")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert ending.output["Withdrawal"] == {"PolicyName": None, "Withdrawn": False}
    assert "Ensure project policy" not in ending.states
    assert len(copies()) == 1


def test_copy_with_tags_and_key(run_story: RunStory) -> None:
    ending = run_story("copy_with_tags_and_key")
    copied = version("copy_with_tags_and_key")

    assert ending.status == "SUCCEEDED"
    assert copied.kms_key_id == "arn:aws:kms:us-east-1:222222222222:key/0a1b2c3d-1111-2222-3333-444455556666"
    assert copied.tags == {"team": "vision", "größe": "groß"}
    assert copied.output_config == {"S3Bucket": "models-222222222222", "S3KeyPrefix": "copies/parts"}


def test_already_granted(run_story: RunStory) -> None:
    ending = run_story("already_granted")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == {"PolicyName": "team-grants", "Changed": False, "Rounds": 1}
    assert ending.output["Withdrawal"] == {"PolicyName": None, "Withdrawn": False}
    assert list(policies("already_granted")) == ["team-grants"]


def test_grant_beside_others(run_story: RunStory) -> None:
    ending = run_story("grant_beside_others")
    versions = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/grant_beside_others/version"

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == GRANTED
    assert list(policies("grant_beside_others")) == ["auditors", "no-v1", OWN_POLICY]
    assert own_grants() == {
        (f"arn:aws:iam::{DESTINATION}:role/rekognition-model-copy-destination", f"{versions}/v2/1690000100000"),
        ("arn:aws:iam::444444444444:role/rekognition-model-copy-destination", f"{versions}/v3/1700000100000"),
    }


def test_granted_by_account(run_story: RunStory) -> None:
    ending = run_story("granted_by_account")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == {"PolicyName": "production", "Changed": False, "Rounds": 1}
    assert own_grants() == set()


def test_name_taken(run_story: RunStory) -> None:
    ending = run_story("name_taken")

    assert ending.error == "VersionConflictError"
    assert "already has a version named v3" in ending.cause
    assert "which is not a copy. Choose another VersionName" in ending.cause
    assert copies() == []


def test_already_copied(run_story: RunStory) -> None:
    ending = run_story("already_copied")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert ending.output["Status"] == "RUNNING"
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert copies() == []


def test_grant_left_behind(run_story: RunStory) -> None:
    ending = run_story("grant_left_behind")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert ending.output["Policy"] == NO_GRANT_NEEDED
    assert ending.output["Withdrawal"] == {"PolicyName": OWN_POLICY, "Withdrawn": True}
    assert policies("grant_left_behind") == {}
    assert copies() == []


def test_copied_to_another_bucket(run_story: RunStory) -> None:
    ending = run_story("copied_to_another_bucket")

    assert ending.error == "VersionConflictError"
    assert (
        "its output at s3://somewhere-else/copies/parts, not at s3://models-222222222222/copies/parts" in ending.cause
    )


def test_copy_in_progress(run_story: RunStory) -> None:
    ending = run_story("copy_in_progress")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is True
    assert 1500 <= ending.seconds <= 1500 + 66
    assert copies() == []


def test_failed_before(run_story: RunStory) -> None:
    ending = run_story("failed_before")

    assert ending.error == "FailedBeforeError"
    assert "failed: The bucket models-222222222222 is not accessible. Delete the failed version arn:" in ending.cause


def test_copy_fails(run_story: RunStory) -> None:
    ending = run_story("copy_fails")

    assert ending.error == "CopyFailedError"
    assert ending.cause == (
        "The copy failed: The bucket models-222222222222 is not accessible. Delete the failed version "
        f"{version('copy_fails').arn} or choose another VersionName, then start the request again. "
        "Runbook: docs/runbook.md#copyfailederror"
    )
    assert 600 <= ending.seconds <= 600 + 36


def test_small_model(run_story: RunStory) -> None:
    ending = run_story("small_model")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Adopted"] is False
    assert 120 <= ending.seconds <= 120 + 13


def test_never_finishes(run_story: RunStory) -> None:
    ending = run_story("never_finishes")

    assert ending.error == "CopyDeadlineError"
    assert "is still in progress 24 hours after it was first seen" in ending.cause
    assert "the new execution waits for the running copy" in ending.cause
    assert 86_400 < ending.seconds <= 86_400 + 66
    assert len(ending.history) < 25_000
    assert ending.states.count("Describe project version") <= 1_600


def test_source_missing(run_story: RunStory) -> None:
    ending = run_story("source_missing")

    assert ending.error == "SourceVersionNotFoundError"
    assert "Correct SourceProjectArn and SourceProjectVersionArn" in ending.cause


def test_source_in_training(run_story: RunStory) -> None:
    ending = run_story("source_in_training")

    assert ending.error == "SourceNotCopyableError"
    assert ending.cause.endswith(
        "its status is TRAINING_IN_PROGRESS. Start the request again when the training has completed. "
        "Runbook: docs/runbook.md#sourcenotcopyableerror"
    )


def test_quality_too_low(run_story: RunStory) -> None:
    ending = run_story("quality_too_low")

    assert ending.error == "QualityGateError"
    assert ending.cause == (
        f"The model version {SOURCE_PROJECTS}/quality_too_low/version/v3/1700000100000 reports the F1 score 0.71, and "
        "this stack requires at least 0.8 (MinimumF1Score). Choose a version with a higher F1 score or ask for a lower "
        "MinimumF1Score, then start the request again. Runbook: docs/runbook.md#qualitygateerror"
    )
    assert copies() == []
    assert policies("quality_too_low") == {}


def test_quality_unknown(run_story: RunStory) -> None:
    ending = run_story("quality_unknown")

    assert ending.error == "QualityGateError"
    assert "reports no F1 score, and this stack requires at least 0.8 (MinimumF1Score). Choose" in ending.cause
    assert copies() == []


def test_quality_high_enough(aws: Sandbox, run_story: RunStory) -> None:
    ending = run_story("quality_high_enough")
    (event,), (mail,) = aws.outcomes, aws.mails

    assert ending.status == "SUCCEEDED"
    assert ending.output["F1Score"] == event["detail"]["F1Score"] == 0.8
    assert "F1 score:    0.8\n" in mail.message
    assert len(copies()) == 1


def test_destination_missing(run_story: RunStory) -> None:
    ending = run_story("destination_missing")

    assert ending.error == "DestinationProjectNotFoundError"
    assert "Create the project in account 222222222222 or correct DestinationProjectArn" in ending.cause


def test_regions_differ(run_story: RunStory) -> None:
    ending = run_story("regions_differ")

    assert ending.error == "InvalidRequestError"
    assert "DestinationProjectArn must have the region of the source, us-east-1; got eu-west-1" in ending.cause


def test_many_errors(run_story: RunStory) -> None:
    ending = run_story("many_errors")

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


def test_not_a_request(run_story: RunStory) -> None:
    ending = run_story("not_a_request")

    assert ending.error == "NotARequestError"
    assert ending.states == ["Nest the request", "What started it?", "Not a request"]
    assert '"SourceProjectVersionArn": "arn:aws:rekognition:' in ending.cause


def test_policies_full(run_story: RunStory) -> None:
    ending = run_story("policies_full")

    assert ending.error == "PolicyQuotaError"
    assert "(team-3, team-4, team-5, team-6, team-7)" in ending.cause
    assert len(policies("policies_full")) == 5


def test_no_room_for_grant(run_story: RunStory) -> None:
    ending = run_story("no_room_for_grant")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"] == GRANTED
    assert 1200 + 3600 <= ending.seconds <= 1200 + 300 + 3600 + 66
    assert len(own_grants()) == 4 * 23


def test_denied_by_policy(run_story: RunStory) -> None:
    ending = run_story("denied_by_policy")

    assert ending.error == "PolicyDeniedError"
    assert "The project policy frozen of" in ending.cause
    assert copies() == []
