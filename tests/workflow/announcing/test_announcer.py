"""The function that announces is invoked for each end of an execution, and again if it fails."""

import json
import re
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from moto.awslambda.models import LambdaFunction
from moto.iam.models import iam_backends

from sandbox import demo
from sandbox.aws import eventbridge
from sandbox.deployment import REGION, STACK_ACCOUNT
from sandbox.own_stories import story_of
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import ANNOUNCER, AsFunction, Event, entry, statuses
from tests.workflow.machines import ECHO, run_machine, seconds_since, succeed


def test_a_status_change_goes_to_the_queue_if_the_rule_may_not_invoke_the_function(
    aws: Sandbox, changes: list[Event], function: LambdaFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    other: list[Any] = json.loads(json.dumps(function.policy.statements).replace("OutcomeRule", "AnotherRule"))
    for allowed in ([], other):
        monkeypatch.setattr(function.policy, "statements", allowed)
        aws.run({})

    assert aws.outcomes == []
    assert [letter.event for letter in aws.dead_letters] == [changes[1], changes[3]]
    assert aws.dead_letters[0].attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_only_executions_of_the_stacks_machine_are_announced(aws: Sandbox, changes: list[Event]) -> None:
    run_machine(aws, ECHO)

    assert statuses(changes) == ["RUNNING", "SUCCEEDED"]
    assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])


def test_a_failed_announcement_is_tried_again_after_one_minute_and_after_two_more(aws: Sandbox) -> None:
    aws.follow(f"{ANNOUNCER}: crashed, timed_out")

    execution = aws.run({})

    assert len(aws.plan.injected) == 2
    assert seconds_since(aws, execution) == 60 + 600 + 120
    assert len(aws.outcomes) == 2  # the one that timed out had announced before
    assert aws.dead_letters == []


def test_an_announcement_that_fails_three_times_goes_to_the_queue(aws: Sandbox, changes: list[Event]) -> None:
    aws.follow(f"{ANNOUNCER}: crashed x4")

    aws.run({})

    (letter,) = aws.dead_letters
    assert letter.event == changes[-1]
    assert letter.attributes["ErrorCode"] == "200"
    assert letter.attributes["ErrorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert re.fullmatch("[0-9a-f-]{36}", letter.attributes["RequestID"])
    assert len(aws.plan.injected) == 3
    assert aws.outcomes == []


def test_a_throttled_announcement_is_tried_again(aws: Sandbox) -> None:
    aws.follow(f"{ANNOUNCER}: throttled x5")

    execution = aws.run({})

    assert seconds_since(aws, execution) == 1 + 2 + 4 + 8 + 16
    assert len(aws.outcomes) == 1


def test_an_announcement_that_is_throttled_for_six_hours_goes_to_the_queue(aws: Sandbox) -> None:
    aws.follow(f"{ANNOUNCER}: throttled always")

    execution = aws.run({})

    assert 5.9 < seconds_since(aws, execution) / 3_600 <= 6
    (letter,) = aws.dead_letters
    assert letter.attributes["ErrorCode"] == "429"


def test_nothing_goes_to_the_queue_if_the_functions_role_may_not_write_to_it(
    aws: Sandbox, function: LambdaFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.follow(f"{ANNOUNCER}: crashed x3")
    monkeypatch.setattr(iam_backends[STACK_ACCOUNT]["aws"].get_role_by_arn(function.role), "policies", {})

    aws.run({})

    assert aws.dead_letters == []


def test_an_event_that_a_function_sends_matches_rules_like_any_other_event(
    aws: Sandbox, as_function: AsFunction
) -> None:
    approval = read_event("approved_by_own_event")
    own = entry(Source=approval["source"], DetailType=approval["detail-type"], Detail=json.dumps(approval["detail"]))

    as_function("events").put_events(Entries=[own])

    assert len(aws.executions) == 1
    aws.finish()


def test_an_announced_outcome_matches_no_rule(aws: Sandbox) -> None:
    succeed(aws)

    assert aws.outcomes
    assert not any(eventbridge.takes(outcome) for outcome in aws.outcomes)
    assert len(aws.executions) == 1


def test_a_fault_can_be_limited_to_the_calls_of_the_function(aws: Sandbox) -> None:
    aws.follow(f"{ANNOUNCER}.GetExecutionHistory: AccessDeniedException")

    aws.run({})

    assert aws.plan.injected == [(f"{ANNOUNCER}.GetExecutionHistory", "AccessDeniedException")]


def status_change(**detail: str) -> Event:
    """Return a status change of an execution that no longer exists, of a machine with another name."""
    machine = f"arn:aws:states:{REGION}:{STACK_ACCOUNT}:stateMachine:elsewhere"
    execution = machine.replace("stateMachine", "execution") + ":gone"
    changes = {"stateMachineArn": machine, "executionArn": execution, "name": "gone", "status": "TIMED_OUT", **detail}
    change = {"id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states"}
    place = {"account": STACK_ACCOUNT, "region": REGION, "time": "2030-01-01T09:00:00Z", "resources": [execution]}
    return {"version": "0", **change, **place, "detail": changes}


@pytest.mark.parametrize(
    ("status", "rule", "announced"), [("TIMED_OUT", "A rule", True), ("RUNNING", "No rule", False)]
)
def test_the_demo_announces_the_end_of_an_execution(
    aws: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    rule: str,
    announced: bool,
) -> None:
    monkeypatch.setattr(demo, "VirtualClock", lambda: aws.clock)
    monkeypatch.setattr(demo, "sandbox", lambda clock, accounts: nullcontext(aws))

    demo.run(replace(story_of("already_copied"), event=status_change(status=status)), "")

    printed = capsys.readouterr().out
    assert f"{rule} of the event bus matches the event from Step Functions.\n" in printed
    assert "paid state transitions" not in printed
    assert ("Nothing was announced." not in printed or "In the dead-letter queue" in printed) == announced
