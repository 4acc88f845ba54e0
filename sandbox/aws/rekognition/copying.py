"""CopyProjectVersion: the checks, in order, and the copy itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import policy
from .exceptions import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
    error,
)
from .identity import Caller
from .project import Project
from .project_version import ProjectVersion
from .settings import settings
from .utils import Arn

COPYABLE = ("TRAINING_COMPLETED", "COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED")
UNFINISHED = ("TRAINING_IN_PROGRESS", "COPYING_IN_PROGRESS", "DELETING")


@dataclass(frozen=True)
class Copy:
    """A record of one copy."""

    arn: str
    name: str
    source_arn: str
    when: datetime
    caller: Caller


def check_regions(region: str, *project_arns: str) -> None:
    """Refuse projects in a Region other than the one that is called."""
    for arn in project_arns:
        place = Arn.parse(arn)
        if place is None or place.region != region:
            raise InvalidParameterException(f"{arn} is not in {region}: a model is copied within one Region.")


def source_version(source: Project, arn: str, destination: Project, caller: Caller, now: datetime) -> ProjectVersion:
    """Return the version to copy, if it is in the source project, the caller may copy it, and it can be copied."""
    _check_features(source, destination)
    _check_belongs(source, arn)
    _check_allowed(source, arn, caller, now)
    version = source.version(arn)
    if version is None:
        raise ResourceNotFoundException(f"There is no project version {arn}.")
    _check_copyable(version, now)
    return version


def check_room(destination: Project, name: str, neighbours: Iterable[ProjectVersion], now: datetime) -> None:
    """Refuse a name that is taken, and a copy beyond a quota; `neighbours` are all versions of the account."""
    holder = destination.versions.get(name)
    if holder and holder.keeps_name(now):
        raise error(settings.taken_name_error, f"A version named {name} exists.")
    copies = sum(version.status(now) == "COPYING_IN_PROGRESS" for version in neighbours)
    if copies >= settings.copies_quota:
        raise error(settings.slot_error, f"{copies} copies are in progress, the limit.")
    if holder is None:
        destination.check_quota()


def start(
    source: ProjectVersion,
    destination: Project,
    name: str,
    output_config: dict[str, str],
    kms_key_id: str | None,
    tags: dict[str, str] | None,
    now: datetime,
) -> ProjectVersion:
    """Add the copy to the destination project and return it."""
    arn = destination.version_arn(name, now)
    copy = ProjectVersion(arn, name, now, source.training_started, output_config)
    copy.kms_key_id, copy.tags, copy.source_arn = kms_key_id, dict(tags or {}), source.arn
    copy.inherited = (source.output_config, source.kms_key_id)
    copy.f1_score, copy.details = source.f1_score, dict(source.details)
    copy.visible_from = now + timedelta(seconds=settings.visibility_lag_seconds)
    its_settings = vars(settings) | source.copies
    failure = its_settings["copy_failure"]
    end = "COPYING_FAILED" if failure else "COPYING_COMPLETED"
    copy.then(now, "COPYING_IN_PROGRESS", its_settings["copy_seconds"], end, failure)
    destination.versions[name] = copy
    return copy


def _check_features(*projects: Project) -> None:
    for project in projects:
        if project.feature != "CUSTOM_LABELS":
            raise InvalidParameterException(f"{project.arn} is for {project.feature}: only CUSTOM_LABELS is copied.")


def _check_belongs(source: Project, version_arn: str) -> None:
    version, project = Arn.parse(version_arn), Arn.parse(source.arn)
    if version is None or project is None or version.owner != project.owner:
        raise InvalidParameterException(f"{version_arn} is not a version of {source.arn}.")


def _check_allowed(source: Project, version_arn: str, caller: Caller, now: datetime) -> None:
    """Refuse a caller without a grant. Within one account no grant is needed, but a Deny still counts."""
    place = Arn.parse(source.arn)
    own = place is not None and place.account_id == caller.account_id
    if not policy.allows(source.documents_in_force(now), caller, version_arn, by_default=own):
        raise AccessDeniedException(
            f"User: {caller.arn} is not authorized to perform: {policy.COPY_ACTION} on resource: {version_arn}"
        )


def _check_copyable(version: ProjectVersion, now: datetime) -> None:
    """Raise ResourceInUse for a version that is not ready yet, and InvalidParameter for one that never will be."""
    status = version.status(now)
    if status in UNFINISHED:
        raise ResourceInUseException(f"The source model version is {status}.")
    if status not in COPYABLE:
        raise InvalidParameterException(f"The source model version is {status} and cannot be copied.")
