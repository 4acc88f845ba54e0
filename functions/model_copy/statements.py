"""The stack's own statements in a policy document: one for each version, for the roles that may copy it now.

Everything else in the document is somebody else's and stays as it is.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model_copy.policies import ACTION, Grant, Statement, as_list, statements

LONGEST_DOCUMENT = 2_000


class UnreadableError(Exception):
    """The document is not a JSON object.  grants.py names the policy."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that copy for the stack: its own role and, by its name, the role in each destination account."""

    own_arn: str
    name: str

    def wrote(self, statement: Statement) -> bool:
        """Return whether a statement is the stack's: exactly in its form, for one version and these roles only."""
        principal = statement.get("Principal")
        if set(statement) != {"Effect", "Principal", "Action", "Resource"} or not isinstance(principal, dict):
            return False
        named = as_list(principal.get("AWS"))
        return (
            statement["Effect"] == "Allow"
            and as_list(statement["Action"]) == [ACTION]
            and set(principal) == {"AWS"}
            and [re.search(r"[*?]", str(one)) for one in as_list(statement["Resource"])] == [None]
            and bool(named)
            and all(isinstance(one, str) and (self._include(one) or self.is_deleted(one)) for one in named)
        )

    @staticmethod
    def is_deleted(principal: str) -> bool:
        """Return whether a principal is a deleted role, of which AWS lists just the unique id."""
        return re.fullmatch(r"AROA[A-Z0-9]+", principal) is not None

    def _include(self, principal: str) -> bool:
        named = rf"arn:[a-z\d-]+:iam::\d{{12}}:role/{re.escape(self.name)}"
        return principal == self.own_arn or re.fullmatch(named, principal, re.ASCII) is not None


def with_grant(document: str | None, grant: Grant, roles: Roles) -> str:
    """Return the document with the grant in the stack's statement for the version.

    AWS refuses a document with a deleted role, so these are removed from the stack's statements.

    Raises UnreadableError.
    """
    found = _without(statements(document) if document else [], roles, roles.is_deleted)
    for number, one in enumerate(found):
        if roles.wrote(one) and as_list(one["Resource"]) == [grant.version_arn]:
            found[number] = {**one, "Principal": {"AWS": [*as_list(one["Principal"]["AWS"]), grant.principal]}}
            return _written(document, found)
    granted = {"Effect": "Allow", "Principal": {"AWS": [grant.principal]}, "Action": [ACTION]}
    return _written(document, [*found, {**granted, "Resource": [grant.version_arn]}])


def without_grant(document: str, grant: Grant, roles: Roles) -> str | None:
    """Return the document without the grant in the stack's statements; None if no statement is left.

    Raises UnreadableError.
    """
    found = _without(statements(document), roles, roles.is_deleted)
    kept = _without(found, roles, lambda principal: principal == grant.principal, grant.version_arn)
    return _written(document, kept) if kept else None


def has_grant(document: str, grant: Grant, roles: Roles) -> bool:
    """Return whether one of the stack's statements contains the grant."""
    return any(
        roles.wrote(one) and as_list(one["Resource"]) == [grant.version_arn] and grant.principal in _principals(one)
        for one in statements(document)
    )


def _without(
    found: Sequence[Statement], roles: Roles, leaves: Callable[[str], bool], version_arn: str | None = None
) -> list[Statement]:
    """Remove principals from the stack's statements, for one version or all, and the statements without any left."""
    kept = []
    for one in found:
        if roles.wrote(one) and version_arn in (None, *as_list(one["Resource"])):
            stay = [principal for principal in _principals(one) if not leaves(principal)]
            if not stay:
                continue
            one = {**one, "Principal": {"AWS": stay}} if stay != _principals(one) else one
        kept.append(one)
    return kept


def _principals(statement: Statement) -> list[str]:
    return as_list(statement["Principal"]["AWS"])


def _written(before: str | None, found: Sequence[Statement]) -> str:
    try:
        content = json.loads(before) if before else {"Version": "2012-10-17"}
        # AWS accepts few characters; ASCII is among them, whatever others have written into the document.
        return json.dumps({**content, "Statement": found}, separators=(",", ":"), ensure_ascii=True)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableError("it is not a JSON object") from error
