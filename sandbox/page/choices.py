"""What a person can choose from to start an execution: the events of events/, and the faults."""

from functools import cache
from typing import Any

from sandbox import known_faults, starting
from sandbox.aws.rekognition.settings import Settings
from sandbox.stories import headline, read_event, stories


@cache
def choices() -> dict[str, Any]:
    """Return the events, each with what is special about it, and the faults by place."""
    operations = {place: _faults_at(place) for place in known_faults.OPERATIONS}
    functions = {place: _faults_at(place) for place in known_faults.functions()}
    return {
        "events": [_event(story) for story in stories()],
        "faults": {"operations": operations, "functions": functions, "settings": vars(Settings())},
    }


def _event(story: str) -> dict[str, Any]:
    event = read_event(story)
    return {"name": story, "about": headline(story), "kind": starting.kind_of(event), "event": event}


def _faults_at(place: str) -> list[str]:
    """Return the faults of a place but ``none``, which is of use only in a list."""
    return [fault for fault in known_faults.faults_at(place) if fault != "none"]
