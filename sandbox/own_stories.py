"""Stories of a user: an event from a file, and a world that is read from a file or made from the event's ARNs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from sandbox.deployment import PARAMETERS, REGION, ROOT
from sandbox.stories import StoryError, headline, read_event, read_world, stories

SCHEMA = ROOT / "sandbox" / "world.schema.json"
PROJECT = re.compile(r"arn:aws:rekognition:[\w-]+:(\d{12}):project/([\w.-]+)/\d{13}")
VERSION = re.compile(r"arn:aws:rekognition:([\w-]+):(\d{12}):project/([\w.-]+)/version/[\w.-]+/(\d{13})")
IN_REGION = re.compile(r"(arn:aws:(?:rekognition|sagemaker):)([\w-]+)(:\d{12}:)")
OTHER_PARTITION = re.compile(r"arn:(aws-[\w-]+):(?:rekognition|sagemaker):")
ACCOUNT = re.compile(r"arn:aws:\w+:[\w-]*:(\d{12}):")

World = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """An event, the world that it starts from, and a line about both."""

    name: str
    about: str
    event: Any
    world: World
    accounts: tuple[str, ...] = ()  # those that need the stack's roles, besides the usual ones


def story_of(event: str, world: str = "") -> Story:
    """Return the story of an event: a name of make events, or the path of a JSON file; ``world`` is a YAML file.

    Raises StoryError if there is no such event, or a file is not what it should be.
    """
    if event in stories():
        story = Story(event, headline(event), read_event(event), read_world(event))
    elif event.endswith(".json") or Path(event).is_file():
        story = _of_file(event)
    elif event:
        close = get_close_matches(event, stories(), 1)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise StoryError(f"There is no event {event!r}.{meant} make events lists all; a file must end in .json.")
    else:
        raise StoryError("EVENT is empty. Name one of make events, or a file: make demo EVENT=path/to/request.json")
    if world:
        story = replace(story, about=f"Its world is {world}.", world=_checked(world))
    elif event not in stories():
        story = replace(story, world=world_of(story.event))
    return story if event in stories() and not world else replace(story, accounts=_accounts(story))


def _of_file(path: str) -> Story:
    try:
        event = json.loads(_read(path, "EVENT"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise StoryError(f"{path} is not JSON: {error}.") from error
    if other := OTHER_PARTITION.search(json.dumps(event)):
        raise StoryError(f"The sandbox has the partition aws only; {path} has ARNs of {other[1]}.")
    moved = json.loads(IN_REGION.sub(rf"\g<1>{REGION}\g<3>", json.dumps(event)))
    if isinstance(moved, dict) and "region" in moved:
        moved["region"] = REGION
    about = f"Its ARNs were moved to {REGION}, to the stack." if moved != event else "Its world is made from its ARNs."
    return Story(Path(path).stem, about, moved, {})


def _accounts(story: Story) -> tuple[str, ...]:
    return tuple(sorted(set(ACCOUNT.findall(json.dumps([story.event, story.world])))))


def _read(path: str, variable: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise StoryError(f"{variable}={path} cannot be read: {why}.") from error
    if not text.strip():
        raise StoryError(f"{variable}={path} is empty.")
    return text


def world_of(event: Any) -> World:
    """Return a world in which the projects that an event names exist, and its versions are trained.

    Raises StoryError if the event leads to other things that only a world can have.
    """
    approves = isinstance(event, dict) and "detail-type" in event
    texts = [*_strings(event), *([PARAMETERS["DefaultDestinationProjectArn"]] if approves else [])]
    projects: dict[str, World] = {text: {"arn": text} for text in texts if PROJECT.fullmatch(text)}
    for text in dict.fromkeys(texts):
        if found := VERSION.fullmatch(text):
            project = _project_of(found, projects)
            projects.setdefault(project, {"arn": project}).setdefault("versions", []).append({"arn": text})
    return {"projects": list(projects.values()), "packages": list(_packages(event))}


def _project_of(version: re.Match[str], projects: World) -> str:
    """Return the project of a version; an event that names only the version lets its project have any time."""
    region, account, name, created = version.groups()
    start = f"arn:aws:rekognition:{region}:{account}:project/{name}/"
    return next((arn for arn in projects if arn.startswith(start)), f"{start}{created}")


def _packages(event: Any) -> Iterator[World]:
    detail = event.get("detail") if isinstance(event, dict) else None
    if isinstance(event, dict) and "DestinationsFrom" in event:
        raise StoryError("DestinationsFrom names a manifest in S3. Give a world with this object: WORLD=world.yaml")
    if not isinstance(detail, dict) or "ModelPackageArn" not in detail:
        return
    properties = detail.get("CustomerMetadataProperties")
    if not isinstance(properties, dict):
        raise StoryError("The event names a model package. Give a world with this package: WORLD=world.yaml")
    yield {"arn": detail["ModelPackageArn"], "status": detail.get("ModelApprovalStatus"), "properties": properties}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(part)


def _checked(path: str) -> World:
    """Return a world from a file.

    Raises StoryError, which names every error, if the file is not a world.
    """
    try:
        world = yaml.safe_load(_read(path, "WORLD"))
    except yaml.YAMLError as error:
        raise StoryError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    errors = sorted(validator.iter_errors(world), key=lambda error: error.json_path)
    if errors:
        listed = "\n".join(f"{path}: {error.json_path.removeprefix('$.')}: {error.message}" for error in errors)
        raise StoryError(f"{listed}\nsandbox/worlds/README.md describes worlds.")
    return dict(world)
