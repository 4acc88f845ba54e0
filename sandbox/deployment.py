"""The stacks in the sandbox: the real templates, expanded by SAM's translator, created by moto's CloudFormation."""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto.awslambda.models import LambdaFunction
from moto.awslambda_simple.models import lambda_simple_backends
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from sandbox import audits

ROOT = Path(__file__).parent.parent
REGION = "us-east-1"
STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT = "123456789012", "111111111111", "222222222222"
FURTHER_DESTINATIONS = ("333333333333", "444444444444")
STACK_NAME = "rekognition-model-copy"
PROMOTIONS_BUCKET = f"{STACK_NAME}-promotionsbucket-2mtqxcj0f1rz"  # as if CloudFormation had chosen it
# With these, approvals start the workflow, only good models are copied, and grants are audited each day.
PARAMETERS = {
    "OwnEventTrigger": "ENABLED",
    "SageMakerTrigger": "ENABLED",
    "TagTrigger": "ENABLED",
    "DefaultDestinationProjectArn": (
        f"arn:aws:rekognition:{REGION}:{DESTINATION_ACCOUNT}:project/approved_by_tag/1710000000000"
    ),
    "DefaultOutputBucket": f"models-{DESTINATION_ACCOUNT}",
    "DefaultOutputKeyPrefix": "copies/parts",
    "MinimumF1Score": "0.8",
    **audits.PARAMETERS,
}
# The functions whose code is there run from functions/.
CODE_BUCKET, CODE_KEY = "sandbox", "functions.zip"
ADMINISTRATOR = "OrganizationAccountAccessRole"  # AWS Organizations creates a role of this name in each account


@dataclass(frozen=True)
class Deployment:
    """The resources that the stack created."""

    state_machine_arn: str
    promotion_machine_arn: str

    @property
    def functions(self) -> dict[str, LambdaFunction]:
        """The functions that the stack has now, by ARN."""
        account = self.state_machine_arn.split(":")[4]
        functions = lambda_simple_backends[account][REGION].list_functions()
        return {one.function_arn: one for one in functions if one.function_name.startswith(f"{STACK_NAME}-")}

    def function(self, name: str) -> LambdaFunction:
        """Return a function by its logical id."""
        return next(one for one in self.functions.values() if logical_id(one.function_name) == name)


def inlined_template() -> dict[str, Any]:
    """Return template.yaml with the definitions inline."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            machine = resource["Properties"]
            machine["Definition"] = yaml.safe_load((ROOT / machine.pop("DefinitionUri")).read_text())
    return template


def expanded_template() -> dict[str, Any]:
    """Return template.yaml as SAM expands it, with the definitions inline and the code in S3."""
    return dict(json.loads(_expanded_template()))


@cache
def _expanded_template() -> str:
    template = inlined_template()
    template["Globals"]["Function"]["CodeUri"] = f"s3://{CODE_BUCKET}/{CODE_KEY}"
    return json.dumps(expand(template))


def expand(template: dict[str, Any]) -> dict[str, Any]:
    """Apply the template's Transform."""
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    expanded: dict[str, Any] = translator.translate(template, {})
    return expanded


def function_names() -> list[str]:
    """Return the logical ids of the functions in the template."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    return [name for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"]


def deploy(stack_account: str = STACK_ACCOUNT, accounts: Iterable[str] = (), release: Path | None = None) -> Deployment:
    """Create the stack, and the roles that it assumes in the other accounts.

    Call within ``mock_aws``.

    Parameters
    ----------
    accounts: those that need both roles, besides the usual ones.
    release: the folder of a release; without it, this project is deployed as it is.
    """
    others = sorted({SOURCE_ACCOUNT, DESTINATION_ACCOUNT, STACK_ACCOUNT, *accounts} - {stack_account})
    parameters = {**PARAMETERS, "EventAccounts": ",".join(others)}
    _upload_code(stack_account, release)
    audits.create_bucket(client("s3", stack_account))
    if release:
        parameters["ReleaseBucket"] = CODE_BUCKET
    template = (release / "template.yaml").read_text() if release else _expanded_template()
    known = {name: one for name, one in parameters.items() if not release or f"\n  {name}:\n" in template}
    outputs = _create_stack(stack_account, STACK_NAME, template, **known)
    create_role = partial(_create_role, release or ROOT)
    for account in others:
        forwards = {"EventBusArn": outputs["EventBusArn"], "TagTrigger": parameters["TagTrigger"]}
        create_role("source", account, TrustedRoleArns=outputs["SourceRolePrincipals"], **forwards)
        create_role("destination", account, TrustedRoleArns=outputs["DestinationRolePrincipals"])
    for account in sorted({*FURTHER_DESTINATIONS} - {*others}):
        create_role("destination", account, TrustedRoleArns=outputs["DestinationRolePrincipals"])
    for account in (SOURCE_ACCOUNT, DESTINATION_ACCOUNT, STACK_ACCOUNT):
        _create_administrator(account)
    return deployed(stack_account)


def create_account_role(side: str, account: str, **parameters: str) -> None:
    """Create the stack of accounts/source.yaml or accounts/destination.yaml in an account."""
    _create_role(ROOT, side, account, **parameters)


def deployed(stack_account: str) -> Deployment:
    """Return the resources of an existing stack."""
    step_functions = client("stepfunctions", stack_account)
    machines = {logical_id(one["name"]): one for one in step_functions.list_state_machines()["stateMachines"]}
    copies, promotes = (machines[f"{name}ModelStateMachine"]["stateMachineArn"] for name in ("Copy", "Promote"))
    return Deployment(copies, promotes)


def logical_id(function_name: str) -> str:
    """Return the logical id in a function name that CloudFormation chose."""
    return function_name.rpartition("-")[0].rpartition("-")[2]


def client(service: str, account: str) -> Any:
    """Return a client that acts as the root user of an account; no policy limits it."""
    make: Any = boto3.client
    made = make(service, region_name=REGION)

    def act_in_account(request: Any, **_: object) -> None:
        request.headers["x-moto-account-id"] = account

    made.meta.events.register("before-sign", act_in_account)
    return made


def _upload_code(account: str, release: Path | None) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("validate_request.py", "")  # moto requires that the file exists; the handlers run from functions/
    s3 = client("s3", account)
    s3.create_bucket(Bucket=CODE_BUCKET)
    s3.put_object(Bucket=CODE_BUCKET, Key=CODE_KEY, Body=archive.getvalue())
    for package in release.glob("functions-*.zip") if release else ():
        s3.put_object(Bucket=CODE_BUCKET, Key=f"rekognition-model-copy/{package.name}", Body=package.read_bytes())


def _create_role(folder: Any, side: str, account: str, **parameters: str) -> None:
    template = (folder / "accounts" / f"{side}.yaml").read_text()
    _create_stack(account, f"{STACK_NAME}-{side}", template, **parameters)


def _create_stack(account: str, name: str, template: str, **parameters: str) -> dict[str, str]:
    cloudformation = client("cloudformation", account)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _create_administrator(account: str) -> None:
    root = {"AWS": f"arn:aws:iam::{STACK_ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
    iam = client("iam", account)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName=ADMINISTRATOR, AssumeRolePolicyDocument=trust)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=ADMINISTRATOR,
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
