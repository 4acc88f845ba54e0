"""A dry run is not announced, however it ends."""

import pytest

from sandbox.aws.stepfunctions import executions
from sandbox.plans import Plan
from sandbox.stories import read_event
from sandbox.world import Sandbox

DRY_RUN = {**read_event("copy_between_accounts"), "DryRun": True}
FAULTS = [
    "",
    "PlanCopyFunction.ListProjectPolicies: AccessDeniedException always",
    "AnnounceOutcomeFunction.DescribeExecution: AccessDeniedException always",
    "AnnounceOutcomeFunction.GetExecutionHistory: AccessDeniedException always",
]


@pytest.mark.parametrize("plan", FAULTS)
@pytest.mark.parametrize("given", [DRY_RUN, {**DRY_RUN, "Speed": 1}, {"DryRun": True}])
def test_a_dry_run_is_not_announced_whether_or_not_it_is_valid(aws: Sandbox, plan: str, given: object) -> None:
    aws.seed("copy_between_accounts")
    aws.plan = Plan(plan)
    aws.run(given)

    assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])


def test_a_dry_run_that_is_stopped_is_not_announced(aws: Sandbox) -> None:
    aws.seed("copy_between_accounts")
    aws.plan = Plan("PlanCopyFunction: throttled always")
    execution = aws.start(DRY_RUN)
    aws.clock.after(5, lambda: executions.stop(execution))
    aws.finish()

    assert execution.status == "ABORTED"
    assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])


@pytest.mark.parametrize("given", [{**DRY_RUN, "DryRun": False}, {**DRY_RUN, "DryRun": 1}])
def test_an_execution_that_is_no_dry_run_is_announced(aws: Sandbox, given: object) -> None:
    aws.seed("copy_between_accounts")
    aws.run(given)

    assert len(aws.outcomes) == len(aws.mails) == 1


@pytest.mark.parametrize("operation", ["", "DescribeExecution", "GetExecutionHistory"])
def test_an_event_is_announced_whatever_it_has_beside_its_detail(aws: Sandbox, operation: str) -> None:
    aws.seed("approved_by_own_event")
    aws.plan = Plan(f"AnnounceOutcomeFunction.{operation}: AccessDeniedException always" if operation else "")
    aws.run({**read_event("approved_by_own_event"), "DryRun": True})

    assert [event["detail"]["Outcome"] for event in aws.outcomes] == ["Copied"]
