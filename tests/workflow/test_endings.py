"""How executions end when the world is not as it should be."""

import json
import re
from collections import Counter

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_NAME, function_names
from sandbox.faults import Plan
from sandbox.stories import backend_of, read_event
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies, own_grants

REQUEST = read_event("copy_between_accounts")
POLICY = f"{STACK_NAME}-1"
GRANT = (f"arn:aws:iam::222222222222:role/{STACK_NAME}-destination", REQUEST["SourceProjectVersionArn"])
# What Lambda answers for a while when a function was idle for weeks, is being changed, or enters its VPC.
PASSING_LAMBDA_ERRORS = [
    "CodeArtifactUserPendingException",
    "ResourceNotReadyException",
    "ResourceConflictException",
    "ENINotReadyException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
]
OPERATIONS = [
    "AssumeRole",
    "DescribeProjectVersions",
    "ListProjectPolicies",
    "PutProjectPolicy",
    "CopyProjectVersion",
    "DeleteProjectPolicy",
]
TRANSIENT = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "InternalServerError",
    "http_500",
    "http_503",
    "dropped",
    "lost_answer",
    "slow",
]
AFTER_THE_EFFECT = ("lost_answer", "slow")


@pytest.fixture
def world(aws):
    """A model to copy, which takes a minute."""
    aws.seed("copy_between_accounts")
    settings.copy_seconds = 60
    return aws


def project(arn):
    return backend_of(arn).projects[arn]


def copied():
    return project(REQUEST["DestinationProjectArn"]).versions["v3"]


def grants_policy():
    return project(REQUEST["SourceProjectArn"]).policies


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_passes_is_retried_until_it_has_passed(world, end, operation, fault):
    world.plan = Plan(f"{operation}: {fault} x7")

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert len(copies()) == 1
    assert len(world.plan.met) == 7 or fault in AFTER_THE_EFFECT


@pytest.mark.parametrize("error", PASSING_LAMBDA_ERRORS)
def test_functions_that_were_idle_for_weeks_end_what_they_were_woken_for(aws, witness, error):
    """Each invocation of each function, its first included, meets the error three times in a row."""
    aws.seed("approved_in_sagemaker")
    settings.copy_seconds, aws.announces = 120, True
    plan = ", ".join([f"{error} x3, none"] * 30)
    aws.follow("; ".join(f"{function}: {plan}" for function in function_names()))

    ending = Ending.of(aws.run(read_event("approved_in_sagemaker")))

    witness.check_ending(ending, ending.request)
    assert ending.told == "succeeds"
    assert {function for function, _ in aws.plan.met} == set(function_names())
    assert Counter(ending.states)["Describe project version"] > 3
    assert len(copies()) == 1
    assert own_grants() == set()
    assert [event["detail-type"] for event in aws.outcomes] == ["Model Copied"]


def test_an_error_of_lambda_itself_has_a_sentence_for_its_cause(world, end):
    world.plan = Plan("ValidateRequestFunction: CodeArtifactUserFailedException")

    ending = end(REQUEST)

    assert ending.error == "Lambda.CodeArtifactUserFailedException"
    assert re.search(r"\(Service: Lambda, Status Code: 409, Request ID: [\da-f-]{36}\)$", ending.cause)


def test_retries_back_off_with_jitter_up_to_their_longest_delay_and_then_fail_at_the_task(world, end):
    world.plan = Plan("DescribeProjectVersionFunction: throttled always")

    ending = end(REQUEST)
    tries = [event["timestamp"] for event in ending.history if event["type"].value == "LambdaFunctionFailed"]

    assert ending.failed_at_task
    assert ending.error == "Lambda.TooManyRequestsException"
    assert len(tries) == 21
    assert 300 < ending.seconds < 2 + 4 + 8 + 16 + 32 + 64 + 14 * 120


def test_a_failure_at_a_task_keeps_our_name_and_its_sentence(world, end):
    world.plan = Plan("DescribeProjectVersions: http_503 always")

    ending = end(REQUEST)

    assert ending.failed_at_task
    assert ending.error == "TransientError"
    assert json.loads(ending.cause)["errorMessage"].endswith(
        "then redrive the execution. Runbook: docs/runbook.md#transienterror"
    )


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one != "DeleteProjectPolicy"])
def test_a_denied_call_fails_at_its_task_at_once_and_says_who_must_allow_what(world, end, operation):
    settings.propagation_seconds = 0
    plan = f"{operation}: AccessDeniedException always"
    world.plan = Plan(plan)
    if operation == "CopyProjectVersion":
        world.seed("granted_by_account")
        world.clock.sleep(301)
        request = read_event("granted_by_account")
    else:
        request = REQUEST

    ending = end(request)

    assert ending.failed_at_task
    assert ending.error == "AccessDeniedError"
    assert f"{operation} on arn:aws:" in ending.cause
    assert len(world.plan.met) == 1
    assert copies() == []


