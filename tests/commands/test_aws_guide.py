"""What AWS's guide to Custom Labels does with the AWS CLI and boto3 works against the served sandbox.

Source: https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/md-copy-model-overview.html
"""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from sandbox.deployment import DESTINATION_ACCOUNT
from tests.commands.shell import Shell
from tests.commands.table import project, version

SOURCE, VERSION = project("small_model"), version("small_model")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{DESTINATION_ACCOUNT}:root"},
            "Action": "rekognition:CopyProjectVersion",
            "Resource": f"{SOURCE.rpartition('/')[0]}/version/*",
        }
    ],
}
# The pause between two looks at a model, in seconds.
PAUSE = 1
OUTPUT = {"S3Bucket": "models", "S3KeyPrefix": "copies"}


@pytest.fixture
def rekognition(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Make a client of Rekognition as a script does, with a profile."""
    for name, value in shell.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)

    def client(profile: str) -> Any:
        session: Any = boto3.Session(profile_name=profile)
        return session.client("rekognition")

    return client


def test_a_model_is_copied_with_the_aws_cli(shell: Shell) -> None:
    (shell.folder / "policy-document.json").write_text(json.dumps(POLICY))
    printed = shell.run(f"""
destination=$(aws rekognition create-project --project-name by-the-cli --profile destination \\
  --query ProjectArn --output text)
revision=$(aws rekognition put-project-policy --project-arn {SOURCE} --policy-name by-the-cli \\
  --policy-document file://policy-document.json --profile source --query PolicyRevisionId --output text)
aws rekognition list-project-policies --project-arn {SOURCE} --profile source --query "ProjectPolicies[].PolicyName"
aws rekognition copy-project-version --source-project-arn {SOURCE} --source-project-version-arn {VERSION} \\
  --destination-project-arn $destination --version-name copied \\
  --output-config '{{"S3Bucket": "models", "S3KeyPrefix": "copies"}}' --tags '{{"team": "vision"}}' \\
  --profile destination
aws rekognition delete-project-policy --project-arn {SOURCE} --policy-name by-the-cli \\
  --policy-revision-id $revision --profile source
until aws rekognition describe-project-versions --project-arn $destination --version-names copied \\
  --profile destination | grep COPYING_COMPLETED; do sleep {PAUSE}; done
""")

    assert '"by-the-cli"' in printed
    assert '"Status": "COPYING_COMPLETED"' in printed


def test_a_model_is_copied_started_used_and_deleted_with_boto3(rekognition: Callable[[str], Any]) -> None:
    source, destination = rekognition("source"), rekognition("destination")
    target = destination.create_project(ProjectName="by-boto3")["ProjectArn"]
    listed = [
        one["ProjectArn"]
        for page in destination.get_paginator("describe_projects").paginate(PaginationConfig={"PageSize": 10})
        for one in page["ProjectDescriptions"]
    ]
    assert target in listed

    source.put_project_policy(ProjectArn=SOURCE, PolicyName="by-boto3", PolicyDocument=json.dumps(POLICY))
    policies = list(source.get_paginator("list_project_policies").paginate(ProjectArn=SOURCE))
    (policy,) = (one for page in policies for one in page["ProjectPolicies"] if one["PolicyName"] == "by-boto3")
    assert json.loads(policy["PolicyDocument"]) == POLICY
    copy = destination.copy_project_version(
        SourceProjectArn=SOURCE,
        SourceProjectVersionArn=VERSION,
        DestinationProjectArn=target,
        VersionName="copied",
        OutputConfig=OUTPUT,
    )["ProjectVersionArn"]
    source.delete_project_policy(ProjectArn=SOURCE, PolicyName="by-boto3", PolicyRevisionId=policy["PolicyRevisionId"])
    assert wait_while(destination, target, "COPYING_IN_PROGRESS") == "COPYING_COMPLETED"

    destination.start_project_version(ProjectVersionArn=copy, MinInferenceUnits=1)
    waiter = destination.get_waiter("project_version_running")
    waiter.wait(ProjectArn=target, VersionNames=["copied"], WaiterConfig={"Delay": PAUSE})
    image = {"S3Object": {"Bucket": "models", "Name": "test.jpg"}}
    labels = destination.detect_custom_labels(ProjectVersionArn=copy, Image=image, MinConfidence=50)["CustomLabels"]
    assert labels
    destination.stop_project_version(ProjectVersionArn=copy)
    assert wait_while(destination, target, "STOPPING") == "STOPPED"
    destination.delete_project_version(ProjectVersionArn=copy)
    left = destination.describe_project_versions(ProjectArn=target, NextToken="")["ProjectVersionDescriptions"]
    assert left == []
    assert destination.delete_project(ProjectArn=target)["Status"] == "DELETING"


def wait_while(rekognition: Any, project_arn: str, status: str) -> str:
    """Wait until the copy no longer has the status; return its status."""
    while True:
        found = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=["copied"])
        (described,) = found["ProjectVersionDescriptions"]
        if described["Status"] != status:
            return str(described["Status"])
        time.sleep(PAUSE)
