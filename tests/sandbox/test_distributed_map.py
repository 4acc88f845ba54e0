"""A Map state in distributed mode runs each item as a child workflow execution, as on AWS."""

import json
from typing import Any

import pytest

from sandbox.aws import eventbridge
from sandbox.aws.stepfunctions.interpreter import paid_transitions
from sandbox.deployment import STACK_ACCOUNT, client
from tests.sandbox.maps import AS_USUAL, GIVEN, PASS, children, distributed, minutes
from tests.sandbox.step_functions import OF_STATES, WAIT, Machines, history, nest, one_state


def test_each_item_is_an_execution_of_its_own(aws: Machines) -> None:
    aws.put_items([{"a": 1}, {"a": 2}])
    parent = aws.run(distributed(PASS), GIVEN)

    found = aws.find(children(parent)[1]["executionArn"])
    assert found.exec_arn == f"{OF_STATES}:execution:parent/each:{found.name}"
    assert json.loads(found.execution_input) == {"Name": "promotion", "Item": {"a": 2}, "Index": 1}
    assert history(found) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert parent.output == [
        {"Name": "promotion", "Item": {"a": 1}, "Index": 0},
        {"Name": "promotion", "Item": {"a": 2}, "Index": 1},
    ]
    assert history(parent) == [
        *AS_USUAL,
        *("MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"),
    ]
    assert paid_transitions(parent.to_history_output()["events"]) == 1


def test_the_api_describes_a_child_but_does_not_list_it_with_the_executions_of_the_machine(aws: Machines) -> None:
    aws.put_items([1, 2])
    parent = aws.run(distributed(PASS, ResultPath=None), GIVEN)
    child, step_functions = children(parent)[0], client("stepfunctions", STACK_ACCOUNT)

    described = step_functions.describe_execution(executionArn=child["executionArn"])
    events = step_functions.get_execution_history(executionArn=child["executionArn"])["events"]
    run = step_functions.describe_map_run(mapRunArn=described["mapRunArn"])
    listed = step_functions.list_executions(stateMachineArn=f"{OF_STATES}:stateMachine:parent")["executions"]

    assert (described["status"], json.loads(described["output"])["Item"]) == ("SUCCEEDED", 1)
    assert described["stateMachineArn"] == f"{OF_STATES}:stateMachine:parent/each"
    assert events[0]["type"] == "ExecutionStarted"
    counts = run["executionCounts"]
    assert (run["status"], counts["total"], counts["succeeded"], counts["running"]) == ("SUCCEEDED", 2, 2, 0)
    assert [one["name"] for one in listed] == ["run"]
    assert parent.output == GIVEN


def test_200_items_whose_nested_executions_wait_20_minutes_run_40_at_a_time(aws: Machines) -> None:
    aws.put_items(list(range(200)))
    machine = aws.create("nested", WAIT)
    parent = aws.run(distributed(one_state(nest(machine)), MaxConcurrency=40, ResultPath=None), GIVEN)

    assert (parent.status, minutes(parent)) == ("SUCCEEDED", [0, 100])
    nested = aws.executions("nested")
    assert [json.loads(one.execution_input)["Index"] for one in nested] == list(range(200))
    assert [minutes(one)[0] for one in nested] == [20 * (index // 40) for index in range(200)]
    assert len(history(parent)) == 8


def test_the_number_of_children_at_a_time_can_come_from_the_input(aws: Machines) -> None:
    aws.put_items([1, 2, 3])
    parent = aws.run(distributed(WAIT, MaxConcurrencyPath="$.Most"), GIVEN)

    assert [minutes(aws.find(child["executionArn"])) for child in children(parent)] == [[0, 20], [0, 20], [20, 40]]


def test_without_a_limit_all_items_run_at_once(aws: Machines) -> None:
    aws.put_items([1, 2, 3])

    assert minutes(aws.run(distributed(WAIT), GIVEN)) == [0, 20]


def test_no_items_are_no_children(aws: Machines) -> None:
    aws.put_items([])
    parent = aws.run(distributed(WAIT), GIVEN)

    assert (parent.output, minutes(parent)) == ([], [0, 0])


def test_the_status_changes_of_children_name_the_machine_with_the_label(
    aws: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[Any] = []
    monkeypatch.setattr(eventbridge, "deliver", changes.append)
    aws.put_items([1])
    aws.run(distributed(one_state(nest(aws.create("nested", WAIT)))), GIVEN)

    details = [change["detail"] for change in changes]
    assert [(one["stateMachineArn"].rpartition(":")[2], one["status"]) for one in details] == [
        *(("parent", "RUNNING"), ("parent/each", "RUNNING"), ("nested", "RUNNING")),
        *(("nested", "SUCCEEDED"), ("parent/each", "SUCCEEDED"), ("parent", "SUCCEEDED")),
    ]
