"""CreateProjectVersion: train a new version."""

from datetime import datetime
from typing import Any

from .exceptions import ResourceInUseException
from .project import Project
from .project_version import ProjectVersion
from .settings import settings


def start(
    project: Project,
    name: str,
    output_config: dict[str, str],
    now: datetime,
    *,
    kms_key_id: str | None = None,
    tags: dict[str, str] | None = None,
    f1_score: float = 0.9,
    created: datetime | None = None,
    **described: Any,
) -> ProjectVersion:
    """Add a version that trains from `now` on; `created` (naive UTC) sets the number in its ARN.

    `described` are parameters that its description repeats: version_description, feature_config, training_data,
    testing_data.
    """
    if name in project.versions:
        raise ResourceInUseException(f"A version named {name} exists.")
    project.check_quota()
    created = created or now
    version = ProjectVersion(project.version_arn(name, created), name, created, created, output_config)
    version.feature, version.kms_key_id, version.tags = project.feature, kms_key_id, dict(tags or {})
    version.f1_score, version.details = f1_score, _details(**described)
    version.then(now, "TRAINING_IN_PROGRESS", settings.training_seconds, "TRAINING_COMPLETED")
    project.versions[name] = version
    return version


def _details(
    version_description: str | None = None,
    feature_config: dict[str, Any] | None = None,
    training_data: dict[str, Any] | None = None,
    testing_data: dict[str, Any] | None = None,
) -> dict[str, Any]:
    described = {
        "VersionDescription": version_description,
        "FeatureConfig": feature_config,
        "TrainingDataResult": training_data and {"Input": training_data},
        "TestingDataResult": testing_data and {"Input": testing_data},
    }
    return {name: value for name, value in described.items() if value}
