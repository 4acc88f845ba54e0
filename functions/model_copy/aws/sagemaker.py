"""Amazon SageMaker: the call that the workflow makes.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws.errors import code, message, translated
from model_copy.errors import ModelPackageNotFoundError

# AWS documents no errors of the operation. For a package that does not exist it returns the first of these.
_MISSING = {"ValidationException", "ResourceNotFound", "ResourceNotFoundException"}


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A model package; ``properties`` are its CustomerMetadataProperties."""

    approval_status: str | None
    properties: Mapping[str, str]
    modified_by: str | None

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Self:
        """Read SageMaker's description."""
        modifier = description.get("LastModifiedBy", {})
        return cls(
            approval_status=description.get("ModelApprovalStatus"),
            properties=description.get("CustomerMetadataProperties", {}),
            modified_by=modifier.get("IamIdentity", {}).get("Arn") or modifier.get("UserProfileArn"),
        )


def describe_package(client: Any, arn: Arn) -> ModelPackage:
    """Return a model package.

    Raises ModelPackageNotFoundError, TransientError, AccessDeniedError.
    """
    advice = f"Allow the stack's role in account {arn.account} to call sagemaker:DescribeModelPackage on {arn}."
    with translated("DescribeModelPackage", arn, advice):
        try:
            return ModelPackage.from_description(client.describe_model_package(ModelPackageName=arn.text))
        except ClientError as error:
            if code(error) not in _MISSING:
                raise
            raise ModelPackageNotFoundError(package=arn, message=message(error)) from error
