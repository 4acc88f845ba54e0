"""An audit of grants: reads the project policies of all accounts that the stack can see, and judges each grant.

It reads a policy first, then who needs its grants, then the policy again, then who needs them by then. So it reports
no grant of an execution that starts or ends meanwhile.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from model_copy import audit_findings, audit_rows, placement, runtime
from model_copy.arns import Arn
from model_copy.audit_findings import GONE, LEFT_BEHIND, Finding, NotSeen
from model_copy.audit_needs import LONGEST, Executions, OutOfTimeError, patiently
from model_copy.audit_rows import OTHERS, Row
from model_copy.aws import inventory, rekognition
from model_copy.aws.errors import UNTRANSLATED, reason
from model_copy.errors import AccessDeniedError, ModelCopyError, TransientError
from model_copy.policies import Grant

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

ACTIONS = ("rekognition:DescribeProjects", "rekognition:DescribeProjectVersions", "rekognition:ListProjectPolicies")
# How much of an invocation is left for what follows: for judging the grants, and for the report.
TO_JUDGE, TO_REPORT = timedelta(minutes=5), timedelta(minutes=2)
# ListExecutions may not show an execution that has just started and added its grant to a policy.
SETTLED = timedelta(minutes=2)
NO_TIME = "The invocation had no time left. Audit fewer accounts at a time, with Accounts in the event"
_ERRORS = (ModelCopyError, *UNTRANSLATED)

# Returns a client for an account that is limited to the actions.
ClientFor = Callable[..., "RekognitionClient"]


@dataclass(slots=True)
class Audit:
    """What an audit has found so far.

    ``unread``: not all was read that the stack should see. ``not_judged``: why the need for some grants is unknown.
    """

    began: datetime
    accounts: int = 0
    projects: int = 0
    policies: int = 0
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_seen: list[NotSeen] = field(default_factory=list)
    unread: bool = False
    not_judged: str | None = None

    @property
    def is_complete(self) -> bool:
        """Return whether everything that the stack can see was read and judged."""
        return not self.unread and self.not_judged is None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one account after the other into an audit."""

    audit: Audit
    client_for: ClientFor
    until: datetime
    allowed: Collection[str]

    def read_all(self, places: Sequence[Arn]) -> None:
        """Read all accounts, starting with any of them, so that each has its turn if time is always too short.

        Raises TransientError if AWS could not be reached for any account.
        """
        first = int(len(places) * runtime.chance())
        failures: list[Exception] = []
        for place in (*places[first:], *places[:first]):
            try:
                self._check_time()
                self._read_account(place)
                self.audit.accounts += 1
            except OutOfTimeError:
                self._miss(place.account, None, NO_TIME)
            except _ERRORS as error:
                failures.append(error)
                has_no_role = isinstance(error, AccessDeniedError)  # as an account without models
                self._miss(place.account, None, reason(error), unread=not has_no_role)
        self.audit.unread |= not self.audit.accounts
        if failures and not self.audit.accounts and isinstance(failures[0], TransientError):
            raise failures[0]

    def _read_account(self, place: Arn) -> None:
        for project in patiently(lambda: inventory.list_projects(self._client(place), place), self.until):
            self._read_project(project)

    def _read_project(self, project: Arn) -> None:
        try:
            self._check_time()
            policies = patiently(lambda: rekognition.list_policies(self._client(project), project), self.until)
            found = []
            for policy in policies:
                roles = placement.roles() if placement.own([policy]) else None
                found += list(audit_rows.rows(project, policy, roles))
            self.audit.projects += 1
            self.audit.policies += len(policies)
            self.audit.rows += found
            own_account = runtime.setting("STACK_ACCOUNT")
            for row in found:
                self.audit.findings += audit_findings.of_principal(row, self.allowed, own_account)
            self._find_gone(project, found)
        except rekognition.ProjectNotFoundError:
            return  # somebody has deleted the project since it was listed
        except OutOfTimeError:
            self._miss(project.account, project.text, NO_TIME)
        except _ERRORS as error:
            self._miss(project.account, project.text, reason(error))

    def _find_gone(self, project: Arn, rows: Iterable[Row]) -> None:
        """Add the findings about versions that are gone; a version that is not listed is looked for by its name."""
        named = {version for row in rows for version in audit_findings.named_versions(row)}
        if not named:
            return
        client = self._client(project)
        existing = patiently(lambda: inventory.list_versions(client, project), self.until)
        gone = set()
        for version in named:
            if version.text not in existing:
                found = patiently(partial(rekognition.describe_version, client, project, version.version), self.until)
                if found is None or found.arn != version.text:
                    gone.add(version.text)
        for row in rows:
            if missing := tuple(one.text for one in audit_findings.named_versions(row) if one.text in gone):
                self.audit.findings.append(Finding(GONE, row, missing))

    def _client(self, place: Arn) -> "RekognitionClient":
        return self.client_for(place, *ACTIONS)

    def _check_time(self) -> None:
        if runtime.now() >= self.until:
            raise OutOfTimeError

    def _miss(self, account: str, project: str | None, why: str, unread: bool = True) -> None:
        self.audit.unread |= unread
        self.audit.not_seen.append(NotSeen(account, project, f"{why}."))


def judge(audit: Audit, client_for: ClientFor, executions: Executions) -> None:
    """Add the findings about grants of the stack that no execution needs.

    Nothing is reported that is not certain: if AWS cannot be read or the time is over, ``not_judged`` says so. A grant
    that is needed is withdrawn soon, so it is no finding that its version is gone.
    """
    ours = [(row, grant) for row in audit.rows if (grant := audit_findings.grant_of(row))]
    try:
        left = _left_behind(audit, ours, client_for, executions)
    except OutOfTimeError:
        audit.not_judged = f"{NO_TIME}."
    except _ERRORS as error:
        audit.not_judged = f"{reason(error)}."
    else:
        found = [one for one in audit.findings if one.kind != GONE or one.row.owner == OTHERS or one.row in left]
        audit.findings = [*found, *(Finding(LEFT_BEHIND, row, row.versions) for row in left)]


def _left_behind(
    audit: Audit, ours: Sequence[tuple[Row, Grant]], client_for: ClientFor, executions: Executions
) -> list[Row]:
    suspects = executions.unneeded({grant for _, grant in ours}, audit.began - LONGEST) if ours else set()
    if not suspects:
        return []
    ours = _still_there([(row, grant) for row, grant in ours if grant in suspects], client_for, executions)
    left = executions.unneeded({grant for _, grant in ours}, audit.began)
    return [row for row, grant in ours if grant in left]


def _still_there(
    suspects: Sequence[tuple[Row, Grant]], client_for: ClientFor, executions: Executions
) -> list[tuple[Row, Grant]]:
    """Read the policies again and return the suspects that they still have, except in policies that just changed."""
    now_there, until = set(), executions.until
    for project in {row.project for row, _ in suspects}:
        if runtime.now() > until:
            raise OutOfTimeError
        try:
            policies = patiently(partial(rekognition.list_policies, client_for(project, *ACTIONS), project), until)
        except rekognition.ProjectNotFoundError:
            continue
        for policy in placement.own(policies):
            found = audit_rows.rows(project, policy, placement.roles())
            if policy.updated <= executions.began - SETTLED:
                now_there |= {(row.project, row.policy, audit_findings.grant_of(row)) for row in found}
    return [(row, grant) for row, grant in suspects if (row.project, row.policy, grant) in now_there]
