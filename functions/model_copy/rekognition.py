"""Amazon Rekognition: the calls that the workflow makes.

Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_Operations_Amazon_Rekognition.html
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws_errors import calling, code, is_quota, message
from model_copy.policies import Policy
from model_copy.request import CopyRequest
from model_copy.statuses import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

_CHANGED = {"InvalidPolicyRevisionIdException", "ResourceAlreadyExistsException"}


class ProjectNotFoundError(Exception):
    """The project does not exist.  For the callers here, which know what it is."""


class PolicyChangedError(Exception):
    """The policy is not any more as it was read.  For grants.py, which reads it again."""


class PolicyQuotaReachedError(Exception):
    """AWS takes no further policy.  For grants.py, which knows whose they are."""


class PolicyMalformedError(Exception):
    """AWS does not take the document.  For grants.py, which names the policy."""


def describe_version(client: "RekognitionClient", project: Arn, name: str) -> ModelVersion | None:
    """Describe the version of that name; None when there is none.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _calling("DescribeProjectVersions", project):
            pages = client.get_paginator("describe_project_versions").paginate(
                ProjectArn=project.text, VersionNames=[name]
            )
            found = [one for page in pages for one in page["ProjectVersionDescriptions"]]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        # AWS does not say whether a name that is not there is an empty answer or this error.
        check_project(client, project)
        return None
    return ModelVersion.of(found[0]) if found else None


def check_project(client: "RekognitionClient", project: Arn) -> None:
    """Raise ProjectNotFoundError when there is no such project."""
    try:
        with _calling("DescribeProjectVersions", project):
            client.describe_project_versions(ProjectArn=project.text, MaxResults=1)
    except ClientError as error:
        raise _project_error(error) from error


def find_project(client: "RekognitionClient", version: Arn) -> Arn | None:
    """Find the project of a version, whose ARN the version's own does not tell; None when there is none.

    Raises RequestRejectedError, TransientError, AccessDeniedError.
    """
    try:
        with _calling("DescribeProjects", version):
            pages = client.get_paginator("describe_projects").paginate(ProjectNames=[version.project])
            found = [Arn.of_project(one["ProjectArn"]) for page in pages for one in page["ProjectDescriptions"]]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        return None
    return found[0] if found else None


def count_versions(client: "RekognitionClient", project: Arn) -> int:
    """Count the versions of a project.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _calling("DescribeProjectVersions", project):
            pages = client.get_paginator("describe_project_versions").paginate(ProjectArn=project.text)
            return sum(len(page["ProjectVersionDescriptions"]) for page in pages)
    except ClientError as error:
        raise _project_error(error) from error


def copy_version(client: "RekognitionClient", request: CopyRequest) -> str:
    """Start the copy and give its ARN.  Not idempotent: describe the name before, and after any failure.

    Raises TransientError, AccessDeniedError, and ClientError for what the copy alone can fail with.
    """
    members: dict[str, Any] = dict(request.members)
    also = ", use the bucket and key of the output (parameters OutputBucket and OutputKeyArn)"
    also += " and, if the source was trained with a KMS key, that key"
    with _calling("CopyProjectVersion", request.destination_project, also):
        return client.copy_project_version(**members)["ProjectVersionArn"]


def list_policies(client: "RekognitionClient", project: Arn) -> list[Policy]:
    """List all policies of a project.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError.
    """
    try:
        with _calling("ListProjectPolicies", project):
            pages = client.get_paginator("list_project_policies").paginate(ProjectArn=project.text)
            return [Policy.of(one) for page in pages for one in page["ProjectPolicies"]]
    except ClientError as error:
        raise _project_error(error) from error


def put_policy(client: "RekognitionClient", project: Arn, name: str, document: str, revision: str | None) -> None:
    """Write a policy over the revision that was read, or a new one.

    Raises PolicyChangedError, PolicyQuotaReachedError, PolicyMalformedError, TransientError, AccessDeniedError.
    """
    known = {"PolicyRevisionId": revision} if revision else {}
    try:
        with _calling("PutProjectPolicy", project):
            client.put_project_policy(ProjectArn=project.text, PolicyName=name, PolicyDocument=document, **known)
    except ClientError as error:
        raise _policy_error(error) from error


def delete_policy(client: "RekognitionClient", project: Arn, name: str, revision: str) -> None:
    """Delete a policy in the revision that was read.

    Raises PolicyChangedError, TransientError, AccessDeniedError.
    """
    try:
        with _calling("DeleteProjectPolicy", project):
            client.delete_project_policy(ProjectArn=project.text, PolicyName=name, PolicyRevisionId=revision)
    except ClientError as error:
        raise _policy_error(error) from error


def _project_error(error: ClientError) -> Exception:
    return ProjectNotFoundError() if code(error) == "ResourceNotFoundException" else error


def _policy_error(error: ClientError) -> Exception:
    if code(error) in _CHANGED | {"ResourceNotFoundException"}:
        return PolicyChangedError(message(error))
    if is_quota(error):
        return PolicyQuotaReachedError(message(error))
    if code(error) == "MalformedPolicyDocumentException":
        return PolicyMalformedError(message(error))
    return error


def _calling(operation: str, project: Arn, also: str = "") -> AbstractContextManager[None]:
    advice = f"Let the stack's role in account {project.account} call rekognition:{operation} on it{also}."
    return calling(operation, project, advice)
