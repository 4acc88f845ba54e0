"""The findings of an audit: grants that a person should look at, and what could not be read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from model_copy.arns import Arn
from model_copy.audit_rows import EVERYBODY, OURS, Row
from model_copy.policies import Grant

LEFT_BEHIND, OPEN, OUTSIDE, GONE = "GrantLeftBehind", "OpenToEverybody", "OutsideAccount", "VersionGone"
KINDS = (OPEN, OUTSIDE, LEFT_BEHIND, GONE)  # the most urgent first

_WHAT = {
    OPEN: (
        "Any AWS account may copy these versions{condition}. "
        "Ask the owner of the policy to name the roles that need them."
    ),
    OUTSIDE: (
        "Account {account} may copy these versions{condition} and is not one of the stack's AllowedAccounts. "
        "Ask the owner of the policy to remove the principal, or add the account to AllowedAccounts."
    ),
    LEFT_BEHIND: (
        "No running execution needs this grant of the stack. "
        "Start the same request again, which removes the grant when it ends, or remove the principal by hand."
    ),
    GONE: "The project has no such version. Remove the statement, or ask the owner of the policy to remove it.",
}
_CONDITION = " under a condition"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row."""

    kind: str
    row: Row
    versions: tuple[str, ...]

    def as_fields(self) -> dict[str, Any]:
        """Return the finding for programs."""
        condition = _CONDITION if self.row.condition else ""
        return {
            "Kind": self.kind,
            "Account": self.row.project.account,
            "Project": self.row.project.text,
            "Policy": self.row.policy,
            "Principal": self.row.principal,
            "Versions": list(self.versions),
            "Owner": self.row.owner,
            "PolicyUpdated": self.row.updated.isoformat(timespec="seconds"),
            "What": _WHAT[self.kind].format(condition=condition, account=self.row.account),
        }


@dataclass(frozen=True, slots=True)
class NotSeen:
    """An account or a project that could not be read, and the reason."""

    account: str
    project: str | None
    why: str

    def as_fields(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"Account": self.account, "Project": self.project, "Why": self.why}


def of_principal(row: Row, allowed: Collection[str], stack_account: str) -> Iterator[Finding]:
    """Yield the findings about the principal of a row; without ``allowed`` accounts, every account is allowed.

    Only allowed accounts are read, so the account of the project is one of them.
    """
    if not row.allows:
        return
    if row.account == EVERYBODY:
        yield Finding(OPEN, row, row.versions)
    elif row.account and allowed and row.account not in (*allowed, stack_account):
        yield Finding(OUTSIDE, row, row.versions)


def named_versions(row: Row) -> Iterator[Arn]:
    """Yield the versions of the project that a row may allow to copy, but for those that only a pattern names."""
    for text in row.versions if row.allows else ():
        version = Arn.parse_version(text)
        if version and (version.account, version.project) == (row.project.account, row.project.project):
            yield version


def grant_of(row: Row) -> Grant | None:
    """Return the stack's grant that a row is; None if it is somebody else's."""
    return Grant(str(row.principal), row.versions[0]) if row.owner == OURS and row.versions else None


def in_order(findings: Collection[Finding]) -> list[Finding]:
    """Return the findings, the most urgent first."""
    return sorted(
        findings,
        key=lambda one: (
            KINDS.index(one.kind),
            one.row.project.text,
            one.row.policy,
            one.row.statement,
            str(one.row.principal),
        ),
    )