@pytest.mark.parametrize("error", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_a_full_copy_slot_is_waited_for(world, end, error):
    world.plan = Plan(f"CopyProjectVersion: {error} x30")

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.seconds > 600


def test_a_copy_slot_that_stays_full_for_hours_fails_at_the_task(world, end):
    world.plan = Plan("CopyProjectVersion: LimitExceededException always")

    ending = end(REQUEST)

    assert ending.failed_at_task
    assert ending.error == "NoCopySlotError"
    assert ending.seconds > 6 * 3600


def test_a_full_project_is_refused(world, end):
    destination = REQUEST["DestinationProjectArn"]
    for number in range(100):
        backend_of(destination).create_project_version(destination, f"full-{number}", {"S3Bucket": "training"})

    ending = end(REQUEST)

    assert ending.error == "ModelQuotaError"
    assert "has 100 model versions" in ending.cause


def test_a_grant_that_went_missing_before_the_copy_is_given_again(world, end):
    world.follow("PutProjectPolicy: grant_withdrawn", REQUEST)

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Policy"]["Rounds"] == 2
    assert grants_policy() == {}


def test_a_grant_that_goes_missing_again_and_again_is_refused(world, end):
    def withdraw():
        grants_policy().clear()
        project(REQUEST["SourceProjectArn"]).policy_changes.clear()

    world.plan = Plan("PutProjectPolicy: withdrawn always", {"withdrawn": withdraw})
    ending = end(REQUEST)

    assert ending.error == "GrantLostError"
    assert copies() == []


def test_a_policy_change_that_takes_minutes_to_reach_the_copy_is_waited_for(world, end):
    settings.propagation_seconds = 240

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.seconds > 300


@pytest.mark.parametrize("fault", ["TransientError", "AccessDeniedException", "MalformedPolicyDocumentException"])
def test_failing_to_withdraw_never_changes_the_ending(world, end, fault):
    world.plan = Plan(f"DeleteProjectPolicy: {fault} always")

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Withdrawal"]["Error"]
    assert own_grants() == {GRANT}


def test_a_refusal_after_validation_withdraws_the_grant(world, end):
    world.plan = Plan("CopyProjectVersion: InvalidParameterException")

    ending = end(REQUEST)

    assert ending.error == "RequestRejectedError"
    assert "Withdraw grant" in ending.states
    assert own_grants() == set()


def test_a_grant_put_by_a_call_whose_answer_was_lost_is_withdrawn_too(world, end):
    world.plan = Plan("PutProjectPolicy: lost_answer")

    ending = end(REQUEST)

    assert ending.output["Policy"]["Changed"] is False
    assert ending.output["Withdrawal"]["Withdrawn"] is True
    assert own_grants() == set()


def test_a_statement_of_another_in_the_stacks_own_policy_stays(world, end):
    source = project(REQUEST["SourceProjectArn"])
    theirs = {
        "Effect": "Allow",
        "Principal": {"AWS": ["333333333333"]},
        "Action": ["rekognition:CopyProjectVersion"],
        "Resource": [REQUEST["SourceProjectVersionArn"]],
    }
    backend_of(source.arn).put_project_policy(
        source.arn, POLICY, json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    )

    assert end(REQUEST).output["Withdrawal"]["Withdrawn"] is True
    assert json.loads(source.policies[POLICY].document)["Statement"] == [theirs]


def test_a_grant_that_an_earlier_execution_left_is_withdrawn_by_a_refusal_of_the_next(world, end):
    settings.copy_failure = "No bucket."
    world.follow("DescribeProjectVersionFunction: throttled always", REQUEST)
    assert end(REQUEST).failed_at_task
    assert own_grants() == {GRANT}

    world.follow("")
    ending = end(REQUEST)

    assert ending.error == "FailedBeforeError"
    assert own_grants() == set()


def test_an_input_with_the_data_of_another_execution_is_refused_and_changes_nothing(world, end, witness):
    ending = end({**REQUEST, "Validation": {"NeedsGrant": True}, "Copy": {"Status": "COPYING_COMPLETED"}})

    assert ending.error == "InvalidRequestError"
    assert "Validation is not a field of the request" in ending.cause
    assert witness.calls == []


def test_a_request_is_already_copied_though_its_source_has_gone(world, end):
    end(REQUEST)
    project(REQUEST["SourceProjectArn"]).versions.clear()

    again = end(REQUEST)

    assert again.status == "SUCCEEDED"
    assert again.output["Adopted"] is True


def test_a_deny_with_a_condition_does_not_hide_that_the_grant_is_new(world, end):
    settings.accepts_condition, settings.propagation_seconds = True, 120
    source = project(REQUEST["SourceProjectArn"])
    guard = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "rekognition:CopyProjectVersion",
        "Resource": REQUEST["SourceProjectVersionArn"],
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [guard]})
    backend_of(source.arn).put_project_policy(source.arn, "guard", document)

    assert end(REQUEST).status == "SUCCEEDED"


