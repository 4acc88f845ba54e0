"""What others do while a copy is on its way, for plans to name."""

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
    """Whoever else has leave to change the two projects of a request.

    They write past the API, so that whoever watches it sees only what the workflow does.
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
        """Name what they may do."""
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
        """Put a statement into the stack's policy, or another in its place, or make a policy of that name."""
        held = self._source.policies.get(self._policy)
        statements = json.loads(held.document)["Statement"] if held else []
        kept = [one for one in statements if one["Principal"] != {"AWS": [STRANGER]}]
        self._changes += 1
        self._write(self._policy, [*kept, self._statement()])

    def put_policy(self) -> None:
        """Put one more policy on the source project, where the quota lets them."""
        if len(self._source.policies) < settings.policies_quota:
            self._write(f"others-{len(self._source.policies)}", [self._statement()])

    def delete_policy(self) -> None:
        """Delete the stack's policy."""
        if self._policy in self._source.policies:
            self._source.delete_policy(self._policy, None, self._now())

    def withdraw_grant(self) -> None:
        """Take the version out of the stack's policy, as another execution does at its end."""
        if self._policy in self._source.policies:
            withdraw(self._source, self._policy, self._version, self._now())

    def delete_version(self) -> None:
        """Delete the version that holds the name."""
        self._destination.versions.pop(self._name, None)

    def _after_the_copy(self, *statuses: str) -> None:
        """Start or stop the copied model a moment after the copy has ended."""
        held = self._destination.versions.get(self._name)
        if held:
            end = held.timeline[-1].at
            held.timeline += [Step(end + timedelta(seconds=n), status) for n, status in enumerate(statuses, start=1)]

    def _statement(self) -> dict[str, Any]:
        """Give a statement that but for its principal looks like one of the stack."""
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
    """Take a version out of a policy, but for the stranger's statements; delete the policy when nothing is left."""
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
    """Put a policy, over whatever revision there is."""
    held = project.policies.get(policy)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    project.put_policy(policy, document, held.revision_id if held else None, now)
