"""Rules of the definition, whatever its input."""

import ast
import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from model_copy import errors, execution, outcomes
from sandbox.aws.stepfunctions.definitions import missing_targets
from sandbox.deployment import ROOT

DEFINITION = yaml.safe_load((ROOT / "statemachine" / "copy_model.asl.yaml").read_text())
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
STATES = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
KEYS = ["Type", "Comment", "Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds", "Retry", "Catch"]
ERRORS: dict[str, type[errors.ModelCopyError]] = {
    name: one
    for module in (errors, execution, outcomes)
    for name, one in vars(module).items()
    if isinstance(one, type) and issubclass(one, errors.ModelCopyError) and "sentence" in vars(one)
}
# The second half of an error's docstring.
ROUTES = {name: str(one.__doc__).partition("  ")[2].strip() for name, one in ERRORS.items()}
# Errors of the function that announces the outcomes.
OUTSIDE = {name for name, route in ROUTES.items() if route == "Not part of the workflow."}


def handler_of(task: str) -> Path:
    """Return the handler that the naming rule gives a task."""
    return ROOT / "functions" / f"{task.lower().replace(' ', '_')}.py"


def raised_by(task: str) -> set[str]:
    """Return the errors that the docstring of a handler names."""
    docstring = ast.get_docstring(ast.parse(handler_of(task).read_text())) or ""
    return set(re.findall(r"\w+Error", docstring.partition("Raises")[2]))


def caught_by(task: str) -> set[str]:
    return {error for catcher in TASKS[task]["Catch"] for error in catcher["ErrorEquals"]}


def retried_by(task: str) -> set[str]:
    return {error for retrier in TASKS[task]["Retry"] for error in retrier["ErrorEquals"]}


def fast_retry() -> dict[str, Any]:
    """Return the retrier that all tasks have."""
    found: dict[str, Any] = next(iter(TASKS.values()))["Retry"][0]
    return found


def slow_retries(task: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = TASKS[task]["Retry"][1:]
    return found


def reachable_from(name: str, seen: set[str]) -> set[str]:
    """Add the state and all states that follow it to the states seen."""
    if name in seen:
        return seen
    seen.add(name)
    state = STATES[name]
    for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        for key in ("Next", "Default"):
            if key in place:
                reachable_from(place[key], seen)
    return seen


def test_every_target_exists() -> None:
    assert missing_targets(DEFINITION) == []


@pytest.mark.parametrize("place", ["Next", "Default"])
def test_a_missing_target_is_found(place: str) -> None:
    broken = copy.deepcopy(DEFINITION)
    next(state for state in broken["States"].values() if place in state)[place] = "Nowhere"

    assert missing_targets(broken) == ["Nowhere"]


def test_every_state_is_reachable() -> None:
    unreachable = set(STATES) - reachable_from(DEFINITION["StartAt"], set())

    assert not unreachable, f"No state leads to {unreachable}."


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Choice"])
def test_every_choice_has_a_default(name: str) -> None:
    assert STATES[name]["Default"] in STATES
    assert name.endswith("?")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_longer_timeout_than_its_function(task: str) -> None:
    assert TASKS[task]["TimeoutSeconds"] > TEMPLATE["Globals"]["Function"]["Timeout"]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_the_same_fast_retry(task: str) -> None:
    assert TASKS[task]["Retry"][0] == fast_retry()
    assert "TransientError" in fast_retry()["ErrorEquals"]
    for retrier in TASKS[task]["Retry"]:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]
        assert "States.ALL" not in retrier["ErrorEquals"]
        assert "States.TaskFailed" not in retrier["ErrorEquals"]


@pytest.mark.parametrize("task", TASKS)
def test_an_error_that_is_retried_slowly_has_its_retry_at_the_task_that_raises_it_and_nowhere_else(task: str) -> None:
    raised = {name for name in raised_by(task) if ROUTES[name] == "Retried slowly."}

    assert [retrier["ErrorEquals"] for retrier in slow_retries(task)] == [[name] for name in raised]


def test_all_slow_retries_wait_the_same_way() -> None:
    slow = [{**retrier, "ErrorEquals": []} for task in TASKS for retrier in slow_retries(task)]

    assert slow == [slow[0]] * 2
    assert slow[0]["IntervalSeconds"] > fast_retry()["IntervalSeconds"]
    assert slow[0]["MaxAttempts"] > fast_retry()["MaxAttempts"]


