"""An outcome is put on the bus and mailed, and neither keeps the other from being tried."""

import json
from io import StringIO
from types import SimpleNamespace
from typing import Any

import announce_outcome
import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from model_copy import accounts, announcing, outcomes, runtime
from model_copy.errors import NotAnnouncedError
from sandbox.stories import read_event
from tests.unit.conftest import Wire
from tests.unit.test_operation import widgets
from tests.unit.test_outcomes import DONE, ended, refused

COPIED = outcomes.tell(ended(state="Sum up", data=DONE))
REFUSED = outcomes.tell(refused("VersionConflictError"))


class Listeners:
    """Who hears what the stack says: a queue on the bus, and the topic."""

    def __init__(self) -> None:
        events = boto3.client("events", "eu-central-1")
        arn = boto3.client("sqs", "eu-central-1").create_queue(QueueName="programs")["QueueUrl"]
        queue = f"arn:aws:sqs:eu-central-1:123456789012:{arn.rpartition('/')[2]}"
        events.put_rule(Name="outcomes", EventPattern=json.dumps({"source": ["rekognition-model-copy"]}))
        events.put_targets(Rule="outcomes", Targets=[{"Id": "programs", "Arn": queue}])
        self.topic = boto3.client("sns", "eu-central-1").create_topic(Name="outcomes")["TopicArn"]

    @property
    def events(self) -> list[dict[str, Any]]:
        (queue,) = sqs_backends["123456789012"]["eu-central-1"].queues.values()
        return [json.loads(message.body) for message in queue._messages]

    @property
    def mails(self) -> list[Any]:
        return sns_backends["123456789012"]["eu-central-1"].topics[self.topic].sent_notifications


@pytest.fixture
def listeners(world: Any, monkeypatch: pytest.MonkeyPatch) -> Listeners:
    """Programs and people."""
    listeners = Listeners()
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", listeners.topic)
    return listeners


def test_an_outcome_is_put_on_the_bus_under_its_name(listeners: Listeners) -> None:
    announcing.announce(COPIED, ["Refused"])

    (event,) = listeners.events
    assert (event["source"], event["detail-type"]) == ("rekognition-model-copy", "Model Copied")
    assert event["detail"] == COPIED
    assert event["resources"] == [COPIED["ExecutionArn"], "the-copy"]
    assert listeners.mails == []


def test_an_outcome_that_is_mailed_is_sent_with_its_name_as_an_attribute(listeners: Listeners) -> None:
    assert announcing.announce(REFUSED, ["Refused", "Failed"]) is True

    ((_, message, subject, attributes, _),) = listeners.mails
    assert subject == "Model Copy Refused: VersionConflictError, cats v1, to cats-live in 222222222222"
    assert message.startswith("Outcome:     Model Copy Refused\n")
    assert "Runbook:     https://runbooks.example/copies#versionconflicterror\n" in message
    assert attributes["Outcome"]["Value"] == "Refused"


def test_the_mail_is_sent_where_the_bus_takes_no_event(listeners: Listeners) -> None:
    Wire(accounts.own("events")).refuse("PutEvents", "AccessDeniedException", message="No.")

    with pytest.raises(NotAnnouncedError, match=r"PutEvents on default was denied: No\. .*dead-letter queue again"):
        announcing.announce(REFUSED, ["Refused"])
    assert (len(listeners.events), len(listeners.mails)) == (0, 1)


def test_the_event_is_put_where_the_topic_takes_no_mail(listeners: Listeners) -> None:
    Wire(accounts.own("sns")).refuse("Publish", "KMSAccessDenied", message="No key.")

    with pytest.raises(NotAnnouncedError, match=r"Publish on arn:aws:sns:\S+ was denied: No key\. Let the role of"):
        announcing.announce(REFUSED, ["Refused"])
    assert (len(listeners.events), len(listeners.mails)) == (1, 0)


def test_all_that_failed_is_said(listeners: Listeners) -> None:
    Wire(accounts.own("events")).refuse("PutEvents", "InternalException", 500)
    Wire(accounts.own("sns")).refuse("Publish", "NotFound", 404, "Topic does not exist")

    with pytest.raises(NotAnnouncedError, match=r"PutEvents on default did not succeed: .*; .*Topic does not exist"):
        announcing.announce(REFUSED, ["Refused"])


