"""Definitions of state machines, checked more strictly than by moto."""

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import InvalidDefinition


class InvalidDefinitionError(AWSError):
    """Step Functions does not create a state machine with this definition."""

    TYPE = "InvalidDefinition"


def inner_workflows(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the workflows inside a Map or Parallel state."""
    return [*(state[key] for key in ("ItemProcessor", "Iterator") if key in state), *state.get("Branches", ())]


def missing_targets(definition: dict[str, Any]) -> list[str]:
    """Return the names of missing states that the definition transitions to."""
    states = definition["States"]
    targets = [definition["StartAt"]]
    for state in states.values():
        for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
            targets += [place[key] for key in ("Next", "Default") if key in place]
    missing = [target for target in targets if target not in states]
    inner = [workflow for state in states.values() for workflow in inner_workflows(state)]
    return missing + [target for workflow in inner for target in missing_targets(workflow)]


def validate(original: Callable[[str], None], definition: str) -> None:
    """Refuse a definition that is not valid, or that transitions to a state that does not exist."""
    try:
        original(definition)
    except InvalidDefinition as error:  # moto's has no code
        raise InvalidDefinitionError(f"Invalid State Machine Definition: '{error.message}'") from None
    missing = missing_targets(json.loads(definition))
    if missing:
        raise InvalidDefinitionError(f"MISSING_TRANSITION_TARGET: {', '.join(missing)}")


def parse(original: Callable[[str], Any], definition: str) -> Any:
    """Parse a definition; moto's parser does not know a percentage that is an integer."""
    return original(re.sub(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])', r"\1.0", definition))


def processor_of(definition: str, state: str) -> str:
    """Return the definition of the children of a Map state, which may be inside other states."""
    processor = next(_processors(json.loads(definition), state))
    return json.dumps({key: value for key, value in processor.items() if key != "ProcessorConfig"})


def _processors(workflow: dict[str, Any], name: str) -> Any:
    for key, state in workflow["States"].items():
        inner = inner_workflows(state)
        if key == name:
            yield from inner
        for deeper in inner:
            yield from _processors(deeper, name)
