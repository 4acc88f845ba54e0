"""Requests to Step Functions that violate its service model are refused."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.model import OperationNotFoundError
from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.responses import StepFunctionResponse

from sandbox.aws.patches import applied
from sandbox.aws.rekognition.validation import sentence, violations


class SerializationError(AWSError):
    """The request is not JSON."""

    TYPE = "SerializationException"


@contextmanager
def install() -> Iterator[None]:
    """Check each request before its permissions; ``enforcement.py`` replaces the same method."""
    authorize: Any = StepFunctionResponse._authenticate_and_authorize_normal_action

    def check(self: Any, resource: str) -> None:
        broken = _broken(self._get_action(), self.body)
        if broken:
            raise ValidationException(sentence(broken))
        authorize(self, resource)

    with applied("requests", {"StepFunctionResponse._authenticate_and_authorize_normal_action": check}):
        yield


def _broken(operation: str, body: str) -> list[str]:
    try:
        return violations(operation, json.loads(body or "{}"), "stepfunctions")
    except ValueError:
        raise SerializationError("The request is not valid JSON.") from None
    except OperationNotFoundError:
        return []  # moto refuses it
