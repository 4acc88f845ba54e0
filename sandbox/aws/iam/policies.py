"""AWS IAM in the sandbox: whether whoever calls an operation may make the call.

Policies are evaluated in AWS's order: a Deny in any policy decides; then the call has to be allowed by the role's own
policies, by its permissions boundary and by the policy of the session.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from moto.iam.models import IAMBackend, Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.rekognition.policy import covers

Statement = Mapping[str, Any]
Context = Mapping[str, str]


def refusal(session: AssumedRole, action: str, resource: str, context: Context) -> str | None:
    """Say in AWS's words why the session may not do it; None when it may."""
    kinds = {
        "identity-based policy": _policies_of_role(session.role_arn),
        "permissions boundary": _boundary_of_role(session.role_arn),
        "session policy": [session.policy] if session.policy else None,
    }
    effects = {
        kind: _effects(documents, action, resource, context)
        for kind, documents in kinds.items()
        if documents is not None
    }
    start = f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
    for kind, found in effects.items():
        if "Deny" in found:
            article = "an" if kind[0] == "i" else "a"
            return f"{start} with an explicit deny in {article} {kind}"
    for kind, found in effects.items():
        if "Allow" not in found:
            return f"{start} because no {kind} allows the {action} action"
    return None


def allows(document: str, caller: set[str], action: str, resource: str, context: Context) -> bool:
    """Tell whether the policy of a resource itself lets a caller, who has these names, do it."""
    about = [one for one in _statements(document) if one["Principal"] == "*" or caller & _names(dict(one["Principal"]))]
    on_it = json.dumps({"Statement": [{"Resource": resource, **one} for one in about]})
    return _effects([on_it], action, resource, context) == {"Allow"}


def trust_of_role(role_arn: str) -> str:
    """Give the policy that says who may assume the role."""
    role, _ = _role(role_arn)
    document = role.assume_role_policy_document
    return document if isinstance(document, str) else json.dumps(document)


def _names(principal: Mapping[str, Any]) -> set[str]:
    return {name for names in principal.values() for name in as_list(names)}


def session_of(access_key: str) -> AssumedRole | None:
    """Find the session that has the key; None for an account's root."""
    for backends in list(sts_backends.values()):
        for backend in list(backends.values()):
            found: AssumedRole | None = backend.get_assumed_role_from_access_key(access_key)
            if found:
                return found
    return None


def _effects(documents: Iterable[str], action: str, resource: str, context: Context) -> set[str]:
    """Give the effects of the statements that are about the call."""
    return {
        str(one["Effect"])
        for document in documents
        for one in _statements(document)
        if _covers(one["Action"], action, lower=True) and _covers(one["Resource"], resource) and holds(one, context)
    }


def holds(statement: Statement, context: Context) -> bool:
    """Tell whether each condition of a statement is met; a key that the call does not have meets none.

    A key may be written in capitals or not.
    """
    conditions: dict[str, dict[str, Any]] = statement.get("Condition", {})
    known = {key.lower(): value for key, value in context.items()} if conditions else {}
    return all(
        OPERATORS[operator](known.get(key.lower()), as_list(values))
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": lambda found, values: found in values,
    "StringLike": lambda found, values: found is not None and _covers(values, found),
    "ArnLike": lambda found, values: found is not None and _covers(values, found),
    "Bool": lambda found, values: found in values,
    "Null": lambda found, values: str(found is None).lower() in values,
}


def _policies_of_role(role_arn: str) -> list[str]:
    role, backend = _role(role_arn)
    inline = [one if isinstance(one, str) else json.dumps(one) for one in role.policies.values()]
    return [*inline, *(_managed(backend, arn) for arn in role.managed_policies)]


def _boundary_of_role(role_arn: str) -> list[str] | None:
    role, backend = _role(role_arn)
    return [_managed(backend, role.permissions_boundary_arn)] if role.permissions_boundary_arn else None


def _managed(backend: IAMBackend, arn: str) -> str:
    return next(one.document for one in backend.managed_policies[arn].versions if one.is_default)


def _role(role_arn: str) -> tuple[Role, IAMBackend]:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    return backend.get_role_by_arn(role_arn), backend


@lru_cache(maxsize=256)
def _statements(document: str) -> list[Statement]:
    return as_list(json.loads(unquote(document))["Statement"])


def _covers(patterns: object, text: str, *, lower: bool = False) -> bool:
    if lower:
        return any(covers(one.lower(), text.lower()) for one in as_list(patterns))
    return any(covers(one, text) for one in as_list(patterns))


def as_list(value: Any) -> list[Any]:
    """Give the list that a policy may also write as its one element."""
    return value if isinstance(value, list) else [] if value is None else [value]