@pytest.mark.parametrize("fault", ["lost_answer", "none"])
def test_a_copy_that_tells_the_output_of_its_source_is_adopted_all_the_same(world, end, fault):
    world.follow(f"CopyProjectVersion: {fault}; copy_inherits_output_config = True", REQUEST)
    assert end(REQUEST).status == "SUCCEEDED"

    assert end(REQUEST).output["Adopted"] is True
    assert len(copies()) == 1


@pytest.mark.parametrize("region", ["us-esat-1", "us-east-", "mars-1"])
def test_a_region_that_there_is_not_is_refused(world, end, region):
    ending = end(json.loads(json.dumps(REQUEST).replace("us-east-1", region)))

    assert ending.error == "InvalidRequestError"
    assert f"SourceProjectArn must be in a Region with Rekognition Custom Labels; got {region}" in ending.cause


@pytest.mark.parametrize("lag", [5, 40])
def test_a_copy_that_is_not_visible_yet_is_waited_for(world, end, lag):
    settings.visibility_lag_seconds = lag

    assert end(REQUEST).status == "SUCCEEDED"
    assert len(copies()) == 1


def test_a_copy_that_is_never_visible_ends(world, end):
    settings.visibility_lag_seconds = 1e9

    ending = end(REQUEST)

    assert ending.error == "VersionGoneError"
    assert ending.states.count("Describe project version") == 11
    assert own_grants() == set()


@pytest.mark.parametrize("status", ["FAILED", "DELETING", "DEPRECATED", "EXPIRED", "TRAINING_COMPLETED", "A_NEW_ONE"])
def test_every_status_that_no_copy_ends_with_fails_and_is_named(world, end, status):
    world.clock.after(30, lambda: setattr(copied(), "forced_status", status))

    ending = end(REQUEST)

    assert ending.error == "UnexpectedStatusError"
    assert f"has the status {status}, with which no copy ends" in ending.cause
    assert own_grants() == set()


@pytest.mark.parametrize("status", ["COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"])
def test_the_statuses_that_follow_a_completed_copy_succeed(world, end, status):
    world.clock.after(30, lambda: setattr(copied(), "forced_status", status))

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.output["Status"] == status


@pytest.mark.parametrize(
    "request_text",
    [{}, {"Comment": "Insert your JSON here"}, {"Request": REQUEST}, "a string", ["a list"], 7, True, None],
)
def test_an_input_that_is_no_request_is_shown_one(aws, request_text):
    execution = aws.run(request_text)

    assert execution.error == "NotARequestError"
    assert '"DestinationProjectArn": "arn:aws:rekognition:us-east-1:222222222222:project/' in execution.cause


def test_an_execution_with_a_name_of_eventbridge_copies_across_accounts(world, end):
    name = "8c1b7a52-1f63-4f50-ae60-9f0c1b2a3d4e_0f9e8d7c-6b5a-4321-8765-0123456789ab"

    assert end(REQUEST, name).status == "SUCCEEDED"
    assert copies()[0].caller.session_arn.endswith("/" + name[:64])


def test_starting_a_request_again_changes_nothing(world, end):
    first, again = end(REQUEST), end(REQUEST, "again")

    assert first.output["Adopted"] is False
    assert again.output["Adopted"] is True
    assert len(copies()) == 1


def test_twins_make_one_copy(world):
    one, other = world.start(REQUEST, "one"), world.start(REQUEST, "other")
    world.clock.run()

    assert [one.status, other.status] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(copies()) == 1
    assert own_grants() == set()
