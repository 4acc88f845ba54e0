"""The definitions in statemachine/, with the states inside their Map states."""

from collections.abc import Iterator
from typing import Any

import yaml

from sandbox.deployment import ROOT

State = dict[str, Any]

DEFINITIONS: dict[str, dict[str, Any]] = {
    path.name.partition(".")[0]: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / "statemachine").glob("*.asl.yaml"))
}


def scopes(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the definition and the processors of its Map states: in each, a state leads only to states of its own."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from scopes(state["ItemProcessor"])


def states(name: str) -> dict[str, State]:
    """Return all states of a definition."""
    return {name: state for scope in scopes(DEFINITIONS[name]) for name, state in scope["States"].items()}


def tasks(name: str) -> dict[str, State]:
    """Return the states of a definition that invoke a function."""
    return {task: state for task, state in states(name).items() if "FunctionArn" in state.get("Resource", "")}


EVERY_STATE = [state for name in DEFINITIONS for state in states(name).values()]
# A task that two definitions have is there twice.
EVERY_TASK = [(task, state) for name in DEFINITIONS for task, state in tasks(name).items()]