@pytest.mark.parametrize("name", STATES)
def test_no_state_is_a_dead_end(name: str) -> None:
    """Each state ends the workflow or has a next state, and from each the workflow can end."""
    ends = {"Succeed", "Fail"}

    assert (STATES[name]["Type"] in ends) is not bool({"Next", "Default"} & set(STATES[name]))
    assert {STATES[one]["Type"] for one in reachable_from(name, set())} & ends


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Fail"])
def test_a_sentence_of_the_definition_ends_in_a_link_to_the_runbook(name: str) -> None:
    cause = STATES[name].get("Cause", STATES[name].get("CausePath"))

    if "Error" in STATES[name]:
        assert f"Runbook: ${{RunbookUrl}}#{STATES[name]['Error'].lower()}" in cause
    else:
        assert cause == "$.Refusal.Raised.errorMessage"


def test_the_machine_outlives_the_longest_deadline_and_the_longest_waits() -> None:
    slow = [retrier for task in TASKS for retrier in slow_retries(task)]
    longest_waits = sum(retrier["MaxAttempts"] * retrier["MaxDelaySeconds"] for retrier in slow)
    deadline = TEMPLATE["Parameters"]["DeadlineHours"]["MaxValue"] * 3600

    assert deadline + longest_waits < DEFINITION["TimeoutSeconds"]


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_a_comment_and_its_keys_in_order(name: str) -> None:
    known = [key for key in STATES[name] if key in KEYS]

    assert STATES[name]["Comment"]
    assert known == sorted(known, key=KEYS.index)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_one_name_spelled_four_ways(task: str) -> None:
    camel = "".join(word.capitalize() for word in task.split())
    function = TEMPLATE["Resources"][f"{camel}Function"]["Properties"]
    substitutions = TEMPLATE["Resources"]["CopyModelStateMachine"]["Properties"]["DefinitionSubstitutions"]

    assert handler_of(task).is_file()
    assert function["Handler"] == f"{handler_of(task).stem}.lambda_handler"
    assert TASKS[task]["Resource"] == f"${{{camel}FunctionArn}}"
    assert substitutions[f"{camel}FunctionArn"] == {"Fn::GetAtt": [f"{camel}Function", "Arn"]}


def test_every_handler_is_a_task_or_announces_the_outcome() -> None:
    assert set((ROOT / "functions").glob("*.py")) == {handler_of(name) for name in (*TASKS, "Announce outcome")}


@pytest.mark.parametrize("task", TASKS)
def test_every_error_of_a_handler_takes_the_route_of_its_docstring(task: str) -> None:
    for name in raised_by(task):
        raises = f"{handler_of(task).name} raises {name}, whose route is: {ROUTES[name]}"
        if ROUTES[name].startswith("Retried"):
            assert name in retried_by(task), f"{raises} Add {name} to the Retry of the state {task}."
        elif ROUTES[name].startswith("Fails at its task"):
            assert name not in caught_by(task) | retried_by(task), f"{raises} Remove {name} from the state {task}."
        else:
            assert caught_by(task) & {name, "States.ALL"}, f"{raises} Add {name} to a Catch of the state {task}."


def test_every_refused_error_has_the_route_of_a_refusal() -> None:
    refused = {name for name, route in ROUTES.items() if route == "Refused."}

    assert refused == {name for name, one in ERRORS.items() if issubclass(one, errors.RefusedError)}


@pytest.mark.parametrize("task", TASKS)
def test_every_caught_error_is_raised_by_the_handler(task: str) -> None:
    unknown = caught_by(task) - {"States.ALL"} - raised_by(task)

    assert not unknown, f"The state {task} catches {unknown}. Name each in the docstring of {handler_of(task).name}."


@pytest.mark.parametrize("task", TASKS)
def test_every_retried_error_of_ours_is_raised_by_the_handler(task: str) -> None:
    unknown = {name for name in retried_by(task) if "." not in name} - raised_by(task)

    assert not unknown, f"The state {task} retries {unknown}. Name each in the docstring of {handler_of(task).name}."


def test_every_error_is_raised_by_a_handler() -> None:
    unraised = set(ERRORS) - OUTSIDE - set().union(*map(raised_by, TASKS))

    assert not unraised, f"No handler names {unraised} after Raises in its docstring. Add each, or remove the class."
    assert raised_by("Announce outcome") == OUTSIDE
