"""Changes that other people make while a copy runs; a plan of faults can name them."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.aws.rekognition.project import Project
from sandbox.aws.rekognition.project_version import Step
from sandbox.aws.rekognition.settings import settings
from sandbox.faults import Happening

STRANGER = "333333333333"


class Others:
    """Other writers with permission to change the two projects of a request.

    Their changes bypass the API, so a test that records API calls sees only those of the workflow.
    """

    def __init__(
        self, source: Project, destination: Project, request: dict[str, Any], policy: str, now: Callable[[], datetime]
    ) -> None:
        self._source, self._destination = source, destination
        self._version, self._name = request["SourceProjectVersionArn"], request["VersionName"]
        self._policy = policy
        self._now = now
        self._changes = 0

    def happenings(self) -> dict[str, Happening]:
        """Return the changes by their names in plans."""
        return {
            "others_change_policy": self.change_policy,
            "others_put_policy": self.put_policy,
            "others_delete_policy": self.delete_policy,
            "grant_withdrawn": self.withdraw_grant,
            "version_started": lambda: self._after_the_copy("STARTING", "RUNNING"),
            "version_stopped": lambda: self._after_the_copy("STOPPING", "STOPPED"),
            "version_deleted": self.delete_version,
        }

    def change_policy(self) -> None:
        """Add or change another writer's statement in the stack's policy, or create the policy."""
        current = self._source.policies.get(self._policy)
        statements = json.loads(current.document)["Statement"] if current else []
        kept = [one for one in statements if one["Principal"] != {"AWS": [STRANGER]}]
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
        """Remove the version from the stack's policy, as another execution does at its end."""
        if self._policy in self._source.policies:
            withdraw(self._source, self._policy, self._version, self._now())

    def delete_version(self) -> None:
        """Delete the version that has the requested name."""
        self._destination.versions.pop(self._name, None)

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

    def _write(self, name: str, statements: list[dict[str, Any]]) -> None:
        write(self._source, name, statements, self._now())


def withdraw(project: Project, policy: str, version_arn: str, now: datetime) -> None:
    """Remove a version from a policy, except from the stranger's statements; delete the policy once it is empty."""
    statements = json.loads(project.policies[policy].document)["Statement"]
    for statement in statements:
        if statement["Principal"] != {"AWS": [STRANGER]}:
            statement["Resource"] = [arn for arn in statement["Resource"] if arn != version_arn]
    left = [statement for statement in statements if statement["Resource"]]
    if left:
        write(project, policy, left, now)
    else:
        project.delete_policy(policy, None, now)


def write(project: Project, policy: str, statements: list[dict[str, Any]], now: datetime) -> None:
    """Put a policy, whatever its current revision."""
    current = project.policies.get(policy)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    project.put_policy(policy, document, current.revision_id if current else None, now)
