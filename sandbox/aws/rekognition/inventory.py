"""The projects of one account in one Region, and lookups by ARN."""

from datetime import datetime

from moto.core.base_backend import BaseBackend

from .exceptions import ResourceNotFoundException
from .project import Project
from .project_version import ProjectVersion


class Inventory(BaseBackend):
    """The projects by ARN. A lookup does not find projects and versions whose deletion has ended by `now`."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.projects: dict[str, Project] = {}

    def forget_deleted(self, now: datetime) -> None:
        """Drop the projects whose deletion has ended."""
        for arn in [arn for arn, project in self.projects.items() if project.is_gone(now)]:
            del self.projects[arn]

    def project(self, arn: str, now: datetime) -> Project:
        """Return the project with this ARN."""
        self.forget_deleted(now)
        if arn not in self.projects:
            raise ResourceNotFoundException(f"There is no project {arn}.")
        self.projects[arn].forget_deleted(now)
        return self.projects[arn]

    def versions(self, now: datetime) -> list[ProjectVersion]:
        """Return all versions of all projects."""
        self.forget_deleted(now)
        return [version for arn in self.projects for version in self.project(arn, now).versions.values()]

    def version(self, arn: str, now: datetime) -> ProjectVersion:
        """Return the version with this ARN."""
        found = next((version for version in self.versions(now) if version.arn == arn), None)
        if found is None:
            raise ResourceNotFoundException(f"There is no project version {arn}.")
        return found

    def resource(self, arn: str, now: datetime) -> Project | ProjectVersion:
        """Return the project or the version with this ARN."""
        return self.project(arn, now) if arn in self.projects else self.version(arn, now)
