"""docs/errors.md has one row for each error, in the part of the errors that end alike."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import model_copy
from model_copy.errors import ModelCopyError, RefusedError
from sandbox.deployment import ROOT
from tests.definitions import EVERY_STATE

PAGE = "docs/errors.md"
REFUSED, RETRIED, OTHER = "Refused", "Retried, then failed at the task", "Other"


MODULES = [module.name for module in pkgutil.walk_packages(model_copy.__path__, f"{model_copy.__name__}.")]
for module in MODULES:
    importlib.import_module(module)


def leaves(base: type[ModelCopyError]) -> Iterator[type[ModelCopyError]]:
    for one in base.__subclasses__():
        yield from leaves(one)
        if not one.__subclasses__() and one.__module__ in MODULES:
            yield one


def rows() -> dict[str, tuple[str, str]]:
    """Return the part and the last cell of each error's row."""
    found = [
        (name, (part, last))
        for part, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", (ROOT / PAGE).read_text(), re.M)
        for name, last in re.findall(r"^\| \[?`(\w+)`.* \| ([^|]+) \|$", text, re.M)
    ]
    assert len(found) == len(dict(found))
    return dict(found)


LEAVES = {leaf.__name__: leaf for leaf in leaves(ModelCopyError)}
RETRIES = {error for state in EVERY_STATE for retrier in state.get("Retry", ()) for error in retrier["ErrorEquals"]}
FAIL_STATES = {state["Error"] for state in EVERY_STATE if "Error" in state}
ROWS = rows()


def part_of(name: str) -> str:
    """Return the part that an error belongs to, by what the definition does with it."""
    if name in LEAVES and issubclass(LEAVES[name], RefusedError):
        return REFUSED
    return RETRIED if name in RETRIES else OTHER


@pytest.mark.parametrize("name", sorted(LEAVES.keys() | FAIL_STATES))
def test_an_error_has_its_row(name: str) -> None:
    assert name in ROWS, f"{name} has no row in {PAGE}: add one under '{part_of(name)}'."
    assert ROWS[name][0] == part_of(name), f"The row of {name} in {PAGE} belongs under '{part_of(name)}'."


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_about_an_error_that_exists(name: str) -> None:
    assert name in LEAVES.keys() | FAIL_STATES, f"{PAGE} has a row for {name}, which is no error: remove the row."


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"GrantMissingError"}))
def test_a_row_says_what_the_runbook_says_about_redriving(name: str) -> None:
    section = re.search(rf"^### {name}\n((?:(?!###? ).*\n)*)", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    redrive = re.search(r"\*\*Redrive\.\*\* (Yes|No)", section[1]) if section else None

    assert redrive is not None
    differ = f"{PAGE} and docs/runbook.md differ on whether to redrive {name}."
    assert (ROWS[name][1] == "Redrive") is (redrive[1] == "Yes"), differ
