"""Amazon Rekognition: the calls that the workflow makes.

Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_Operations_Amazon_Rekognition.html
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws.errors import code, is_quota, message, translated
from model_copy.errors import RequestRejectedError, TransientError
from model_copy.policies import Policy
from model_copy.request import CopyRequest
from model_copy.versions import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

_POLICY_CHANGED = {"InvalidPolicyRevisionIdException", "ResourceAlreadyExistsException", "ResourceNotFoundException"}


class ProjectNotFoundError(Exception):
    """The project does not exist.  The caller knows whether the project is the source or the destination."""


class CopyQuotaError(Exception):
    """AWS refused a copy because of a limit.  copying.py finds out which limit."""


class PolicyChangedError(Exception):
    """The policy changed after it was read.  grants.py reads it again."""


class PolicyQuotaReachedError(Exception):
    """AWS accepts no further policy.  grants.py finds out whose policies fill the project."""


class PolicyMalformedError(Exception):
    """AWS does not accept the document.  grants.py names the policy."""


def describe_version(client: "RekognitionClient", project: Arn, name: str) -> ModelVersion | None:
    """Return the version of that name; None if there is none.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _translated("DescribeProjectVersions", project):
            pages = client.get_paginator("describe_project_versions").paginate(
                ProjectArn=project.text, VersionNames=[name]
            )
            found = [one for page in pages for one in page["ProjectVersionDescriptions"]]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        # AWS does not document whether an unknown name gets an empty list or this error.
        check_project(client, project)
        return None
    return ModelVersion.from_description(found[0]) if found else None


def check_project(client: "RekognitionClient", project: Arn) -> None:
    """Raise ProjectNotFoundError if there is no such project."""
    try:
        with _translated("DescribeProjectVersions", project):
            client.describe_project_versions(ProjectArn=project.text, MaxResults=1)
    except ClientError as error:
        raise _project_error(error) from error


def find_project(client: "RekognitionClient", version: Arn) -> Arn | None:
    """Return the project of a version, found by its name; None if there is no such project.

    Raises RequestRejectedError, TransientError, AccessDeniedError.
    """
    try:
        with _translated("DescribeProjects", version):
            pages = client.get_paginator("describe_projects").paginate(ProjectNames=[version.project])
            found = [Arn.parse_project(one["ProjectArn"]) for page in pages for one in page["ProjectDescriptions"]]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        return None
    return found[0] if found else None


def count_versions(client: "RekognitionClient", project: Arn) -> int:
    """Return the number of versions in a project.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _translated("DescribeProjectVersions", project):
            pages = client.get_paginator("describe_project_versions").paginate(ProjectArn=project.text)
            return sum(len(page["ProjectVersionDescriptions"]) for page in pages)
    except ClientError as error:
        raise _project_error(error) from error


def copy_version(client: "RekognitionClient", request: CopyRequest) -> str:
    """Start the copy and return its ARN.  Not idempotent: describe the name before the call and after any failure.

    Raises CopyQuotaError, RequestRejectedError, TransientError, AccessDeniedError.
    """
    fields: dict[str, Any] = dict(request.fields)
    also = ", to use the bucket and key of the output (parameters OutputBucket and OutputKeyArn)"
    also += " and, if the source was trained with a KMS key, to use that key"
    try:
        with _translated("CopyProjectVersion", request.destination_project, also):
            return client.copy_project_version(**fields)["ProjectVersionArn"]
    except ClientError as error:
        raise _copy_error(error, request.destination_project) from error


def list_policies(client: "RekognitionClient", project: Arn) -> list[Policy]:
    """Return all policies of a project.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _translated("ListProjectPolicies", project):
            pages = client.get_paginator("list_project_policies").paginate(ProjectArn=project.text)
            return [Policy.from_description(one) for page in pages for one in page["ProjectPolicies"]]
    except ClientError as error:
        raise _project_error(error) from error


def put_policy(client: "RekognitionClient", project: Arn, name: str, document: str, revision: str | None) -> None:
    """Replace this revision of a policy; without a revision, create the policy.

    Raises PolicyChangedError, PolicyQuotaReachedError, PolicyMalformedError, TransientError, AccessDeniedError.
    """
    replaces = {"PolicyRevisionId": revision} if revision else {}
    try:
        with _translated("PutProjectPolicy", project):
            client.put_project_policy(ProjectArn=project.text, PolicyName=name, PolicyDocument=document, **replaces)
    except ClientError as error:
        raise _policy_error(error) from error


def delete_policy(client: "RekognitionClient", project: Arn, name: str, revision: str) -> None:
    """Delete a policy, if this is still its revision.

    Raises PolicyChangedError, TransientError, AccessDeniedError.
    """
    try:
        with _translated("DeleteProjectPolicy", project):
            client.delete_project_policy(ProjectArn=project.text, PolicyName=name, PolicyRevisionId=revision)
    except ClientError as error:
        raise _policy_error(error) from error


def _project_error(error: ClientError) -> Exception:
    return ProjectNotFoundError() if code(error) == "ResourceNotFoundException" else error


def _copy_error(error: ClientError, destination: Arn) -> Exception:
    if is_quota(error):
        return CopyQuotaError(message(error))
    if code(error) in ("ResourceInUseException", "ResourceAlreadyExistsException"):
        return TransientError(what=f"The copy to {destination}", reason=f"{code(error)}, {message(error)}")
    if code(error) == "ResourceNotFoundException":
        return RequestRejectedError(
            operation="CopyProjectVersion", resource=destination, code=code(error), message=message(error)
        )
    return error


def _policy_error(error: ClientError) -> Exception:
    if code(error) in _POLICY_CHANGED:
        return PolicyChangedError(message(error))
    if is_quota(error):
        return PolicyQuotaReachedError(message(error))
    if code(error) == "MalformedPolicyDocumentException":
        return PolicyMalformedError(message(error))
    return error


def _translated(operation: str, project: Arn, also: str = "") -> AbstractContextManager[None]:
    advice = f"Allow the stack's role in account {project.account} to call rekognition:{operation} on {project}{also}."
    return translated(operation, project, advice)
