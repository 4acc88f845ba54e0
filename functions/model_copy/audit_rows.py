"""The rows of an audit: what each statement of a project policy grants or denies to each principal.

Anyone who may write a project policy can have written it, so a row shows what is there, whatever it is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from model_copy.arns import Arn
from model_copy.policies import ACTION, Policy, Statement, as_list
from model_copy.statements import Roles
from model_copy.text import excerpt, printable

OURS, OTHERS = "this stack", "others"
EVERYBODY = "*"  # as the account of a principal
UNREADABLE = "The document is not a JSON object with statements."
NOT_A_STATEMENT = "The statement is not an object."
LONGEST_PART = 2_048
# The columns for spreadsheets and the fields for programs.
COLUMNS = (
    "Account",
    "Project",
    "Policy",
    "Statement",
    "Effect",
    "Principal",
    "PrincipalAccount",
    "Versions",
    "Condition",
    "Owner",
    "PolicyCreated",
    "PolicyUpdated",
    "AgeHours",
    "Findings",
    "Note",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one statement says about one principal.

    Parameters
    ----------
    statement: its number in the document, from 1; 0 for a document without statements.
    account: the principal's; EVERYBODY, or None if the principal does not show it.
    versions: the resources as they are written: ARNs of versions, or patterns.
    allows: whether the statement may allow a copy; a condition may prevent it.
    """

    project: Arn
    policy: str
    statement: int
    created: datetime | None
    updated: datetime
    effect: str | None = None
    principal: str | None = None
    account: str | None = None
    versions: tuple[str, ...] = ()
    condition: bool = False
    allows: bool = False
    owner: str = OTHERS
    note: str | None = None

    def as_fields(self, now: datetime, findings: Iterable[str]) -> dict[str, Any]:
        """Return the row for programs and spreadsheets.

        The age is that of the last change of the policy: AWS reports no other, and the grant is at least as old.
        """
        created = self.created.isoformat(timespec="seconds") if self.created else None
        updated, age = (
            self.updated.isoformat(timespec="seconds"),
            round((now - self.updated).total_seconds() / 3_600, 1),
        )
        values = (
            *(self.project.account, self.project.text, self.policy, self.statement, self.effect, self.principal),
            *(self.account, list(self.versions), self.condition, self.owner, created, updated, age),
            *(sorted(findings), self.note),
        )
        return dict(zip(COLUMNS, values, strict=True))


def rows(project: Arn, policy: Policy, roles: Roles | None) -> Iterator[Row]:
    """Yield the rows of a policy; ``roles`` are those that copy for the stack, if the policy has a name of the stack's.

    Nothing in a document raises an error.
    """
    place = (project, printable(policy.name, LONGEST_PART))
    times = (policy.created, policy.updated)
    found = _statements(policy.document)
    if not found:
        yield Row(*place, 0, *times, note=UNREADABLE)
    for number, one in enumerate(found, start=1):
        if not isinstance(one, dict):
            yield Row(*place, number, *times, note=NOT_A_STATEMENT)
            continue
        ours = roles is not None and roles.wrote(one)
        effect = one.get("Effect")
        allows = isinstance(effect, str) and effect.lower() == "allow" and _may_copy(one)
        for principal in _principals(one):
            yield Row(
                *(*place, number, *times),
                effect=_shown(effect),
                principal=principal,
                account=_account(principal),
                versions=tuple(_named(one, "Resource", "everything but ")),
                condition=bool(one.get("Condition")),
                allows=allows,
                owner=OURS if ours else OTHERS,
            )


def _statements(document: str) -> list[Any]:
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        return []
    return as_list(content.get("Statement")) if isinstance(content, dict) else []


def _may_copy(statement: Statement) -> bool:
    if "NotAction" in statement:
        return not _covers(statement["NotAction"])
    return _covers(statement.get("Action"))


def _covers(actions: object) -> bool:
    """Return whether one of the actions is CopyProjectVersion, or a pattern of it."""
    patterns = (one.lower().replace("[", "[[]") for one in as_list(actions) if isinstance(one, str))
    return any(fnmatchcase(ACTION.lower(), pattern) for pattern in patterns)


def _principals(statement: Statement) -> list[str]:
    """Return the principals, each once; a kind other than AWS comes before its name, as in ``Service: ...``."""
    if "NotPrincipal" in statement:
        return [f"everybody but {', '.join(_names(statement['NotPrincipal']))}"[:LONGEST_PART]]
    return list(dict.fromkeys(_names(statement.get("Principal")))) or ["nobody"]


def _names(principal: object) -> Iterator[str]:
    for one in as_list(principal):
        if isinstance(one, dict):
            for kind, named in one.items():
                yield from (
                    _shown(each) if kind == "AWS" else f"{_shown(kind)}: {_shown(each)}" for each in as_list(named)
                )
        else:
            yield _shown(one)


def _account(principal: str) -> str | None:
    """Return the account of a principal as it is shown; EVERYBODY for one of any account."""
    if principal.startswith("everybody but "):
        return EVERYBODY
    name = principal.rpartition(": ")[2]
    parts = name.split(":")
    account = parts[4] if len(parts) > 5 and parts[0] == "arn" else name
    if re.fullmatch(r"\d{12}", account, re.ASCII):
        return account
    return EVERYBODY if re.search(r"[*?]", account) else None


def _named(statement: Statement, part: str, opposite: str) -> list[str]:
    """Return the values of an element of the statement, each once, or of its opposite such as NotResource."""
    named = dict.fromkeys(_shown(one) for one in as_list(statement.get(part)))
    others = [f"{opposite}{_shown(one)}" for one in as_list(statement.get(f"Not{part}"))]
    return [*named, *dict.fromkeys(others)]


def _shown(value: object) -> str:
    return printable(value, LONGEST_PART) if isinstance(value, str) else excerpt(value)
