"""The records name each call of a function to AWS, the faults, and the policies around each write."""

from collections.abc import Iterator

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.records import Call, execution_of
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

STORY = "copy_between_accounts"
PLAN = (
    "CopyProjectVersion: lost_answer; DescribeProjectVersionFunction: throttled; PutProjectPolicy: ThrottlingException"
)


@pytest.fixture(scope="module")
def recorded() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as aws:
        aws.records.recording = True
        aws.seed(STORY)
        aws.follow(PLAN, read_event(STORY))
        aws.run(read_event(STORY))
        yield aws


def calls(aws: Sandbox, operation: str) -> list[Call]:
    return [call for call in aws.records.calls if call.operation == operation]


def test_a_call_has_its_execution_function_parameters_and_answer(recorded: Sandbox) -> None:
    (execution,) = recorded.executions
    first = calls(recorded, "DescribeProjectVersions")[0]

    assert (first.execution, first.function) == (execution.exec_arn, "ValidateRequestFunction")
    assert first.parameters["ProjectArn"] == read_event(STORY)["DestinationProjectArn"]
    assert first.answer == {"ProjectVersionDescriptions": []}


def test_a_fault_is_recorded_where_it_struck(recorded: Sandbox) -> None:
    struck = [(call.function, call.operation, call.error, call.fault) for call in recorded.records.calls if call.fault]

    assert struck == [
        ("EnsureProjectPolicyFunction", "PutProjectPolicy", "ThrottlingException", "ThrottlingException"),
        ("CopyProjectVersionFunction", "CopyProjectVersion", "ConnectionClosedError", "lost_answer"),
        ("DescribeProjectVersionFunction", "Invoke", None, "throttled"),
    ]


def test_a_write_has_the_policies_before_and_after_it(recorded: Sandbox) -> None:
    refused, put = calls(recorded, "PutProjectPolicy")
    (deleted,) = calls(recorded, "DeleteProjectPolicy")

    assert refused.policies_before == refused.policies_after == put.policies_before == {}
    assert put.policies_after == deleted.policies_before
    assert [list(policies or ()) for policies in (put.policies_after, deleted.policies_after)] == [
        ["rekognition-model-copy-1"],
        [],
    ]


def test_nothing_is_recorded_unless_wanted(recorded: Sandbox) -> None:
    recorded.reset()
    recorded.seed(STORY)
    recorded.follow(PLAN, read_event(STORY))
    recorded.run(read_event(STORY))

    assert recorded.records.calls == []


def test_a_recorded_promotion_can_read_its_objects(recorded: Sandbox) -> None:
    recorded.reset()
    recorded.records.recording = True
    recorded.seed("promote_to_three")
    recorded.follow("PutObject: http_503, SlowDown; AssumeRole: ThrottlingException")
    promotion = recorded.start(read_event("promote_to_three"), machine=recorded.deployment.promotion_machine_arn)
    recorded.finish()

    assert promotion.status == "SUCCEEDED"
    writes, (assumed, *_) = calls(recorded, "PutObject"), calls(recorded, "AssumeRole")
    assert [one.error for one in writes[:3]] == ["HTTP 503", "SlowDown", None]
    assert writes[0].parameters["Path"].startswith("/promotions/")
    assert assumed.error == "ThrottlingException"
    assert not {"Action", "Version"} & set(assumed.parameters)


def test_an_announcement_names_its_execution() -> None:
    assert execution_of({"detail": {"executionArn": "arn:of:it"}}) == "arn:of:it"
    others: list[object] = [[], {"Execution": "it"}, {"detail": {}}]
    assert [execution_of(other) for other in others] == [None, None, None]
