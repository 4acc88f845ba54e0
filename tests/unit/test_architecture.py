"""docs/architecture.md shows the definitions, the modules, the state data and the roles as they are."""

import json
import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT
from tests.definitions import DEFINITIONS, states
from tests.samples import ANSWERS
from tools.draw_definition import BLOCK, WORDS, choices, draw

PAGE = "docs/architecture.md"
TEXT = (ROOT / PAGE).read_text()
FUNCTIONS = [
    name
    for name, resource in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
]
SHARED = ROOT / "functions" / "model_copy"
MODULES = sorted(str(file.relative_to(SHARED)) for file in SHARED.rglob("*.py") if file.name != "__init__.py")
PLACES = sorted(
    f"{place.name}/"
    for place in ROOT.iterdir()
    if place.is_dir() and not re.match(r"\.|build$|dist$|node_modules$|__", place.name)
)
DRAWN = {choice for definition in DEFINITIONS.values() for choice in choices(definition)}
CHOICES = {(source, target) for source, words in WORDS.items() for target in words}


def section(heading: str) -> str:
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def writers(definition: str) -> set[tuple[str, str]]:
    """Return the key and the state for each state of a definition that writes one key of the state data."""
    return {
        (place["ResultPath"].removeprefix("$."), name)
        for name, state in states(definition).items()
        for place in (state, *state.get("Catch", ()))
        if place.get("ResultPath", "$") not in ("$", None)
    }


@pytest.mark.parametrize(("source", "target"), sorted(DRAWN | CHOICES))
def test_a_choice_has_words_in_the_picture(source: str, target: str) -> None:
    place = "WORDS in tools/draw_definition.py"

    assert (source, target) in CHOICES, f"{source!r} leads to {target!r}: add its words to {place}, then: make picture"
    assert (source, target) in DRAWN, f"{source!r} no longer leads to {target!r}: remove it from {place}."


def test_the_pictures_match_the_definitions() -> None:
    drawn = [draw(definition) for definition in DEFINITIONS.values()]

    assert BLOCK.findall(TEXT) == drawn, f"A picture in {PAGE} is stale: run make picture."


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_in_the_layout(module: str) -> None:
    assert f"| `{module}`" in TEXT or f", `{module}`" in TEXT, f"{PAGE} does not list functions/model_copy/{module}."


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`((?:aws/)?\w+\.py)`", section("The layout")))))
def test_a_module_in_the_layout_exists(module: str) -> None:
    assert module in MODULES or module in ("announce_outcome.py", "announce_promotion.py", "audit_grants.py"), (
        f"{PAGE} lists {module}, which does not exist."
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_folder_is_in_the_layout(place: str) -> None:
    assert f"| `{place}" in section("The layout"), f"{PAGE} does not list the folder {place} under 'The layout'."


@pytest.mark.parametrize(
    ("heading", "key", "state"),
    [
        *(("State data", *one) for one in sorted(writers("copy_model"))),
        *(("A promotion", *one) for one in sorted(writers("promote_model") - writers("copy_model"))),
    ],
)
def test_a_key_of_the_state_data_names_the_states_that_write_it(heading: str, key: str, state: str) -> None:
    row = re.search(rf"^\| (?:.+, )?`{key}`(?:, .+)? \| .*\*{re.escape(state)}\*.*\|$", section(heading), re.M)

    assert row, f"{PAGE} does not say under '{heading}' that the state {state!r} writes {key}."


@pytest.mark.parametrize(
    ("function", "key"),
    [
        ("ValidateRequestFunction", "Validation"),
        ("EnsureProjectPolicyFunction", "Policy"),
        ("CopyProjectVersionFunction", "Copy"),
        ("WithdrawGrantFunction", "Withdrawal"),
    ],
)
def test_the_example_has_the_fields_of_each_result(function: str, key: str) -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.M | re.S)
    result = next(fields for (name, _), fields in ANSWERS.items() if name == function)

    assert list(json.loads(example)[key]) == list(result), (
        f"The example in {PAGE} differs from what {function} returns."
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_names_its_role(function: str) -> None:
    roles = section("Who runs under which role")

    assert f"| `{function}Role` |" in roles, f"{PAGE} does not list {function}Role under 'Who runs under which role'."
