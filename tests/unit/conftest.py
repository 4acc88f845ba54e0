"""An AWS with a model to copy from one account to another, and a hand on the wire to it."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import hypothesis
import moto.sts.models
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.model import Shape
from moto import mock_aws

from model_copy import accounts, runtime
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import install, models, rekognition_backends, settings
from sandbox.aws.rekognition.models import RekognitionBackend
from sandbox.aws.rekognition.project import Project
from sandbox.aws.rekognition.project_version import ProjectVersion, Step

SOURCE, DESTINATION, STACK = "111111111111", "222222222222", "333333333333"
STATE = {
    "SourceProjectArn": f"arn:aws:rekognition:eu-central-1:{SOURCE}:project/cats/1700000000000",
    "SourceProjectVersionArn": f"arn:aws:rekognition:eu-central-1:{SOURCE}:project/cats/version/v1/1700000000001",
    "DestinationProjectArn": f"arn:aws:rekognition:eu-central-1:{DESTINATION}:project/cats-live/1700000000002",
    "VersionName": "v1",
    "OutputConfig": {"S3Bucket": "live-models", "S3KeyPrefix": "copies"},
    "Execution": {"Name": "promote-v1", "Id": "an-execution"},
}
SETTINGS = {
    "STACK_ACCOUNT": STACK,
    "STACK_NAME": "model-copy",
    "COPY_ROLE_ARN": f"arn:aws:iam::{STACK}:role/copy-function",
    "SOURCE_ROLE_NAME": "model-copy-source",
    "DESTINATION_ROLE_NAME": "model-copy-destination",
    "EXTERNAL_ID": "an-external-id",
    "DEADLINE_HOURS": "24",
    "ALLOWED_ACCOUNTS": "",
    "AWS_REGION": "eu-central-1",
    "OWN_EVENT_SOURCE": "our.pipeline",
    "OWN_EVENT_DETAIL_TYPE": "Model Approved",
    "APPROVAL_TAG_KEY": "approval",
    "APPROVAL_TAG_VALUE": "yes",
    "DEFAULT_DESTINATION_PROJECT_ARN": STATE["DestinationProjectArn"],
    "DEFAULT_OUTPUT_BUCKET": "live-models",
    "DEFAULT_OUTPUT_KEY_PREFIX": "",
    "DEFAULT_KMS_KEY_ID": "",
    "RUNBOOK_URL": "https://runbooks.example/copies",
    "EVENT_BUS_NAME": "default",
    "NOTIFICATION_TOPIC_ARN": f"arn:aws:sns:eu-central-1:{STACK}:outcomes",
    "MAILED_OUTCOMES": "Copied,Refused,Failed",
}

# The same examples each time, so that what fails here fails there.
hypothesis.settings.register_profile("unit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("unit")


class Clock:
    """Time that passes when somebody sleeps; it stands in for the module ``time``."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 9, tzinfo=UTC).timestamp()
        self.sleeps: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def naive(self) -> datetime:
        """Tell the time as moto does: in UTC, without saying so."""
        return datetime.fromtimestamp(self.now, UTC).replace(tzinfo=None)


@dataclass
class World:
    """The accounts of the request, as they are behind the API."""

    clock: Clock

    @property
    def source(self) -> Project:
        return self.backend(SOURCE).projects[STATE["SourceProjectArn"]]

    @property
    def destination(self) -> Project:
        return self.backend(DESTINATION).projects[STATE["DestinationProjectArn"]]

    @property
    def copies(self) -> int:
        """Count the copies that were ever started."""
        return len(self.backend(DESTINATION).copies)

    def put_policy(self, name: str, document: dict[str, Any]) -> None:
        """Write a policy of the source project as its owner does, whatever its revision."""
        held = self.source.policies.get(name)
        self.source.put_policy(name, json.dumps(document), held and held.revision_id, self.clock.naive())

    def document(self, name: str) -> dict[str, Any]:
        """Read a policy of the source project."""
        return dict(json.loads(self.source.policies[name].document))

    def hold(self, status: str = "COPYING_COMPLETED", name: str = "v1", **facts: Any) -> ProjectVersion:
        """Let a version of the destination project hold the name; unless told otherwise, a copy of the source."""
        now, arn = self.clock.naive(), self.destination.version_arn(name, self.clock.naive())
        held = ProjectVersion(arn, name, now, now, {"S3Bucket": "live-models", "S3KeyPrefix": "copies"})
        held.timeline, held.source_arn = [Step(now, status)], STATE["SourceProjectVersionArn"]
        for fact, value in facts.items():
            setattr(held, fact, value)
        self.destination.versions[name] = held
        return held

    def backend(self, account: str) -> RekognitionBackend:
        """Give what is behind the API in an account."""
        return rekognition_backends[account]["eu-central-1"]


