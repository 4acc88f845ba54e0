"""Rules of the definitions, whatever their input."""

import ast
import copy
import re
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from model_copy import errors, execution, outcomes
from sandbox.aws.stepfunctions.definitions import missing_targets
from sandbox.deployment import ROOT
from tests.definitions import DEFINITIONS, EVERY_TASK, State, scopes, states, tasks

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
SCOPES = {
    f"{name}:{scope['StartAt']}": scope for name, definition in DEFINITIONS.items() for scope in scopes(definition)
}
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


def camel(task: str) -> str:
    """Return the name of a task as the template spells it."""
    return "".join(word.capitalize() for word in task.split())


def raised_by(task: str) -> set[str]:
    """Return the errors that the docstring of a handler names."""
    docstring = ast.get_docstring(ast.parse(handler_of(task).read_text())) or ""
    return set(re.findall(r"\w+Error", docstring.partition("Raises")[2]))


def caught_by(state: State) -> set[str]:
    return {error for catcher in state.get("Catch", ()) for error in catcher["ErrorEquals"]}


def retried_by(state: State) -> set[str]:
    return {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}


def fast_retry() -> dict[str, Any]:
    """Return the retrier that all tasks have."""
    found: dict[str, Any] = EVERY_TASK[0][1]["Retry"][0]
    return found


def slow_retries(state: State) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state["Retry"][1:]
    return found


def starts_copy() -> list[State]:
    """Return the tasks that run the copy workflow."""
    return [state for state in states("promote_model").values() if "startExecution" in state.get("Resource", "")]


def reachable_from(scope: dict[str, Any], name: str, seen: set[str]) -> set[str]:
    """Add the state and all states that follow it to the states seen."""
    if name in seen:
        return seen
    seen.add(name)
    state = scope["States"][name]
    for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        for key in ("Next", "Default"):
            if key in place:
                reachable_from(scope, place[key], seen)
    return seen


def named(kind: str) -> list[Any]:
    """Return each state of a type, as a parameter with its name."""
    return [
        pytest.param(state_name, state, id=f"{name}:{state_name}")
        for name in DEFINITIONS
        for state_name, state in states(name).items()
        if kind in ("", state["Type"])
    ]


each_task = pytest.mark.parametrize(
    ("task", "state"),
    [pytest.param(task, state, id=f"{name}:{task}") for name in DEFINITIONS for task, state in tasks(name).items()],
)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_target_exists(scope: str) -> None:
    assert missing_targets(SCOPES[scope]) == []


@pytest.mark.parametrize("place", ["Next", "Default"])
def test_a_missing_target_is_found(place: str) -> None:
    broken = copy.deepcopy(DEFINITIONS["copy_model"])
    next(state for state in broken["States"].values() if place in state)[place] = "Nowhere"

    assert missing_targets(broken) == ["Nowhere"]


@pytest.mark.parametrize("name", SCOPES)
def test_every_state_is_reachable(name: str) -> None:
    scope = SCOPES[name]
    unreachable = set(scope["States"]) - reachable_from(scope, scope["StartAt"], set())

    assert not unreachable, f"No state leads to {unreachable}."


@pytest.mark.parametrize(("name", "state"), named("Choice"))
def test_every_choice_has_a_default(name: str, state: State) -> None:
    assert state["Default"]
    assert name.endswith("?")


@each_task
def test_every_task_has_a_longer_timeout_than_its_function(task: str, state: State) -> None:
    properties = TEMPLATE["Resources"][f"{camel(task)}Function"]["Properties"]

    assert state["TimeoutSeconds"] > properties.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])


@each_task
def test_every_task_has_the_same_fast_retry(task: str, state: State) -> None:
    assert state["Retry"][0] == fast_retry()
    assert "TransientError" in fast_retry()["ErrorEquals"]
    for retrier in state["Retry"]:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]
        assert "States.ALL" not in retrier["ErrorEquals"]
        assert "States.TaskFailed" not in retrier["ErrorEquals"]


@each_task
def test_an_error_that_is_retried_slowly_has_its_retry_at_the_task_that_raises_it_and_nowhere_else(
    task: str, state: State
) -> None:
    raised = {name for name in raised_by(task) if ROUTES[name] == "Retried slowly."}

    assert [retrier["ErrorEquals"] for retrier in slow_retries(state)] == [[name] for name in raised]


def test_all_slow_retries_wait_the_same_way() -> None:
    slow = [{**retrier, "ErrorEquals": []} for _, state in EVERY_TASK for retrier in slow_retries(state)]

    assert slow == [slow[0]] * 2
    assert slow[0]["IntervalSeconds"] > fast_retry()["IntervalSeconds"]
    assert slow[0]["MaxAttempts"] > fast_retry()["MaxAttempts"]


@pytest.mark.parametrize("name", SCOPES)
def test_no_state_is_a_dead_end(name: str) -> None:
    """Each state ends the workflow or has a next state, and from each the workflow can end."""
    found = SCOPES[name]["States"]
    ends = {one for one, state in found.items() if state["Type"] in ("Succeed", "Fail") or state.get("End")}

    for one, state in found.items():
        assert (one in ends) is not bool({"Next", "Default"} & set(state))
        assert reachable_from(SCOPES[name], one, set()) & ends


