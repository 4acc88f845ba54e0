"""Draw the definition as a Mermaid flowchart, into the README."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

State = dict[str, Any]

BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)
BOX = '["{}"]'
SHAPES = {"Choice": '{{"{}"}}', "Succeed": '(["{}"])', "Fail": '(["{}"])'}
SHOWN_VALUES = 2


def draw(definition: dict[str, Any]) -> str:
    """Give the flowchart of a definition; a state is written out where it comes first, and alike arrows are one.

    States that only shape data (Pass) are left out.
    """
    every: dict[str, State] = definition["States"]
    states = {name: state for name, state in every.items() if state["Type"] != "Pass"}
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    known: set[str] = set()

    def node(name: str) -> str:
        shape = "" if name in known else SHAPES.get(states[name]["Type"], BOX).format(name)
        known.add(name)
        return ids[name] + shape

    ways: dict[tuple[str, str], list[str]] = {}
    for name, state in states.items():
        for arrow, target in _ways(state):
            while every[target]["Type"] == "Pass":
                target = every[target]["Next"]
            ways.setdefault((arrow, target), []).append(name)
    edges = [f"  {' & '.join(map(node, names))} {arrow} {node(target)}" for (arrow, target), names in ways.items()]
    return "\n".join(["```mermaid", "flowchart TD", *edges, "```"])


def _ways(state: State) -> Iterator[tuple[str, str]]:
    """Give the arrows out of a state and what they point to."""
    for choice in state.get("Choices", ()):
        yield f'-->|"{_condition(choice)}"|', choice["Next"]
    if "Default" in state:
        yield '-->|"else"|', state["Default"]
    for catcher in state.get("Catch", ()):
        names = catcher["ErrorEquals"]
        if catcher["Next"] != state["Next"]:
            yield f'-.->|"{names[0] if len(names) == 1 else "refused"}"|', catcher["Next"]
    if "Next" in state:
        yield "-->", state["Next"]


def _condition(choice: dict[str, Any]) -> str:
    word = "and" if "And" in choice else "or"
    tests = choice.get("Or") or choice.get("And") or [choice]
    shown = [_test(test) for test in tests[:SHOWN_VALUES]]
    return f" {word} ".join(shown) + (f" {word} ..." if len(tests) > SHOWN_VALUES else "")


def _test(test: dict[str, Any]) -> str:
    name = re.sub(r"^\$\['(.+)'\]$|^\$\.", r"\1", test["Variable"])
    if test.get("IsPresent"):
        return f"{name} is present"
    return f"{name}: {test['StringEquals']}" if "StringEquals" in test else name


def main(definition: str, readme: str) -> None:
    picture = draw(yaml.safe_load(Path(definition).read_text()))
    text = Path(readme).read_text()
    Path(readme).write_text(BLOCK.sub(lambda _: picture, text))


if __name__ == "__main__":
    main(*sys.argv[1:])