@dataclass
class Wire:
    """What happens between a client and AWS."""

    client: Any
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._on("before-call", "*", lambda model, **_: self.calls.append(model.name))

    def refuse(self, operation: str, code: str, status: int = 400, message: str = "Because.") -> None:
        """Let AWS answer with an error and do nothing."""
        parsed = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0},
        }
        self._on("before-call", operation, lambda **_: (SimpleNamespace(status_code=status), parsed))

    def answer(self, operation: str, status: int, body: bytes) -> list[int]:
        """Let something on the way answer in place of AWS; the list counts how often."""
        answers: list[int] = []

        def respond(request: Any, **_: object) -> AWSResponse:
            answers.append(status)
            return AWSResponse(request.url, status, {}, SimpleNamespace(stream=lambda **_: iter([body])))

        self.client.meta.events.register_first(f"before-send.rekognition.{operation}", respond)
        return answers

    def cut(self, operation: str, error: Exception) -> None:
        """Let each connection fail before AWS hears of the call."""

        def fail(**_: object) -> None:
            raise error

        self.client.meta.events.register_first(f"before-send.rekognition.{operation}", fail)

    def lose_answers(self, operation: str, times: int = 1) -> None:
        """Let AWS do what it is asked to, and lose its answer."""
        left = [None] * times

        def lose(request: Any, event_name: str, **_: object) -> None:
            if event_name.endswith(f".{operation}") and left:
                left.pop()
                raise ReadTimeoutError(endpoint_url=request.url)

        # The handler of the most general name runs last: after that of moto, which is AWS.
        self.client.meta.events.register_last("before-send", lose)

    def meanwhile(self, operation: str, work: Callable[[], object], times: int = 1) -> None:
        """Let something happen just before AWS hears of the call, the first so many times."""
        left = [None] * times

        def do(**_: object) -> None:
            if left:
                left.pop()
                work()

        self._on("before-call", operation, do)

    def _on(self, event: str, operation: str, do: Callable[..., object]) -> None:
        service = self.client.meta.service_model.service_id.hyphenize()
        self.client.meta.events.register(f"{event}.{service}.{operation}", do)


@pytest.fixture(scope="session")
def shape() -> Shape:
    """botocore's model of the request."""
    return accounts.request_shape()


@pytest.fixture
def state() -> dict[str, Any]:
    """A request that is all right, as the workflow hands it on."""
    return deepcopy(STATE)


@pytest.fixture
def copy_request(state: dict[str, Any]) -> CopyRequest:
    return CopyRequest.from_state(state)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the project's code, of botocore's back-off and of the sandbox."""
    clock = Clock()
    monkeypatch.setattr(runtime, "time", clock)
    monkeypatch.setattr(botocore.endpoint, "time", clock)
    monkeypatch.setattr(models, "utcnow", clock.naive)
    monkeypatch.setattr(moto.sts.models, "utcnow", clock.naive)
    return clock


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template tells the functions."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world(clock: Clock, environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The source version and the empty destination project; nothing is granted yet."""
    monkeypatch.setattr(accounts, "_clients", {})
    accounts._own_client.cache_clear()
    settings.reset()
    install()
    with mock_aws():
        born = datetime.fromtimestamp(1_700_000_000, UTC).replace(tzinfo=None)
        world = World(clock)
        backend = world.backend(SOURCE)
        backend.create_project("cats", created=born)
        backend.create_project_version(
            STATE["SourceProjectArn"],
            "v1",
            {"S3Bucket": "training", "S3KeyPrefix": "output"},
            created=born.replace(microsecond=1_000),
        )
        world.backend(DESTINATION).create_project("cats-live", created=born.replace(microsecond=2_000))
        yield world
    settings.reset()


@pytest.fixture
def source(world: World, copy_request: CopyRequest) -> Wire:
    """The wire to the source account, in the stack's role there."""
    return Wire(accounts.source(copy_request, "rekognition:*"))


@pytest.fixture
def destination(world: World, copy_request: CopyRequest) -> Wire:
    """The wire to the destination account, in the stack's role there."""
    return Wire(accounts.destination(copy_request, "rekognition:*"))
