"""An approval arrives on an event bus and starts one copy, never two."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.events.models import Rule, events_backends
from moto.iam.models import Role, iam_backends
from moto.sqs.models import Queue, sqs_backends
from moto.sts.models import sts_backends

from sandbox import deployment
from sandbox.aws.eventbridge import matches
from sandbox.aws.iam.policies import Call, allows, service
from sandbox.aws.iam.roles import trust_policy
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import DESTINATION_ACCOUNT, REGION, SOURCE_ACCOUNT, STACK_ACCOUNT, client
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.conftest import Deploy, Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies

Event = Any
SendEvents = Callable[..., list[Ending]]

APPROVALS = {
    "approved_by_own_event": "OwnEventRule",
    "approved_in_sagemaker": "SageMakerRule",
    "approved_by_tag": "TagRule",
}


def rules(account: str = STACK_ACCOUNT) -> dict[str, Rule]:
    """Return the rules of an account by their logical ids."""
    found = events_backends[account][REGION].event_buses["default"].rules.values()
    return {rule.name.split("-")[-2]: rule for rule in found}


def matching(event: Event, account: str = STACK_ACCOUNT) -> list[str]:
    """Return the rules of an account that match an event."""
    return [name for name, rule in rules(account).items() if matches(rule, event)]


def role(name: str, account: str = STACK_ACCOUNT) -> Role:
    return next(one for one in iam_backends[account]["aws"].roles.values() if f"-{name}-" in one.name)


def queue(account: str = STACK_ACCOUNT) -> Queue:
    (found,) = sqs_backends[account][REGION].queues.values()
    return found


def dead_letters(account: str = STACK_ACCOUNT) -> list[Event]:
    """Return the events in the dead-letter queue of an account."""
    return [json.loads(message.body) for message in queue(account)._messages]


def changed(story: str, **detail: object) -> Event:
    """Return the event of a story with other details."""
    event: Event = read_event(story)
    return {**event, "detail": {**event["detail"], **detail}}


def test_an_account_that_is_not_allowed_starts_nothing_and_is_not_called(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(deployment.PARAMETERS, "AllowedAccounts", f"333333333333,{DESTINATION_ACCOUNT}")
    with deploy() as aws:
        for story in ("approved_in_sagemaker", "approved_by_tag"):
            aws.seed(story)
            assert aws.put(read_event(story)) == []
            ending = Ending.of(aws.run(read_event(story)))
            assert ending.error == "InvalidApprovalError"
            assert "must be in one of the stack's AllowedAccounts" in ending.cause
        roles = {one.role_arn for one in sts_backends[SOURCE_ACCOUNT]["aws"].assumed_roles}
        assert not any(one.endswith("-source") for one in roles)
        assert len(aws.put(read_event("approved_by_own_event"))) == 1
        for story, rule in APPROVALS.items():
            for account, matched in ((DESTINATION_ACCOUNT, [rule]), ("333333333333", [rule]), ("999999999999", [])):
                assert matching({**read_event(story), "account": account}) == matched


@pytest.mark.parametrize("trigger", ["ENABLED", "DISABLED"])
def test_the_rule_for_tags_exists_only_if_tags_start_copies(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, trigger: str
) -> None:
    monkeypatch.setitem(deployment.PARAMETERS, "TagTrigger", trigger)
    with deploy():
        for account in (STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
            assert ("TagRule" in rules(account)) is (trigger == "ENABLED")
            assert "SageMakerRule" in rules(account)


@pytest.fixture
def send_events(aws: Sandbox, witness: Witness) -> SendEvents:
    """Put events on the bus; return the endings of the executions that they start."""

    def send_events(*events: Event) -> list[Ending]:
        started = [execution for event in events for execution in aws.put(event)]
        aws.finish()
        endings = [Ending.of(execution) for execution in started]
        for ending in endings:
            witness.check_ending(ending, ending.request)
        return endings

    return send_events


@pytest.mark.parametrize(("story", "rule"), APPROVALS.items())
def test_each_kind_of_approval_has_a_rule_of_its_own(aws: Sandbox, story: str, rule: str) -> None:
    assert matching(read_event(story)) == [rule]


@pytest.mark.parametrize(
    "event",
    [
        changed("approved_in_sagemaker", CreationTime=1_893_484_800_000),
        changed("approved_in_sagemaker", PreviousModelApprovalStatus="PendingManualApproval"),
        changed("approved_in_sagemaker", UpdatedModelPackageFields=None),
        {
            **(event := changed("approved_in_sagemaker")),
            "detail": {name: event["detail"][name] for name in ("ModelPackageArn", "ModelApprovalStatus")},
        },
    ],
    ids=["time_as_number", "previous_status", "null_updated_fields", "no_updated_fields"],
)
def test_an_approval_in_sagemaker_is_accepted_in_each_of_its_shapes(
    aws: Sandbox, send_events: SendEvents, event: Event
) -> None:
    aws.seed("approved_in_sagemaker")

    (ending,) = send_events(event)

    assert ending.status == "SUCCEEDED"
    assert len(copies()) == 1


def test_a_tag_is_accepted_if_the_events_error_code_is_null(aws: Sandbox, send_events: SendEvents) -> None:
    aws.seed("approved_by_tag")

    (ending,) = send_events(changed("approved_by_tag", errorCode=None))

    assert ending.status == "SUCCEEDED"
    assert len(copies()) == 1


@pytest.mark.parametrize(
    "event",
    [
        read_event("rejected_in_sagemaker"),
        read_event("pending_in_sagemaker"),
        read_event("lifecycle_in_sagemaker"),
        read_event("tagging_failed"),
        {**read_event("approved_by_own_event"), "source": "somebody.else"},
        {**read_event("approved_by_own_event"), "detail-type": "Model Rejected"},
        {**read_event("approved_in_sagemaker"), "detail-type": "SageMaker Model State Change"},
        {**read_event("approved_in_sagemaker"), "source": "not.aws.sagemaker"},
        changed("approved_by_tag", eventName="UntagResource"),
        changed("approved_by_tag", errorCode="AccessDenied"),
        changed("approved_by_tag", requestParameters={"resourceArn": "arn:aws:rekognition:x:y:project/cats/1"}),
    ],
)
def test_an_event_that_is_not_an_approval_starts_nothing(aws: Sandbox, event: Event) -> None:
    assert matching(event) == []
    assert matching(event, SOURCE_ACCOUNT) == []
    assert aws.put(event) == []


@pytest.mark.parametrize("story", APPROVALS)
def test_an_approval_ends_in_a_copied_model(aws: Sandbox, send_events: SendEvents, story: str) -> None:
    aws.seed(story)

    (ending,) = send_events(read_event(story))

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["EventId"] == read_event(story)["id"]
    assert ending.output["Adopted"] is False
    assert len(copies()) == 1
    assert dead_letters() == []


def test_an_event_that_is_sent_by_the_api_starts_a_copy(aws: Sandbox, witness: Witness) -> None:
    aws.seed("approved_by_own_event")
    event = read_event("approved_by_own_event")
    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}

    put = client("events", STACK_ACCOUNT).put_events(Entries=[entry])
    aws.finish()

    ending = Ending.of(aws.executions[0])
    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["EventId"] == put["Entries"][0]["EventId"]
    assert ending.output["Approval"]["By"] == STACK_ACCOUNT
    assert ending.output["Approval"]["At"].endswith("Z")


def test_nobody_can_send_an_event_in_the_name_of_aws(aws: Sandbox) -> None:
    event = read_event("approved_in_sagemaker")
    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}

    put = client("events", SOURCE_ACCOUNT).put_events(Entries=[entry])

    assert put["FailedEntryCount"] == 1
    assert aws.executions == []


@pytest.mark.parametrize("story", APPROVALS)
def test_an_event_that_is_delivered_twice_is_copied_once(aws: Sandbox, send_events: SendEvents, story: str) -> None:
    aws.seed(story)

    endings = send_events(read_event(story), read_event(story))

    assert [ending.status for ending in endings] == ["SUCCEEDED", "SUCCEEDED"]
    assert sorted(ending.output["Adopted"] for ending in endings) == [False, True]
    assert len(copies()) == 1


def test_an_event_that_is_delivered_again_after_the_copy_adopts_the_copy(aws: Sandbox, send_events: SendEvents) -> None:
    aws.seed("approved_by_tag")
    send_events(read_event("approved_by_tag"))

    (again,) = send_events(read_event("approved_by_tag"))

    assert again.output["Adopted"] is True
    assert len(copies()) == 1


def test_a_version_that_is_approved_in_two_ways_is_copied_once(aws: Sandbox, send_events: SendEvents) -> None:
    aws.seed("approved_by_tag")
    first = Ending.of(aws.run(read_event("approved_by_tag")))
    assert first.request
    names = ("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn", "VersionName", "OutputConfig")
    own = {**read_event("approved_by_own_event"), "detail": {name: first.request[name] for name in names}}

    endings = send_events(own, read_event("approved_by_tag"))

    assert [ending.output["Approval"]["Kind"] for ending in endings] == ["Event", "Tag"]
    assert [ending.output["Adopted"] for ending in endings] == [True, True]
    assert len(copies()) == 1


CALLS = {"approved_in_sagemaker": "DescribeModelPackage", "approved_by_tag": "DescribeProjects"}


@pytest.mark.parametrize("fault", ["ThrottlingException x7", "http_503 x7", "dropped x7", "lost_answer x7"])
@pytest.mark.parametrize(("story", "call"), CALLS.items())
def test_a_transient_fault_while_an_approval_is_read_is_retried(
    aws: Sandbox, send_events: SendEvents, story: str, call: str, fault: str
) -> None:
    aws.seed(story)
    aws.follow(f"{call}: {fault}")

    (ending,) = send_events(read_event(story))

    assert ending.status == "SUCCEEDED"
    assert len(aws.plan.injected) == 7


@pytest.mark.parametrize(("story", "call"), CALLS.items())
def test_an_approval_that_cannot_be_read_for_lack_of_permission_can_be_redriven(
    aws: Sandbox, send_events: SendEvents, story: str, call: str
) -> None:
    aws.seed(story)
    aws.follow(f"{call}: AccessDeniedException")

    (ending,) = send_events(read_event(story))

    assert ending.error == "AccessDeniedError"
    assert ending.failed_at_task
    redrive(aws.executions[0])
    aws.finish()
    assert aws.executions[0].status == "SUCCEEDED"


def test_a_request_cannot_name_its_approver(aws: Sandbox, run: Run) -> None:
    aws.seed("already_copied")

    ending = run({**read_event("already_copied"), "Approval": {"Kind": "Tag", "By": "the queen"}})

    assert ending.error == "InvalidRequestError"
    assert "Approval is not a field of the request" in ending.cause
    state_data = ending.state_data("Validate request")
    assert state_data
    assert state_data["Approval"] == {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}


@pytest.mark.parametrize("missing", ["detail-type", "source", "detail"])
def test_an_input_without_one_of_the_three_fields_is_not_an_event(aws: Sandbox, run: Run, missing: str) -> None:
    event = {name: value for name, value in read_event("approved_by_own_event").items() if name != missing}

    assert run(event).error == "NotARequestError"


@pytest.mark.parametrize("story", ["approved_by_own_event", "approved_in_sagemaker"])
def test_a_disabled_trigger_starts_nothing(aws: Sandbox, story: str) -> None:
    rule = rules()[APPROVALS[story]]
    rule.disable()
    try:
        assert aws.put(read_event(story)) == []
        assert dead_letters() == []
    finally:
        rule.enable()


@pytest.fixture
def role_without_its_policy(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Role:
    """The role of the rules, without permissions."""
    trigger_role = role("TriggerRole")
    monkeypatch.setattr(trigger_role, "policies", {})
    return trigger_role


@pytest.mark.parametrize("story", APPROVALS)
def test_an_approval_that_cannot_start_an_execution_goes_to_the_dead_letter_queue(
    aws: Sandbox, role_without_its_policy: Role, story: str
) -> None:
    assert aws.put(read_event(story)) == []
    assert dead_letters() == [read_event(story)]


def guarded(account: str) -> Iterator[tuple[Any, str, str]]:
    """Yield the policies that protect the rules' role and queue, each with its action and resource."""
    trigger = role("TriggerRole" if account == STACK_ACCOUNT else "ForwardRole", account)
    yield trust_policy(trigger.arn), "sts:AssumeRole", trigger.arn
    yield queue(account).policy, "sqs:SendMessage", queue(account).queue_arn


