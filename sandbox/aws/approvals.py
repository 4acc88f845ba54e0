"""The events of AWS that can approve a model: CloudTrail's about tags of Rekognition, and SageMaker's about packages.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends
from moto.rekognition.responses import RekognitionResponse
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from sandbox.aws import eventbridge
from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import role_id
from sandbox.aws.patches import applied, replaced
from sandbox.aws.rekognition.identity import Caller, caller_of

Request = Any
Detail = dict[str, Any]
OF_CLOUDTRAIL = "AWS API Call via CloudTrail"
OF_SAGEMAKER = "SageMaker Model Package State Change"
KEPT = ("approval_description", "customer_metadata_properties", "model_approval_status")
UPDATES = ("ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties")


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Send an event for each successful change of a tag and of a model package."""
    update: Any = SageMakerModelBackend.update_model_package

    def answer(respond: Callable[[Request], Any], event: Callable[[Request, str], Any]) -> Callable[[Request], Any]:
        """Answer a request, then send its event."""

        def answered(self: Request) -> Any:
            result = respond(self)
            time = datetime.fromtimestamp(clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            eventbridge.deliver(_event(self, time, **event(self, time)))
            return result

        return answered

    def update_model_package(self: Any, model_package_arn: str, **changes: Any) -> str:
        """Keep what the request does not name; moto would remove it."""
        package = self.model_packages.get(self.model_package_name_mapping.get(model_package_arn, model_package_arn))
        kept = {name: getattr(package, name, None) for name in KEPT if changes[name] is None}
        arn: str = update(self, model_package_arn=model_package_arn, **changes | kept)
        return arn

    replacements = {
        "SageMakerModelBackend.update_model_package": update_model_package,
        **{
            f"SageMakerResponse.{name}": answer(getattr(SageMakerResponse, name), _state_change)
            for name in ("create_model_package", "update_model_package")
        },
    }
    responses: Any = RekognitionResponse
    with (
        applied("approvals", replacements),
        replaced(responses, "tag_resource", answer(responses.tag_resource, _call)),
        replaced(responses, "untag_resource", answer(responses.untag_resource, _call)),
    ):
        yield


def _event(request: Request, time: str, **content: Any) -> eventbridge.Event:
    place = {"account": request.current_account, "region": request.region}
    return {"version": "0", "id": str(uuid.uuid4()), "time": time, **place, **content}


def _call(request: Request, time: str) -> Detail:
    """Return CloudTrail's event about a call of Rekognition."""
    account, operation = request.current_account, request._get_action()
    parameters = {name[0].lower() + name[1:]: value for name, value in json.loads(request.body).items()}
    detail = {
        "eventVersion": "1.11",
        "userIdentity": _identity(caller_of(request.access_key, account, request.partition)),
        "eventTime": time,
        "eventSource": "rekognition.amazonaws.com",
        "eventName": operation,
        "awsRegion": request.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": request.headers.get("User-Agent"),
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    return {"detail-type": OF_CLOUDTRAIL, "source": "aws.rekognition", "resources": [], "detail": detail}


def _identity(caller: Caller) -> Detail:
    """Return who made a call, as CloudTrail writes it."""
    known = {"arn": caller.arn, "accountId": caller.account_id}
    if caller.session_arn and caller.role_arn:
        principal = f"{role_id(caller.role_arn)}:{caller.session_arn.rpartition('/')[2]}"
        return {"type": "AssumedRole", "principalId": principal, **known}
    if caller.user_arn:
        name = caller.user_arn.rpartition("/")[2]
        user = iam_backends[caller.account_id][caller.partition].users[name]
        return {"type": "IAMUser", "principalId": user.id, **known, "userName": name}
    return {"type": "Root", "principalId": caller.account_id, **known}


def _state_change(request: Request, _: str) -> Detail:
    """Return SageMaker's event about a model package; the event of a new one names no updated fields."""
    package = _package(request)
    named = [name for name in UPDATES if request._get_param(name) is not None]
    updated = {"UpdatedModelPackageFields": named} if request._get_action() == "UpdateModelPackage" else {}
    detail = {
        "ModelPackageGroupName": package.model_package_group_name,
        "ModelPackageVersion": package.model_package_version,
        "ModelPackageArn": package.arn,
        "CreationTime": package.creation_time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ModelPackageStatus": package.model_package_status,
        "CertifyForMarketplace": bool(package.certify_for_marketplace),
        "ModelApprovalStatus": package.model_approval_status,
        **updated,
    }
    return {"detail-type": OF_SAGEMAKER, "source": "aws.sagemaker", "resources": [package.arn], "detail": detail}


def _package(request: Request) -> ModelPackage:
    """Return the model package that a request has just created or updated."""
    backend, arn = request.sagemaker_backend, request._get_param("ModelPackageArn")
    found: ModelPackage = backend.describe_model_package(arn) if arn else [*backend.model_packages.values()][-1]
    return found
