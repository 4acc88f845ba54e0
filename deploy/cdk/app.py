"""Deploys a release of rekognition-model-copy: the stack, and the roles that it assumes in other accounts.

The settings are the context in cdk.json.
"""

import os
import re
from pathlib import Path
from typing import Any

from aws_cdk import Acknowledgment, App, Environment, Stack, Validations
from aws_cdk.aws_lambda import CfnFunction
from aws_cdk.aws_s3_assets import Asset
from aws_cdk.cloudformation_include import CfnInclude

NAME = "rekognition-model-copy"
# CDK checks the defaults of parameters without the conditions on them, and warns of conditions on constants.
FALSE_ALARMS = ("E1150", "F3031", "F3033", "W8003")


def main() -> None:
    app = App()
    settings = app.node.get_context
    release = Path(__file__).parent / settings("release")
    account, region = (os.environ.get(f"CDK_DEFAULT_{name}") for name in ("ACCOUNT", "REGION"))
    stack = Stack(app, NAME, env=Environment(account=account, region=region))
    include_stack(stack, release, settings("parameters"))
    for side in ("source", "destination"):
        for other, parameters in settings(f"{side}s").items():
            environment = Environment(account=other, region=region)
            role = Stack(app, f"{NAME}-{side}-{other}", stack_name=f"{NAME}-{side}", env=environment)
            include(role, release / "accounts" / f"{side}.yaml", parameters)
    app.synth()


def include_stack(stack: Stack, release: Path, parameters: dict[str, Any]) -> None:
    """Add the released template; CDK uploads the package of its functions."""
    (path,) = release.glob("functions-*.zip")
    package = Asset(stack, "Package", path=str(path))
    replaced = {"ReleaseBucket": package.s3_bucket_name, "ReleasePrefix": ""}
    include(stack, release / "template.yaml", parameters, replaced)
    for construct in stack.node.find_all():
        if isinstance(construct, CfnFunction):
            construct.code = CfnFunction.CodeProperty(s3_bucket=package.s3_bucket_name, s3_key=package.s3_object_key)


def include(stack: Stack, template: Path, parameters: dict[str, Any], replaced: dict[str, str] | None = None) -> None:
    """Add a template. The parameters that are given become constants, so that a new value always counts."""
    constants = {**checked(template, parameters), **(replaced or {})}
    CfnInclude(stack, "Template", template_file=str(template), parameters=constants)
    for rule in FALSE_ALARMS:
        accepted = Acknowledgment(id=f"CloudFormation-Validate::{rule}", reason="It does not see the conditions.")
        Validations.of(stack).acknowledge(accepted)


def checked(template: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters if the template allows their values, since CloudFormation checks no constants."""
    declared = CfnInclude(Stack(App(auto_synth=False), "Declared"), "Template", template_file=str(template))
    for name, value in parameters.items():
        one = declared.get_parameter(name)
        if not (
            re.fullmatch(one.allowed_pattern or ".*", str(value), re.ASCII)
            and str(value) in (one.allowed_values or [str(value)])
            and (one.min_value is None or one.min_value <= float(value) <= (one.max_value or value))
        ):
            raise SystemExit(f"{name} may not be {value}. See docs/deploying.md, or the Parameters of {template}.")
    return {name: value if isinstance(value, list) else str(value) for name, value in parameters.items()}


main()
