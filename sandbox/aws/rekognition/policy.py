"""Project policies: what a document may say, and whom it lets copy what."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .exceptions import MalformedPolicyDocumentException
from .identity import Caller
from .settings import settings

COPY_ACTION = "rekognition:CopyProjectVersion"
LANGUAGE_VERSIONS = ("2012-10-17", "2008-10-17")
DOCUMENT_KEYS = {"Version", "Id", "Statement"}
EFFECTS = ("Allow", "Deny")
REQUIRED = ("Effect", "Principal", "Action", "Resource")
PRINCIPAL = re.compile(r"\*|\d{12}|arn:[a-z\d-]+:(iam|sts)::\d{12}:[^*?]+", re.ASCII)


@dataclass(frozen=True)
class Statement:
    """One statement, every element of it as a tuple."""

    effect: str
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditional: bool

    def applies(self, caller: Caller, version_arn: str) -> bool:
        """Whether it is about this caller's copying this version, to allow it or to deny it."""
        return (
            any(name == "*" or name in caller.principals for name in self.principals)
            and any(covers(pattern.lower(), COPY_ACTION.lower()) for pattern in self.actions)
            and any(covers(pattern, version_arn) for pattern in self.resources)
            and (settings.conditions_hold or not self.conditional)
        )


def allows(documents: Iterable[str], caller: Caller, version_arn: str, by_default: bool = False) -> bool:
    """Whether some statement allows the copy (not needed `by_default`) and none denies it."""
    statements = [statement for document in documents for statement in _statements(document)]
    effects = {statement.effect for statement in statements if statement.applies(caller, version_arn)}
    return "Deny" not in effects and (by_default or "Allow" in effects)


def check(document: str, project_arn: str) -> None:
    """Refuse a document that is no policy of this project."""
    policy = _object(document)
    if policy.get("Version") not in LANGUAGE_VERSIONS:
        raise MalformedPolicyDocumentException(f"Version must be one of {', '.join(LANGUAGE_VERSIONS)}.")
    if not _raw_statements(policy):
        raise MalformedPolicyDocumentException("The policy has no statement.")
    for statement in _raw_statements(policy):
        _check_statement(statement, project_arn)


def _object(document: str) -> dict[str, Any]:
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError) as problem:
        raise MalformedPolicyDocumentException(f"The policy is not valid JSON: {problem}.") from None
    if not isinstance(policy, dict) or not policy.keys() <= DOCUMENT_KEYS:
        raise MalformedPolicyDocumentException(f"A policy is an object of {', '.join(sorted(DOCUMENT_KEYS))}.")
    return policy


def _check_statement(statement: Any, project_arn: str) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicyDocumentException("A statement is an object.")
    optional = {name for name, accepted in _optional().items() if accepted}
    if surplus := statement.keys() - set(REQUIRED) - optional:
        raise MalformedPolicyDocumentException(f"A project policy does not support {', '.join(sorted(surplus))}.")
    if missing := [name for name in REQUIRED if name not in statement]:
        raise MalformedPolicyDocumentException(f"A statement lacks {', '.join(missing)}.")
    if _effect(statement["Effect"]) not in EFFECTS:
        raise MalformedPolicyDocumentException("Effect must be Allow or Deny.")
    _check_principals(statement["Principal"])
    _check_actions(statement["Action"])
    _check_resources(statement["Resource"], project_arn)


def _optional() -> dict[str, bool]:
    return {"Sid": settings.accepts_sid, "Condition": settings.accepts_condition}


def _check_principals(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        raise MalformedPolicyDocumentException('Principal must be "*" or an object with the one key AWS.')
    for name in _texts(principal["AWS"], "Principal"):
        if not PRINCIPAL.fullmatch(name):
            raise MalformedPolicyDocumentException(f"Invalid principal: {name}.")


def _effect(value: Any) -> Any:
    return value.capitalize() if isinstance(value, str) and settings.effect_ignores_case else value


def _check_actions(action: Any) -> None:
    patterns = _texts(action, "Action")
    if not settings.accepts_other_actions and patterns != (COPY_ACTION,):
        raise MalformedPolicyDocumentException(f"Action must be {COPY_ACTION}.")
    for pattern in patterns:
        if not covers(pattern.lower(), COPY_ACTION.lower()):
            raise MalformedPolicyDocumentException(f"A project policy supports only {COPY_ACTION}, not {pattern}.")


def _check_resources(resource: Any, project_arn: str) -> None:
    inside = project_arn.rpartition("/")[0] + "/"
    for pattern in _texts(resource, "Resource"):
        if not pattern.startswith(inside):
            raise MalformedPolicyDocumentException(f"Resource {pattern} is outside this project, {inside}*.")


def _texts(value: Any, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise MalformedPolicyDocumentException(f"{name} must be a text or a list of texts.")
    return tuple(values)


def _raw_statements(policy: dict[str, Any]) -> list[Any]:
    statements = policy.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


@lru_cache(maxsize=4096)
def _statements(document: str) -> tuple[Statement, ...]:
    return tuple(_parse(statement) for statement in _raw_statements(_object(document)))


def _parse(statement: dict[str, Any]) -> Statement:
    principal = statement["Principal"]
    return Statement(
        effect=statement["Effect"].capitalize(),
        principals=_texts(principal["AWS"] if isinstance(principal, dict) else principal, "Principal"),
        actions=_texts(statement["Action"], "Action"),
        resources=_texts(statement["Resource"], "Resource"),
        conditional="Condition" in statement,
    )


def covers(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with `*` and `?` means."""
    return bool(_compiled(pattern).fullmatch(text))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
