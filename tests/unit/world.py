"""Two accounts with a model to copy between them, and faults on the way to AWS.

``Wire`` works on one client, on whatever a test calls with it.  ``sandbox.faults`` works on plans for whole executions:
it knows functions and deadlines and is read from a string, so it can neither run code in the middle of a call nor
choose an error's message.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.model import OperationModel
from moto.sts.models import AssumedRole, sts_backends

from model_copy.progress import Progress
from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import rekognition_backends
from sandbox.aws.rekognition.models import RekognitionBackend
from sandbox.aws.rekognition.project import Project
from sandbox.aws.rekognition.project_version import ProjectVersion, Step

Json = dict[str, Any]
CopyOnce = Callable[[], Progress]

REGION = "eu-central-1"
SOURCE, DESTINATION, STACK = "111111111111", "222222222222", "333333333333"
REQUEST: Json = {
    "SourceProjectArn": f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/1700000000000",
    "SourceProjectVersionArn": f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v1/1700000000001",
    "DestinationProjectArn": f"arn:aws:rekognition:{REGION}:{DESTINATION}:project/cats-live/1700000000002",
    "VersionName": "v1",
    "OutputConfig": {"S3Bucket": "live-models", "S3KeyPrefix": "copies"},
}
EXECUTION = {"Name": "promote-v1", "Id": "an-execution"}
STATE: Json = {"Request": REQUEST, "Execution": EXECUTION}
OTHER_VERSION = f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v2/1700000000009"
ROLE = f"arn:aws:iam::{DESTINATION}:role/model-copy-destination"
SETTINGS = {
    "STACK_ACCOUNT": STACK,
    "STACK_NAME": "model-copy",
    "COPY_ROLE_ARN": f"arn:aws:iam::{STACK}:role/copy-function",
    "SOURCE_ROLE_NAME": "model-copy-source",
    "DESTINATION_ROLE_NAME": "model-copy-destination",
    "EXTERNAL_ID": "an-external-id",
    "DEADLINE_HOURS": "24",
    "ALLOWED_ACCOUNTS": "",
    "MINIMUM_F1_SCORE": "0",
    "AWS_REGION": REGION,
    "OWN_EVENT_SOURCE": "our.pipeline",
    "OWN_EVENT_DETAIL_TYPE": "Model Approved",
    "APPROVAL_TAG_KEY": "approval",
    "APPROVAL_TAG_VALUE": "yes",
    "DEFAULT_DESTINATION_PROJECT_ARN": REQUEST["DestinationProjectArn"],
    "DEFAULT_OUTPUT_BUCKET": "live-models",
    "DEFAULT_OUTPUT_KEY_PREFIX": "",
    "DEFAULT_KMS_KEY_ID": "",
    "RUNBOOK_URL": "https://runbooks.example/copies",
    "EVENT_BUS_NAME": "default",
    "NOTIFICATION_TOPIC_ARN": f"arn:aws:sns:{REGION}:{STACK}:outcomes",
    "MAILED_OUTCOMES": "Copied,Refused,Failed",
    "PROMOTIONS_BUCKET": "promotions-of-the-stack",
    "DESTINATIONS_MANIFEST": "",
    "PROMOTION_CONCURRENCY": "100",
    "PROMOTE_MODEL_STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{STACK}:stateMachine:promotions",
    "COPY_MODEL_STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{STACK}:stateMachine:copies",
    "AUDIT_BUCKET": "",
}


class Clock(VirtualClock):
    """The sandbox's clock, which also lists the pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().sleep(seconds)


