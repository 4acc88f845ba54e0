"""Permissions in the sandbox: each service refuses, with its own message, what the caller's policies do not allow.

The root user of an account may do everything.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import make_function_arn
from moto.core.exceptions import AccessDeniedError
from moto.events.responses import EventsHandler
from moto.rekognition.responses import RekognitionResponse
from moto.sagemaker.responses import SageMakerResponse
from moto.sns.exceptions import SNSException
from moto.sns.responses import SNSResponse
from moto.stepfunctions.responses import StepFunctionResponse
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse

from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import has_ended, refusal, session_of
from sandbox.aws.lambda_.api import function_name
from sandbox.aws.patches import applied, replaced
from sandbox.aws.rekognition.authorization import needed
from sandbox.aws.rekognition.exceptions import AccessDeniedException, ExpiredTokenException
from sandbox.aws.rekognition.responses import CustomLabelsResponse

Request = Any
Need = tuple[str, str, dict[str, str]]  # action, resource, context
Check = Callable[[Request, AssumedRole], None]

OF_STEP_FUNCTIONS = (
    "executionArn",
    "stateMachineArn",
    "mapRunArn",
    "resourceArn",
    "stateMachineAliasArn",
    "activityArn",
)
ENDED = "The security token included in the request is expired"
OF_KMS = "(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"


class ExpiredTokenError(AccessDeniedError):
    """The caller's session has expired. SNS and STS return this error, although their service models lack it."""

    def __init__(self) -> None:
        super(AccessDeniedError, self).__init__("ExpiredToken", ENDED)


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make the operations that the stack uses check the caller's permissions."""

    def ended(session: AssumedRole) -> bool:
        return has_ended(session, clock.time())

    checks = [(api, method, _check_json(needs, ended)) for api, method, needs in NEEDS]
    checks += [
        (LambdaResponse, "invoke", _check_json(_of_lambda, ended, status=403)),
        (TokenResponse, "assume_role", _check_sts(ended)),
        (SNSResponse, "publish", _check_sns(ended)),
    ]
    checked = {f"{api.__name__}.{method}": _checked(getattr(api, method), check) for api, method, check in checks}
    # All operations of Rekognition go through this method of the sandbox.
    of_rekognition = _checked(CustomLabelsResponse._checked_request, _check_json(_of_rekognition, ended))
    with applied("enforcement", checked), replaced(RekognitionResponse, "_checked_request", of_rekognition):
        yield


def _checked(respond: Callable[..., Any], check: Check) -> Callable[..., Any]:
    """Check the permissions of a request before answering it, if its caller is the session of a role."""

    def checked(self: Request, *args: Any) -> Any:
        session = session_of(self.access_key)
        if session:
            check(self, session)
        return respond(self, *args)

    return checked


def _of_rekognition(request: Request) -> Iterator[Need]:
    for action, resource in needed(request._get_action(), json.loads(request.body)):
        yield f"rekognition:{action}", resource, {}


def _of_sagemaker(request: Request) -> Iterator[Need]:
    package = request._get_param("ModelPackageName") or request._get_param("ModelPackageArn")
    yield f"sagemaker:{request._get_action()}", package, {}


def _of_step_functions(request: Request) -> Iterator[Need]:
    """Yield what the request is about; lists of everything are about nothing.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    named = (request._get_param(name) for name in OF_STEP_FUNCTIONS)
    yield f"states:{request._get_action()}", next(filter(None, named), "*"), {}


def _of_lambda(request: Request) -> Iterator[Need]:
    name = function_name(request).rpartition(":function:")[2]
    yield "lambda:InvokeFunction", make_function_arn(request.region, request.current_account, name), {}


def _of_eventbridge(request: Request) -> Iterator[Need]:
    """Yield each entry's bus; EventBusName is a name or an ARN, and without it the bus is the default one."""
    start = f"arn:{request.partition}:events:{request.region}:{request.current_account}:event-bus/"
    for entry in request._get_param("Entries"):
        bus = entry.get("EventBusName") or "default"
        context = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        yield "events:PutEvents", bus if bus.startswith("arn:") else start + bus, context


NEEDS: tuple[tuple[Any, str, Callable[[Request], Iterable[Need]]], ...] = (
    (SageMakerResponse, "describe_model_package", _of_sagemaker),
    (SageMakerResponse, "update_model_package", _of_sagemaker),
    # All operations of Step Functions go through this method.
    (StepFunctionResponse, "_authenticate_and_authorize_normal_action", _of_step_functions),
    (EventsHandler, "put_events", _of_eventbridge),
)


def _check_json(
    needs: Callable[[Request], Iterable[Need]], ended: Callable[[AssumedRole], bool], status: int = 400
) -> Check:
    def check(request: Request, session: AssumedRole) -> None:
        for action, resource, context in needs(request):
            late, refused = ended(session), refusal(session, action, resource, context)
            if late or refused:
                error = ExpiredTokenException(ENDED) if late else AccessDeniedException(refused or "")
                error.code = status
                raise error

    return check


def _check_sts(ended: Callable[[AssumedRole], bool]) -> Check:
    def check(request: Request, session: AssumedRole) -> None:
        if ended(session):
            raise ExpiredTokenError
        arn, external_id = request._get_param("RoleArn"), request._get_param("ExternalId")
        context = {"sts:ExternalId": external_id} if external_id else {}
        if refusal(session, "sts:AssumeRole", arn, context):
            raise AccessDeniedError(session.arn, f"sts:AssumeRole on resource: {arn}")

    return check


def _check_sns(ended: Callable[[AssumedRole], bool]) -> Check:
    """Check the permissions for the topic, and those for its key, which SNS uses on the caller's behalf.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def check(request: Request, session: AssumedRole) -> None:
        if ended(session):
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
