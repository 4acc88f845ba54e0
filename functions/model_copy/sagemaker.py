"""Amazon SageMaker: the call that the workflow makes.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws_errors import calling, code, message
from model_copy.errors import ModelPackageNotFoundError

# AWS documents no error of the operation; it answers with the first for a package that is not there.
_MISSING = {"ValidationException", "ResourceNotFound", "ResourceNotFoundException"}


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A model package as SageMaker describes it."""

    approval_status: str | None
    properties: Mapping[str, str]
    modified_by: str | None

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self:
        """Read a description."""
        who = description.get("LastModifiedBy", {})
        return cls(
            approval_status=description.get("ModelApprovalStatus"),
            properties=description.get("CustomerMetadataProperties", {}),
            modified_by=who.get("IamIdentity", {}).get("Arn") or who.get("UserProfileArn"),
        )


def describe_package(client: Any, arn: Arn) -> ModelPackage:
    """Describe a model package.

    Raises ModelPackageNotFoundError, TransientError, AccessDeniedError.
    """
    advice = f"Let the stack's role in account {arn.account} call sagemaker:DescribeModelPackage on it."
    with calling("DescribeModelPackage", arn, advice):
        try:
            return ModelPackage.of(client.describe_model_package(ModelPackageName=arn.text))
        except ClientError as error:
            if code(error) not in _MISSING:
                raise
            raise ModelPackageNotFoundError(package=arn, message=message(error)) from error
