"""The rules of a request: those of botocore's model of the API, and those of the stack.

Source: the service model ``rekognition/2016-06-27`` that botocore ships.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import MapShape, Shape, StructureShape

from model_copy.arns import Arn
from model_copy.errors import InvalidRequestError
from model_copy.request import DRY_RUN, NOT_OF_THE_API, STARTED_BY, CopyRequest, RequestArns, execution_name
from model_copy.text import excerpt, numbered, printable

_TYPES: dict[str, tuple[type, str]] = {
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "string": (str, "a string"),
}
_UNICODE_CLASSES = {r"\p{L}": "a-zA-Z", r"\p{N}": "0-9", r"\p{Z}": " "}
_ASCII_OF_CLASS = {"L": "q", "N": "0", "Z": " "}
_MOST_HINTS = 20
# The execution may be a child of a Map state, whose label follows the state machine's name.
_EXECUTION = re.compile(
    r"arn:[a-z\d-]+:states:[a-z\d-]+:\d{12}:execution:[\w-]{1,80}(/[\w-]{1,40})?:\S{1,80}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a stack may act: its partition, its Regions and accounts; no accounts means any account."""

    partition: str
    regions: Collection[str]
    accounts: Collection[str]

    def place_errors(self, name: str, arn: Arn) -> Iterator[str]:
        """Describe why the stack cannot reach the ARN in the field ``name``."""
        if arn.partition != self.partition:
            yield f"{name} must be in the partition of this stack, {self.partition}; got {printable(arn.partition)}"
        elif arn.region not in self.regions:
            hint = suggest(arn.region, self.regions)
            yield f"{name} must be in a Region with Rekognition Custom Labels; got {printable(arn.region)}{hint}"

    def account_errors(self, name: str, account: str) -> Iterator[str]:
        """Describe why the account in the field ``name`` may not take part."""
        if self.accounts and account not in self.accounts:
            yield f"{name} must be in one of the stack's AllowedAccounts; got {account}"


def validate(state: Mapping[str, Any], shape: Shape, scope: Scope) -> CopyRequest:
    """Return the request in the state data.

    Raises InvalidRequestError, which names all errors at once.

    Parameters
    ----------
    shape: botocore's model of the request.
    """
    given = state["Request"]
    found = [*request_errors(given, shape, scope), *_forged(given, state)]
    if found:
        raise InvalidRequestError(errors=numbered(found))
    return CopyRequest.from_fields(given, RequestArns.parse(given), execution_name(state))


def request_errors(given: object, shape: Shape, scope: Scope) -> Iterator[str]:
    """Describe all errors of a request; each description begins with the field's path."""
    fields = given if isinstance(given, dict) else {}
    of_the_api = {name: value for name, value in fields.items() if name not in NOT_OF_THE_API}
    arns = RequestArns.parse(fields)
    yield from shape_errors(of_the_api if fields else given, shape)
    yield from arns.contradictions()
    yield from _scope_errors(arns, scope)
    starter = fields.get(STARTED_BY, "")
    if STARTED_BY in fields and not (isinstance(starter, str) and _EXECUTION.fullmatch(starter)):
        yield f"{STARTED_BY} must be the ARN of an execution; got {excerpt(starter, 256)}"
    if not isinstance(fields.get(DRY_RUN, False), bool):
        yield f"{DRY_RUN} must be true or false; got {excerpt(fields[DRY_RUN])}"


def _forged(given: object, state: Mapping[str, Any]) -> Iterator[str]:
    """Report an approval that claims to be started by an execution, and so to be announced by that one."""
    kind = state.get("Approval", {}).get("Kind", "Request")
    if isinstance(given, dict) and STARTED_BY in given and kind != "Request":
        yield f"{STARTED_BY} is not a field of an approval"


def check_shape(request: CopyRequest, shape: Shape) -> None:
    """Raise InvalidRequestError if the request would break a rule of AWS's model."""
    errors = list(shape_errors(request.fields, shape))
    if errors:
        raise InvalidRequestError(errors=numbered(errors))


def _scope_errors(arns: RequestArns, scope: Scope) -> Iterator[str]:
    # contradictions() compares the partition and Region of the other ARNs with the source's.
    if arns.source_project:
        yield from scope.place_errors("SourceProjectArn", arns.source_project)
        yield from scope.account_errors("SourceProjectArn", arns.source_project.account)
    if arns.destination_project:
        yield from scope.account_errors("DestinationProjectArn", arns.destination_project.account)


def shape_errors(value: object, shape: Shape, path: str = "") -> Iterator[str]:
    """Describe each rule of the shape that the value breaks: the field's path, the rule and the value."""
    kind, words = _TYPES.get(shape.type_name, (object, "anything"))
    if not isinstance(value, kind):
        yield f"{path or 'The request'} must be {words}; got {excerpt(value)}"
    elif isinstance(value, str) and shape.type_name == "string":
        yield from _string_errors(value, shape, path)
    elif isinstance(value, dict) and isinstance(shape, StructureShape):
        yield from _structure_errors(value, shape, path)
    elif isinstance(value, dict) and isinstance(shape, MapShape):
        yield from _map_errors(value, shape, path)


def _structure_errors(value: Mapping[str, object], shape: StructureShape, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield f"{prefix}{name} is required"
    unknown = 0
    for name, field in value.items():
        if name in shape.members:
            yield from shape_errors(field, shape.members[name], prefix + name)
        else:
            unknown += 1
            # Finding a hint is slow, an input can have 40,000 unknown names, and only the first errors are shown.
            hint = suggest(name, shape.members) if unknown <= _MOST_HINTS else ""
            yield f"{prefix}{printable(name)} is not a field of the request{hint}"


def _map_errors(value: Mapping[str, object], shape: MapShape, path: str) -> Iterator[str]:
    most = shape.metadata.get("max", len(value))
    if len(value) > most:
        yield f"{path} must have at most {most} entries; got {len(value)}"
        return
    for key, entry in value.items():
        yield from shape_errors(key, shape.key, f"{path} key {excerpt(key)}")
        yield from shape_errors(entry, shape.value, f"{path}[{excerpt(key)}]")


def _string_errors(value: str, shape: Shape, path: str) -> Iterator[str]:
    limits: Mapping[str, Any] = shape.metadata
    if len(value) < limits.get("min", 0):
        yield f"{path} must have at least {limits['min']} characters; got {excerpt(value)}"
    elif len(value) > limits.get("max", len(value)):
        yield f"{path} must have at most {limits['max']} characters; got {len(value)}: {excerpt(value)}"
    elif "pattern" in limits and not matches(limits["pattern"], value):
        yield f"{path} must match {limits['pattern']}; got {excerpt(value)}"


def matches(pattern: str, value: str) -> bool:
    r"""Match the whole value with a pattern of the model, which may have ``\p{L}``, ``\p{N}`` or ``\p{Z}``.

    Python's ``re`` has no Unicode classes.  So if the pattern has one, each non-ASCII letter, number or separator of
    the value is replaced by an ASCII character of the same class.  No literal part of a pattern has such characters.
    """
    if r"\p{" in pattern:
        for unicode_class, ascii_class in _UNICODE_CLASSES.items():
            pattern = pattern.replace(unicode_class, ascii_class)
        value = "".join(c if c.isascii() else _ASCII_OF_CLASS.get(unicodedata.category(c)[0], c) for c in value)
    return re.fullmatch(pattern, value, re.ASCII) is not None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a question with the closest known name; empty if none is close."""
    by_lower_case = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name[:64].lower(), by_lower_case, n=1)
    return f"; did you mean {by_lower_case[close[0]]}?" if close else ""
