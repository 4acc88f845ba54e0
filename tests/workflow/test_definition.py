"""What must be true of the definition, whatever runs through it."""

import ast
import copy
import re

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from model_copy import errors, execution, outcomes
from sandbox.aws.stepfunctions.interpreter import missing_targets
from sandbox.deployment import ROOT

DEFINITION = yaml.safe_load((ROOT / "statemachine" / "copy_model.asl.yaml").read_text())
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
STATES = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
KEYS = ["Type", "Comment", "Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds", "Retry", "Catch"]
ERRORS = {
    name: one
    for module in (errors, execution, outcomes)
    for name, one in vars(module).items()
    if isinstance(one, type) and issubclass(one, errors.ModelCopyError) and "sentence" in vars(one)
}
# Those of the function that announces how executions end.
OUTSIDE = {name for name, one in ERRORS.items() if one.__doc__.endswith("  Not of the workflow.")}


def handler_of(task):
    """The file that the naming rule gives to a task."""
    return ROOT / "functions" / f"{task.lower().replace(' ', '_')}.py"


def raised_by(task):
    """The errors that the docstring of a task's handler, or of another function's, names."""
    docstring = ast.get_docstring(ast.parse(handler_of(task).read_text())) or ""
    return set(re.findall(r"\w+Error", docstring.partition("Raises")[2]))


def caught_by(task):
    return {error for catcher in TASKS[task]["Catch"] for error in catcher["ErrorEquals"]}


def retried_by(retriers):
    return {error for retrier in retriers for error in retrier["ErrorEquals"]}


def fast_retry():
    """Return the retrier that all tasks have."""
    return next(iter(TASKS.values()))["Retry"][0]


def slow_retries(task):
    return TASKS[task]["Retry"][1:]


def reachable_from(name, seen):
    if name in seen:
        return seen
    seen.add(name)
    state = STATES[name]
    for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        for key in ("Next", "Default"):
            if key in place:
                reachable_from(place[key], seen)
    return seen


def test_every_target_exists():
    assert missing_targets(DEFINITION) == []


@pytest.mark.parametrize("place", ["Next", "Default"])
def test_a_target_that_does_not_exist_is_found(place):
    broken = copy.deepcopy(DEFINITION)
    next(state for state in broken["States"].values() if place in state)[place] = "Nowhere"

    assert missing_targets(broken) == ["Nowhere"]


def test_every_state_is_reachable():
    assert reachable_from(DEFINITION["StartAt"], set()) == set(STATES)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Choice"])
def test_every_choice_has_a_default(name):
    assert STATES[name]["Default"] in STATES
    assert name.endswith("?")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_timeout_longer_than_its_function_has(task):
    assert TASKS[task]["TimeoutSeconds"] > TEMPLATE["Globals"]["Function"]["Timeout"]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_the_same_fast_retry(task):
    assert TASKS[task]["Retry"][0] == fast_retry()
    assert "TransientError" in fast_retry()["ErrorEquals"]
    for retrier in TASKS[task]["Retry"]:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]
        assert "States.ALL" not in retrier["ErrorEquals"]
        assert "States.TaskFailed" not in retrier["ErrorEquals"]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_a_slow_retry_for_just_the_errors_that_it_raises_and_that_are_retried_slowly(task):
    raised = {name for name in raised_by(task) if ERRORS[name].__doc__.endswith("  Retried slowly.")}

    assert [retrier["ErrorEquals"] for retrier in slow_retries(task)] == [[name] for name in raised]


def test_all_slow_retries_wait_alike():
    slow = [{**retrier, "ErrorEquals": []} for task in TASKS for retrier in slow_retries(task)]

    assert slow == [slow[0]] * 2
    assert slow[0]["IntervalSeconds"] > fast_retry()["IntervalSeconds"]
    assert slow[0]["MaxAttempts"] > fast_retry()["MaxAttempts"]


@pytest.mark.parametrize("name", STATES)
def test_no_state_is_a_dead_end(name):
    """From each, the workflow can end, and each that does not end it goes on."""
    ends = {"Succeed", "Fail"}

    assert (STATES[name]["Type"] in ends) is not bool({"Next", "Default"} & set(STATES[name]))
    assert {STATES[one]["Type"] for one in reachable_from(name, set())} & ends


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Fail"])
def test_a_sentence_of_the_definitions_own_points_into_the_runbook(name):
    said = STATES[name].get("Cause", STATES[name].get("CausePath"))

    if "Error" in STATES[name]:
        assert f"Runbook: ${{RunbookUrl}}#{STATES[name]['Error'].lower()}" in said
    else:
        assert said == "$.Refusal.Raised.errorMessage"


def test_the_machine_outlives_the_longest_deadline_and_the_longest_waits_for_room():
    slow = [retrier for task in TASKS for retrier in slow_retries(task)]
    longest_waits = sum(retrier["MaxAttempts"] * retrier["MaxDelaySeconds"] for retrier in slow)
    deadline = TEMPLATE["Parameters"]["DeadlineHours"]["MaxValue"] * 3600

    assert deadline + longest_waits < DEFINITION["TimeoutSeconds"]


@pytest.mark.parametrize("name", STATES)
def test_every_state_says_why_and_keeps_the_order_of_keys(name):
    known = [key for key in STATES[name] if key in KEYS]

    assert STATES[name]["Comment"]
    assert known == sorted(known, key=KEYS.index)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_one_name_spelled_four_ways(task):
    camel = "".join(word.capitalize() for word in task.split())
    function = TEMPLATE["Resources"][f"{camel}Function"]["Properties"]
    substitutions = TEMPLATE["Resources"]["CopyModelStateMachine"]["Properties"]["DefinitionSubstitutions"]

    assert handler_of(task).is_file()
    assert function["Handler"] == f"{handler_of(task).stem}.lambda_handler"
    assert TASKS[task]["Resource"] == f"${{{camel}FunctionArn}}"
    assert substitutions[f"{camel}FunctionArn"] == {"Fn::GetAtt": [f"{camel}Function", "Arn"]}


def test_every_handler_is_a_task_or_announces_how_the_tasks_ended():
    assert set((ROOT / "functions").glob("*.py")) == {handler_of(name) for name in (*TASKS, "Announce outcome")}


@pytest.mark.parametrize("task", TASKS)
def test_every_error_of_a_handler_has_its_route(task):
    for name in raised_by(task):
        if issubclass(ERRORS[name], errors.RefusedError):
            assert name in caught_by(task) or "States.ALL" in caught_by(task)
        elif "Retried" in ERRORS[name].__doc__:
            assert name in retried_by(TASKS[task]["Retry"])
        elif "Caught" in ERRORS[name].__doc__:
            assert name in caught_by(task)
        else:
            assert ERRORS[name].__doc__.endswith("  Fails at its task.")
            assert name not in caught_by(task) | retried_by(TASKS[task]["Retry"])


@pytest.mark.parametrize("task", TASKS)
def test_every_route_has_a_handler_that_raises(task):
    assert caught_by(task) - {"States.ALL"} <= raised_by(task)


@pytest.mark.parametrize("task", TASKS)
def test_every_retried_error_of_ours_has_a_handler_that_raises(task):
    ours = {name for name in retried_by(TASKS[task]["Retry"]) if "." not in name}

    assert ours <= raised_by(task)


def test_every_error_is_raised_by_a_handler():
    assert set(ERRORS) - OUTSIDE == set().union(*map(raised_by, TASKS))
    assert raised_by("Announce outcome") == OUTSIDE
