"""Amazon SageMaker in the sandbox: an event for each change of a model package, which can approve a model.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from sandbox.aws import eventbridge
from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied

Request = Any
KEPT = ("approval_description", "customer_metadata_properties", "model_approval_status")
UPDATES = ("ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties")


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Send an event after each request that creates or updates a model package."""
    update: Any = SageMakerModelBackend.update_model_package

    def announced(respond: Callable[[Request], Any]) -> Callable[[Request], Any]:
        def answer(self: Request) -> Any:
            result = respond(self)
            eventbridge.deliver(_state_change(self, datetime.fromtimestamp(clock.time(), UTC)))
            return result

        return answer

    def update_model_package(self: Any, model_package_arn: str, **changes: Any) -> str:
        """Keep what the request does not name; moto would remove it."""
        package = self.model_packages.get(self.model_package_name_mapping.get(model_package_arn, model_package_arn))
        kept = {name: getattr(package, name, None) for name in KEPT if changes[name] is None}
        arn: str = update(self, model_package_arn=model_package_arn, **changes | kept)
        return arn

    replacements = {
        "SageMakerModelBackend.update_model_package": update_model_package,
        "SageMakerResponse.create_model_package": announced(SageMakerResponse.create_model_package),
        "SageMakerResponse.update_model_package": announced(SageMakerResponse.update_model_package),
    }
    with applied("sagemaker", replacements):
        yield


def _state_change(request: Request, now: datetime) -> eventbridge.Event:
    """Return the event about a model package; the event of a new one names no updated fields."""
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
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": request.current_account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": request.region,
        "resources": [package.arn],
        "detail": detail,
    }


def _package(request: Request) -> ModelPackage:
    """Return the model package that a request has just created or updated."""
    backend, arn = request.sagemaker_backend, request._get_param("ModelPackageArn")
    found: ModelPackage = backend.describe_model_package(arn) if arn else [*backend.model_packages.values()][-1]
    return found
