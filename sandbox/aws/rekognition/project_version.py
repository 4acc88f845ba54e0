"""Model versions: stored facts, of which every status is a function of the time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import unix_time

from .exceptions import LimitExceededException, ResourceInUseException
from .settings import settings
from .utils import Key, milliseconds

IDLE = ("TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED", "FAILED")
ACTIVE = ("STARTING", "RUNNING")
DELETABLE = (*IDLE, "TRAINING_FAILED", "COPYING_FAILED", "DEPRECATED", "EXPIRED")
GONE = "GONE"  # no status of Rekognition's: what comes after DELETING


def shown_feature(feature: str) -> str | None:
    """Return the Feature that a description has; None if it has none."""
    return settings.reported_feature if feature == "CUSTOM_LABELS" else feature


@dataclass(frozen=True)
class Step:
    """From `at` on, a version has this status."""

    at: datetime
    status: str
    message: str | None = None


@dataclass
class ProjectVersion:
    """A model version.

    `timeline` tells its status at any time, unless `forced_status` overrules it, with `forced_message`, until the
    version is next started, stopped or deleted.
    """

    arn: str
    name: str
    created: datetime
    training_started: datetime
    output_config: dict[str, str]
    timeline: list[Step] = field(default_factory=list)
    feature: str = "CUSTOM_LABELS"
    kms_key_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)  # other members of its description, as they are shown
    f1_score: float | None = None
    source_arn: str | None = None  # of a copy
    visible_from: datetime = datetime.min
    forced_status: str | None = None
    forced_message: str | None = None
    inference_units: dict[str, int] = field(default_factory=dict)
    inherited: tuple[dict[str, str], str | None] | None = None  # output location and key of a copy's source
    copies: dict[str, Any] = field(default_factory=dict)  # settings that hold for copies of this version alone

    def step(self, now: datetime) -> Step:
        """The last step of the timeline that has begun, or its first if a clock went back."""
        return next((step for step in reversed(self.timeline) if step.at <= now), self.timeline[0])

    def status(self, now: datetime) -> str:
        """What it really is; GONE when it has been deleted."""
        return self.forced_status or self.step(now).status

    def shown_status(self, now: datetime) -> str:
        """What DescribeProjectVersions tells."""
        status = self.status(now)
        lasting = self.source_arn and not settings.started_copy_replaces_status
        return "COPYING_COMPLETED" if lasting and status in ("STARTING", "RUNNING", "STOPPING", "STOPPED") else status

    def then(self, now: datetime, status: str, seconds: float | None, end: str, message: str | None = None) -> None:
        """Become `status` now and `end` after so many seconds (0: at once; None: never)."""
        self.forced_status = self.forced_message = None
        if seconds != 0:
            self.timeline.append(Step(now, status))
        if seconds is not None:
            self.timeline.append(Step(now + timedelta(seconds=seconds), end, message))

    def start(self, min_units: int, max_units: int | None, running: int, now: datetime) -> str:
        """Start the model, next to so many that are running."""
        self._require(IDLE, now)
        if running >= settings.running_quota:
            raise LimitExceededException(f"{running} models are running, the limit.")
        units = {"MinInferenceUnits": min_units, "MaxInferenceUnits": max_units}
        self.inference_units = {name: number for name, number in units.items() if number is not None}
        failure = "The model failed to start." if settings.start_fails else None
        self.then(now, "STARTING", settings.start_seconds, "FAILED" if failure else "RUNNING", failure)
        return "STARTING"

    def stop(self, now: datetime) -> str:
        """Stop the model."""
        self._require(("RUNNING",), now)
        self.then(now, "STOPPING", settings.stop_seconds, "STOPPED")
        return "STOPPING"

    def delete(self, now: datetime) -> str:
        """Delete the version, which frees its name in the end."""
        self._require(DELETABLE, now)
        self.then(now, "DELETING", settings.delete_seconds, GONE)
        return "DELETING"

    def _require(self, statuses: tuple[str, ...], now: datetime) -> None:
        if (status := self.status(now)) not in statuses:
            raise ResourceInUseException(f"The model version is {status}.")

    def holds_name(self, now: datetime) -> bool:
        """Whether no copy may take its name."""
        return settings.failed_copy_holds_name or self.status(now) != "COPYING_FAILED"

    @property
    def sort_key(self) -> Key:
        """Newest first."""
        return -milliseconds(self.created), self.name

    def _reported_source(self, now: datetime) -> str | None:
        incomplete = self.status(now) in ("COPYING_IN_PROGRESS", "COPYING_FAILED")
        return None if incomplete and settings.copy_reports_source == "when_complete" else self.source_arn

    def describe(self, now: datetime) -> dict[str, Any]:
        """As a ProjectVersionDescription."""
        created = self.created if not settings.copy_inherits_creation_timestamp else self.training_started
        output, key = self.output_config, self.kms_key_id
        if self.inherited and settings.copy_inherits_output_config:
            output, key = self.inherited
        told = {
            "ProjectVersionArn": self.arn,
            "CreationTimestamp": unix_time(created),
            "Status": self.shown_status(now),
            "StatusMessage": self.forced_message if self.forced_status else self.step(now).message,
            "OutputConfig": output if not self.source_arn or settings.copy_tells_output_config else None,
            "KmsKeyId": key if not self.source_arn or settings.copy_tells_kms_key else None,
            "SourceProjectVersionArn": self._reported_source(now),
            "Feature": shown_feature(self.feature),
            "EvaluationResult": None if self.f1_score is None else {"F1Score": self.f1_score},
        }
        return {name: value for name, value in told.items() if value is not None} | self.inference_units | self.details
