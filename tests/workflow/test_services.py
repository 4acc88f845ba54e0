"""What people and tools call themselves works in the sandbox as on AWS: functions, approvals, alarms, CloudTrail."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import log
from sandbox.deployment import SOURCE_ACCOUNT, STACK_ACCOUNT, client
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.ending import Ending
from tests.workflow.sessions import in_role
from tests.workflow.story import STORY

TAG = {"rekognition-model-copy": "approved"}


def name_of(aws: Sandbox, function: str) -> str:
    return str(aws.deployment.function(function).function_name)


def invoke(aws: Sandbox, function: str, payload: object, **options: str) -> Any:
    return client("lambda", STACK_ACCOUNT).invoke(
        FunctionName=name_of(aws, function), Payload=json.dumps(payload), **options
    )


def version(story: str) -> str:
    return f"arn:aws:rekognition:us-east-1:{SOURCE_ACCOUNT}:project/{story}/version/v3/1700000100000"


def test_invoke_returns_the_result_of_the_function(world: Sandbox) -> None:
    answer = invoke(world, "ValidateRequestFunction", read_event(STORY))

    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"])["NeedsGrant"] is True


def test_invoke_returns_the_error_of_the_function(aws: Sandbox) -> None:
    answer = invoke(aws, "ValidateRequestFunction", {})

    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"] == "InvalidRequestError"


def test_invoke_of_an_event_returns_at_once_and_the_function_runs_later(aws: Sandbox) -> None:
    aws.seed("execution_failed")
    answer = invoke(aws, "AnnounceOutcomeFunction", read_event("execution_failed"), InvocationType="Event")

    assert answer["StatusCode"] == 202
    assert aws.mails == []
    aws.finish()
    assert [mail.subject for mail in aws.mails if mail.subject] != []


def test_a_dry_run_of_invoke_runs_nothing(aws: Sandbox) -> None:
    aws.seed("execution_failed")
    answer = invoke(aws, "AnnounceOutcomeFunction", read_event("execution_failed"), InvocationType="DryRun")

    assert answer["StatusCode"] == 204
    aws.finish()
    assert aws.mails == []


def test_invoke_refuses_an_unknown_function_and_invalid_json(aws: Sandbox) -> None:
    functions = client("lambda", STACK_ACCOUNT)

    with pytest.raises(functions.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda:"):
        functions.invoke(FunctionName="unknown")
    with pytest.raises(functions.exceptions.InvalidRequestContentException, match="Could not parse request body"):
        functions.invoke(FunctionName=name_of(aws, "ValidateRequestFunction"), Payload="{")


def test_invoke_returns_the_errors_of_lambda_itself(aws: Sandbox) -> None:
    aws.follow("ValidateRequestFunction: throttled x10")
    functions = client("lambda", STACK_ACCOUNT)

    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=name_of(aws, "ValidateRequestFunction"))


def test_a_role_needs_permission_to_invoke(aws: Sandbox) -> None:
    function = aws.deployment.function("ValidateRequestFunction")
    machine = client("stepfunctions", STACK_ACCOUNT).describe_state_machine(
        stateMachineArn=aws.deployment.state_machine_arn
    )

    with pytest.raises(ClientError, match="is not authorized to perform: lambda:InvokeFunction") as caught:
        in_role(str(function.role), "lambda").invoke(FunctionName=function.function_name)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert in_role(machine["roleArn"], "lambda").invoke(FunctionName=function.function_arn)["StatusCode"] == 200


def test_a_tag_starts_a_copy_and_its_removal_does_not(aws: Sandbox) -> None:
    aws.seed("approved_by_tag")
    rekognition = client("rekognition", SOURCE_ACCOUNT)

    rekognition.tag_resource(ResourceArn=version("approved_by_tag"), Tags=TAG)
    aws.finish()
    rekognition.untag_resource(ResourceArn=version("approved_by_tag"), TagKeys=list(TAG))
    aws.finish()

    (execution,) = aws.executions
    ending = Ending.of(execution)
    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["Kind"] == "Tag"
    assert ending.output["Approval"]["By"] == f"arn:aws:iam::{SOURCE_ACCOUNT}:root"


def test_a_tag_that_fails_starts_nothing(aws: Sandbox) -> None:
    rekognition = client("rekognition", SOURCE_ACCOUNT)

    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.tag_resource(ResourceArn=version("approved_by_tag"), Tags=TAG)

    assert aws.executions == []
    (event, *_) = client("cloudtrail", SOURCE_ACCOUNT).lookup_events()["Events"]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "ResourceNotFoundException"


def test_approving_a_model_package_starts_a_copy_and_keeps_its_metadata(aws: Sandbox) -> None:
    aws.seed("approved_in_sagemaker")
    arn = read_event("approved_in_sagemaker")["detail"]["ModelPackageArn"]
    sagemaker = client("sagemaker", SOURCE_ACCOUNT)

    for status in ("Rejected", "Approved"):
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
    aws.finish()

    (execution,) = aws.executions
    assert Ending.of(execution).status == "SUCCEEDED"
    assert sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]


def test_an_update_that_leaves_the_approval_as_it_is_starts_nothing(aws: Sandbox) -> None:
    aws.seed("approved_in_sagemaker")
    arn = read_event("approved_in_sagemaker")["detail"]["ModelPackageArn"]

    sagemaker = client("sagemaker", SOURCE_ACCOUNT)
    sagemaker.update_model_package(ModelPackageArn=arn, ApprovalDescription="Looks good")

    assert aws.executions == []
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"


def test_an_alarm_sends_its_mail_and_returns_to_ok(aws: Sandbox) -> None:
    cloudwatch = client("cloudwatch", STACK_ACCOUNT)
    names = [one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]]
    (name,) = (one for one in names if "DeadLettersAlarm" in one)

    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    (mail,) = aws.mails
    assert str(mail.subject).startswith(f'ALARM: "{name}"')
    aws.clock.after(61, lambda: None)
    aws.clock.spawn(lambda: aws.clock.sleep(120))
    aws.finish()
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "OK"


def test_cloudtrail_finds_who_changed_what(world: Sandbox) -> None:
    world.run(read_event(STORY))
    cloudtrail = client("cloudtrail", SOURCE_ACCOUNT)

    (event, *_) = cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DeleteProjectPolicy"}]
    )["Events"]

    written = json.loads(event["CloudTrailEvent"])
    assert written["requestParameters"]["projectArn"] == read_event(STORY)["SourceProjectArn"]
    assert written["userIdentity"]["type"] == "AssumedRole"
    assert "errorCode" not in written
    pages = cloudtrail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 1})
    assert len({one["EventId"] for page in pages for one in page["Events"]}) > 1


def test_the_log_has_endings_with_their_sentence_and_mails(aws: Sandbox) -> None:
    aws.seed("copy_fails")
    aws.announces = True
    lines: list[str] = []

    with log.install(aws.clock, lines.append):
        execution = aws.run(read_event("copy_fails"))

    ending, mail = lines
    assert ending.startswith("2030-01-01 09:")
    assert f"  FAILED     {execution.exec_arn}  CopyFailedError: The copy failed: The bucket " in ending
    assert mail.partition("  mail       ")[2].startswith("Model Copy Failed: ")


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [('{"errorMessage": "It failed."}', "It failed."), ("It failed.", "It failed."), ("7", "7"), (None, "")],
)
def test_the_sentence_of_a_cause_is_its_message(cause: str | None, sentence: str) -> None:
    assert log.sentence(cause) == sentence
