"""An outcome is put on the bus and mailed; if one of the two fails, the other is still tried."""

import json
from io import StringIO
from typing import Any

import announce_outcome
import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from model_copy import notifications, outcomes, runtime
from model_copy.aws import clients
from model_copy.endings import Outcome
from model_copy.notifications import Announcement
from model_copy.outcomes import NotAnnouncedError
from sandbox.stories import read_event
from tests.unit.outcome_samples import DONE, ended, failed
from tests.unit.test_operation import widgets
from tests.unit.world import REGION, Json, Wire, World

MOTO_ACCOUNT = "123456789012"
COPIED = outcomes.of_execution(ended(data=DONE))
REFUSED = outcomes.of_execution(failed("VersionConflictError"))


class Listeners:
    """A queue on the bus, for programs, and the topic, for people."""

    def __init__(self) -> None:
        events = boto3.client("events", REGION)
        url = boto3.client("sqs", REGION).create_queue(QueueName="programs")["QueueUrl"]
        queue = f"arn:aws:sqs:{REGION}:{MOTO_ACCOUNT}:{url.rpartition('/')[2]}"
        events.put_rule(Name="outcomes", EventPattern=json.dumps({"source": ["rekognition-model-copy"]}))
        events.put_targets(Rule="outcomes", Targets=[{"Id": "programs", "Arn": queue}])
        self.topic = boto3.client("sns", REGION).create_topic(Name="outcomes")["TopicArn"]

    @property
    def events(self) -> list[Json]:
        (queue,) = sqs_backends[MOTO_ACCOUNT][REGION].queues.values()
        return [json.loads(message.body) for message in queue._messages]

    @property
    def mails(self) -> list[Any]:
        return sns_backends[MOTO_ACCOUNT][REGION].topics[self.topic].sent_notifications


@pytest.fixture
def listeners(world: World, monkeypatch: pytest.MonkeyPatch) -> Listeners:
    """Programs and people."""
    listeners = Listeners()
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", listeners.topic)
    return listeners


def announce(outcome: Outcome, *mailed: str) -> bool:
    announcement = Announcement.of_copy(outcome, runtime.setting("RUNBOOK_URL"))
    return bool(notifications.announce(announcement, mailed, clients.own)["Mailed"])


def run_function(event: str) -> Json:
    """Run the function with a status change."""
    return announce_outcome.lambda_handler(read_event(event), LambdaContext())


def test_an_outcome_is_put_on_the_bus_under_its_name(listeners: Listeners) -> None:
    assert announce(COPIED, "Refused") is False

    (event,) = listeners.events
    assert (event["source"], event["detail-type"]) == ("rekognition-model-copy", "Model Copied")
    assert event["detail"] == COPIED
    assert event["resources"] == [COPIED["ExecutionArn"], "the-copy"]
    assert listeners.mails == []


def test_a_mailed_outcome_is_sent_with_its_name_as_an_attribute(listeners: Listeners) -> None:
    assert announce(REFUSED, "Refused", "Failed") is True

    ((_, message, subject, attributes, _),) = listeners.mails
    assert subject == "Model Copy Refused: VersionConflictError, cats v1, to cats-live in 222222222222"
    assert message.startswith("Outcome:     Model Copy Refused\n")
    assert "Runbook:     https://runbooks.example/copies#versionconflicterror\n" in message
    assert attributes["Outcome"]["Value"] == "Refused"


def test_the_mail_is_sent_if_the_bus_accepts_no_event(listeners: Listeners) -> None:
    Wire(clients.own("events")).return_error("PutEvents", "AccessDeniedException", message="No.")

    with pytest.raises(NotAnnouncedError, match=r"PutEvents on default was denied: No\. .*dead-letter queue again"):
        announce(REFUSED, "Refused")
    assert (len(listeners.events), len(listeners.mails)) == (0, 1)


def test_the_event_is_put_if_the_topic_accepts_no_mail(listeners: Listeners) -> None:
    Wire(clients.own("sns")).return_error("Publish", "KMSAccessDenied", message="No key.")

    with pytest.raises(NotAnnouncedError, match=r"Publish on arn:aws:sns:\S+ was denied: No key\. Allow the role of"):
        announce(REFUSED, "Refused")
    assert (len(listeners.events), len(listeners.mails)) == (1, 0)


