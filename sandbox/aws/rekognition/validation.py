"""Validate a request against botocore's service model.

Each shape is compiled once into a checker: a function that takes a value and its path, and yields the violated
constraints in AWS's words.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model

Checker = Callable[[Any, str], Iterator[str]]

TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
}
# A non-ASCII character is replaced by an ASCII one of its class, which the ASCII part of \p{..} then matches.
CLASSES = {r"\p{L}": "a-zA-Z", r"\p{N}": "0-9", r"\p{Z}": " ", r"\p{ASCII}": r"[\x00-\x7f]"}
SENSITIVE = object()
STAND_INS = {"L": "x", "N": "0", "Z": " "}


def violations(operation: str, request: Any, service: str = "rekognition") -> list[str]:
    """Return the constraints of the service model that the request violates; unknown parameters are ignored."""
    return list(_checker_of(service, operation)(request, ""))


def sentence(broken: list[str]) -> str:
    """Return AWS's message about violated constraints."""
    return f"{len(broken)} validation error{'' if len(broken) == 1 else 's'} detected: {'; '.join(broken)}"


@cache
def _checker_of(service: str, operation: str) -> Checker:
    shape = get_service_model(service).operation_model(operation).input_shape
    assert shape is not None, operation
    return _compile(shape)


def _compile(shape: Shape) -> Checker:
    kind = TYPES[shape.type_name]
    parts = list(_parts(shape))

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield _broken(value, path, f"Member must be a {shape.type_name}")
            return
        for part in parts:
            yield from part(value, path)

    return check


def _parts(shape: Shape) -> Iterator[Checker]:
    if shape.metadata.keys() & {"min", "max"}:
        yield _bounds(shape)
    if isinstance(shape, StringShape):
        yield from _text_parts(shape)
    elif isinstance(shape, StructureShape):
        yield _members(shape)
    elif isinstance(shape, ListShape):
        yield _items(_compile(shape.member))
    elif isinstance(shape, MapShape):
        yield _entries(_compile(shape.key), _compile(shape.value))


def _members(shape: StructureShape) -> Checker:
    checkers = {name: _compile(member) for name, member in shape.members.items()}
    required = set(shape.required_members)

    def check(value: dict[str, Any], path: str) -> Iterator[str]:
        for name, checker in checkers.items():
            here = f"{path}.{_lower(name)}" if path else _lower(name)
            member = value.get(name)
            if member is not None:
                yield from checker(member, here)
            elif name in required:
                yield _broken(None, here, "Member must not be null")

    return check


def _items(checker: Checker) -> Checker:
    def check(value: list[Any], path: str) -> Iterator[str]:
        for number, item in enumerate(value, 1):
            yield from checker(item, f"{path}.{number}.member")

    return check


def _entries(key_checker: Checker, value_checker: Checker) -> Checker:
    def check(value: dict[Any, Any], path: str) -> Iterator[str]:
        for key, item in value.items():
            yield from key_checker(key, f"{path}.key")
            yield from value_checker(item, f"{path}.{key}.member")

    return check


def _bounds(shape: Shape) -> Checker:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    measured = shape.type_name in ("integer", "long", "float")
    quantity = "value" if measured else "length"
    sensitive = shape.metadata.get("sensitive", False)

    def check(value: Any, path: str) -> Iterator[str]:
        size, shown = value if measured else len(value), SENSITIVE if sensitive else value
        if low is not None and size < low:
            yield _broken(shown, path, f"Member must have {quantity} greater than or equal to {low}")
        if high is not None and size > high:
            yield _broken(shown, path, f"Member must have {quantity} less than or equal to {high}")

    return check


def _text_parts(shape: StringShape) -> Iterator[Checker]:
    if shape.enum:
        yield _choice(shape.enum)
    if "pattern" in shape.metadata:
        yield _pattern(shape.metadata["pattern"])


def _choice(values: list[str]) -> Checker:
    def check(value: str, path: str) -> Iterator[str]:
        if value not in values:
            yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(values)}]")

    return check


def _pattern(pattern: str) -> Checker:
    by_class = r"\p{" in pattern
    expression = pattern
    for name, members in CLASSES.items():
        expression = expression.replace(name, members)
    compiled = re.compile(expression, re.ASCII)

    def check(value: str, path: str) -> Iterator[str]:
        if not compiled.fullmatch(_stand_in(value) if by_class else value):
            yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")

    return check


@lru_cache(maxsize=4096)
def _stand_in(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c if c.isascii() else STAND_INS.get(unicodedata.category(c)[0], c) for c in text)


def _broken(value: Any, path: str, constraint: str) -> str:
    shown = "" if value is SENSITIVE else "null " if value is None else f"'{value}' "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
