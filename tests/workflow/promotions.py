"""Executions of the state machine that promotes."""

from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.deployment import PROMOTIONS_BUCKET, REGION, STACK_ACCOUNT
from sandbox.stories import promotions_bucket
from sandbox.world import Sandbox
from tests.workflow.ending import Ending


def machine(account: str = STACK_ACCOUNT) -> Any:
    """Return moto's state machine in the account of the stack."""
    backend: Any = stepfunctions_parser_backends[account][REGION]
    return next(one for one in backend.state_machines if "PromoteModel" in one.name)


def start(aws: Sandbox, request: object, name: str) -> Execution:
    """Start a promotion."""
    return aws.start(request, name, machine(aws.deployment.state_machine_arn.split(":")[4]).arn)


def promote(aws: Sandbox, request: object, name: str) -> Ending:
    """Run a promotion to its end."""
    execution = start(aws, request, name)
    aws.finish()
    return Ending.of(execution)


def put_manifest(content: str, key: str = "manifests/live.json") -> None:
    """Write an object into the stack's bucket as a user does."""
    promotions_bucket()[0].put_object(PROMOTIONS_BUCKET, key, content.encode())


def written(key: str) -> str:
    """Return an object of the stack's bucket."""
    content: bytes = promotions_bucket()[1].keys[key].value
    return content.decode()
