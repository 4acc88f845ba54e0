"""The runbook has a section for each error and alarm, and each section has what the engineer on call needs."""

import ast
import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from model_copy.errors import GrantMissingError
from sandbox.deployment import ROOT
from tests.definitions import EVERY_STATE, EVERY_TASK
from tests.unit.test_errors import LEAVES

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
TASKS = dict(EVERY_TASK)
LABELS = ["What happened", "Check", "Fix", "Redrive"]
AT_A_TASK, OTHER_ENDINGS = "Errors at a task (redrivable)", "Endings that no state sees"
SHAPE = " ".join(f"- **{label}.** ..." for label in LABELS)


def sections() -> dict[str, tuple[str, str]]:
    """Return the part and the text of each section, by the section's name."""
    found = [
        (name, part, text)
        for part, content in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", RUNBOOK, re.M)
        for name, text in re.findall(r"^### (.+)\n((?:(?!### ).*\n)*)", content, re.M)
    ]
    assert len(found) == len({name.lower() for name, _, _ in found})
    return {name: (part, text) for name, part, text in found}


def labelled(text: str) -> list[tuple[str, str]]:
    """Return the labels of a section, each with its text."""
    return [(label, said.strip()) for label, said in re.findall(r"^- \*\*(.+?)\.\*\*((?:(?!- \*\*).*\n)*)", text, re.M)]


def raised_by_a_task() -> set[str]:
    """Return the errors that the docstrings of the tasks' handlers name."""
    files = [ROOT / "functions" / f"{task.lower().replace(' ', '_')}.py" for task in TASKS]
    docstrings = [ast.get_docstring(ast.parse(file.read_text())) or "" for file in files]
    return {name for one in docstrings for name in re.findall(r"\w+Error", one.partition("Raises")[2])}


ALARMS = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
ERRORS = {leaf.__name__ for leaf in LEAVES} - {GrantMissingError.__name__}
FAILED = {state["Error"] for state in EVERY_STATE if state["Type"] == "Fail" and "Error" in state}
CAUGHT = {error for _, task in EVERY_TASK for one in task.get("Catch", ()) for error in one["ErrorEquals"]}
FAIL_AT_A_TASK = (ERRORS & raised_by_a_task()) - CAUGHT
OF_THE_PLATFORM = {error for task in TASKS.values() for one in task["Retry"] for error in one["ErrorEquals"]} - ERRORS

SECTIONS = sections()
NAMED = {name: text for name, (part, text) in SECTIONS.items() if part != OTHER_ENDINGS}


def part_of(name: str) -> str:
    """Return the heading under which the section belongs."""
    if name in ALARMS:
        return "Alarms"
    if name in FAIL_AT_A_TASK:
        return AT_A_TASK
    return "Errors that end in a refusal or failure" if name in FAILED | CAUGHT else "Errors of the announcement"


def section(name: str) -> str:
    """Return the text of a section, or fail with what to add and where."""
    add = f"Edit docs/runbook.md: under '## {part_of(name)}', add '### {name}' with {SHAPE}"
    assert name in SECTIONS, f"The runbook has no section {name}. {add}"
    return SECTIONS[name][1]


def redrive(name: str) -> str:
    """Return the first word of what a section says about redriving, or fail with what is missing."""
    said = dict(labelled(section(name))).get("Redrive")
    assert said, f"Edit docs/runbook.md: the section {name} has no '- **Redrive.** Yes.' or '- **Redrive.** No.'"
    return said.split()[0].rstrip(".,")


@pytest.mark.parametrize("name", sorted(ERRORS | FAILED | ALARMS))
def test_each_error_and_each_alarm_has_a_section_in_its_part(name: str) -> None:
    assert section(name)
    assert SECTIONS[name][0] == part_of(name), f"Edit docs/runbook.md: move {name} to '## {part_of(name)}'"


@pytest.mark.parametrize("name", NAMED)
def test_each_section_is_about_an_error_or_an_alarm(name: str) -> None:
    assert name in ERRORS | FAILED | ALARMS, f"Edit docs/runbook.md: delete the section {name}, which nothing raises"


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_has_what_the_engineer_on_call_needs(name: str) -> None:
    found = labelled(SECTIONS[name][1])

    assert [label for label, _ in found] == LABELS, f"Edit docs/runbook.md: the section {name} must be {SHAPE}"
    assert SECTIONS[name][1].startswith("- **")
    assert all(said.endswith(".") for _, said in found)
    assert redrive(name) in ("Yes", "No")


@pytest.mark.parametrize("name", sorted(ERRORS | FAILED))
def test_only_an_error_at_a_task_can_be_redriven(name: str) -> None:
    assert redrive(name) == ("Yes" if name in FAIL_AT_A_TASK else "No")


@pytest.mark.parametrize("name", sorted(OF_THE_PLATFORM | {"TIMED_OUT", "ABORTED", "States.DataLimitExceeded"}))
def test_the_endings_that_no_state_sees_are_named(name: str) -> None:
    part = RUNBOOK.partition(f"## {OTHER_ENDINGS}\n")[2].partition("\n## ")[0]

    found = re.search(rf"\b{re.escape(name)}\b", part)
    assert found, f"Edit docs/runbook.md: a section under '## {OTHER_ENDINGS}' must name {name}"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"resource ([A-Z]\w+)", RUNBOOK))))
def test_a_resource_in_a_command_is_one_of_the_stack(name: str) -> None:
    assert name in RESOURCES
