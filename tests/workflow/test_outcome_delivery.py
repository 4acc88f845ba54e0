"""How an execution ends is told on the event bus, and reaches the function that announces it, as on AWS."""

import json
import re
import uuid
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.iam.models import iam_backends

from sandbox import demo, faults
from sandbox.aws import eventbridge
from sandbox.aws.iam import sts
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.aws.stepfunctions.status_changes import LARGEST_DATA, event_of
from sandbox.deployment import REGION, STACK_ACCOUNT, client
from sandbox.stories import read_event
from tests.workflow.test_trust import acting_as

ANNOUNCER = "AnnounceOutcomeFunction"
WAIT_A_MINUTE = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}


@pytest.fixture
def aws(aws):
    aws.announces = True
    return aws


@pytest.fixture
def told(aws, monkeypatch):
    """The status changes that Step Functions puts on the bus."""
    changes, deliver = [], eventbridge.deliver
    monkeypatch.setattr(eventbridge, "deliver", lambda event: (changes.append(event), deliver(event)))
    return changes


@pytest.fixture
def function(aws):
    return aws.deployment.function(ANNOUNCER)


def statuses(changes):
    return [change["detail"]["status"] for change in changes]


def described(execution):
    return client("stepfunctions", STACK_ACCOUNT).describe_execution(executionArn=execution.exec_arn)


def run_machine(aws, definition, text="{}"):
    """Run another machine than the stack's, and give its execution."""
    step_functions, name = client("stepfunctions", STACK_ACCOUNT), str(uuid.uuid4())
    role = f"arn:aws:iam::{STACK_ACCOUNT}:role/any"
    made = step_functions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    started = step_functions.start_execution(stateMachineArn=made["stateMachineArn"], input=text)
    aws.clock.run()
    return aws._step_functions.describe_execution(started["executionArn"])


def waiting(aws, end_it):
    """Run a copy that is in a Wait state when something ends it, half a minute after its start."""
    aws.seed("copy_between_accounts")
    execution = aws.start(read_event("copy_between_accounts"))
    aws.clock.after(35, lambda: end_it(execution))
    aws.clock.run()
    return execution


# ---- Status changes --------------------------------------------------------------------------------------------------
def test_no_status_change_is_told_unless_the_sandbox_announces(aws, told):
    aws.announces = False

    aws.run({})

    assert told == aws.outcomes == aws.mails == []


def test_a_reset_world_announces_nothing_and_has_announced_nothing(aws, told):
    aws.run({})
    assert aws.outcomes
    assert aws.mails

    aws.reset()
    aws.run({})

    assert statuses(told) == ["RUNNING", "FAILED"]
    assert aws.outcomes == aws.mails == []


def succeed(aws):
    aws.seed("already_copied")
    return aws.run(read_event("already_copied"))


ENDINGS = {
    "SUCCEEDED": succeed,
    "FAILED": lambda aws: aws.run({}),
    "TIMED_OUT": lambda aws: waiting(aws, executions.time_out),
    "ABORTED": lambda aws: waiting(aws, executions.stop),
}


@pytest.mark.parametrize("status", ENDINGS)
def test_each_start_and_each_ending_is_told_once_and_announced_once(aws, told, status):
    execution = ENDINGS[status](aws)

    assert statuses(told) == ["RUNNING", status]
    assert [change["resources"] for change in told] == [[execution.exec_arn]] * 2
    assert len(aws.outcomes) == 1
    assert aws.dead_letters == []


@pytest.mark.parametrize("status", ENDINGS)
def test_a_status_change_says_what_describe_execution_says(aws, told, status):
    answer = described(ENDINGS[status](aws))
    answer.pop("ResponseMetadata")
    detail = told[-1]["detail"]

    said = {name: value for name, value in detail.items() if value is not None}
    for date in ("startDate", "stopDate"):
        assert said[date] == int(answer[date].timestamp() * 1_000)
        said[date] = answer[date]
    assert said == answer


