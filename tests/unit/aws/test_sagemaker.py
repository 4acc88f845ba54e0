"""SageMaker's errors and descriptions of model packages, as the workflow knows them."""

import pytest
from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws import clients, sagemaker
from model_copy.aws.sagemaker import ModelPackage
from model_copy.errors import AccessDeniedError, ModelPackageNotFoundError, TransientError
from tests.unit.world import REGION, SOURCE, Json, Wire, World


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ValidationException", 400, ModelPackageNotFoundError),
        ("ResourceNotFound", 400, ModelPackageNotFoundError),
        ("ThrottlingException", 400, TransientError),
        ("InternalFailure", 500, TransientError),
        ("AccessDeniedException", 400, AccessDeniedError),
        ("UnknownException", 400, ClientError),
    ],
)
def test_each_error_of_sagemaker_has_its_route(world: World, code: str, status: int, error: type[Exception]) -> None:
    arn = Arn.parse_model_package(f"arn:aws:sagemaker:{REGION}:{SOURCE}:model-package/cats/1")
    assert arn
    wire = Wire(clients.approved("promote-v1", "sagemaker", arn, "sagemaker:DescribeModelPackage"))
    wire.return_error("DescribeModelPackage", code, status)

    with pytest.raises(error):
        sagemaker.describe_package(wire.client, arn)


@pytest.mark.parametrize(
    ("modified", "by"),
    [
        ({"IamIdentity": {"Arn": "arn:ana"}, "UserProfileArn": "arn:profile"}, "arn:ana"),
        ({"UserProfileArn": "arn:profile"}, "arn:profile"),
        ({}, None),
    ],
)
def test_the_last_identity_that_changed_the_package_approved_it(modified: Json, by: str | None) -> None:
    assert ModelPackage.from_description({"LastModifiedBy": modified}) == ModelPackage(None, {}, by)
    assert ModelPackage.from_description({}).modified_by is None
