"""The fixtures of the unit tests; world.py has what they are made of."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial

import hypothesis
import pytest
from botocore.model import Shape
from moto import mock_aws

from model_copy import copying, runtime
from model_copy.aws import clients
from model_copy.copying import SourceClient
from model_copy.progress import Progress
from model_copy.request import CopyRequest
from sandbox.aws import clock as sandbox_clock
from sandbox.aws import rekognition
from tests.unit.policy_samples import document, statement
from tests.unit.world import EXECUTION, REQUEST, SETTINGS, Clock, CopyOnce, Json, Wire, World

# The same examples each time, so that a failure here can be repeated elsewhere.
hypothesis.settings.register_profile("unit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("unit")


@pytest.fixture(scope="session")
def shape() -> Shape:
    """botocore's model of the request."""
    return clients.request_shape()


@pytest.fixture
def fields() -> Json:
    """The fields of a valid request, which a test may change."""
    return deepcopy(REQUEST)


@pytest.fixture
def state(fields: Json) -> Json:
    """The state data of the first task, with those fields as the request."""
    return {"Request": fields, "Execution": dict(EXECUTION)}


@pytest.fixture
def copy_request(state: Json) -> CopyRequest:
    return CopyRequest.from_state(state)


@pytest.fixture
def own_request(copy_request: CopyRequest) -> CopyRequest:
    """A request within the source account."""
    account = copy_request.source_project.account
    return replace(copy_request, destination_project=replace(copy_request.destination_project, account=account))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The time of the functions, of botocore's retries and of the sandbox."""
    clock = Clock()
    monkeypatch.setattr(runtime, "time", clock)
    with sandbox_clock.install(clock):
        yield clock


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that the template passes to the functions."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world(clock: Clock, environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The source version and the empty destination project; nothing is granted yet."""
    monkeypatch.setattr(clients, "_clients", {})
    clients._own_client.cache_clear()
    rekognition.settings.reset()
    rekognition.install()
    with mock_aws():
        world = World(clock)
        world.make_source()
        world.make_destination()
        yield world
    rekognition.settings.reset()


@pytest.fixture
def source(world: World, copy_request: CopyRequest) -> Wire:
    """The wire to the source account, in the stack's role there."""
    return Wire(clients.source(copy_request, "rekognition:*"))


@pytest.fixture
def destination(world: World, copy_request: CopyRequest) -> Wire:
    """The wire to the destination account, in the stack's role there."""
    return Wire(clients.destination(copy_request, "rekognition:*"))


@pytest.fixture
def source_client(world: World, copy_request: CopyRequest) -> SourceClient:
    """Makes clients for the source account, as Copy project version has them."""
    return partial(clients.source, copy_request)


@pytest.fixture
def copy_once(destination: Wire, copy_request: CopyRequest, source_client: SourceClient) -> CopyOnce:
    """Adopts or starts the requested copy."""
    return partial(copying.copy_once, destination.client, copy_request, source_client)


@pytest.fixture
def grant(world: World) -> None:
    """A grant for this copy, an hour old."""
    world.put_policy("grant", document(statement()))
    world.clock.sleep(3_600)


@pytest.fixture
def progress(world: World) -> Progress:
    """A copy that was started just now."""
    version = world.add_version("COPYING_IN_PROGRESS")
    return Progress(version.arn, "COPYING_IN_PROGRESS", "The model is being copied", world.now, adopted=False)