def test_whatever_else_the_sdk_fails_with_does_not_keep_the_mail(listeners: Listeners) -> None:
    with pytest.raises(NotAnnouncedError, match="Parameter validation failed"):
        announcing.announce({**REFUSED, "ProjectVersionArn": {"not": "a text"}}, ["Refused"])
    assert len(listeners.mails) == 1


def test_an_event_that_the_bus_answers_with_an_error_was_not_put(listeners: Listeners) -> None:
    """EventBridge answers with HTTP 200, and says of each entry what became of it."""
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "Slow down."}]}
    client = accounts.own("events")
    client.meta.events.register("after-call.eventbridge.PutEvents", lambda parsed, **_: parsed.update(answer))

    with pytest.raises(NotAnnouncedError, match="PutEvents on default failed: ThrottlingException, Slow down"):
        announcing.announce(COPIED, [])


def announce(story: str) -> dict[str, Any]:
    """Give the function a status change."""
    return announce_outcome.lambda_handler(read_event(story), LambdaContext())


def test_an_execution_that_aws_does_not_know_is_announced_as_the_event_tells_it(listeners: Listeners) -> None:
    answer = announce("execution_succeeded")

    (event,) = listeners.events
    told = {name: event["detail"][name] for name in ("Outcome", "ExecutionArn", "Error", "Cause")}
    assert answer == {**told, "Mailed": True}
    assert "ExecutionDoesNotExist" in event["detail"]["Unread"]
    assert event["detail"]["Adopted"] is False


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "KmsInvalidStateException"])
def test_whatever_keeps_aws_from_telling_the_ending_is_announced(
    listeners: Listeners, operation: str, code: str
) -> None:
    wire = Wire(accounts.own("stepfunctions"))
    wire.client.meta.events.register(
        "before-call.sfn.DescribeExecution", lambda **_: (SimpleNamespace(status_code=200), {})
    )
    wire.refuse(operation, code, message="No.")

    announce("execution_failed")

    (event,) = listeners.events
    assert event["detail-type"] == "Model Copy Failed"
    assert "No" in event["detail"]["Unread"]


def test_an_execution_that_has_been_redriven_since_is_announced_as_the_event_tells_it(listeners: Listeners) -> None:
    client = accounts.own("stepfunctions")
    described = {"redriveCount": 1, "status": "RUNNING", "ResponseMetadata": {}}
    client.meta.events.register(
        "before-call.sfn.DescribeExecution", lambda **_: (SimpleNamespace(status_code=200), described)
    )

    announce("execution_failed")

    (event,) = listeners.events
    assert event["detail"]["Unread"] == "The execution has been redriven since."
    assert event["detail"]["Error"] == "AccessDeniedError"


def test_an_outcome_that_was_not_announced_is_measured_all_the_same(
    listeners: Listeners, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = Wire(accounts.own("events"))
    wire.refuse("PutEvents", "AccessDeniedException")
    with pytest.raises(NotAnnouncedError):
        announce("execution_failed")
    assert '"CopiesFailed":[1.0]' in capsys.readouterr().out


def test_the_dashboard_finds_a_failure_in_the_log_as_the_function_writes_it(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = StringIO()
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", log)
    announce("execution_failed")

    line = json.loads(log.getvalue())
    (widget,) = widgets("log")
    source, fields, condition, *_ = widget["query"].split(" | ")
    assert source == "SOURCE 'FunctionLogGroup'"
    assert fields == "fields @timestamp, answer.Outcome, answer.Error, answer.Cause, correlation_id"
    assert {"Outcome", "Error", "Cause"} <= set(line["answer"])
    assert line["correlation_id"] == line["answer"]["ExecutionArn"]
    assert condition == "filter answer.Outcome in ['Refused', 'Failed']"


def test_an_outcome_is_measured(listeners: Listeners, capsys: pytest.CaptureFixture[str]) -> None:
    announce("execution_failed")

    assert '"CopiesFailed":[1.0]' in capsys.readouterr().out
