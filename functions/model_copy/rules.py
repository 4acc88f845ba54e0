"""The rules of a request, read from botocore's own model of the API.

Nothing here knows CopyProjectVersion: the members, types, lengths and patterns are those of the shape that is given.
Source: the service model ``rekognition/2016-06-27`` that botocore ships.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.model import MapShape, Shape, StructureShape

from model_copy.text import excerpt, printable

_TYPES: dict[str, tuple[type, str]] = {
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "string": (str, "a text"),
}
_UNICODE_CLASSES = {r"\p{L}": "a-zA-Z", r"\p{N}": "0-9", r"\p{Z}": " "}
_STAND_INS = {"L": "q", "N": "0", "Z": " "}
_MOST_HINTS = 20


def mistakes(value: object, shape: Shape, path: str = "") -> Iterator[str]:
    """Say each rule of the shape that the value breaks: the member's path, the rule and the value."""
    kind, words = _TYPES.get(shape.type_name, (object, "anything"))
    if not isinstance(value, kind):
        yield f"{path} must be {words}, and is {excerpt(value)}"
    elif isinstance(value, str) and shape.type_name == "string":
        yield from _text_mistakes(value, shape, path)
    elif isinstance(value, dict) and isinstance(shape, StructureShape):
        yield from _structure_mistakes(value, shape, path)
    elif isinstance(value, dict) and isinstance(shape, MapShape):
        yield from _map_mistakes(value, shape, path)


def _structure_mistakes(value: Mapping[str, object], shape: StructureShape, path: str) -> Iterator[str]:
    inside = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield f"{inside}{name} is required, and is missing"
    unknown = 0
    for name, member in value.items():
        if name in shape.members:
            yield from mistakes(member, shape.members[name], inside + name)
        else:
            unknown += 1
            # Each hint takes a while, there may be 40,000 unknown names, and no more than the first mistakes are shown.
            hint = nearest(name, shape.members) if unknown <= _MOST_HINTS else ""
            yield f"{inside}{printable(name)} is no member of the request{hint}"


def _map_mistakes(value: Mapping[str, object], shape: MapShape, path: str) -> Iterator[str]:
    most = shape.metadata.get("max", len(value))
    if len(value) > most:
        yield f"{path} must have at most {most} entries, and has {len(value)}"
        return
    for key, entry in value.items():
        yield from mistakes(key, shape.key, f"{path} key {excerpt(key)}")
        yield from mistakes(entry, shape.value, f"{path}[{excerpt(key)}]")


def _text_mistakes(value: str, shape: Shape, path: str) -> Iterator[str]:
    limits: Mapping[str, Any] = shape.metadata
    if len(value) < limits.get("min", 0):
        yield f"{path} must have at least {limits['min']} characters, and is {excerpt(value)}"
    elif len(value) > limits.get("max", len(value)):
        yield f"{path} must have at most {limits['max']} characters, and has {len(value)}: {excerpt(value)}"
    elif "pattern" in limits and not matches(limits["pattern"], value):
        yield f"{path} must match {limits['pattern']}, and is {excerpt(value)}"


def matches(pattern: str, value: str) -> bool:
    """Match the whole value with a pattern of the model, Unicode classes included.

    Python's own expressions know no Unicode classes.  So in a pattern with some, each letter, number or separator
    beyond ASCII is stood in for by one of ASCII, which no literal part of the pattern contains.
    """
    if r"\p{" in pattern:
        for unicode_class, members in _UNICODE_CLASSES.items():
            pattern = pattern.replace(unicode_class, members)
        value = "".join(c if c.isascii() else _STAND_INS.get(unicodedata.category(c)[0], c) for c in value)
    return re.fullmatch(pattern, value, re.ASCII) is not None


def nearest(name: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known names was meant, where one is near."""
    by_lower_case = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name[:64].lower(), by_lower_case, n=1)
    return f"; did you mean {by_lower_case[near[0]]}?" if near else ""