@pytest.mark.parametrize(("name", "state"), named("Fail"))
def test_a_sentence_of_the_definition_ends_in_a_link_to_the_runbook(name: str, state: State) -> None:
    cause = state.get("Cause") or state["CausePath"]

    if "Error" in state:
        assert f"Runbook: ${{RunbookUrl}}#{state['Error'].lower()}" in cause
    else:
        assert cause in ("$.Refusal.Raised.errorMessage", "$.Failure.Cause")


def test_the_machine_outlives_the_longest_deadline_and_the_longest_waits() -> None:
    slow = [retrier for _, state in EVERY_TASK for retrier in slow_retries(state)]
    longest_waits = sum(retrier["MaxAttempts"] * retrier["MaxDelaySeconds"] for retrier in slow)
    deadline = TEMPLATE["Parameters"]["DeadlineHours"]["MaxValue"] * 3600

    assert deadline + longest_waits < DEFINITIONS["copy_model"]["TimeoutSeconds"]


def test_a_promotion_outlives_its_copies() -> None:
    assert DEFINITIONS["promote_model"]["TimeoutSeconds"] > 2 * DEFINITIONS["copy_model"]["TimeoutSeconds"]


def test_a_copy_of_a_promotion_starts_once_under_its_name_and_then_under_any_name() -> None:
    first, again = starts_copy()
    already, everything = first["Catch"]

    assert already == {
        "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"],
        "ResultPath": None,
        "Next": "Copy the model again",
    }
    assert everything == again["Catch"][0]
    assert everything["ErrorEquals"] == ["States.ALL"]
    assert first["Parameters"] == {**again["Parameters"], "Name.$": "$.Name"}
    assert first["Retry"] == again["Retry"]


def test_a_copy_of_a_promotion_that_fails_is_not_started_again() -> None:
    for state in starts_copy():
        retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
        assert not retried & {"States.ALL", "States.TaskFailed", "StepFunctions.ExecutionAlreadyExistsException"}


@pytest.mark.parametrize(("name", "state"), named(""))
def test_every_state_has_a_comment_and_its_keys_in_order(name: str, state: State) -> None:
    known = [key for key in state if key in KEYS]

    assert name
    assert state["Comment"]
    assert known == sorted(known, key=KEYS.index)


@each_task
def test_a_task_has_one_name_spelled_four_ways(task: str, state: State) -> None:
    function = TEMPLATE["Resources"][f"{camel(task)}Function"]["Properties"]
    machines = [one for one in TEMPLATE["Resources"].values() if one["Type"] == "AWS::Serverless::StateMachine"]
    substitutions = [machine["Properties"]["DefinitionSubstitutions"] for machine in machines]
    passed = [one[f"{camel(task)}FunctionArn"] for one in substitutions if f"{camel(task)}FunctionArn" in one]

    assert handler_of(task).is_file()
    assert function["Handler"] == f"{handler_of(task).stem}.lambda_handler"
    assert state["Resource"] == f"${{{camel(task)}FunctionArn}}"
    assert passed == [{"Fn::GetAtt": [f"{camel(task)}Function", "Arn"]}] * len(passed)
    assert passed


def test_every_handler_is_a_task_or_announces_an_outcome_or_audits() -> None:
    assert set((ROOT / "functions").glob("*.py")) == {
        handler_of(name) for name in (*dict(EVERY_TASK), "Announce outcome", "Announce promotion", "Audit grants")
    }


@each_task
def test_every_error_of_a_handler_takes_the_route_of_its_docstring(task: str, state: State) -> None:
    for name in raised_by(task):
        raises = f"{handler_of(task).name} raises {name}, whose route is: {ROUTES[name]}"
        if ROUTES[name].startswith("Retried"):
            assert name in retried_by(state), f"{raises} Add {name} to the Retry of the state {task}."
        elif ROUTES[name].startswith("Fails at its task"):
            assert name not in caught_by(state) | retried_by(state), f"{raises} Remove {name} from the state {task}."
        else:
            assert caught_by(state) & {name, "States.ALL"}, f"{raises} Add {name} to a Catch of the state {task}."


def test_every_refused_error_has_the_route_of_a_refusal() -> None:
    refused = {name for name, route in ROUTES.items() if route == "Refused."}

    assert refused == {name for name, one in ERRORS.items() if issubclass(one, errors.RefusedError)}


@each_task
def test_every_caught_error_is_raised_by_the_handler(task: str, state: State) -> None:
    unknown = caught_by(state) - {"States.ALL"} - raised_by(task)

    assert not unknown, f"The state {task} catches {unknown}. Name each in the docstring of {handler_of(task).name}."


@each_task
def test_every_retried_error_of_ours_is_raised_by_the_handler(task: str, state: State) -> None:
    unknown = {name for name in retried_by(state) if "." not in name} - raised_by(task)

    assert not unknown, f"The state {task} retries {unknown}. Name each in the docstring of {handler_of(task).name}."


def test_every_error_is_raised_by_a_handler() -> None:
    unraised = set(ERRORS) - OUTSIDE - set().union(*map(raised_by, dict(EVERY_TASK)))

    assert not unraised, f"No handler names {unraised} after Raises in its docstring. Add each, or remove the class."
    assert raised_by("Announce outcome") == OUTSIDE
