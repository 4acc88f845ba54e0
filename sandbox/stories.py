"""Stories: an event in events/, and the world of the same name that it starts from."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import signature
from typing import Any

import yaml
from moto.s3.models import FakeBucket, s3_backends
from moto.sagemaker.models import sagemaker_backends

from sandbox import happenings
from sandbox.aws.rekognition.models import RekognitionBackend, rekognition_backends
from sandbox.aws.rekognition.project_version import Step
from sandbox.deployment import PROMOTIONS_BUCKET, ROOT
from sandbox.usage import UsageError

EVENTS, WORLDS = ROOT / "events", ROOT / "sandbox" / "worlds"


class StoryError(UsageError):
    """There is no such story; the message says why and what to do."""


def read_event(story: str) -> Any:
    """Return the event of a story."""
    return json.loads((EVENTS / f"{story}.json").read_text())


def stories() -> list[str]:
    """Return the names of all stories."""
    return sorted(path.stem for path in EVENTS.glob("*.json"))


def headline(story: str) -> str:
    """Return what is special about a story: the first line of its world."""
    return (WORLDS / f"{story}.yaml").read_text().splitlines()[0].removeprefix("# ")


def read_world(story: str) -> dict[str, Any]:
    """Return the world of a story."""
    world: dict[str, Any] = yaml.safe_load((WORLDS / f"{story}.yaml").read_text())
    return world


def seed(
    world: dict[str, Any], now: Callable[[], datetime], after: Callable[[float, Callable[[], None]], None]
) -> None:
    """Create a world, and schedule its later changes."""
    for project in world.get("projects", ()):
        seed_project(project, now())
    for package in world.get("packages", ()):
        seed_package(package)
    for one in world.get("objects", ()):
        content = one["content"] if isinstance(one["content"], str) else json.dumps(one["content"])
        promotions_bucket()[0].put_object(PROMOTIONS_BUCKET, one["key"], content.encode())
    for event in world.get("later", ()):
        after(event["after"], partial(_withdraw, event["withdraw"], now))


def seed_package(package: dict[str, Any]) -> None:
    """Create a model package, the first of its group."""
    _, _, _, region, account, resource = package["arn"].split(":", 5)
    backend: Any = sagemaker_backends[account][region]
    group = resource.split("/")[1]
    backend.create_model_package_group(group, "")
    names = signature(backend.create_model_package).parameters
    backend.create_model_package(
        **dict.fromkeys(names)
        | {
            "model_package_group_name": group,
            "model_approval_status": package["status"],
            "customer_metadata_properties": package["properties"],
        }
    )


def promotions_bucket() -> tuple[Any, FakeBucket]:
    """Return the backend that has the stack's bucket, and the bucket."""
    backends: list[Any] = [backend for account in s3_backends.values() for backend in account.values()]
    (found,) = (backend for backend in backends if PROMOTIONS_BUCKET in backend.buckets)
    return found, found.buckets[PROMOTIONS_BUCKET]


def backend_of(arn: str) -> RekognitionBackend:
    """Return the backend of the account and Region of an ARN."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return rekognition_backends[account][region]


def project_arn(version_arn: str) -> str:
    """Return the ARN of a version's project."""
    name = version_arn.split("/")[1]
    return next(arn for arn, project in backend_of(version_arn).projects.items() if project.name == name)


def seed_project(project: dict[str, Any], now: datetime) -> None:
    """Create a project with its versions and policies."""
    backend = backend_of(project["arn"])
    backend.create_project(project["arn"].split("/")[1], created=_created(project["arn"]))
    for version in project.get("versions", ()):
        _seed_version(backend, project["arn"], version, now)
    for policy in project.get("policies", ()):
        backend.put_project_policy(project["arn"], policy["name"], json.dumps(policy["document"]))


def _seed_version(backend: RekognitionBackend, project: str, version: dict[str, Any], now: datetime) -> None:
    output = version.get("output", {"S3Bucket": "training", "S3KeyPrefix": "output"})
    name = version["arn"].split("/")[3]
    seeded = backend.create_project_version(project, name, output, created=_created(version["arn"]))
    seeded.f1_score = version.get("f1_score", seeded.f1_score)
    seeded.source_arn, seeded.copies = version.get("source"), version.get("copies", {})
    if "ends_after" in version:
        ends = now + timedelta(seconds=version["ends_after"])
        seeded.timeline += [Step(now, version["status"]), Step(ends, "COPYING_COMPLETED")]
    else:
        seeded.forced_status, seeded.forced_message = version.get("status"), version.get("message")


def _created(arn: str) -> datetime:
    return datetime.fromtimestamp(int(arn.rpartition("/")[2]) / 1000, UTC).replace(tzinfo=None)


def _withdraw(version_arn: str, now: Callable[[], datetime]) -> None:
    """Remove all grants of a version from the policies of its project, as other executions do at their ends."""
    project = backend_of(version_arn).projects[project_arn(version_arn)]
    for name, policy in list(project.policies.items()):
        granted = [one for one in happenings.statements(policy) if one["Resource"] == [version_arn]]
        for role in [role for one in granted for role in happenings.roles_of(one)]:
            happenings.withdraw(project, name, version_arn, role, now())
