"""Event patterns of Amazon EventBridge in the sandbox, validated and matched as on AWS.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern, EventPatternParser
from moto.events.responses import EventsHandler

from sandbox.aws.patches import applied

COMPARISONS = ("<", "<=", "=", ">", ">=")
# AWS refused a pattern with the same character after five wildcards. It does not document the limit.
LARGEST_REPETITION = 4


@contextmanager
def install() -> Iterator[None]:
    """Make EventBridge validate and match patterns as AWS does, and answer TestEventPattern."""
    replacements = {
        "EventPatternParser.parse": parse,
        "EventPattern._flatten_dict": staticmethod(flattened),
        "EventsHandler.test_event_pattern": test_event_pattern,
    }
    with applied("event_patterns", replacements):
        yield


def parse(self: EventPatternParser) -> dict[str, Any]:
    """Return the parsed pattern.

    Raises InvalidEventPatternException for a pattern that AWS refuses.
    """
    if not self.pattern:
        return {}
    try:
        pattern = json.loads(self.pattern)
    except ValueError:
        raise InvalidEventPatternException("Invalid JSON") from None
    _check_object(pattern)
    return dict(pattern)


def flattened(event: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the values at each path of an event; empty lists and objects have none."""
    found: dict[str, list[Any]] = {}
    for path, value in _leaves(event, ()):
        found.setdefault(".".join(path), []).append(value)
    return found


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(node, list):
        for one in node:
            yield from _leaves(one, path)
    else:
        yield path, node


def test_event_pattern(self: EventsHandler) -> str:
    """Answer TestEventPattern."""
    pattern = EventPatternParser(self._get_param("EventPattern")).parse()
    try:
        event = json.loads(self._get_param("Event"))
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise JsonRESTError("ValidationException", "Parameter Event is not valid.")
    make: Any = EventPattern  # its type for the first argument leaves None out
    return json.dumps({"Result": make(None, pattern).matches_event(event)})


def _refuse_unless(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidEventPatternException(reason)


def _check_object(node: Any) -> None:
    _refuse_unless(isinstance(node, dict), "Filter is not an object")
    _refuse_unless(bool(node), "Empty objects are not allowed")
    for key, value in node.items():
        if key == "$or" and isinstance(value, list):
            for alternative in value:
                _check_object(alternative)
        elif isinstance(value, list):
            _refuse_unless(bool(value), "Empty arrays are not allowed")
            for one in value:
                _check_value(one)
        else:
            _refuse_unless(isinstance(value, dict), f'"{key}" must be an object or an array')
            _check_object(value)


def _check_value(value: Any) -> None:
    """Check one element of a list: a value, or an object with one operator."""
    _refuse_unless(not isinstance(value, list), "Match value must be String, number, true, false, or null")
    if isinstance(value, dict):
        _refuse_unless(len(value) == 1, "Only one key allowed in match expression")
        ((operator, operand),) = value.items()
        _refuse_unless(operator in OPERATORS, f"Unrecognized match type {operator}")
        OPERATORS[operator](operand)


def _check_exists(operand: Any) -> None:
    _refuse_unless(isinstance(operand, bool), "exists match pattern must be either true or false.")


def _check_affix(operand: Any) -> None:
    """Check a prefix or suffix, which may ignore case."""
    if isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
        operand = operand["equals-ignore-case"]
    _refuse_unless(isinstance(operand, str), "prefix/suffix match pattern must be a string")


def _check_ignored_case(operand: Any) -> None:
    _refuse_unless(isinstance(operand, str), "equals-ignore-case match pattern must be a string")


def _check_wildcard(operand: Any) -> None:
    _refuse_unless(isinstance(operand, str), "wildcard match pattern must be a string")
    _refuse_unless("**" not in operand, "Consecutive wildcard characters")
    after = Counter(part[0] for part in operand.split("*")[1:] if part)
    too_complex = "Rule is too complex - try using fewer wildcard characters"
    _refuse_unless(max(after.values(), default=0) <= LARGEST_REPETITION, too_complex)


def _check_cidr(operand: Any) -> None:
    try:
        ip_network(operand if isinstance(operand, str) and "/" in operand else "", strict=False)
    except ValueError:
        raise InvalidEventPatternException("Malformed CIDR") from None


def _check_numeric(operand: Any) -> None:
    """Check one comparison, or two that make a range."""
    _refuse_unless(isinstance(operand, list), "Value of numeric must be an array.")
    operators, numbers = operand[::2], operand[1::2]
    _refuse_unless(len(operators) == len(numbers) and 0 < len(operators) <= 2, "Value must be numeric")
    _refuse_unless(all(one in COMPARISONS for one in operators), "Unrecognized numeric range operator")
    _refuse_unless(all(_is_number(one) for one in numbers), "Value must be numeric")
    directions = {one[0] for one in operators}
    _refuse_unless(len(operators) == 1 or directions == {"<", ">"}, "Bad numeric range operator")


def _check_anything_but(operand: Any) -> None:
    """Check plain values, or an operator with values that are not empty."""
    if isinstance(operand, dict):
        _refuse_unless(len(operand) == 1 and set(operand) <= NEGATED.keys(), "Value of anything-but is not supported")
        ((operator, inner),) = operand.items()
        for one in inner if isinstance(inner, list) and inner else [inner]:
            _refuse_unless(
                isinstance(one, str) and bool(one or operator == "wildcard"), "Null prefix/suffix not allowed"
            )
            NEGATED[operator](one)
    else:
        for one in operand if isinstance(operand, list) and operand else [operand]:
            _refuse_unless(isinstance(one, str) or _is_number(one), "Value of anything-but is not supported")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


NEGATED: dict[str, Callable[[Any], None]] = {
    "equals-ignore-case": _check_ignored_case,
    "prefix": _check_affix,
    "suffix": _check_affix,
    "wildcard": _check_wildcard,
}
OPERATORS: dict[str, Callable[[Any], None]] = {
    **NEGATED,
    "anything-but": _check_anything_but,
    "cidr": _check_cidr,
    "exists": _check_exists,
    "numeric": _check_numeric,
}
