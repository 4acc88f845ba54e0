"""RekognitionBackend: the Custom Labels operations of one account in one Region.

All times come from this module's `utcnow`, so a clock can replace it.
"""

from datetime import datetime
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.utils import utcnow

from . import copying, training
from .exceptions import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ThrottlingException,
)
from .identity import Caller
from .inventory import Inventory
from .project import Project, ProjectPolicy
from .project_version import ACTIVE, ProjectVersion
from .settings import settings
from .utils import Arn, TokenBuckets, add_tags, atomic, milliseconds, page


class RekognitionBackend(Inventory):
    """The Custom Labels projects of one account in one Region, and a record of each copy into them."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.copies: list[copying.Copy] = []
        self.buckets = TokenBuckets()

    @atomic
    def throttle(self, operation: str) -> None:
        """Count a request against the account's rate limit for this operation."""
        if not self.buckets.take(operation, settings.requests_per_second, utcnow()):
            raise ThrottlingException("Rate exceeded.")

    @atomic
    def create_project(
        self,
        project_name: str,
        feature: str = "CUSTOM_LABELS",
        auto_update: str | None = None,
        tags: dict[str, str] | None = None,
        created: datetime | None = None,
    ) -> Project:
        """Create a project; `created` (naive UTC) sets the number in its ARN."""
        created = created or utcnow()
        self.forget_deleted(utcnow())
        if any(project.name == project_name for project in self.projects.values()):
            raise ResourceInUseException(f"A project named {project_name} exists.")
        if len(self.projects) >= settings.projects_quota:
            raise LimitExceededException(f"The account has {len(self.projects)} projects, its limit.")
        prefix = f"arn:{self.partition}:rekognition:{self.region_name}:{self.account_id}"
        arn = f"{prefix}:project/{project_name}/{milliseconds(created)}"
        self.projects[arn] = Project(arn, project_name, created, feature, auto_update, dict(tags or {}))
        return self.projects[arn]

    @atomic
    def describe_projects(
        self,
        project_names: list[str] | None = None,
        features: list[str] | None = None,
        max_results: int = 100,
        next_token: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return one page of descriptions, newest first, and the token for the next page."""
        self.forget_deleted(utcnow())
        wanted = [project for project in self.projects.values() if project.matches(project_names, features)]
        listing = f"projects {self.account_id} {self.region_name} {project_names} {features}"
        shown, token = page(wanted, lambda project: project.sort_key, max_results, next_token, listing)
        return [project.describe() for project in shown], token

    @atomic
    def delete_project(self, project_arn: str) -> str:
        """Delete a project that has no versions."""
        now = utcnow()
        return self.project(project_arn, now).delete(now)

    @atomic
    def create_project_version(
        self, project_arn: str, version_name: str, output_config: dict[str, str], **options: Any
    ) -> ProjectVersion:
        """Create a version, which trains for `settings.training_seconds`; options as in `training.start`."""
        now = utcnow()
        return training.start(self.project(project_arn, now), version_name, output_config, now, **options)

    @atomic
    def describe_project_versions(
        self,
        project_arn: str,
        version_names: list[str] | None = None,
        max_results: int = 100,
        next_token: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return one page of descriptions, newest first, and the token for the next page."""
        now = utcnow()
        visible = self.project(project_arn, now).visible_versions(version_names, now)
        listing = f"versions {project_arn} {version_names}"
        shown, token = page(visible, lambda version: version.sort_key, max_results, next_token, listing)
        return [version.describe(now) for version in shown], token

    @atomic
    def put_project_policy(
        self, project_arn: str, policy_name: str, policy_document: str, policy_revision_id: str | None = None
    ) -> ProjectPolicy:
        """Create a policy, or replace the named revision."""
        now = utcnow()
        return self.project(project_arn, now).put_policy(policy_name, policy_document, policy_revision_id, now)

    @atomic
    def list_project_policies(
        self, project_arn: str, max_results: int = 5, next_token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return one page of policies, oldest first, and the token for the next page."""
        policies = self.project(project_arn, utcnow()).policies.values()
        listing = f"policies {project_arn}"
        shown, token = page(policies, lambda policy: policy.sort_key, max_results, next_token, listing)
        return [policy.describe() for policy in shown], token

    @atomic
    def delete_project_policy(self, project_arn: str, policy_name: str, policy_revision_id: str | None = None) -> None:
        """Delete a policy; a revision is compared only if one is named."""
        now = utcnow()
        self.project(project_arn, now).delete_policy(policy_name, policy_revision_id, now)

    @atomic
    def copy_project_version(
        self,
        source_project_arn: str,
        source_project_version_arn: str,
        destination_project_arn: str,
        version_name: str,
        output_config: dict[str, str],
        kms_key_id: str | None = None,
        tags: dict[str, str] | None = None,
        caller: Caller | None = None,
    ) -> str:
        """Start a copy into this account and return its ARN; the default caller is the root user of the account."""
        now, caller = utcnow(), caller or Caller(self.account_id, self.partition)
        copying.check_regions(self.region_name, source_project_arn, destination_project_arn)
        destination, source = self.project(destination_project_arn, now), project_anywhere(source_project_arn, now)
        version = copying.source_version(source, source_project_version_arn, destination, caller, now)
        copying.check_room(destination, version_name, self.versions(now), now)
        copy = copying.start(version, destination, version_name, output_config, kms_key_id, tags, now)
        self.copies.append(copying.Copy(copy.arn, version_name, version.arn, now, caller))
        return copy.arn

    @atomic
    def delete_project_version(self, project_version_arn: str) -> str:
        """Delete a version that is not in use."""
        now = utcnow()
        return self.version(project_version_arn, now).delete(now)

    @atomic
    def start_project_version(
        self, project_version_arn: str, min_inference_units: int, max_inference_units: int | None = None
    ) -> str:
        """Start a model that does not run."""
        now = utcnow()
        version = self.version(project_version_arn, now)
        running = sum(other.status(now) in ACTIVE for other in self.versions(now))
        return version.start(min_inference_units, max_inference_units, running, now)

    @atomic
    def stop_project_version(self, project_version_arn: str) -> str:
        """Stop a running model."""
        now = utcnow()
        return self.version(project_version_arn, now).stop(now)

    @atomic
    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        """Add tags to a project or a version; a tag that exists gets the new value."""
        add_tags(self.resource(resource_arn, utcnow()).tags, tags)

    @atomic
    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        """Remove tags; a key that does not exist is not an error."""
        existing = self.resource(resource_arn, utcnow()).tags
        for key in tag_keys:
            existing.pop(key, None)

    @atomic
    def list_tags_for_resource(self, resource_arn: str) -> dict[str, str]:
        """Return the tags of a project or a version."""
        return dict(self.resource(resource_arn, utcnow()).tags)


rekognition_backends = BackendDict(RekognitionBackend, "rekognition")


def project_anywhere(arn: str, now: datetime) -> Project:
    """Return the project with this ARN in any account."""
    place = Arn.parse(arn)
    if place is None or place.account_id not in rekognition_backends:
        raise ResourceNotFoundException(f"There is no project {arn}.")
    return rekognition_backends[place.account_id][place.region].project(arn, now)
