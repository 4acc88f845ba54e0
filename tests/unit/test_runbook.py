"""The runbook has a section for each error and alarm, and each section says what whoever is on call has to know."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from model_copy import errors
from model_copy.errors import GrantMissingError, ModelCopyError
from sandbox.deployment import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
STATES = yaml.safe_load((ROOT / "statemachine" / "copy_model.asl.yaml").read_text())["States"]
RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
LABELS = ["Meaning", "Likely cause", "What to do", "Redrivable"]
OTHER_ENDINGS = "Endings that no state sees"


def leaves(base: type[ModelCopyError]) -> Iterator[type[ModelCopyError]]:
    for one in base.__subclasses__():
        yield from leaves(one)
        if not one.__subclasses__() and one.__module__ == errors.__name__ and hasattr(one, "sentence"):
            yield one


def sections() -> dict[str, tuple[str, str]]:
    """Read each section's part and text by the section's name."""
    found = [
        (name, part, text)
        for part, content in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", RUNBOOK, re.M)
        for name, text in re.findall(r"^### (.+)\n((?:(?!### ).*\n)*)", content, re.M)
    ]
    assert len(found) == len({name.lower() for name, _, _ in found})
    return {name: (part, text) for name, part, text in found}


def labelled(text: str) -> list[tuple[str, str]]:
    return [(label, said.strip()) for label, said in re.findall(r"^- \*\*(.+?)\.\*\*((?:(?!- \*\*).*\n)*)", text, re.M)]


def raised_by_a_task() -> set[str]:
    """Read what the docstrings of the tasks' handlers name."""
    files = [ROOT / "functions" / f"{task.lower().replace(' ', '_')}.py" for task in TASKS]
    docstrings = [ast.get_docstring(ast.parse(file.read_text())) or "" for file in files]
    return {name for one in docstrings for name in re.findall(r"\w+Error", one.partition("Raises")[2])}


ALARMS = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
ERRORS = {leaf.__name__ for leaf in leaves(ModelCopyError)} - {GrantMissingError.__name__}
FAILED = {state["Error"] for state in STATES.values() if state["Type"] == "Fail" and "Error" in state}
CAUGHT = {error for task in TASKS.values() for one in task["Catch"] for error in one["ErrorEquals"]}
FAIL_AT_A_TASK = (ERRORS & raised_by_a_task()) - CAUGHT
OF_THE_PLATFORM = {error for task in TASKS.values() for one in task["Retry"] for error in one["ErrorEquals"]} - ERRORS

SECTIONS = sections()
NAMED = {name: text for name, (part, text) in SECTIONS.items() if part != OTHER_ENDINGS}


def redrivable(name: str) -> str:
    return dict(labelled(SECTIONS[name][1]))["Redrivable"].split()[0].rstrip(".,")


@pytest.mark.parametrize("name", sorted(ERRORS | FAILED | ALARMS))
def test_each_error_and_each_alarm_has_a_section(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", NAMED)
def test_no_section_is_about_what_is_not_there(name: str) -> None:
    assert name in ERRORS | FAILED | ALARMS


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_whoever_is_on_call_has_to_know(name: str) -> None:
    found = labelled(SECTIONS[name][1])

    assert [label for label, _ in found] == LABELS
    assert SECTIONS[name][1].startswith("- **")
    assert all(said.endswith(".") for _, said in found)
    assert redrivable(name) in ("Yes", "No")


@pytest.mark.parametrize("name", sorted(ERRORS | FAILED))
def test_what_fails_at_its_task_can_be_redriven_and_nothing_else(name: str) -> None:
    assert redrivable(name) == ("Yes" if name in FAIL_AT_A_TASK else "No")


def test_errors_at_a_task_are_those_that_no_state_catches() -> None:
    part = {name for name, (part, _) in SECTIONS.items() if part == "Errors at a task (redrivable)"}

    assert part == FAIL_AT_A_TASK


@pytest.mark.parametrize("name", sorted(OF_THE_PLATFORM | {"TIMED_OUT", "ABORTED", "States.DataLimitExceeded"}))
def test_the_endings_that_no_state_sees_are_named(name: str) -> None:
    part = RUNBOOK.partition(f"## {OTHER_ENDINGS}\n")[2].partition("\n## ")[0]

    assert re.search(rf"\b{re.escape(name)}\b", part)


def test_each_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", RUNBOOK, flags=re.M | re.S), re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#(.+?)\)", RUNBOOK)) <= anchors


@pytest.mark.parametrize("name", sorted(set(re.findall(r"resource ([A-Z]\w+)", RUNBOOK))))
def test_a_resource_in_a_command_is_one_of_the_stack(name: str) -> None:
    assert name in RESOURCES
