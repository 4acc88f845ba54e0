"""The world of the stories: an AWS with the stack deployed in it."""

import json
import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.sts.models import sts_backends

from sandbox import deployment, faults, stories
from sandbox.aws import eventbridge, services, sns, sqs
from sandbox.aws.clock import Clock, VirtualClock
from sandbox.aws.lambda_.functions import Lambdas
from sandbox.aws.rekognition.models import rekognition_backends
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import interpreter, status_changes
from sandbox.environment import without_aws_settings
from sandbox.happenings import Others
from sandbox.plans import Plan
from sandbox.records import Records
from sandbox.stories import backend_of

SIDES = ("SourceProjectArn", "DestinationProjectArn")


class Sandbox:
    """An AWS with the stack; it serves many stories, since ``reset`` undoes what a story changed."""

    def __init__(
        self,
        its_clock: Clock,
        listeners: list[interpreter.Listener],
        outcomes: list[dict[str, Any]],
        stack_account: str,
        accounts: Iterable[str],
        release: Path | None,
    ) -> None:
        self.clock, self.listeners = its_clock, listeners
        # The events that the functions put on a bus.
        self.outcomes = outcomes
        # Whether Step Functions sends status changes. If so, each run also invokes the function that announces.
        self.announces = False
        random.seed(1)
        settings.reset()
        self.deployment = deployment.deploy(stack_account, accounts, release)
        self.plan, self.records = Plan(), Records()
        self.lambdas = Lambdas(self.deployment, its_clock, lambda: self.plan, self.records)

    def reset(self) -> None:
        """Restore the state right after deployment; works only on a virtual clock."""
        assert isinstance(self.clock, VirtualClock)
        self.clock.reset()
        self.plan, self.records = Plan(), Records()
        self.lambdas = Lambdas(self.deployment, self.clock, lambda: self.plan, self.records, self.lambdas)
        self.listeners.clear()
        self.outcomes.clear()
        self.announces = False
        sns.clear()
        random.seed(1)
        settings.reset()
        _each(rekognition_backends, lambda backend: backend.reset())
        _each(sagemaker_backends, lambda backend: backend.reset())
        _each(sqs_backends, lambda backend: [queue._messages.clear() for queue in backend.queues.values()])
        _each(sts_backends, lambda backend: backend.assumed_roles.clear())
        _each(stepfunctions_parser_backends, lambda backend: [one.executions.clear() for one in backend.state_machines])
        _each(s3_backends, lambda backend: [bucket.keys.clear() for bucket in backend.buckets.values()])
        TMP_THREADS.clear()  # moto keeps the threads of all tasks

    def seed(self, story: str) -> None:
        """Add the world of a story."""
        self.create(stories.read_world(story))

    def create(self, world: dict[str, Any]) -> None:
        """Add a world in the form of those in worlds/."""
        stories.seed(world, self.now, self.clock.after)

    def follow(self, plan: str, request: object = None) -> None:
        """Apply a plan of faults; its happenings change the projects of the request."""
        happenings = self.others(request).happenings() if _has_projects(request) else {}
        self.plan = Plan(plan, happenings)
        vars(settings).update(self.plan.settings)

    def others(self, request: Any) -> Others:
        """Return the other writers to the projects of a request."""
        source, destination = (backend_of(request[side]).projects[request[side]] for side in SIDES)
        return Others(source, destination, request, self.copying_role(request), self.now)

    def copying_role(self, request: Any) -> str:
        """Return the role that copies for a request."""
        variables = self.deployment.function("CopyProjectVersionFunction").environment_vars
        _, partition, _, _, account, _ = request["DestinationProjectArn"].split(":", 5)
        if account == variables["STACK_ACCOUNT"]:
            return str(variables["COPY_ROLE_ARN"])
        return f"arn:{partition}:iam::{account}:role/{variables['DESTINATION_ROLE_NAME']}"

    def now(self) -> datetime:
        """Return the time as moto does, naive and in UTC."""
        return datetime.fromtimestamp(self.clock.time(), UTC).replace(tzinfo=None)

    def start(self, request: object, name: str | None = None, machine: str | None = None) -> Execution:
        """Start a state machine, by default the one that copies, with a name as long as EventBridge's.

        On a virtual clock, the execution runs when the clock runs.
        """
        execution: Execution = self._step_functions.start_execution(
            machine or self.deployment.state_machine_arn, name or eventbridge_name(), json.dumps(request)
        )
        return execution

    def run(self, request: object, name: str | None = None) -> Execution:
        """Run the workflow to its end on a virtual clock."""
        execution = self.start(request, name)
        self.finish()
        return execution

    def finish(self) -> None:
        """Run everything that was started to its end on a virtual clock."""
        assert isinstance(self.clock, VirtualClock)
        self.clock.run()

    def put(self, event: dict[str, Any]) -> list[Execution]:
        """Put an event on the default bus of its account, and return the executions that it starts.

        On a virtual clock, the executions run when the clock runs.
        """
        before = len(self.executions)
        eventbridge.deliver(status_changes.of_machine(event, self.deployment.state_machine_arn))
        return self.executions[before:]

    @property
    def mails(self) -> list[sns.Mail]:
        """The mails to the subscribers of all topics."""
        return sns.mails()

    @property
    def dead_letters(self) -> list[sqs.DeadLetter]:
        """The events in the dead-letter queues: those that started no execution or were not announced."""
        return sqs.dead_letters(self.deployment.state_machine_arn.split(":")[4])

    @property
    def executions(self) -> list[Execution]:
        """The executions of the workflow."""
        machine = self._step_functions.describe_state_machine(self.deployment.state_machine_arn)
        executions: list[Execution] = machine.executions
        return executions

    @property
    def _step_functions(self) -> Any:
        _, _, _, region, account, *_ = self.deployment.state_machine_arn.split(":")
        return stepfunctions_parser_backends[account][region]


@contextmanager
def sandbox(
    its_clock: Clock,
    stack_account: str = deployment.STACK_ACCOUNT,
    accounts: Iterable[str] = (),
    release: Path | None = None,
) -> Iterator[Sandbox]:
    """Yield an AWS on a clock, with the stack or a release of it, and its roles in these accounts too."""
    made: list[Sandbox] = []
    listeners: list[interpreter.Listener] = []
    outcomes: list[dict[str, Any]] = []
    with without_aws_settings(), services.install(its_clock, lambda: made[0], listeners, outcomes):
        made.append(Sandbox(its_clock, listeners, outcomes, stack_account, accounts, release))
        with faults.install(its_clock, lambda: made[0].plan, lambda: made[0].records):
            yield made[0]


def _each(backends: Any, change: Callable[[Any], object]) -> None:
    """Apply a change to the backend of each account and Region."""
    for account in backends.values():
        for backend in account.values():
            change(backend)


def _has_projects(request: Any) -> bool:
    """Return whether an input names a version and a name for its copy, and two projects that exist."""
    named = ("SourceProjectVersionArn", "VersionName", *SIDES)
    if not (isinstance(request, dict) and all(isinstance(request.get(name), str) for name in named)):
        return False
    backends = [backend for account in list(rekognition_backends.values()) for backend in list(account.values())]
    return all(any(request[side] in backend.projects for backend in backends) for side in SIDES)


def eventbridge_name() -> str:
    """Return a name like those that EventBridge gives executions: two UUIDs, 73 characters."""
    return f"{uuid.uuid4()}_{uuid.uuid4()}"
