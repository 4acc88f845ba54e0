"""Executions of the state machine that promotes."""

import json
import re
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.deployment import PROMOTIONS_BUCKET, REGION, STACK_ACCOUNT
from sandbox.stories import promotions_bucket
from sandbox.world import Sandbox
from tests.workflow.ending import Ending


def machine() -> Any:
    """Return moto's state machine."""
    backend: Any = stepfunctions_parser_backends[STACK_ACCOUNT][REGION]
    return next(one for one in backend.state_machines if "PromoteModel" in one.name)


def start(aws: Sandbox, request: object, name: str) -> Execution:
    """Start a promotion."""
    return aws.start(request, name, aws.deployment.promotion_machine_arn)


def promote(aws: Sandbox, request: object, name: str) -> Ending:
    """Run a promotion to its end."""
    execution = start(aws, request, name)
    aws.finish()
    return Ending.of(execution)


def put_manifest(content: str, key: str = "manifests/live.json") -> None:
    """Write an object into the stack's bucket as a user does."""
    promotions_bucket()[0].put_object(PROMOTIONS_BUCKET, key, content.encode())


def table(name: str = "promote-v3") -> list[dict[str, Any]]:
    """Return the rows of the table of a promotion; none if it has no table."""
    pattern = re.compile(rf"promotions/{name}/\w+/table\.json")
    keys = [key for key in promotions_bucket()[1].keys if pattern.fullmatch(key)]
    return [row for key in keys for row in json.loads(written(key))]


def written(key: str) -> str:
    """Return an object of the stack's bucket."""
    content: bytes = promotions_bucket()[1].keys[key].value
    return content.decode()
