"""Draw each definition as a Mermaid flowchart into docs/architecture.md (``make picture``)."""

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

# The labels of the arrows: for each Choice state and for "Catch", a label for each state that can come next.
WORDS = {
    "What started it?": {
        "Read approval": "is an event",
        "No approval": "is a request",
        "Not a request": "is neither",
        "Not a promotion": "is neither",
    },
    "Is it an approval?": {
        "Ignored": "approves nothing",
        "Is it a dry run?": "approves a request",
        "Validate promotion": "approves a promotion",
    },
    "Is it a dry run?": {
        "Plan copy": "DryRun",
        "Validate request": "copies",
    },
    "Needs a grant?": {
        "Ensure project policy": "needs a grant",
        "No grant needed": "needs none",
    },
    "What is its status?": {
        "Wait for copy": "a copy in progress",
        "Withdraw grant": "any other status",
    },
    "How did it end?": {
        "Copy refused": "refused",
        "Sum up": "copied",
        "Copy failed": "the copy failed",
        "Unexpected status": "any other status",
        "Partly promoted": "some are copied",
        "Not promoted": "none is copied",
    },
    "Is there a limit?": {
        "Count failures": "StopAfterFailures",
        "Copy the model": "no limit",
    },
    "May it start?": {
        "Record copy": "too many have failed",
        "Copy the model": "may start",
    },
    "Catch": {
        "Read the errors": "wrong input",
        "Read the refusal": "refused",
        "Ensure project policy": "the grant is gone",
        "Copy the model again": "the name is taken",
        "Record copy": "failed",
        "Not recorded": "wrong input",
    },
}


def draw(definition: dict[str, Any]) -> str:
    """Return the flowchart of a definition.

    A state's name is written where the state first appears. Equal arrows are merged. States that only shape data (Pass)
    are left out. An arrow leads from a Map state to the first state of its processor.
    """
    every = _states(definition)
    states = {name: state for name, state in every.items() if state["Type"] != "Pass"}
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    known: set[str] = set()

    def node(name: str) -> str:
        shape = "" if name in known else SHAPES.get(states[name]["Type"], BOX).format(name)
        known.add(name)
        return ids[name] + shape

    sources: dict[tuple[str, str], list[str]] = {}
    for name, state in states.items():
        for arrow, target in _arrows(name, state):
            while every[target]["Type"] == "Pass":
                target = every[target]["Next"]
            sources.setdefault((arrow, target), []).append(name)
    edges = [f"  {' & '.join(map(node, names))} {arrow} {node(target)}" for (arrow, target), names in sources.items()]
    return "\n".join(["```mermaid", "flowchart TD", *edges, "```"])


def choices(definition: dict[str, Any]) -> set[tuple[str, str]]:
    """Return each arrow that needs a label in WORDS: the Choice state, or "Catch", and the state that comes next."""
    states = _states(definition).items()
    return {
        *((name, choice["Next"]) for name, state in states for choice in state.get("Choices", ())),
        *((name, state["Default"]) for name, state in states if "Default" in state),
        *(("Catch", catcher["Next"]) for _, state in states for catcher in _catchers(state)),
    }


def _states(definition: dict[str, Any]) -> dict[str, State]:
    """Return the states of a definition, each Map state followed by the states of its processor."""
    found: dict[str, State] = {}
    for name, state in definition["States"].items():
        found |= {name: state, **(_states(state["ItemProcessor"]) if "ItemProcessor" in state else {})}
    return found


def _arrows(name: str, state: State) -> Iterator[tuple[str, str]]:
    """Yield the arrows out of a state and the states that they point to."""
    for choice in state.get("Choices", ()):
        yield f'-->|"{_words(name, choice["Next"])}"|', choice["Next"]
    if "Default" in state:
        yield f'-->|"{_words(name, state["Default"])}"|', state["Default"]
    for catcher in _catchers(state):
        yield f'-.->|"{_words("Catch", catcher["Next"])}"|', catcher["Next"]
    if "ItemProcessor" in state:
        yield '-->|"each item"|', state["ItemProcessor"]["StartAt"]
        yield '-->|"all have ended"|', state["Next"]
    elif "Next" in state:
        yield "-->", state["Next"]


def _catchers(state: State) -> list[State]:
    """Return the catchers that lead to another state than the state's own Next."""
    return [catcher for catcher in state.get("Catch", ()) if catcher["Next"] != state.get("Next")]


def _words(source: str, target: str) -> str:
    """Return the label of an arrow; the test of the picture reports a "?"."""
    return WORDS.get(source, {}).get(target, "?")


def main(page: str, *definitions: str) -> None:
    pictures = iter([draw(yaml.safe_load(Path(one).read_text())) for one in definitions])
    text = Path(page).read_text()
    Path(page).write_text(BLOCK.sub(lambda _: next(pictures), text))


if __name__ == "__main__":
    main(*sys.argv[1:])
