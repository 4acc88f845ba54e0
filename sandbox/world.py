"""The worlds that stories start from, and the AWS in which they are told."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import botocore.session
import yaml
from botocore.loaders import create_loader
from moto import mock_aws
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.sts.models import sts_backends

from sandbox import clock, deployment, faults, rekognition, sts, workflow
from sandbox.clock import Clock, VirtualClock
from sandbox.deployment import ROOT
from sandbox.faults import Plan
from sandbox.happenings import Others
from sandbox.lambdas import Lambdas
from sandbox.rekognition.models import RekognitionBackend, rekognition_backends
from sandbox.rekognition.project_version import Step
from sandbox.rekognition.settings import settings

EVENTS, WORLDS = ROOT / "events", ROOT / "sandbox" / "worlds"
MOTO: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}


class Sandbox:
    """An AWS with the stack deployed in it.

    Deploying takes seconds, so one sandbox serves many stories: ``reset`` makes all anew that a story changes.
    """

    def __init__(self, its_clock: Clock, listeners: list[workflow.Listener], stack_account: str) -> None:
        self.clock, self.listeners = its_clock, listeners
        random.seed(1)
        self.deployment = deployment.deploy(stack_account)
        self.plan = Plan()
        self.lambdas = Lambdas(self.deployment.functions, its_clock, lambda: self.plan)
        _, _, _, self._region, self._account, *_ = self.deployment.state_machine_arn.split(":")

    def reset(self) -> None:
        """Begin a world on a virtual clock that is empty but for the stack."""
        assert isinstance(self.clock, VirtualClock)
        self.clock.reset()
        self.plan = Plan()
        self.lambdas = Lambdas(self.deployment.functions, self.clock, lambda: self.plan)
        self.listeners.clear()
        random.seed(1)
        settings.reset()
        for models in rekognition_backends.values():
            for model_backend in models.values():
                model_backend.reset()
        for sessions in sts_backends.values():
            for session_backend in sessions.values():
                session_backend.assumed_roles.clear()
        self.executions.clear()

    def seed(self, story: str) -> None:
        """Add what the story starts from."""
        world: dict[str, Any] = yaml.safe_load((WORLDS / f"{story}.yaml").read_text())
        for project in world["projects"]:
            _seed_project(project, self.now())
        for event in world.get("later", ()):
            self.clock.after(event["after"], partial(_withdraw, event["withdraw"]))

    def follow(self, plan: str, request: object = None) -> None:
        """Let a plan go wrong; what others do in it, they do around the copy of the request."""
        happenings = self._others(request).happenings() if _has_projects(request) else {}
        self.plan = Plan(plan, happenings)
        vars(settings).update(self.plan.settings)

    def _others(self, request: Any) -> Others:
        source, destination = (
            backend_of(request[side]).projects[request[side]] for side in ("SourceProjectArn", "DestinationProjectArn")
        )
        policy = f"{deployment.STACK_NAME}-{destination.arn.split(':')[4]}"
        return Others(source, destination, request, policy, self.now)

    def now(self) -> datetime:
        """Tell the time as moto does, naive and in UTC."""
        return datetime.fromtimestamp(self.clock.time(), UTC).replace(tzinfo=None)

    def start(self, request: object, name: str) -> Execution:
        """Start the workflow; on a virtual clock it runs when the clock does."""
        execution: Execution = self._step_functions.start_execution(
            self.deployment.state_machine_arn, name, json.dumps(request)
        )
        return execution

    def run(self, request: object, name: str = "by-hand") -> Execution:
        """Run the workflow to its end on a virtual clock."""
        execution = self.start(request, name)
        assert isinstance(self.clock, VirtualClock)
        self.clock.run()
        return execution

    @property
    def executions(self) -> list[Execution]:
        """The executions that were started."""
        machine = self._step_functions.describe_state_machine(self.deployment.state_machine_arn)
        executions: list[Execution] = machine.executions
        return executions

    @property
    def _step_functions(self) -> Any:
        return stepfunctions_parser_backends[self._account][self._region]


@contextmanager
def sandbox(its_clock: Clock, stack_account: str = deployment.STACK_ACCOUNT) -> Iterator[Sandbox]:
    """Make an AWS on a clock, and deploy the stack in it."""
    made: list[Sandbox] = []

    def invoke(arn: str, payload: str) -> tuple[str, bool]:
        return made[0].lambdas.invoke(arn, payload)

    listeners: list[workflow.Listener] = []
    rekognition.install()
    # Each cold start reads botocore's models anew; from one loader they are read once.
    one_loader = clock.replaced(botocore.session, "create_loader", cache(create_loader))
    with (
        one_loader,
        mock_aws(config=MOTO),
        clock.install(its_clock),
        sts.install(),
        workflow.install(invoke, listeners),
    ):
        made.append(Sandbox(its_clock, listeners, stack_account))
        with faults.install(its_clock, lambda: made[0].plan):
            yield made[0]


def _has_projects(request: Any) -> bool:
    sides = ("SourceProjectArn", "DestinationProjectArn")
    return (
        isinstance(request, dict)
        and all(side in request for side in sides)
        and all(request[side] in backend_of(request[side]).projects for side in sides)
    )


def read_event(story: str) -> Any:
    """Read the input of a story."""
    return json.loads((EVENTS / f"{story}.json").read_text())


def stories() -> list[str]:
    """Name the stories."""
    return sorted(path.stem for path in EVENTS.glob("*.json"))


def backend_of(arn: str) -> RekognitionBackend:
    """Give the backend that holds a project or version."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return rekognition_backends[account][region]


def project_arn(version_arn: str) -> str:
    """Find the project of a version."""
    name = version_arn.split("/")[1]
    return next(arn for arn, project in backend_of(version_arn).projects.items() if project.name == name)


def _seed_project(project: dict[str, Any], now: datetime) -> None:
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
    seeded.source_arn, seeded.copies = version.get("source"), version.get("copies", {})
    if "ends_after" in version:
        ends = now + timedelta(seconds=version["ends_after"])
        seeded.timeline += [Step(now, version["status"]), Step(ends, "COPYING_COMPLETED")]
    else:
        seeded.forced_status, seeded.forced_message = version.get("status"), version.get("message")


def _created(arn: str) -> datetime:
    return datetime.fromtimestamp(int(arn.rpartition("/")[2]) / 1000, UTC).replace(tzinfo=None)


def _withdraw(version_arn: str) -> None:
    """Take a version out of the policies that name it, as another execution does at its end."""
    project, backend = project_arn(version_arn), backend_of(version_arn)
    for policy in list(backend.projects[project].policies.values()):
        document = json.loads(policy.document)
        for statement in document["Statement"]:
            statement["Resource"] = [arn for arn in statement["Resource"] if arn != version_arn]
        backend.put_project_policy(project, policy.name, json.dumps(document), policy.revision_id)
