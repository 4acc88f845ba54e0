"""Executions of the state machine that promotes."""

import json
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.deployment import PROMOTIONS_BUCKET, REGION, STACK_ACCOUNT, client
from sandbox.stories import promotions_bucket
from sandbox.world import Sandbox
from tests.workflow.ending import Ending


def machine_arn() -> str:
    """Return the ARN of the state machine."""
    listed = client("stepfunctions", STACK_ACCOUNT).list_state_machines()["stateMachines"]
    return next(str(one["stateMachineArn"]) for one in listed if "PromoteModel" in one["name"])


def promote(aws: Sandbox, request: object, name: str) -> Ending:
    """Run a promotion to its end."""
    backend: Any = stepfunctions_parser_backends[STACK_ACCOUNT][REGION]
    execution = backend.start_execution(machine_arn(), name, json.dumps(request))
    aws.finish()
    return Ending.of(execution)


def put_manifest(content: str, key: str = "manifests/live.json") -> None:
    """Write an object into the stack's bucket as a user does."""
    promotions_bucket()[0].put_object(PROMOTIONS_BUCKET, key, content.encode())


def written(key: str) -> str:
    """Return an object of the stack's bucket."""
    content: bytes = promotions_bucket()[1].keys[key].value
    return content.decode()