def test_a_status_change_has_the_shape_that_step_functions_gives_it(aws, told):
    aws.run({})

    start, end = told
    assert list(end) == [
        "version",
        "id",
        "detail-type",
        "source",
        "account",
        "time",
        "region",
        "resources",
        "detail",
    ]
    assert (end["version"], end["source"], end["account"], end["region"]) == ("0", "aws.states", STACK_ACCOUNT, REGION)
    assert end["detail-type"] == "Step Functions Execution Status Change"
    assert end["time"] == "2030-01-01T09:00:00Z"
    assert end["id"] != start["id"]
    assert set(end["detail"]) == set(start["detail"])
    for name in ("stopDate", "output", "outputDetails", "error", "cause", "redriveDate"):
        assert start["detail"][name] is None
    assert end["detail"]["error"] == "NotARequestError"
    assert end["detail"]["redriveStatus"] == "REDRIVABLE"
    assert end["detail"]["redriveStatusReason"] is None


def input_of(size):
    """Write an input that has so many bytes when an event has it as text."""
    text = json.dumps({"text": "a" * (size - 17)})
    assert len(json.dumps(text)) == size + 1
    return text


@pytest.mark.parametrize(
    ("size", "input_is_there", "output_is_there"),
    [
        (LARGEST_DATA // 2 - 100, True, True),
        (LARGEST_DATA // 2 + 100, False, True),
        (LARGEST_DATA + 100, False, False),
    ],
)
def test_what_is_too_large_for_an_event_is_left_out_the_input_first(aws, size, input_is_there, output_is_there):
    detail = event_of(run_machine(aws, ECHO, input_of(size)))["detail"]

    assert detail["inputDetails"] == {"included": input_is_there}
    assert detail["outputDetails"] == {"included": output_is_there}
    assert (detail["input"] is not None, detail["output"] is not None) == (input_is_there, output_is_there)


def test_an_input_of_just_248_kibibytes_as_text_is_in_the_event(aws, told):
    for size in (LARGEST_DATA - 1, LARGEST_DATA):
        run_machine(aws, {**ECHO, "States": {"Echo": {"Type": "Fail"}}}, input_of(size))

    assert [change["detail"]["inputDetails"]["included"] for change in told] == [True, True, False, False]


def test_an_execution_that_is_redriven_is_told_of_again_and_counts_its_redrives(aws, told):
    aws.seed("already_copied")
    aws.follow("DescribeProjectVersions: AccessDeniedException")
    execution = aws.run(read_event("already_copied"))
    assert described(execution)["redriveCount"] == 0
    assert "redriveDate" not in described(execution)

    aws.clock.spawn(lambda: (aws.clock.sleep(3_600), redrive(execution)))
    aws.clock.run()

    assert statuses(told) == ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]
    assert [change["detail"]["redriveCount"] for change in told] == [0, 0, 1, 1]
    assert len(aws.outcomes) == 2
    answer = described(execution)
    assert answer["redriveCount"] == 1
    assert answer["redriveDate"] == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert answer["redriveStatus"] == "NOT_REDRIVABLE"
    assert answer["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert told[-1]["detail"]["redriveDate"] == 1_893_492_000_000


# ---- Executions ------------------------------------------------------------------------------------------------------
def test_a_stopped_execution_ends_at_once_and_says_why(aws, told):
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    aws.seed("copy_between_accounts")
    execution = aws.start(read_event("copy_between_accounts"))

    def stop():
        aws.clock.sleep(35)
        step_functions.stop_execution(executionArn=execution.exec_arn, error="Changed", cause="We changed our minds.")

    aws.clock.spawn(stop)
    aws.clock.run()

    answer = described(execution)
    assert (answer["status"], answer["error"], answer["cause"]) == ("ABORTED", "Changed", "We changed our minds.")
    assert answer["stopDate"] - answer["startDate"] == timedelta(seconds=35)
    last = execution.to_history_output()["events"][-1]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Changed", "cause": "We changed our minds."}
    assert told[-1]["detail"]["cause"] == "We changed our minds."


def test_an_execution_that_has_ended_cannot_be_stopped(aws, told):
    execution = aws.run({})

    stopped = client("stepfunctions", STACK_ACCOUNT).stop_execution(executionArn=execution.exec_arn)

    assert stopped["stopDate"] == described(execution)["stopDate"]
    assert statuses(told) == ["RUNNING", "FAILED"]


def test_a_stopped_execution_can_be_redriven_and_goes_on_where_it_was(aws, told):
    execution = waiting(aws, lambda execution: (executions.stop(execution), redrive(execution)))

    assert statuses(told) == ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]
    kinds = [event["type"] for event in execution.to_history_output()["events"]]
    assert kinds.count("ExecutionAborted") == kinds.count("ExecutionSucceeded") == 1
    assert kinds[kinds.index("ExecutionRedriven") + 1] == "WaitStateEntered"


@pytest.mark.parametrize(("seconds", "status"), [(59, "TIMED_OUT"), (61, "SUCCEEDED")])
def test_an_execution_times_out_when_its_definition_says_so(aws, told, seconds, status):
    execution = run_machine(aws, {**WAIT_A_MINUTE, "TimeoutSeconds": seconds})
    aws.clock.spawn(lambda: aws.clock.sleep(60))
    aws.clock.run()

    assert statuses(told) == ["RUNNING", status]
    assert execution.to_history_output()["events"][-1]["type"].value.removeprefix("Execution") in (
        "TimedOut",
        "Succeeded",
    )
    assert execution.stop_date - execution.start_date == timedelta(seconds=min(seconds, 60))


def test_a_history_is_read_by_pages_and_backwards(aws):
    execution = succeed(aws)
    whole = execution.to_history_output()["events"]
    read = client("stepfunctions", STACK_ACCOUNT).get_paginator("get_execution_history").paginate

    backwards = list(read(executionArn=execution.exec_arn, reverseOrder=True, PaginationConfig={"PageSize": 10}))
    forwards = list(read(executionArn=execution.exec_arn))

    assert len(backwards) == -(-len(whole) // 10)
    ids = [event["id"] for event in whole]
    assert [event["id"] for page in backwards for event in page["events"]] == ids[::-1]
    assert [event["id"] for page in forwards for event in page["events"]] == ids


# ---- The rule's function ---------------------------------------------------------------------------------------------
def test_a_rule_that_the_function_does_not_let_in_leaves_the_ending_in_the_queue(aws, told, function, monkeypatch):
    other = json.loads(json.dumps(function.policy.statements).replace("OutcomeRule", "AnotherRule"))
    for statements in ([], other):
        monkeypatch.setattr(function.policy, "statements", statements)
        aws.run({})

    assert aws.outcomes == []
    assert [letter.event for letter in aws.dead_letters] == [told[1], told[3]]
    assert aws.dead_letters[0].attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_only_endings_of_the_stacks_machine_are_announced(aws, told):
    run_machine(aws, ECHO)

    assert statuses(told) == ["RUNNING", "SUCCEEDED"]
    assert aws.outcomes == aws.mails == aws.dead_letters == []


def test_a_failed_announcement_is_tried_again_after_one_minute_and_after_two_more(aws):
    aws.follow(f"{ANNOUNCER}: crashed, timed_out")

    execution = aws.run({})

    assert len(aws.plan.met) == 2
    assert aws.clock.time() - execution.stop_date.timestamp() == 60 + 180 + 120
    assert len(aws.outcomes) == 2  # that which timed out had done its work before
    assert aws.dead_letters == []


def test_an_announcement_that_fails_three_times_is_left_in_the_queue(aws, told):
    aws.follow(f"{ANNOUNCER}: crashed x4")

    aws.run({})

    (letter,) = aws.dead_letters
    assert letter.event == told[-1]
    assert letter.attributes["ErrorCode"] == "200"
    assert letter.attributes["ErrorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert re.fullmatch("[0-9a-f-]{36}", letter.attributes["RequestID"])
    assert len(aws.plan.met) == 3
    assert aws.outcomes == []


def test_an_announcement_for_which_there_is_no_room_waits_for_it(aws):
    aws.follow(f"{ANNOUNCER}: throttled x5")

    execution = aws.run({})

    assert aws.clock.time() - execution.stop_date.timestamp() == 1 + 2 + 4 + 8 + 16
    assert len(aws.outcomes) == 1


def test_an_announcement_waits_six_hours_for_room_and_is_then_left_in_the_queue(aws):
    aws.follow(f"{ANNOUNCER}: throttled always")

    execution = aws.run({})

    assert 5.9 < (aws.clock.time() - execution.stop_date.timestamp()) / 3_600 <= 6
    (letter,) = aws.dead_letters
    assert letter.attributes["ErrorCode"] == "429"


def test_nothing_is_left_in_the_queue_by_a_function_whose_role_may_not_write_to_it(aws, function, monkeypatch):
    aws.follow(f"{ANNOUNCER}: crashed x3")
    monkeypatch.setattr(iam_backends[STACK_ACCOUNT]["aws"].get_role_by_arn(function.role), "policies", {})

    aws.run({})

    assert aws.dead_letters == []


# ---- What the function may do ----------------------------------------------------------------------------------------
@pytest.fixture
def as_function(aws):
    """Act in the role of a function."""

    def as_function(service, name=ANNOUNCER):
        made = aws.deployment.function(name)
        session = sts.session_of_service("lambda.amazonaws.com", str(made.role), "me", made.function_arn)
        return acting_as(session, service)

    return as_function


@pytest.fixture
def topic(function):
    return function.environment_vars["NOTIFICATION_TOPIC_ARN"]


def entry(**more):
    return {"Source": "rekognition-model-copy", "DetailType": "Any", "Detail": "{}", **more}


def bus(name):
    return f"arn:aws:events:{REGION}:{STACK_ACCOUNT}:event-bus/{name}"


def test_a_role_that_is_not_allowed_to_is_refused_by_each_service_in_its_own_words(aws, as_function, topic):
    arn, other = aws.run({}).exec_arn, "CopyProjectVersionFunction"
    step_functions, sns = as_function("stepfunctions", other), as_function("sns", other)
    calls = {
        "states:DescribeExecution": lambda: step_functions.describe_execution(executionArn=arn),
        "states:GetExecutionHistory": lambda: step_functions.get_execution_history(executionArn=arn),
        "events:PutEvents": lambda: as_function("events", other).put_events(Entries=[entry()]),
        "SNS:Publish": lambda: sns.publish(TopicArn=topic, Message="any"),
    }

    for action, call in calls.items():
        with pytest.raises(ClientError, match=rf"is not authorized to perform: {action} on resource: arn:") as refused:
            call()
        error, status = refused.value.response["Error"]["Code"], 403 if action == "SNS:Publish" else 400
        assert error == ("AuthorizationError" if action == "SNS:Publish" else "AccessDeniedException")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        if action == "SNS:Publish":
            assert isinstance(refused.value, sns.exceptions.AuthorizationErrorException)


def test_the_function_reads_executions_of_the_stacks_machine_alone(aws, as_function):
    other = run_machine(aws, ECHO)
    step_functions = as_function("stepfunctions")

    assert step_functions.describe_execution(executionArn=aws.run({}).exec_arn)["status"] == "FAILED"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        step_functions.describe_execution(executionArn=other.exec_arn)


@pytest.mark.parametrize("named", [{}, {"EventBusName": "default"}, {"EventBusName": bus("default")}])
def test_a_bus_is_named_by_its_name_or_its_arn_or_is_the_default_one(aws, as_function, named):
    assert as_function("events").put_events(Entries=[entry(**named)])["FailedEntryCount"] == 0

    (put,) = aws.outcomes
    assert (put["bus"], put["detail-type"], put["detail"]) == ("default", "Any", {})


@pytest.mark.parametrize("name", ["other", bus("other")])
def test_the_function_puts_events_on_no_other_bus(aws, as_function, name):
    with pytest.raises(ClientError, match=rf"AccessDeniedException.*on resource: {bus('other')} "):
        as_function("events").put_events(Entries=[entry(), entry(EventBusName=name)])

    assert aws.outcomes == []


def test_the_function_puts_events_under_no_other_source(as_function):
    with pytest.raises(ClientError, match="AccessDeniedException"):
        as_function("events").put_events(Entries=[entry(Source="any")])


@pytest.mark.parametrize("action", ["kms:GenerateDataKey", "kms:Decrypt"])
def test_sns_uses_the_topics_key_in_the_name_of_the_caller(aws, as_function, function, topic, monkeypatch, action):
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
def test_a_subject_that_sns_does_not_take_is_refused(aws, as_function, topic, subject):
    with pytest.raises(ClientError, match="Subject") as refused:
        as_function("sns").publish(TopicArn=topic, Message="any", Subject=subject)

    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert aws.mails == []


def test_a_mail_is_seen_with_its_subject_and_its_attributes(aws, as_function, topic):
    outcome = {"Outcome": {"DataType": "String", "StringValue": "Copied"}}

    as_function("sns").publish(TopicArn=topic, Message="Größe", Subject="a" * 100, MessageAttributes=outcome)

    (mail,) = aws.mails
    assert (mail.subject, mail.message, mail.attributes) == ("a" * 100, "Größe", {"Outcome": "Copied"})


def test_what_a_function_puts_on_the_bus_meets_the_rules_like_any_other_event(aws, as_function):
    approval = read_event("approved_by_own_event")
    own = entry(Source=approval["source"], DetailType=approval["detail-type"], Detail=json.dumps(approval["detail"]))

    as_function("events").put_events(Entries=[own])

    assert len(aws.executions) == 1
    aws.clock.run()


def test_what_is_announced_starts_nothing(aws):
    succeed(aws)

    assert aws.outcomes
    assert not any(eventbridge.takes(outcome) for outcome in aws.outcomes)
    assert len(aws.executions) == 1


# ---- Faults ----------------------------------------------------------------------------------------------------------
def calls(as_function, topic, arn):
    """Give each call that the function makes."""
    step_functions = as_function("stepfunctions")
    return {
        "DescribeExecution": lambda: step_functions.describe_execution(executionArn=arn),
        "GetExecutionHistory": lambda: step_functions.get_execution_history(executionArn=arn),
        "PutEvents": lambda: as_function("events").put_events(Entries=[entry()]),
        "Publish": lambda: as_function("sns").publish(TopicArn=topic, Message="any"),
    }


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory", "PutEvents", "Publish"])
def test_a_plan_can_let_each_call_of_the_function_fail(aws, as_function, topic, operation):
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
        assert len(aws.outcomes) + len(aws.mails) - before == (0 if reads else effects * len(aws.plan.met))


def test_an_answer_can_say_that_an_event_was_not_taken(aws, as_function):
    aws.follow("PutEvents: entry_failed")

    answer = as_function("events").put_events(Entries=[entry()])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "InternalFailure"
    assert aws.outcomes == []
    with pytest.raises(faults.PlanError, match="entry_failed"):
        aws.follow("Publish: entry_failed")


def test_a_fault_can_be_met_in_the_function_alone(aws):
    aws.follow(f"{ANNOUNCER}.GetExecutionHistory: AccessDeniedException")

    aws.run({})

    assert aws.plan.met == [(f"{ANNOUNCER}.GetExecutionHistory", "AccessDeniedException")]


# ---- The demo --------------------------------------------------------------------------------------------------------
def status_change(**detail):
    """A status change of an execution that is gone, of a machine with the name that it had elsewhere."""
    machine = f"arn:aws:states:{REGION}:{STACK_ACCOUNT}:stateMachine:elsewhere"
    execution = machine.replace("stateMachine", "execution") + ":gone"
    told = {"stateMachineArn": machine, "executionArn": execution, "name": "gone", "status": "TIMED_OUT", **detail}
    change = {"id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states"}
    place = {"account": STACK_ACCOUNT, "region": REGION, "time": "2030-01-01T09:00:00Z", "resources": [execution]}
    return {"version": "0", **change, **place, "detail": told}


@pytest.mark.parametrize(
    ("status", "rule", "announced"), [("TIMED_OUT", "A rule", True), ("RUNNING", "No rule", False)]
)
def test_the_demo_announces_an_ending_that_it_is_given(aws, monkeypatch, capsys, status, rule, announced):
    monkeypatch.setattr(demo, "VirtualClock", lambda: aws.clock)
    monkeypatch.setattr(demo, "sandbox", lambda clock: nullcontext(aws))
    monkeypatch.setattr(demo, "read_event", lambda story: status_change(status=status))

    demo.run("already_copied", "")

    told = capsys.readouterr().out
    assert f"{rule} of the event bus takes the event of Step Functions.\n" in told
    assert "paid transitions" not in told
    assert ("Nothing was announced." not in told or "In the dead-letter queue" in told) == announced
