"""Project policies: what a document may contain, and who may copy what."""

import json
import re
from collections.abc import Iterable
from typing import Any

from sandbox.aws.iam import policies
from sandbox.aws.iam.roles import role_id

from .exceptions import MalformedPolicyDocumentException
from .identity import Caller
from .settings import settings

ROLE = re.compile(r"arn:[a-z\d-]+:iam::\d{12}:role/.+", re.ASCII)
COPY_ACTION = "rekognition:CopyProjectVersion"
LANGUAGE_VERSIONS = ("2012-10-17", "2008-10-17")
DOCUMENT_KEYS = {"Version", "Id", "Statement"}
EFFECTS = ("Allow", "Deny")
REQUIRED = ("Effect", "Principal", "Action", "Resource")
PRINCIPAL = re.compile(r"\*|\d{12}|arn:[a-z\d-]+:(iam|sts)::\d{12}:[^*?]+", re.ASCII)


def allows(documents: Iterable[str], caller: Caller, version_arn: str, by_default: bool = False) -> bool:
    """Return whether a statement allows the copy and none denies it; with ``by_default`` no Allow is needed."""
    call = policies.Call(COPY_ACTION, version_arn, {}, policies.aws(*caller.principals))
    effects = {effect.capitalize() for effect in policies.effects(documents, call, _condition_met)}
    return "Deny" not in effects and (by_default or "Allow" in effects)


def _condition_met(statement: policies.Statement, _: policies.Context) -> bool:
    return settings.conditions_are_met or statement.condition is None


def check(document: str, project_arn: str) -> None:
    """Raise MalformedPolicyDocumentException if the document cannot be a policy of this project."""
    policy = _object(document)
    if policy.get("Version") not in LANGUAGE_VERSIONS:
        raise MalformedPolicyDocumentException(f"Version must be one of {', '.join(LANGUAGE_VERSIONS)}.")
    if not _raw_statements(policy):
        raise MalformedPolicyDocumentException("The policy has no statement.")
    for statement in _raw_statements(policy):
        _check_statement(statement, project_arn)


def role_ids(document: str) -> dict[str, str]:
    """Return the unique id of each existing role that the document names."""
    named = {name for one in _raw_statements(_object(document)) for name in _names(one["Principal"])}
    found = {name: role_id(name) for name in named if settings.roles_must_exist}
    return {name: one for name, one in found.items() if one}


def as_listed(document: str, ids: dict[str, str]) -> str:
    """Return the document with the unique ids of roles that were deleted since it was put."""
    for name, one in ids.items():
        if role_id(name) != one:
            document = document.replace(f'"{name}"', f'"{one}"')
    return document


def _names(principal: Any) -> tuple[str, ...]:
    return _texts(principal["AWS"], "Principal") if isinstance(principal, dict) else ()


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
        is_missing = settings.roles_must_exist and ROLE.fullmatch(name) and role_id(name) is None
        if is_missing or not PRINCIPAL.fullmatch(name):
            raise MalformedPolicyDocumentException(f"Invalid principal: {name}.")


def _effect(value: Any) -> Any:
    return value.capitalize() if isinstance(value, str) and settings.effect_ignores_case else value


def _check_actions(action: Any) -> None:
    patterns = _texts(action, "Action")
    if not settings.accepts_other_actions and patterns != (COPY_ACTION,):
        raise MalformedPolicyDocumentException(f"Action must be {COPY_ACTION}.")
    for pattern in patterns:
        if not policies.covers(pattern.lower(), COPY_ACTION.lower()):
            raise MalformedPolicyDocumentException(f"A project policy supports only {COPY_ACTION}, not {pattern}.")


def _check_resources(resource: Any, project_arn: str) -> None:
    inside = project_arn.rpartition("/")[0] + "/"
    for pattern in _texts(resource, "Resource"):
        if not pattern.startswith(inside):
            raise MalformedPolicyDocumentException(f"Resource {pattern} is outside this project, {inside}*.")


def _texts(value: Any, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise MalformedPolicyDocumentException(f"{name} must be a string or a list of strings.")
    return tuple(values)


def _raw_statements(policy: dict[str, Any]) -> list[Any]:
    statements = policy.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]