@dataclass
class World:
    """The contents of the request's two accounts, read and changed without the API."""

    clock: Clock

    @property
    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock.time(), UTC)

    @property
    def moto_now(self) -> datetime:
        """Return the time as moto writes it: in UTC, without a zone."""
        return self.now.replace(tzinfo=None)

    @property
    def source(self) -> Project:
        return self.backend(SOURCE).projects[REQUEST["SourceProjectArn"]]

    @property
    def destination(self) -> Project:
        return self.backend(DESTINATION).projects[REQUEST["DestinationProjectArn"]]

    @property
    def source_version(self) -> ProjectVersion:
        return self.source.versions["v1"]

    @property
    def copy(self) -> ProjectVersion:
        return self.destination.versions["v1"]

    @property
    def copies(self) -> int:
        """Return how many copies were started."""
        return len(self.backend(DESTINATION).copies)

    def backend(self, account: str) -> RekognitionBackend:
        """Return the Rekognition backend of an account."""
        return rekognition_backends[account][REGION]

    def make_source(self) -> None:
        """Make the source version."""
        created = datetime.fromtimestamp(1_700_000_000, UTC).replace(tzinfo=None)
        backend = self.backend(SOURCE)
        backend.create_project("cats", created=created)
        output = {"S3Bucket": "training", "S3KeyPrefix": "output"}
        backend.create_project_version(
            REQUEST["SourceProjectArn"], "v1", output, created=created.replace(microsecond=1_000)
        )

    def make_destination(self) -> None:
        """Make the empty destination project."""
        created = datetime.fromtimestamp(1_700_000_000.002, UTC).replace(tzinfo=None)
        self.backend(DESTINATION).create_project("cats-live", created=created)

    def put_policy(self, name: str, document: Json) -> None:
        """Write a policy of the source project as its owner does, whatever its revision."""
        existing = self.source.policies.get(name)
        self.source.put_policy(name, json.dumps(document), existing.revision_id if existing else None, self.moto_now)

    def delete_policy(self, name: str) -> None:
        """Delete a policy of the source project as its owner does."""
        self.source.delete_policy(name, None, self.moto_now)

    def document(self, name: str) -> Json:
        """Return the document of a policy of the source project."""
        return dict(json.loads(self.source.policies[name].document))

    def add_version(self, status: str = "COPYING_COMPLETED", name: str = "v1", **fields: object) -> ProjectVersion:
        """Add a version to the destination project: a copy of the source version, with the given fields changed."""
        now = self.moto_now
        arn, output = self.destination.version_arn(name, now), dict(REQUEST["OutputConfig"])
        version = ProjectVersion(arn, name, now, now, output)
        version.timeline, version.source_arn = [Step(now, status)], REQUEST["SourceProjectVersionArn"]
        for field_name, value in fields.items():
            setattr(version, field_name, value)
        self.destination.versions[name] = version
        return version


def nothing() -> None:
    """Do nothing, for ``Wire.meanwhile``."""


def sessions() -> list[AssumedRole]:
    """Return the sessions that STS has made."""
    return [
        session
        for backends in list(sts_backends.values())
        for backend in list(backends.values())
        for session in backend.assumed_roles
    ]


@dataclass
class Wire:
    """The connection between a client and AWS; ``calls`` lists the operations."""

    client: Any  # BaseClient has none of the operations
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def note(model: OperationModel, **_: object) -> None:
            self.calls.append(model.name)

        self._on("before-call", "*", note)

    def return_error(self, operation: str, code: str, status: int = 400, message: str = "Because.") -> None:
        """Return an error without calling AWS."""
        self.return_result(operation, {"Error": {"Code": code, "Message": message}}, status)

    def return_result(self, operation: str, result: Json, status: int = 200) -> None:
        """Return a result without calling AWS."""
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}

        def respond(**_: object) -> tuple[SimpleNamespace, Json]:
            return SimpleNamespace(status_code=status), {"ResponseMetadata": metadata, **result}

        self._on("before-call", operation, respond)

    def respond(self, operation: str, status: int, body: bytes) -> list[int]:
        """Respond to each HTTP request without AWS; the returned list grows with each response."""
        responses: list[int] = []

        def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            responses.append(status)
            raw: Any = SimpleNamespace(stream=lambda **_: iter([body]))
            return AWSResponse(str(request.url), status, HTTPHeaders(), raw)

        self.client.meta.events.register_first(self._event("before-send", operation), respond)
        return responses

    def break_connection(self, operation: str, error: Exception) -> None:
        """Raise an error for each HTTP request before it reaches AWS."""

        def fail(**_: object) -> None:
            raise error

        self.client.meta.events.register_first(self._event("before-send", operation), fail)

    def lose_responses(self, operation: str, times: int = 1) -> None:
        """Let AWS do what is requested, but lose its response, this many times."""
        left = [None] * times

        def lose(request: AWSPreparedRequest, event_name: str, **_: object) -> None:
            if event_name.endswith(f".{operation}") and left:
                left.pop()
                raise ReadTimeoutError(endpoint_url=request.url)

        # The handler of the most general name runs last, after the handler of moto, which stands in for AWS.
        self.client.meta.events.register_last("before-send", lose)

    def meanwhile(self, operation: str, *work: Callable[[], object]) -> None:
        """Run the first function just before the first call reaches AWS, the second before the second, and so on."""
        left = iter(work)

        def run(**_: object) -> None:
            next(left, lambda: None)()

        self._on("before-call", operation, run)

    def _on(self, event: str, operation: str, run: Callable[..., object]) -> None:
        self.client.meta.events.register(self._event(event, operation), run)

    def _event(self, event: str, operation: str) -> str:
        return f"{event}.{self.client.meta.service_model.service_id.hyphenize()}.{operation}"
