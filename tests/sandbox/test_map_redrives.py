"""A stopped map run stops all that it started; a redrive continues what did not succeed."""

import random

import pytest

from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import STACK_ACCOUNT, client
from tests.sandbox.maps import AS_USUAL, FAIL_IF_TRUE, GIVEN, PASS, children, distributed, minutes, statuses
from tests.sandbox.step_functions import WAIT, Execution, Machines, history, nest, one_state


def stop_in_the_middle(aws: Machines) -> Execution:
    """Stop a parent after 30 minutes; of three children, one has ended and one runs."""
    aws.put_items([1, 2, 3])
    machine = aws.create("nested", WAIT)
    parent = aws.start(aws.create("parent", distributed(one_state(nest(machine)), MaxConcurrency=1)), GIVEN, "run")
    aws.clock.after(1_800, lambda: executions.stop(parent))
    aws.clock.run()
    return parent


def test_a_stopped_parent_aborts_its_children_and_they_stop_their_nested_executions(aws: Machines) -> None:
    parent = stop_in_the_middle(aws)

    assert statuses(parent) == ["SUCCEEDED", "ABORTED"]
    assert [one.status for one in aws.executions("nested")] == ["SUCCEEDED", "ABORTED"]
    assert history(parent) == [*AS_USUAL, "MapRunAborted", "MapStateAborted", "ExecutionAborted"]
    assert minutes(parent) == [0, 30]


def test_a_redrive_continues_the_children_that_did_not_succeed(aws: Machines) -> None:
    parent = stop_in_the_middle(aws)
    before = [child["executionArn"] for child in children(parent)]

    redrive(parent)
    aws.clock.run()

    assert (parent.status, statuses(parent)) == ("SUCCEEDED", ["SUCCEEDED"] * 3)
    assert [child["executionArn"] for child in children(parent)][:2] == before
    assert [output["Input"]["Item"] for output in parent.output] == [1, 2, 3]
    assert [one.status for one in aws.executions("nested")] == ["SUCCEEDED", "ABORTED", "SUCCEEDED", "SUCCEEDED"]
    assert history(parent)[7:] == [
        *("ExecutionRedriven", "MapStateEntered", "MapStateStarted", "MapRunRedriven", "MapRunSucceeded"),
        *("MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"),
    ]
    assert "ExecutionRedriven" in history(aws.find(before[1]))


def test_a_redrive_continues_a_failed_map_run_from_the_failed_states(aws: Machines) -> None:
    aws.put_items([False, True])
    parent = aws.run(distributed(FAIL_IF_TRUE), GIVEN)
    redrive(parent)
    aws.clock.run()

    failed = aws.find(children(parent)[1]["executionArn"])
    assert (parent.status, statuses(parent)) == ("FAILED", ["SUCCEEDED", "FAILED"])
    assert history(failed)[-3:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


def test_a_redrive_reads_the_items_that_could_not_be_read(aws: Machines) -> None:
    parent = aws.run(distributed(PASS), GIVEN)
    aws.put_items([1])
    redrive(parent)
    aws.clock.run()

    assert (parent.status, [one["Item"] for one in parent.output]) == ("SUCCEEDED", [1])


def test_a_retry_of_the_state_starts_a_new_map_run(aws: Machines) -> None:
    aws.put_items([True])
    parent = aws.run(distributed(FAIL_IF_TRUE, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]), GIVEN)

    runs = client("stepfunctions", STACK_ACCOUNT).list_map_runs(executionArn=parent.exec_arn)["mapRuns"]
    assert (len(runs), history(parent).count("MapRunStarted")) == (2, 2)


@pytest.mark.parametrize("seed", range(8))
def test_stops_and_redrives_at_any_time_run_each_item_to_its_end(aws: Machines, seed: int) -> None:
    chance = random.Random(seed)
    aws.clock.choose = chance.randrange
    aws.put_items(list(range(12)))
    machine = aws.create("nested", WAIT)
    definition = distributed(one_state(nest(machine)), MaxConcurrency=chance.choice([1, 5, 12]))
    parent = aws.start(aws.create("parent", definition), GIVEN, "run")

    def stop() -> None:
        if parent.status == "RUNNING":
            executions.stop(parent)
            if chance.random() < 0.5:
                redrive(parent)

    for minute in (0, 10, 20, 40):
        aws.clock.after(60 * minute, stop)
    aws.clock.run()
    while parent.status != "SUCCEEDED":
        assert not [one for one in aws.executions("nested") if one.status == "RUNNING"]
        redrive(parent)
        aws.clock.run()

    assert [output["Input"]["Item"] for output in parent.output] == list(range(12))
    for one in (parent, *(aws.find(child["executionArn"]) for child in children(parent))):
        events = one.to_history_output()["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