def test_both_failures_are_reported(listeners: Listeners) -> None:
    Wire(clients.own("events")).return_error("PutEvents", "InternalException", 500)
    Wire(clients.own("sns")).return_error("Publish", "NotFound", 404, "Topic does not exist")

    with pytest.raises(NotAnnouncedError, match=r"PutEvents on default failed: .*; .*Topic does not exist"):
        announce(REFUSED, "Refused")


def test_an_event_that_botocore_refuses_does_not_keep_the_mail_from_being_sent(listeners: Listeners) -> None:
    with pytest.raises(NotAnnouncedError, match="Parameter validation failed"):
        announce({**REFUSED, "ProjectVersionArn": {"not": "a string"}}, "Refused")
    assert len(listeners.mails) == 1


def test_an_entry_with_an_error_was_not_put(listeners: Listeners) -> None:
    """EventBridge returns HTTP 200, with an error for the entry."""
    failure = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "Slow down."}]}
    client = clients.own("events")
    client.meta.events.register("after-call.eventbridge.PutEvents", lambda parsed, **_: parsed.update(failure))

    with pytest.raises(NotAnnouncedError, match=r"PutEvents on default failed: ThrottlingException, Slow down\. Fix"):
        announce(COPIED)


def test_an_execution_that_aws_does_not_know_is_announced_with_the_event_s_own_data(listeners: Listeners) -> None:
    result = run_function("execution_succeeded")

    (event,) = listeners.events
    announced = {name: event["detail"][name] for name in ("Outcome", "ExecutionArn", "Error", "Cause")}
    assert result == {**announced, "Mailed": True}
    assert "ExecutionDoesNotExist" in event["detail"]["Unread"]
    assert event["detail"]["Adopted"] is False


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "KmsInvalidStateException"])
def test_an_execution_that_cannot_be_read_is_announced_with_the_reason(
    listeners: Listeners, operation: str, code: str
) -> None:
    wire = Wire(clients.own("stepfunctions"))
    wire.return_error(operation, code, message="No.")
    wire.return_result("DescribeExecution", {})

    run_function("execution_failed")

    (event,) = listeners.events
    assert event["detail-type"] == "Model Copy Failed"
    assert "No" in event["detail"]["Unread"]


def test_an_execution_that_was_redriven_since_is_announced_with_the_event_s_own_data(listeners: Listeners) -> None:
    Wire(clients.own("stepfunctions")).return_result("DescribeExecution", {"redriveCount": 1, "status": "RUNNING"})

    run_function("execution_failed")

    (event,) = listeners.events
    assert event["detail"]["Unread"] == "The execution has been redriven since."
    assert event["detail"]["Error"] == "AccessDeniedError"


def test_an_outcome_is_measured(listeners: Listeners, capsys: pytest.CaptureFixture[str]) -> None:
    run_function("execution_failed")

    assert '"CopiesFailed":[1.0]' in capsys.readouterr().out


def test_an_outcome_is_measured_even_if_it_is_not_announced(
    listeners: Listeners, capsys: pytest.CaptureFixture[str]
) -> None:
    Wire(clients.own("events")).return_error("PutEvents", "AccessDeniedException")

    with pytest.raises(NotAnnouncedError):
        run_function("execution_failed")

    assert '"CopiesFailed":[1.0]' in capsys.readouterr().out


def test_the_dashboard_finds_a_failure_in_the_log_of_the_function(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = StringIO()
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", log)

    run_function("execution_failed")

    line = json.loads(log.getvalue())
    (widget,) = widgets("log")
    source, fields, condition, *_ = widget["query"].split(" | ")
    assert source == "SOURCE 'FunctionLogGroup'"
    assert fields == "fields @timestamp, result.Outcome, result.Error, result.Cause, correlation_id"
    assert {"Outcome", "Error", "Cause"} <= set(line["result"])
    assert line["correlation_id"] == line["result"]["ExecutionArn"]
    assert condition == "filter ispresent(result.Mailed) and result.Outcome not in ['Copied', 'Promoted', 'Ignored']"
    assert "Mailed" in line["result"]
