"""The AWS in which stories are told."""

import json
import os
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

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
from sandbox.faults import Plan
from sandbox.happenings import Others
from sandbox.stories import backend_of


class Sandbox:
    """An AWS with the stack deployed in it.

    Deploying takes seconds, so one sandbox serves many stories: ``reset`` makes all anew that a story changes.
    """

    def __init__(
        self,
        its_clock: Clock,
        listeners: list[interpreter.Listener],
        outcomes: list[dict[str, Any]],
        stack_account: str,
    ) -> None:
        self.clock, self.listeners = its_clock, listeners
        # The events that functions have put on a bus.
        self.outcomes = outcomes
        # Whether Step Functions tells of status changes, which costs each run a function more.
        self.announces = False
        random.seed(1)
        self.deployment = deployment.deploy(stack_account)
        self.plan = Plan()
        self.lambdas = Lambdas(self.deployment, its_clock, lambda: self.plan)

    def reset(self) -> None:
        """Begin a world on a virtual clock that is empty but for the stack."""
        assert isinstance(self.clock, VirtualClock)
        self.clock.reset()
        self.plan = Plan()
        self.lambdas = Lambdas(self.deployment, self.clock, lambda: self.plan, self.lambdas)
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
        self.executions.clear()
        TMP_THREADS.clear()  # of moto, which keeps each thread of each task

    def seed(self, story: str) -> None:
        """Add what the story starts from."""
        stories.seed(story, self.now, self.clock.after)

    def follow(self, plan: str, request: object = None) -> None:
        """Let a plan go wrong; what others do in it, they do around the copy of the request."""
        happenings = self.others(request).happenings() if _has_projects(request) else {}
        self.plan = Plan(plan, happenings)
        vars(settings).update(self.plan.settings)

    def others(self, request: Any) -> Others:
        """Give those who may change the projects of a request."""
        source, destination = (
            backend_of(request[side]).projects[request[side]] for side in ("SourceProjectArn", "DestinationProjectArn")
        )
        policy = f"{deployment.STACK_NAME}-{destination.arn.split(':')[4]}"
        return Others(source, destination, request, policy, self.now)

    def now(self) -> datetime:
        """Tell the time as moto does, naive and in UTC."""
        return datetime.fromtimestamp(self.clock.time(), UTC).replace(tzinfo=None)

    def start(self, request: object, name: str | None = None) -> Execution:
        """Start the workflow, under a name as long as EventBridge's unless one is given.

        On a virtual clock it runs when the clock does.
        """
        execution: Execution = self._step_functions.start_execution(
            self.deployment.state_machine_arn, name or eventbridge_name(), json.dumps(request)
        )
        return execution

    def run(self, request: object, name: str | None = None) -> Execution:
        """Run the workflow to its end on a virtual clock."""
        execution = self.start(request, name)
        assert isinstance(self.clock, VirtualClock)
        self.clock.run()
        return execution

    def put(self, event: dict[str, Any]) -> list[Execution]:
        """Put an event on the default bus of its account, and give the executions that it starts.

        On a virtual clock they run when the clock does.
        """
        before = len(self.executions)
        eventbridge.deliver(status_changes.of_machine(event, self.deployment.state_machine_arn))
        return self.executions[before:]

    @property
    def mails(self) -> list[sns.Mail]:
        """What was sent to those who have subscribed to the stack's topic."""
        return sns.mails()

    @property
    def dead_letters(self) -> list[sqs.DeadLetter]:
        """What could not start an execution or be announced."""
        return sqs.dead_letters(self.deployment.state_machine_arn.split(":")[4])

    @property
    def executions(self) -> list[Execution]:
        """The executions that were started."""
        machine = self._step_functions.describe_state_machine(self.deployment.state_machine_arn)
        executions: list[Execution] = machine.executions
        return executions

    @property
    def _step_functions(self) -> Any:
        _, _, _, region, account, *_ = self.deployment.state_machine_arn.split(":")
        return stepfunctions_parser_backends[account][region]


@contextmanager
def without_aws_settings() -> Iterator[None]:
    """Forget the AWS settings of whoever runs this: profile, endpoint, Region, credentials and files of them."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ.update(nothing)
    try:
        yield
    finally:
        for name in nothing:
            os.environ.pop(name, None)
        os.environ.update(before)


@contextmanager
def sandbox(its_clock: Clock, stack_account: str = deployment.STACK_ACCOUNT) -> Iterator[Sandbox]:
    """Make an AWS on a clock, and deploy the stack in it."""
    made: list[Sandbox] = []
    listeners: list[interpreter.Listener] = []
    outcomes: list[dict[str, Any]] = []
    with without_aws_settings(), services.install(its_clock, lambda: made[0], listeners, outcomes):
        made.append(Sandbox(its_clock, listeners, outcomes, stack_account))
        with faults.install(its_clock, lambda: made[0].plan):
            yield made[0]


def _each(backends: Any, change: Callable[[Any], object]) -> None:
    """Change the backend of each account and Region."""
    for account in backends.values():
        for backend in account.values():
            change(backend)


def _has_projects(request: Any) -> bool:
    sides = ("SourceProjectArn", "DestinationProjectArn")
    return (
        isinstance(request, dict)
        and all(side in request for side in sides)
        and all(request[side] in backend_of(request[side]).projects for side in sides)
    )


def eventbridge_name() -> str:
    """Name an execution as EventBridge does: by two UUIDs, 73 characters."""
    return f"{uuid.uuid4()}_{uuid.uuid4()}"
