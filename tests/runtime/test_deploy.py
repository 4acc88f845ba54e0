"""The deployment that the README shows: sam build, then sam deploy."""

import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.cloudformation.responses import CloudFormationResponse
from samtranslator.yaml_helper import yaml_parse

from sandbox import built, deployment
from sandbox.aws.clock import VirtualClock
from sandbox.aws.lambda_.functions import Lambdas
from sandbox.aws.patches import replaced
from sandbox.deployment import PROMOTIONS_BUCKET, REGION, ROOT, SOURCE_ACCOUNT, STACK_ACCOUNT, function_names
from sandbox.invoke import SAM
from sandbox.serve import served
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending

Done = subprocess.CompletedProcess[str]
SamDeploy = Callable[..., Done]

# SAM creates its bucket in a stack of its own. moto's CloudFormation cannot create that stack, so the test does.
MANAGED_STACK: dict[str, Any] = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "managed-by-sam"}}},
    "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    """An AWS with an empty account for the stack, in which CloudFormation expands the template that SAM uploads."""
    with sandbox(VirtualClock(), stack_account=SOURCE_ACCOUNT) as aws:
        # Some events contain this name, so the stack that SAM deploys shall get it.
        deployment.client("s3", SOURCE_ACCOUNT).delete_bucket(Bucket=PROMOTIONS_BUCKET)
        tags = [{"Key": "ManagedStackSource", "Value": "AwsSamCli"}]
        deployment.client("cloudformation", STACK_ACCOUNT).create_stack(
            StackName="aws-sam-cli-managed-default", TemplateBody=json.dumps(MANAGED_STACK), Tags=tags
        )
        with replaced(CloudFormationResponse, "_get_stack_from_s3_url", lambda self, url: expanded(url)):
            yield aws


def uploaded(key: str) -> bytes:
    s3 = deployment.client("s3", STACK_ACCOUNT)
    content: bytes = s3.get_object(Bucket="managed-by-sam", Key=key)["Body"].read()
    return content


def expanded(url: str) -> str:
    template = yaml_parse(uploaded(url.partition("managed-by-sam/")[2]))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            machine = resource["Properties"]
            machine["Definition"] = yaml.safe_load(uploaded(machine.pop("DefinitionUri")["Key"]))
    return json.dumps(deployment.expand(template))


@pytest.fixture(scope="module")
def sam_deploy(aws: Sandbox, project: Path) -> Iterator[SamDeploy]:
    with served() as endpoint:
        settings = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        settings |= {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0", "TMPDIR": str(project)}

        def sam_deploy(*flags: str, answers: str) -> Done:
            command, environment = (str(SAM), "deploy", *flags), {**os.environ, **settings}
            return subprocess.run(
                command, cwd=project, env=environment, input=answers, text=True, capture_output=True, check=False
            )

        yield sam_deploy


@pytest.fixture(scope="module")
def first_deployment(sam_deploy: SamDeploy) -> Done:
    """sam deploy --guided, with Return for each question and then y."""
    # The stack's name and Region, the parameters, four questions of SAM, and two about where to save the answers.
    questions = 2 + len(built.template()["Parameters"]) + 4 + 2
    return sam_deploy("--guided", answers="\n" * questions + "y\n")


def test_the_first_deployment_creates_the_stack(aws: Sandbox, first_deployment: Done) -> None:
    assert first_deployment.returncode == 0, first_deployment.stdout + first_deployment.stderr
    stack = deployment.deployed(STACK_ACCOUNT)
    assert {deployment.logical_id(one.function_name) for one in stack.functions.values()} == set(function_names())


def test_a_later_deployment_needs_no_flags_and_no_saved_answers(
    aws: Sandbox, first_deployment: Done, project: Path, sam_deploy: SamDeploy
) -> None:
    shutil.copy(ROOT / "samconfig.toml", project)

    done = sam_deploy(answers="y\n")

    assert done.returncode == 0
    assert 'Capabilities                 : ["CAPABILITY_IAM"]' in done.stdout
    assert "Successfully created/updated stack - rekognition-model-copy" in done.stdout


def test_the_built_packages_are_uploaded(aws: Sandbox, first_deployment: Done) -> None:
    keys = {function.code["S3Key"] for function in deployment.deployed(STACK_ACCOUNT).functions.values()}
    folders = built.functions().values()

    for key in keys:
        with zipfile.ZipFile(io.BytesIO(uploaded(key))) as archive:
            packed = {name for name in archive.namelist() if not name.endswith("/")}
        for folder in folders:
            assert packed == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_uploaded_definition_calls_the_deployed_functions(aws: Sandbox, first_deployment: Done) -> None:
    aws.deployment = deployment.deployed(STACK_ACCOUNT)
    aws.lambdas = Lambdas(aws.deployment, aws.clock, lambda: aws.plan, aws.records)

    ending = Ending.of(aws.run(read_event("many_errors")))

    assert ending.error == "InvalidRequestError"
