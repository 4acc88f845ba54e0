"""``make demo`` and ``make events``, as a person reads them."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise

import pytest

from sandbox import demo as demo_module
from sandbox.commands import run
from sandbox.deployment import ROOT, function_names
from sandbox.stories import stories
from sandbox.visits import visits_of
from sandbox.world import Sandbox
from tests.samples import ANSWERS, REFUSALS
from tests.workflow.story import STORY

Demo = Callable[..., list[str]]


@pytest.fixture
def demo(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Demo:
    """The lines that the demo prints, run in the shared sandbox."""
    monkeypatch.setattr(demo_module, "VirtualClock", lambda: aws.clock)
    monkeypatch.setattr(demo_module, "sandbox", lambda clock, accounts: nullcontext(aws))

    def lines(*arguments: str) -> list[str]:
        aws.reset()
        run(["demo", *arguments])
        return capsys.readouterr().out.splitlines()

    return lines


def test_the_demo_tells_a_plain_copy_in_a_screen(demo: Demo) -> None:
    lines = demo(STORY)

    assert lines[0] == "copy_between_accounts: The plain case: a copy from one account to another."
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    (polls,) = (line for line in lines if "Describe project version" in line)
    assert re.search(r"  0:00:11  .* \d\d times, \d+ s to 1 min \d+ s apart; the last: COPYING_COMPLETED$", polls)
    assert any(re.match(r"SUCCEEDED after 1:00:\d\d: \d+ paid state transitions", line) for line in lines)
    assert "  Mail   Model Copied: copy_between_accounts v3, to copy_between_accounts in 222222222222" in lines
    assert lines[-1] == "Report: build/demo.html"
    assert (ROOT / "build" / "demo.html").read_text().startswith("<!doctype html>")


def test_the_demo_shows_each_fault_where_it_struck_and_what_absorbed_it(demo: Demo) -> None:
    plan = "; ".join(
        (
            "DescribeProjectVersions: ThrottlingException x4",
            "CopyProjectVersion: lost_answer",
            "DescribeProjectVersionFunction: throttled",
            "Publish: dropped",
            "DescribeModelPackage: http_500",
        )
    )
    lines = [re.sub(r"[\d.]+ s", "N s", line) for line in demo(STORY, "--faults", plan)]

    def after(state: str) -> str:
        return next(below for line, below in pairwise(lines) if f"  {state}" in line).strip()

    throttled = "! injected ThrottlingException x3 at DescribeProjectVersions: the attempt ended with TransientError;"
    assert after("Validate request") == f"{throttled} retried after N s"
    assert after("Copy project version") == (
        "! injected lost_answer at CopyProjectVersion: called again after N s, ResourceInUseException"
    )
    assert after("Describe project version") == (
        "! injected throttled: the attempt ended with Lambda.TooManyRequestsException; retried after N s"
    )
    assert "           ! injected dropped at Publish: called again after N s, which succeeded" in lines
    assert [line for line in lines if line.startswith("Nothing was called")] == [
        "Nothing was called where a fault was injected: DescribeModelPackage."
    ]


def test_the_demo_tells_faults_that_changed_nothing_or_had_the_last_word(demo: Demo) -> None:
    absorbed = demo(
        "small_model",
        "--faults",
        "PutProjectPolicy: others_put_policy; DescribeProjectVersionFunction.DescribeProjectVersions: none, dropped",
    )
    ended = demo(
        STORY,
        "--faults",
        "CopyProjectVersionFunction.AssumeRole: AccessDenied; Publish: dropped always; PutEvents: entry_failed always",
    )
    told = [re.sub(r"[\d.]+ s", "N s", line.strip()) for line in [*absorbed, *ended]]

    for line in (
        "! injected others_put_policy at PutProjectPolicy: the call itself succeeded",
        "! injected dropped at DescribeProjectVersions: called again after N s, which succeeded",
        "! injected AccessDenied at AssumeRole: the attempt ended with AccessDeniedError; the execution failed",
        "! injected dropped x3 at Publish: never called again",
        "Nothing was announced.",
    ):
        assert line in told
    assert any(line.startswith("AccessDeniedError: AssumeRole on arn:aws:iam::222222222222:role/") for line in told)
    assert any(line.startswith("In the dead-letter queue: Step Functions Execution Status Change (") for line in told)


def test_the_demo_tells_what_was_found_and_planned(demo: Demo) -> None:
    found, planned = demo("already_copied"), demo("plan_refused")

    assert any(line.endswith("Copy project version      found: RUNNING") for line in found)
    assert any(" was found; its status is" in line for line in found)
    assert any(line.startswith("  Plan: REFUSE. ") for line in planned)


def test_the_demo_counts_attempts_that_failed_for_the_same_reason(demo: Demo, aws: Sandbox) -> None:
    lines = demo("small_model", "--faults", "requests_per_second = 0.02")

    visits = visits_of(aws.executions[0].to_history_output()["events"])
    failed = [sum(bool(one.error) for one in visit.attempts) for visit in visits]
    told = [
        int(line.split()[1]) for line in lines if "attempts ended with TransientError; the last was retried" in line
    ]
    assert told
    assert told == [number for number in failed if number > 1]


def test_the_demo_tells_errors_that_nobody_injected(demo: Demo) -> None:
    lines = demo("name_taken")

    assert (
        '           ! an attempt ended with VersionConflictError: caught, and went on with "Read the refusal"' in lines
    )
    ended = next(number for number, line in enumerate(lines) if line.startswith("FAILED after 0:00:00"))
    assert lines[ended + 1].startswith("  VersionConflictError: ")


def test_the_verbose_demo_prints_each_state_with_its_time_its_attempts_and_its_decision(demo: Demo) -> None:
    lines = demo("copy_fails", "--faults", "DescribeProjectVersions: ThrottlingException x4", "--verbose")

    assert any(line.endswith("attempt 1: TransientError") for line in lines)
    assert any("attempt 2: StartedAt" in line for line in lines)
    assert any(line.endswith("What is its status?       -> Wait for copy") for line in lines)
    ended = lines.index("FAILED")
    assert lines[ended + 1].startswith("  CopyFailedError: The copy failed: The bucket ")
    assert any(line.strip().startswith("What to do:") for line in lines[ended:])


def test_the_events_are_listed_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    run(["events"])
    listed = capsys.readouterr().out.splitlines()

    assert [line.split()[0] for line in listed] == stories()
    about = [line[27:] for line in listed]
    assert len(set(about)) == len(about)
    assert max(map(len, listed)) <= 130


def test_the_output_in_the_readme_is_that_of_the_demo(demo: Demo) -> None:
    (block,) = re.findall(r"```\n(copy_between_accounts: .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = [line.rstrip() for line in demo(STORY)]

    for line in block.splitlines():
        assert any(one.startswith(line.removesuffix("...")) for one in printed), line


def test_the_page_about_events_names_a_valid_and_an_invalid_event_for_each_function() -> None:
    rows = re.findall(
        r"^\| `(\w+Function)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", (ROOT / "events" / "README.md").read_text(), re.M
    )

    assert [name for name, *_ in rows] == function_names()
    assert {(name, good) for name, good, _, _ in rows} == set(ANSWERS)
    assert {(name, bad): error for name, _, bad, error in rows} == {key: error for key, (error, _) in REFUSALS.items()}


def test_the_demo_of_a_promotion_tells_its_tasks_its_copies_and_their_faults(demo: Demo) -> None:
    lines = demo("promote_to_three", "--faults", "EnsureProjectPolicyFunction: crashed")

    begun = lines.index("  0:00:00  Copy to each destination")
    accounts = ("222222222222", "333333333333", "444444444444")
    assert lines[begun + 1 : begun + 4] == [f"  0:00:00    The copy to {account} starts." for account in accounts]
    ends = [line for line in lines if " ends: " in line]
    assert sorted(line.split()[4] for line in ends) == list(accounts)
    assert sum("! injected crashed: the attempt ended with Runtime.ExitError; retried" in line for line in lines) == 1
    assert any(line.endswith("  Summarize promotion") for line in lines)
    assert any(line.startswith("SUCCEEDED after 1:00:") for line in lines)
    assert "  Event  Model Copied, 3 times" in lines


def test_the_demo_of_a_promotion_prints_the_failed_attempts_of_its_own_states(demo: Demo) -> None:
    lines = demo("promote_to_duplicates", "--faults", "ValidatePromotionFunction: crashed")

    assert "           ! an attempt ended with Runtime.ExitError" in lines
    assert any(
        line.startswith("  InvalidRequestError: The request has 1 error: (1) Destinations[2].") for line in lines
    )
    assert not any("The copy to" in line for line in lines)


def test_the_demo_sends_an_approval_to_the_event_bus_or_starts_it_by_hand_if_no_rule_matches(demo: Demo) -> None:
    approved, rejected = demo("approved_by_tag"), demo("rejected_in_sagemaker")

    assert approved[1] == "A rule of the event bus matches the event from account 111111111111."
    assert any(line.startswith("SUCCEEDED") for line in approved)
    assert (
        rejected[1]
        == "No rule of the event bus matches the event from account 111111111111, so the execution is started by hand."
    )
    assert any("ignored: ModelApprovalStatus is 'Rejected'" in line for line in rejected)


def test_the_demo_starts_by_hand_what_no_event_bus_takes(demo: Demo) -> None:
    lines = demo("malformed_own_event")

    assert lines[1].startswith("The event bus does not take the event, so the execution is started by hand: detail")
    assert "  Mail   Model Copy Refused: InvalidApprovalError, execution" in "\n".join(lines)
    assert max(map(len, lines)) <= 120
