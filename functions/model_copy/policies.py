"""Project policies, compared by meaning.

Source: https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/md-create-project-policy-sdk.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import ProjectPolicyTypeDef

ACTION = "rekognition:CopyProjectVersion"

Statement = Mapping[str, Any]


class Match(IntEnum):
    """Whether a statement covers a grant.  A Condition, NotPrincipal, NotAction or NotResource makes it a MAYBE."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission for one principal to copy one model version."""

    principal: str
    version_arn: str

    @property
    def account(self) -> str:
        """Return the account of the principal."""
        return self.principal.split(":")[4]


@dataclass(frozen=True, slots=True)
class Policy:
    """A project policy as ListProjectPolicies returns it."""

    name: str
    revision: str
    document: str
    updated: datetime
    created: datetime | None = None

    @classmethod
    def from_description(cls, listed: "ProjectPolicyTypeDef") -> Self:
        """Read an entry of the list."""
        return cls(
            name=listed["PolicyName"],
            revision=listed["PolicyRevisionId"],
            document=listed["PolicyDocument"],
            updated=listed["LastUpdatedTimestamp"],
            created=listed.get("CreationTimestamp"),
        )

    def allows(self, grant: Grant) -> bool:
        """Return whether a statement surely allows the copy."""
        return any(_match(one, grant) is Match.YES for one in self._statements("allow"))

    def denies(self, grant: Grant) -> Match:
        """Return how surely a statement denies the copy."""
        return max((_match(one, grant) for one in self._statements("deny")), default=Match.NO)

    def _statements(self, effect: str) -> Iterator[Statement]:
        # AWS's guide writes ALLOW, and AWS lists only policies that are in force.
        found = ((one.get("Effect"), one) for one in statements(self.document))
        return (one for given, one in found if isinstance(given, str) and given.lower() == effect)


def statements(document: str) -> list[Statement]:
    """Return the statements of a policy document; anything that is not an object is left out."""
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        return []
    found = content.get("Statement") if isinstance(content, dict) else None
    return [one for one in as_list(found) if isinstance(one, dict)]


def as_list(value: object) -> list[Any]:
    """Return the value as a list; a policy may write a list of one as just its element."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _match(statement: Statement, grant: Grant) -> Match:
    principal, action, resource = (_named(statement, part) for part in ("Principal", "Action", "Resource"))
    return min(
        Match.MAYBE if statement.get("Condition") else Match.YES,
        Match.MAYBE if principal is None else _principal_match(principal, grant),
        Match.MAYBE if action is None else _any_match([one.lower() for one in _names(action)], ACTION.lower()),
        Match.MAYBE if resource is None else _any_match(_names(resource), grant.version_arn),
    )


def _named(statement: Statement, part: str) -> list[Any] | None:
    """Return the values of an element of the statement; None if the statement has its opposite (NotAction)."""
    return as_list(statement[part]) if part in statement else None


def _names(values: list[Any]) -> list[str]:
    """Return the values as strings, without nested ones, which name nothing."""
    return [str(one) for one in values if not isinstance(one, dict | list)]


def _any_match(patterns: list[str], value: str) -> Match:
    return Match.YES if any(_wildcard(pattern, value) for pattern in patterns) else Match.NO


def _principal_match(principals: list[Any], grant: Grant) -> Match:
    named = [one for each in principals for one in as_list(each.get("AWS") if isinstance(each, dict) else each)]
    return max((_one_principal(one, grant) for one in _names(named)), default=Match.NO)


def _one_principal(principal: str, grant: Grant) -> Match:
    """Match everybody, the account or the role; a session of the role, or a name with wildcards, is a MAYBE."""
    partition = grant.principal.split(":")[1]
    if principal in ("*", grant.account, f"arn:{partition}:iam::{grant.account}:root", grant.principal):
        return Match.YES
    role = grant.principal.rpartition("/")[2]
    session = principal.startswith(f"arn:{partition}:sts::{grant.account}:assumed-role/{role}/")
    return Match.MAYBE if session or _wildcard(principal, grant.principal) else Match.NO


def _wildcard(pattern: str, value: str) -> bool:
    """Match ``*`` and ``?`` as IAM does; a bracket is an ordinary character."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))