PLACES = pytest.mark.parametrize("account", [STACK_ACCOUNT, SOURCE_ACCOUNT])


@PLACES
def test_only_rules_of_the_account_use_its_role_and_its_queue(aws: Sandbox, account: str) -> None:
    """A rule of another account is refused."""
    rule = rules(account)["TagRule"]
    own = {"aws:SourceArn": rule.arn, "aws:SourceAccount": account, "aws:SecureTransport": "true"}
    foreign = own | {"aws:SourceArn": rule.arn.replace(account, "999999999999")}

    for policy, action, on in guarded(account):
        assert allows(policy, Call(action, on, own, service("events.amazonaws.com")))
        assert not allows(policy, Call(action, on, foreign, service("events.amazonaws.com")))
        assert not allows(policy, Call(action, on, own, service("sns.amazonaws.com")))


@PLACES
def test_nobody_can_write_to_the_queue_without_tls(aws: Sandbox, account: str) -> None:
    rule, (_, (policy, action, on)) = rules(account)["TagRule"], guarded(account)
    context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": account}

    for tls in ("true", "false"):
        call = Call(action, on, {**context, "aws:SecureTransport": tls}, service("events.amazonaws.com"))
        assert allows(policy, call) is (tls == "true")


@PLACES
def test_each_rule_has_a_queue_that_is_encrypted_and_keeps_events_for_14_days(aws: Sandbox, account: str) -> None:
    dead_letter_queue: Any = queue(account)
    assert dead_letter_queue.sqs_managed_sse_enabled is True
    assert dead_letter_queue.message_retention_period == 14 * 24 * 3_600
    for rule in rules(account).values():
        (target,) = rule.targets
        assert target["DeadLetterConfig"]["Arn"] == queue(account).queue_arn


def test_the_bus_accepts_events_only_from_the_accounts_of_the_parameter(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = events_backends[STACK_ACCOUNT][REGION].event_buses["default"]
    (statement,) = json.loads(bus.policy or "")["Statement"]
    assert statement["Principal"] == {"AWS": [SOURCE_ACCOUNT, DESTINATION_ACCOUNT]}
    assert statement["Action"] == "events:PutEvents"

    assert len(aws.put(read_event("approved_in_sagemaker"))) == 1
    monkeypatch.setattr(bus, "_statements", {})
    assert aws.put(read_event("approved_in_sagemaker")) == []
    assert dead_letters(SOURCE_ACCOUNT) == [read_event("approved_in_sagemaker")]
    aws.finish()
