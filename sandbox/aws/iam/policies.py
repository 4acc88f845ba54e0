"""The one evaluator of policies: identity, boundary, session, trust, project, function, bus and queue policies.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Context = Mapping[str, str]
Principals = frozenset[tuple[str, str]]  # kind and name
ANYBODY = ("*", "*")


def aws(*names: str) -> Principals:
    """Return all names that a policy may use for an account, a role, a user or a session."""
    return frozenset({ANYBODY, *(("AWS", name) for name in (*names, "*"))})


def service(name: str) -> Principals:
    """Return all names that a policy may use for an AWS service."""
    return frozenset({ANYBODY, ("Service", name)})


@dataclass(frozen=True, slots=True)
class Call:
    """A call to evaluate. ``principals`` is None if the policies belong to the caller."""

    action: str
    resource: str
    context: Context
    principals: Principals | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    ``principals`` is None in a policy of an identity. ``resources`` is None if the policy belongs to the resource, as
    in trust policies.
    """

    effect: str
    principals: Principals | None
    actions: re.Pattern[str]
    all_but_actions: bool  # the statement has NotAction
    resources: re.Pattern[str] | None
    condition: Mapping[str, Mapping[str, Any]] | None

    def matches(self, call: Call) -> bool:
        """Return whether principal, action and resource match; the condition is not evaluated."""
        return (
            self._names(call.principals)
            and (self.actions.fullmatch(call.action.lower()) is None) == self.all_but_actions
            and (self.resources is None or self.resources.fullmatch(call.resource) is not None)
        )

    def _names(self, principals: Principals | None) -> bool:
        if self.principals is None or principals is None:
            return self.principals is principals
        return not self.principals.isdisjoint(principals)


def allows(document: str, call: Call) -> bool:
    """Return whether a policy by itself allows the call."""
    return effects([document], call) == {"Allow"}


def effects(documents: Iterable[str], call: Call, met: Callable[[Statement, Context], bool] | None = None) -> set[str]:
    """Return the effects of all statements that apply to the call; ``met`` replaces the evaluation of conditions."""
    condition_met = met or _condition_met
    return {
        one.effect
        for document in documents
        for one in statements(document)
        if one.matches(call) and condition_met(one, call.context)
    }


@lru_cache(maxsize=4096)
def statements(document: str) -> tuple[Statement, ...]:
    """Parse a policy."""
    return tuple(_parse(one) for one in as_list(json.loads(document)["Statement"]))


def condition_is_met(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether all tests of a condition are met; keys are compared without case.

    A key that the call does not have meets ``Null``, the operators with ``Not``, and those that end in ``IfExists``.
    """
    known = {key.lower(): value for key, value in context.items()}
    return all(
        _is_met(operator, known.get(key.lower()), as_list(values))
        for operator, tests in condition.items()
        for key, values in tests.items()
    )


def _is_met(operator: str, found: str | None, values: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if found is None and name != operator:
        return True
    positive = name.replace("Not", "", 1)
    return OPERATORS[positive](found, values) == (positive == name)


OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": lambda found, values: found in values,
    "StringLike": lambda found, values: found is not None and any(covers(value, found) for value in values),
    "ArnLike": lambda found, values: found is not None and any(covers(value, found) for value in values),
    "Bool": lambda found, values: found in values,
    "Null": lambda found, values: str(found is None).lower() in values,
}


def covers(pattern: str, text: str) -> bool:
    """Return whether a string matches a pattern with ``*`` and ``?``."""
    return _matcher((pattern,)).fullmatch(text) is not None


def as_list(value: Any) -> list[Any]:
    """Return the value as a list: a list as it is, None as an empty list, anything else as a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _parse(statement: Mapping[str, Any]) -> Statement:
    own = "Principal" not in statement
    return Statement(
        effect=str(statement["Effect"]),
        principals=None if own else _principals(statement["Principal"]),
        actions=_matcher(tuple(one.lower() for one in as_list(statement.get("Action", statement.get("NotAction"))))),
        all_but_actions="NotAction" in statement,
        resources=_matcher(tuple(as_list(statement["Resource"]))) if own or "Resource" in statement else None,
        condition=statement.get("Condition"),
    )


def _principals(principal: Any) -> Principals:
    if principal == "*":
        return frozenset({ANYBODY})
    return frozenset((kind, name) for kind, names in principal.items() for name in as_list(names))


def _condition_met(statement: Statement, context: Context) -> bool:
    return not statement.condition or condition_is_met(statement.condition, context)


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    expressions = (re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns)
    return re.compile("|".join(f"(?:{one})" for one in expressions), re.DOTALL)
