"""Projects, with their versions and policies by name."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

from . import policy as policy_rules
from .exceptions import InvalidPolicyRevisionIdException, ResourceInUseException, ResourceNotFoundException, error
from .project_version import GONE, ProjectVersion, shown_feature
from .settings import settings
from .utils import Key, milliseconds


@dataclass
class ProjectPolicy:
    """A policy as ListProjectPolicies returns it; the project records when it takes effect."""

    project_arn: str
    name: str
    document: str
    revision_id: str
    created: datetime
    updated: datetime
    role_ids: dict[str, str]

    @property
    def sort_key(self) -> Key:
        """Oldest first."""
        return milliseconds(self.created), self.name

    def describe(self) -> dict[str, Any]:
        """Return the ProjectPolicy of the API."""
        return {
            "ProjectArn": self.project_arn,
            "PolicyName": self.name,
            "PolicyRevisionId": self.revision_id,
            "PolicyDocument": policy_rules.as_listed(self.document, self.role_ids),
            "CreationTimestamp": unix_time(self.created),
            "LastUpdatedTimestamp": unix_time(self.updated),
        }


@dataclass(frozen=True)
class PolicyChange:
    """The document that is in force from `effective` on; None if the policy was deleted."""

    effective: datetime
    name: str
    document: str | None
    role_ids: dict[str, str]


@dataclass
class Project:
    """A project with its versions and policies by name."""

    arn: str
    name: str
    created: datetime
    feature: str = "CUSTOM_LABELS"
    auto_update: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, ProjectVersion] = field(default_factory=dict)
    policies: dict[str, ProjectPolicy] = field(default_factory=dict)
    policy_changes: list[PolicyChange] = field(default_factory=list)
    gone_from: datetime | None = None  # when its deletion ends

    @property
    def sort_key(self) -> Key:
        """Newest first."""
        return -milliseconds(self.created), self.name

    def describe(self) -> dict[str, Any]:
        """Return the ProjectDescription of the API."""
        described = {
            "ProjectArn": self.arn,
            "CreationTimestamp": unix_time(self.created),
            "Status": "DELETING" if self.gone_from else "CREATED",
            "Datasets": [],
            "Feature": shown_feature(self.feature),
            "AutoUpdate": self.auto_update,
        }
        return {name: value for name, value in described.items() if value is not None}

    def matches(self, names: list[str] | None, features: list[str] | None) -> bool:
        """Return whether DescribeProjects returns it for these names and features; None means any."""
        return (not names or self.name in names) and (not features or self.feature in features)

    def forget_deleted(self, now: datetime) -> None:
        """Drop the versions whose deletion has ended."""
        self.versions = {name: it for name, it in self.versions.items() if it.status(now) != GONE}

    def is_gone(self, now: datetime) -> bool:
        """Return whether its deletion has ended."""
        return self.gone_from is not None and self.gone_from <= now

    def check_kept(self) -> None:
        """Refuse to change a project that is being deleted."""
        if self.gone_from:
            raise ResourceInUseException(f"The project {self.arn} is being deleted.")

    def delete(self, now: datetime) -> str:
        """Delete the project with its policies; it must have no versions."""
        self.check_kept()
        if self.versions:
            raise ResourceInUseException(f"The project has {len(self.versions)} model versions. Delete these first.")
        for name in list(self.policies):
            self.delete_policy(name, None, now)
        self.gone_from = now + timedelta(seconds=settings.delete_seconds)
        return "DELETING"

    def version(self, arn: str) -> ProjectVersion | None:
        """Return the version with this ARN; None if there is none."""
        return next((version for version in self.versions.values() if version.arn == arn), None)

    def visible_versions(self, names: list[str] | None, now: datetime) -> list[ProjectVersion]:
        """Return the versions that DescribeProjectVersions returns for these names; None means any."""
        visible = [it for it in self.versions.values() if it.visible_from <= now and it.name in (names or [it.name])]
        missing = set(names or []) - {version.name for version in visible}
        if missing and settings.unknown_version_error:
            raise error(settings.unknown_version_error, f"There is no version named {', '.join(sorted(missing))}.")
        return visible

    def version_arn(self, name: str, created: datetime) -> str:
        """Return the ARN of a version with this name."""
        return f"{self.arn.rpartition('/')[0]}/version/{name}/{milliseconds(created)}"

    def check_quota(self) -> None:
        """Refuse one more version, trained or copied."""
        self.check_kept()
        if len(self.versions) >= settings.versions_quota:
            raise error(settings.versions_quota_error, f"The project has {len(self.versions)} versions, its limit.")

    def documents_in_force(self, now: datetime) -> list[str]:
        """Return the policy documents in force now."""
        latest = {change.name: change for change in self.policy_changes if change.effective <= now}
        in_force = [(one.document, one.role_ids) for one in latest.values()]
        return [policy_rules.as_listed(document, ids) for document, ids in in_force if document is not None]

    def put_policy(self, name: str, document: str, revision_id: str | None, now: datetime) -> ProjectPolicy:
        """Create a policy, or replace the named revision; every put makes a new revision."""
        self.check_kept()
        old = self.policies.get(name)
        policy_rules.check(document, self.arn)
        self._check_put(old, revision_id)
        created = old.created if old else now
        ids = policy_rules.role_ids(document)
        policy = ProjectPolicy(self.arn, name, document, mock_random.get_random_hex(32), created, now, ids)
        self.policies[name] = policy
        self._note(name, document, now, ids)
        return policy

    def delete_policy(self, name: str, revision_id: str | None, now: datetime) -> None:
        """Delete a policy; a revision is compared only if one is named."""
        if name not in self.policies:
            raise ResourceNotFoundException(f"The project has no policy named {name}.")
        self._check_revision(self.policies[name], revision_id)
        del self.policies[name]
        self._note(name, None, now, {})

    def _check_put(self, old: ProjectPolicy | None, revision_id: str | None) -> None:
        if old is None and revision_id is not None:
            raise InvalidPolicyRevisionIdException("There is no policy that could have this revision.")
        if old is not None and revision_id is None and settings.existing_policy_error:
            raise error(settings.existing_policy_error, f"A policy named {old.name} exists. Name its revision.")
        if old is not None:
            self._check_revision(old, revision_id)
        elif len(self.policies) >= settings.policies_quota:
            raise error(settings.policy_quota_error, f"The project has {len(self.policies)} policies, its limit.")

    def _check_revision(self, policy: ProjectPolicy, revision_id: str | None) -> None:
        if revision_id is not None and revision_id.lower() != policy.revision_id:
            raise InvalidPolicyRevisionIdException(f"This is not the current revision of the policy {policy.name}.")

    def _note(self, name: str, document: str | None, now: datetime, role_ids: dict[str, str]) -> None:
        effective = now + timedelta(seconds=settings.propagation_seconds)
        self.policy_changes.append(PolicyChange(effective, name, document, role_ids))
