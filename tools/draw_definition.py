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
    """Give the flowchart of a definition; a state is written out where it comes first."""
    states: dict[str, State] = definition["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    known: set[str] = set()

    def node(name: str) -> str:
        shape = "" if name in known else SHAPES.get(states[name]["Type"], BOX).format(name)
        known.add(name)
        return ids[name] + shape

    ways = [(name, arrow, target) for name, state in states.items() for arrow, target in _ways(state)]
    edges = [f"  {node(name)} {arrow} {node(target)}" for name, arrow, target in ways]
    return "\n".join(["```mermaid", "flowchart TD", *edges, "```"])


def _ways(state: State) -> Iterator[tuple[str, str]]:
    """Give the arrows out of a state and what they point to."""
    for choice in state.get("Choices", ()):
        yield f'-->|"{_condition(choice)}"|', choice["Next"]
    if "Default" in state:
        yield '-->|"else"|', state["Default"]
    for catcher in state.get("Catch", ()):
        names = catcher["ErrorEquals"]
        yield f'-.->|"{names[0] if len(names) == 1 else "refused"}"|', catcher["Next"]
    if "Next" in state:
        yield "-->", state["Next"]


def _condition(choice: dict[str, Any]) -> str:
    tests = choice.get("Or", [choice])
    shown = [_test(test) for test in tests[:SHOWN_VALUES]]
    return " or ".join(shown) + (" or ..." if len(tests) > SHOWN_VALUES else "")


def _test(test: dict[str, Any]) -> str:
    name = test["Variable"].removeprefix("$.")
    if test.get("IsPresent"):
        return f"{name} is present"
    return f"{name}: {test['StringEquals']}" if "StringEquals" in test else name


def main(definition: str, readme: str) -> None:
    picture = draw(yaml.safe_load(Path(definition).read_text()))
    text = Path(readme).read_text()
    Path(readme).write_text(BLOCK.sub(lambda _: picture, text))


if __name__ == "__main__":
    main(*sys.argv[1:])
