"""Changes that other people make while a copy runs; a plan of faults can name them."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sandbox.aws.rekognition.project import Project, ProjectPolicy
from sandbox.aws.rekognition.project_version import Step
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_NAME

STRANGER = "333333333333"

Happening = Callable[[], None]


class Others:
    """Other writers with permission to change the two projects of a request.

    Their changes bypass the API, so a test that records API calls sees only those of the workflow.
    """

    def __init__(
        self, source: Project, destination: Project, request: dict[str, Any], role: str, now: Callable[[], datetime]
    ) -> None:
        self._source, self._destination = source, destination
        self._version, self._name = request["SourceProjectVersionArn"], request["VersionName"]
        self._role = role
        self._now = now
        self._changes = 0

    def happenings(self) -> dict[str, Happening]:
        """Return the changes by their names in plans."""
        return {name: partial(happen, self) for name, happen in HAPPENINGS.items()}

    def change_policy(self) -> None:
        """Add or change another writer's statement in the stack's policy, or create the policy."""
        current = self._source.policies.get(self._policy)
        kept = [one for one in statements(current) if one["Principal"] != {"AWS": [STRANGER]}] if current else []
        self._changes += 1
        self._write(self._policy, [*kept, self._statement()])

    def put_policy(self) -> None:
        """Add a policy to the source project, if the quota allows it."""
        if len(self._source.policies) < settings.policies_quota:
            self._write(f"others-{len(self._source.policies)}", [self._statement()])

    def delete_policy(self) -> None:
        """Delete the stack's policy."""
        if self._policy in self._source.policies:
            self._source.delete_policy(self._policy, None, self._now())

    def withdraw_grant(self) -> None:
        """Remove the grant from the stack's policy, as another execution of the same copy does at its end."""
        if self._policy in self._source.policies:
            withdraw(self._source, self._policy, self._version, self._role, self._now())

    def delete_version(self) -> None:
        """Delete the version that has the requested name."""
        self._destination.versions.pop(self._name, None)

    @property
    def _policy(self) -> str:
        """The stack's policy that has the grant; its first one if none has it."""
        granting = (
            name
            for name, policy in self._source.policies.items()
            if name.startswith(f"{STACK_NAME}-")
            and any(self._role in roles_of(one) and one["Resource"] == [self._version] for one in statements(policy))
        )
        return next(granting, f"{STACK_NAME}-1")

    def start_version(self) -> None:
        """Start the copied model."""
        self._after_the_copy("STARTING", "RUNNING")

    def stop_version(self) -> None:
        """Stop the copied model."""
        self._after_the_copy("STOPPING", "STOPPED")

    def _after_the_copy(self, *statuses: str) -> None:
        """Start or stop the copied model just after the copy has ended."""
        copy = self._destination.versions.get(self._name)
        if copy:
            end = copy.timeline[-1].at
            copy.timeline += [Step(end + timedelta(seconds=n), status) for n, status in enumerate(statuses, start=1)]

    def _statement(self) -> dict[str, Any]:
        """Return a statement that differs from the stack's only in its principal."""
        all_versions = f"{self._version.rpartition('/version/')[0]}/version/*"
        return {
            "Effect": "Allow",
            "Principal": {"AWS": [STRANGER]},
            "Action": ["rekognition:CopyProjectVersion"],
            "Resource": [self._version, all_versions][self._changes % 2 :],
        }

    def _write(self, name: str, its_statements: list[dict[str, Any]]) -> None:
        write(self._source, name, its_statements, self._now())


HAPPENINGS: dict[str, Callable[[Others], None]] = {
    "others_change_policy": Others.change_policy,
    "others_put_policy": Others.put_policy,
    "others_delete_policy": Others.delete_policy,
    "grant_withdrawn": Others.withdraw_grant,
    "version_started": Others.start_version,
    "version_stopped": Others.stop_version,
    "version_deleted": Others.delete_version,
}


def statements(policy: ProjectPolicy) -> list[dict[str, Any]]:
    """Return the statements of a policy."""
    found: list[dict[str, Any]] = json.loads(policy.document)["Statement"]
    return found


def roles_of(statement: dict[str, Any]) -> list[str]:
    """Return the roles that a statement of the stack is for; none for a statement in another form."""
    principal = statement["Principal"]
    named = principal["AWS"] if isinstance(principal, dict) else None
    return named if isinstance(named, list) else []


def withdraw(project: Project, policy: str, version_arn: str, role: str, now: datetime) -> None:
    """Remove a grant from a policy of the stack; delete the policy once it is empty."""
    left = []
    for one in statements(project.policies[policy]):
        if role in roles_of(one) and one["Resource"] == [version_arn]:
            one["Principal"]["AWS"].remove(role)
        if one["Principal"] != {"AWS": []}:
            left.append(one)
    if left:
        write(project, policy, left, now)
    else:
        project.delete_policy(policy, None, now)


def write(project: Project, policy: str, its_statements: list[dict[str, Any]], now: datetime) -> None:
    """Put a policy, whatever its current revision."""
    current = project.policies.get(policy)
    document = json.dumps({"Version": "2012-10-17", "Statement": its_statements}, separators=(",", ":"))
    project.put_policy(policy, document, current.revision_id if current else None, now)
