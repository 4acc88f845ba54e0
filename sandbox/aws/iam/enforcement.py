"""AWS IAM in the sandbox: each service refuses, in its own words, what no policy of the caller allows.

An account's root may do all.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC
from typing import Any

from moto.core.exceptions import AccessDeniedError
from moto.events.responses import EventsHandler
from moto.rekognition.responses import RekognitionResponse
from moto.sagemaker.responses import SageMakerResponse
from moto.sns.exceptions import SNSException
from moto.sns.responses import SNSResponse
from moto.stepfunctions.responses import StepFunctionResponse
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse

from sandbox.aws.clock import Clock, replaced
from sandbox.aws.iam.policies import refusal, session_of
from sandbox.aws.rekognition.authorization import needed
from sandbox.aws.rekognition.exceptions import AccessDeniedException, ExpiredTokenException

Request = Any
Need = tuple[str, str, dict[str, str]]  # action, resource, context
Check = Callable[[Request, AssumedRole], None]

ENDED = "The security token included in the request is expired"
OF_KMS = "(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"


class ExpiredTokenError(AccessDeniedError):
    """The caller's session is past its end, as query services say it; no model of theirs names this error."""

    def __init__(self) -> None:
        super(AccessDeniedError, self).__init__("ExpiredToken", ENDED)


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Let the operations that the stack uses ask first."""

    def has_ended(session: AssumedRole) -> bool:
        return session.expiration.replace(tzinfo=UTC).timestamp() < clock.time()

    with ExitStack() as stack:
        for place, method, needs in NEEDS:
            stack.enter_context(_asking(place, method, _check_json(needs, has_ended)))
        stack.enter_context(_asking(TokenResponse, "assume_role", _check_sts(has_ended)))
        stack.enter_context(_asking(SNSResponse, "publish", _check_sns(has_ended)))
        yield


@contextmanager
def _asking(place: Any, method: str, check: Check) -> Iterator[None]:
    """Let a request be checked, when a session makes it, before it is answered."""
    respond = getattr(place, method)

    def asked(self: Request) -> Any:
        session = session_of(self.access_key)
        if session:
            check(self, session)
        return respond(self)

    with replaced(place, method, asked):
        yield


def _of_rekognition(request: Request) -> Iterator[Need]:
    for action, resource in needed(request._get_action(), json.loads(request.body)):
        yield f"rekognition:{action}", resource, {}


def _of_sagemaker(request: Request) -> Iterator[Need]:
    yield "sagemaker:DescribeModelPackage", request._get_param("ModelPackageName"), {}


def _of_step_functions(request: Request) -> Iterator[Need]:
    yield f"states:{request._get_action()}", request._get_param("executionArn"), {}


def _of_eventbridge(request: Request) -> Iterator[Need]:
    """Each bus, which an entry gives by its name or its ARN, or leaves to be the default one."""
    start = f"arn:{request.partition}:events:{request.region}:{request.current_account}:event-bus/"
    for entry in request._get_param("Entries"):
        bus = entry.get("EventBusName") or "default"
        context = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        yield "events:PutEvents", bus if bus.startswith("arn:") else start + bus, context


NEEDS: tuple[tuple[Any, str, Callable[[Request], Iterable[Need]]], ...] = (
    (RekognitionResponse, "_checked_request", _of_rekognition),
    (SageMakerResponse, "describe_model_package", _of_sagemaker),
    (StepFunctionResponse, "describe_execution", _of_step_functions),
    (StepFunctionResponse, "get_execution_history", _of_step_functions),
    (EventsHandler, "put_events", _of_eventbridge),
)


def _check_json(needs: Callable[[Request], Iterable[Need]], has_ended: Callable[[AssumedRole], bool]) -> Check:
    def check(request: Request, session: AssumedRole) -> None:
        for action, resource, context in needs(request):
            if has_ended(session):
                raise ExpiredTokenException(ENDED)
            refused = refusal(session, action, resource, context)
            if refused:
                raise AccessDeniedException(refused)

    return check


def _check_sts(has_ended: Callable[[AssumedRole], bool]) -> Check:
    def check(request: Request, session: AssumedRole) -> None:
        if has_ended(session):
            raise ExpiredTokenError
        arn, external_id = request._get_param("RoleArn"), request._get_param("ExternalId")
        context = {"sts:ExternalId": external_id} if external_id else {}
        if refusal(session, "sts:AssumeRole", arn, context):
            raise AccessDeniedError(session.arn, f"sts:AssumeRole on resource: {arn}")

    return check


def _check_sns(has_ended: Callable[[AssumedRole], bool]) -> Check:
    """Ask for the topic; and for its key, which SNS uses in the caller's name.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def check(request: Request, session: AssumedRole) -> None:
        if has_ended(session):
            raise ExpiredTokenError
        arn = request._get_param("TopicArn")
        refused = refusal(session, "sns:Publish", arn, {})
        if refused:
            raise SNSException("AuthorizationError", refused.replace("sns:Publish", "SNS:Publish"))
        topic = request.backend.topics.get(arn)
        via = {"kms:ViaService": f"sns.{request.region}.amazonaws.com"}
        for action in ("kms:GenerateDataKey", "kms:Decrypt") if topic and topic.kms_master_key_id else ():
            refused = refusal(session, action, topic.kms_master_key_id, via)
            if refused:
                raise SNSException("KMSAccessDenied", f"{refused} {OF_KMS}")

    return check
