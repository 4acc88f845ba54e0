"""Amazon Rekognition: the lists that only an audit reads.

Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DescribeProjects.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_copy.arns import Arn
from model_copy.aws.errors import code, translated
from model_copy.aws.rekognition import ProjectNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


def list_projects(client: "RekognitionClient", projects: Arn) -> list[Arn]:
    """Return the projects of an account.

    Raises TransientError, AccessDeniedError, RequestRejectedError.
    """
    advice = f"Allow the stack's role in account {projects.account} to call rekognition:DescribeProjects."
    with translated("DescribeProjects", projects, advice):
        pages = client.get_paginator("describe_projects").paginate()
        found = [Arn.parse_project(one.get("ProjectArn")) for page in pages for one in page["ProjectDescriptions"]]
    return [one for one in found if one]


def list_versions(client: "RekognitionClient", project: Arn) -> set[str]:
    """Return the ARNs of a project's versions.

    Raises ProjectNotFoundError, TransientError, AccessDeniedError, RequestRejectedError.
    """
    advice = f"Allow the stack's role in account {project.account} to call rekognition:DescribeProjectVersions on it."
    try:
        with translated("DescribeProjectVersions", project, advice):
            pages = client.get_paginator("describe_project_versions").paginate(ProjectArn=project.text)
            return {one.get("ProjectVersionArn", "") for page in pages for one in page["ProjectVersionDescriptions"]}
    except ClientError as error:
        raise ProjectNotFoundError if code(error) == "ResourceNotFoundException" else error from error
