"""What the role of the function that announces may do, and how each service refuses anything else."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.awslambda.models import LambdaFunction
from moto.iam.models import iam_backends

from sandbox import known_faults
from sandbox.deployment import REGION, STACK_ACCOUNT
from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import AsFunction, entry
from tests.workflow.machines import ECHO, run_machine


@pytest.fixture
def topic(function: LambdaFunction) -> str:
    return str(function.environment_vars["NOTIFICATION_TOPIC_ARN"])


def bus_arn(name: str) -> str:
    return f"arn:aws:events:{REGION}:{STACK_ACCOUNT}:event-bus/{name}"


def test_each_service_refuses_a_role_without_permission_with_its_own_message(
    aws: Sandbox, as_function: AsFunction, topic: str
) -> None:
    arn, other = aws.run({}).exec_arn, "CopyProjectVersionFunction"
    step_functions, sns = as_function("stepfunctions", other), as_function("sns", other)
    refused_calls: dict[str, Callable[[], object]] = {
        "states:DescribeExecution": lambda: step_functions.describe_execution(executionArn=arn),
        "states:GetExecutionHistory": lambda: step_functions.get_execution_history(executionArn=arn),
        "events:PutEvents": lambda: as_function("events", other).put_events(Entries=[entry()]),
        "SNS:Publish": lambda: sns.publish(TopicArn=topic, Message="any"),
    }

    for action, call in refused_calls.items():
        with pytest.raises(ClientError, match=rf"is not authorized to perform: {action} on resource: arn:") as refused:
            call()
        error, status = refused.value.response["Error"]["Code"], 403 if action == "SNS:Publish" else 400
        assert error == ("AuthorizationError" if action == "SNS:Publish" else "AccessDeniedException")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        if action == "SNS:Publish":
            assert isinstance(refused.value, sns.exceptions.AuthorizationErrorException)


def test_the_function_can_read_only_executions_of_the_stacks_machine(aws: Sandbox, as_function: AsFunction) -> None:
    other = run_machine(aws, ECHO)
    step_functions = as_function("stepfunctions")

    assert step_functions.describe_execution(executionArn=aws.run({}).exec_arn)["status"] == "FAILED"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        step_functions.describe_execution(executionArn=other.exec_arn)


@pytest.mark.parametrize("named", [{}, {"EventBusName": "default"}, {"EventBusName": bus_arn("default")}])
def test_the_default_bus_can_be_left_out_or_given_by_name_or_arn(
    aws: Sandbox, as_function: AsFunction, named: dict[str, str]
) -> None:
    assert as_function("events").put_events(Entries=[entry(**named)])["FailedEntryCount"] == 0

    (put,) = aws.outcomes
    assert (put["bus"], put["detail-type"], put["detail"]) == ("default", "Any", {})


@pytest.mark.parametrize("name", ["other", bus_arn("other")])
def test_the_function_can_send_events_to_no_other_bus(aws: Sandbox, as_function: AsFunction, name: str) -> None:
    with pytest.raises(ClientError, match=rf"AccessDeniedException.*on resource: {bus_arn('other')} "):
        as_function("events").put_events(Entries=[entry(), entry(EventBusName=name)])

    assert aws.outcomes == []


def test_the_function_can_send_events_with_no_other_source(as_function: AsFunction) -> None:
    with pytest.raises(ClientError, match="AccessDeniedException"):
        as_function("events").put_events(Entries=[entry(Source="any")])


@pytest.mark.parametrize("action", ["kms:GenerateDataKey", "kms:Decrypt"])
def test_sns_uses_the_topics_key_with_the_callers_permissions(
    aws: Sandbox,
    as_function: AsFunction,
    function: LambdaFunction,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    role = iam_backends[STACK_ACCOUNT]["aws"].get_role_by_arn(function.role)
    ((name, document),) = role.policies.items()
    text = document if isinstance(document, str) else json.dumps(document)
    for changed in (text.replace(f'"{action}"', '"kms:None"'), text.replace("sns.us-east-1", "sqs.us-east-1")):
        assert changed != text
        monkeypatch.setattr(role, "policies", {name: changed})
        with pytest.raises(ClientError, match=r"is not authorized to perform: kms:\w+ on resource: arn:") as refused:
            as_function("sns").publish(TopicArn=topic, Message="any")
        assert refused.value.response["Error"]["Code"] == "KMSAccessDenied"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    assert aws.mails == []


@pytest.mark.parametrize("subject", ["", " a", "a" * 101, "two\nlines", "a\tb", "Größe", "bell\x07"])
def test_a_subject_that_sns_does_not_accept_is_refused(
    aws: Sandbox, as_function: AsFunction, topic: str, subject: str
) -> None:
    with pytest.raises(ClientError, match="Subject") as refused:
        as_function("sns").publish(TopicArn=topic, Message="any", Subject=subject)

    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert aws.mails == []


def test_a_mail_has_its_subject_and_its_attributes(aws: Sandbox, as_function: AsFunction, topic: str) -> None:
    outcome = {"Outcome": {"DataType": "String", "StringValue": "Copied"}}

    as_function("sns").publish(TopicArn=topic, Message="Größe", Subject="a" * 100, MessageAttributes=outcome)

    (mail,) = aws.mails
    assert (mail.subject, mail.message, mail.attributes) == ("a" * 100, "Größe", {"Outcome": "Copied"})


def calls(as_function: AsFunction, topic: str, arn: str) -> dict[str, Callable[[], object]]:
    """Return each call that the function makes."""
    step_functions = as_function("stepfunctions")
    return {
        "DescribeExecution": lambda: step_functions.describe_execution(executionArn=arn),
        "GetExecutionHistory": lambda: step_functions.get_execution_history(executionArn=arn),
        "PutEvents": lambda: as_function("events").put_events(Entries=[entry()]),
        "Publish": lambda: as_function("sns").publish(TopicArn=topic, Message="any"),
    }


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory", "PutEvents", "Publish"])
def test_a_plan_can_make_each_call_of_the_function_fail(
    aws: Sandbox, as_function: AsFunction, topic: str, operation: str
) -> None:
    aws.announces = False
    call = calls(as_function, topic, aws.run({}).exec_arn)[operation]
    for fault in ("AccessDeniedException", "InternalError"):
        aws.follow(f"{operation}: {fault} always")
        with pytest.raises(ClientError, match=f"{fault}.*The sandbox was told to"):
            call()
    for fault, effects in (("dropped", 0), ("lost_answer", 1)):
        aws.follow(f"{operation}: {fault} always")
        before = len(aws.outcomes) + len(aws.mails)
        with pytest.raises(ConnectionClosedError):
            call()
        reads = operation in ("DescribeExecution", "GetExecutionHistory")
        assert len(aws.outcomes) + len(aws.mails) - before == (0 if reads else effects * len(aws.plan.injected))


def test_an_answer_can_report_that_an_event_was_not_accepted(aws: Sandbox, as_function: AsFunction) -> None:
    aws.follow("PutEvents: entry_failed")

    answer = as_function("events").put_events(Entries=[entry()])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "InternalFailure"
    assert aws.outcomes == []
    with pytest.raises(known_faults.PlanError, match="entry_failed"):
        aws.follow("Publish: entry_failed")
