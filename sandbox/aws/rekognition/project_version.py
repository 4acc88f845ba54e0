"""Model versions. The status at any time follows from a stored timeline."""

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
# AWS documents the messages of TRAINING_COMPLETED and RUNNING; AWS's own scripts print one for each status.
MESSAGES = {
    "TRAINING_IN_PROGRESS": "The model is being trained.",
    "TRAINING_COMPLETED": "The model is ready to run.",
    "COPYING_IN_PROGRESS": "The model is being copied.",
    "COPYING_COMPLETED": "The model is ready to run.",
    "STARTING": "The model is starting.",
    "RUNNING": "The model is running.",
    "STOPPING": "The model is stopping.",
    "STOPPED": "The model is stopped.",
    "DELETING": "The model is being deleted.",
}
GONE = "GONE"  # after DELETING; Rekognition has no such status


def shown_feature(feature: str) -> str | None:
    """Return the Feature of a description; None if it has none."""
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

    Its status follows from `timeline`. `forced_status` and `forced_message` override it until the version is started,
    stopped or deleted.
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
    details: dict[str, Any] = field(default_factory=dict)  # other fields of its description
    f1_score: float | None = None
    source_arn: str | None = None  # only a copy has one
    visible_from: datetime = datetime.min
    forced_status: str | None = None
    forced_message: str | None = None
    inference_units: dict[str, int] = field(default_factory=dict)
    inherited: tuple[dict[str, str], str | None] | None = None  # the output location and key of a copy's source
    copies: dict[str, Any] = field(default_factory=dict)  # settings for copies of this version only

    def step(self, now: datetime) -> Step:
        """Return the latest step that has begun, or the first one if the clock went back."""
        return next((step for step in reversed(self.timeline) if step.at <= now), self.timeline[0])

    def status(self, now: datetime) -> str:
        """Return the version's real status; GONE once the version is deleted."""
        return self.forced_status or self.step(now).status

    def shown_status(self, now: datetime) -> str:
        """Return the status in DescribeProjectVersions."""
        status = self.status(now)
        lasting = self.source_arn and not settings.started_copy_replaces_status
        return "COPYING_COMPLETED" if lasting and status in ("STARTING", "RUNNING", "STOPPING", "STOPPED") else status

    def then(self, now: datetime, status: str, seconds: float | None, end: str, message: str | None = None) -> None:
        """Change to `status` now, and to `end` after `seconds`: 0 means at once, None means never."""
        self.forced_status = self.forced_message = None
        if seconds != 0:
            self.timeline.append(Step(now, status))
        if seconds is not None:
            self.timeline.append(Step(now + timedelta(seconds=seconds), end, message))

    def start(self, min_units: int, max_units: int | None, running: int, now: datetime) -> str:
        """Start the model; `running` is the number of models that are already running."""
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
        """Delete the version; its name is free once the deletion has ended."""
        self._require(DELETABLE, now)
        self.then(now, "DELETING", settings.delete_seconds, GONE)
        return "DELETING"

    def _require(self, statuses: tuple[str, ...], now: datetime) -> None:
        if (status := self.status(now)) not in statuses:
            raise ResourceInUseException(f"The model version is {status}.")

    def keeps_name(self, now: datetime) -> bool:
        """Return whether the version still reserves its name."""
        return settings.failed_copy_keeps_name or self.status(now) != "COPYING_FAILED"

    @property
    def sort_key(self) -> Key:
        """Newest first."""
        return -milliseconds(self.created), self.name

    def _reported_source(self, now: datetime) -> str | None:
        incomplete = self.status(now) in ("COPYING_IN_PROGRESS", "COPYING_FAILED")
        return None if incomplete and settings.copy_reports_source == "when_complete" else self.source_arn

    def _evaluation(self, now: datetime) -> dict[str, Any] | None:
        unreported = self.source_arn and not settings.copy_reports_evaluation
        if self.f1_score is None or unreported or self.status(now) in ("TRAINING_IN_PROGRESS", "TRAINING_FAILED"):
            return None
        file = f"EvaluationResultSummary-{self.arn.split('/')[1]}-{self.name}.json"
        folder = self.output_config.get("S3KeyPrefix", "").rstrip("/")
        summary = {"Bucket": self.output_config["S3Bucket"], "Name": f"{folder}/{file}".lstrip("/")}
        return {"F1Score": self.f1_score, "Summary": {"S3Object": summary}}

    def _message(self, now: datetime) -> str | None:
        own = self.forced_message if self.forced_status else self.step(now).message
        return own or MESSAGES.get(self.shown_status(now))

    def describe(self, now: datetime) -> dict[str, Any]:
        """Return the ProjectVersionDescription of the API."""
        created = self.created if not settings.copy_inherits_creation_timestamp else self.training_started
        output, key = self.output_config, self.kms_key_id
        if self.inherited and settings.copy_inherits_output_config:
            output, key = self.inherited
        fields = {
            "ProjectVersionArn": self.arn,
            "CreationTimestamp": unix_time(created),
            "Status": self.shown_status(now),
            "StatusMessage": self._message(now),
            "OutputConfig": output if not self.source_arn or settings.copy_reports_output_config else None,
            "KmsKeyId": key if not self.source_arn or settings.copy_reports_kms_key else None,
            "SourceProjectVersionArn": self._reported_source(now),
            "Feature": shown_feature(self.feature),
            "EvaluationResult": self._evaluation(now),
        }
        return (
            {name: value for name, value in fields.items() if value is not None} | self.inference_units | self.details
        )
