"""What the provider's resources do in the sandbox."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.deployment import DESTINATION_ACCOUNT, REGION, SOURCE_ACCOUNT, client

Values = dict[str, Any]
# In the examples, the stack is in the source account.
STACK_ACCOUNT = SOURCE_ACCOUNT


class Stack:
    """A stack in the account of the provider.

    The providers of all accounts are one server here. So a template of a role is deployed in the destination account.
    """

    @staticmethod
    def create(planned: Values) -> Values:
        """Create the stack, and return its outputs."""
        return _deploy("create_stack", _account(planned), planned)

    @staticmethod
    def update(planned: Values) -> Values:
        """Update the stack, and return its outputs."""
        return _deploy("update_stack", _account(planned), planned)

    @staticmethod
    def delete(current: Values) -> None:
        """Delete the stack."""
        client("cloudformation", _account(current)).delete_stack(StackName=current["name"])


class Object:
    """An object of S3, in the stack's account."""

    @staticmethod
    def create(planned: Values) -> Values:
        """Upload the file."""
        body = Path(planned["source"]).read_bytes()
        client("s3", STACK_ACCOUNT).put_object(Bucket=planned["bucket"], Key=planned["key"], Body=body)
        return {}

    update = create

    @staticmethod
    def delete(current: Values) -> None:
        """Delete the object."""
        client("s3", STACK_ACCOUNT).delete_object(Bucket=current["bucket"], Key=current["key"])


@dataclass
class StackSets:
    """The stack sets by name. Their instances are stacks, or for organizational units only their names."""

    sets: dict[str, Values] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)

    def create(self, planned: Values) -> Values:
        """Remember the stack set."""
        self.sets[planned["name"]] = planned
        return {}

    update = create

    def delete(self, current: Values) -> None:
        """Forget the stack set."""
        del self.sets[current["name"]]


@dataclass
class StackSetInstances:
    """The instances of stack sets."""

    of: StackSets

    def create(self, planned: Values) -> Values:
        """Create the instance's stack."""
        if planned["deployment_targets"]:
            self.of.units += planned["deployment_targets"][0]["organizational_unit_ids"]
            return {}
        stack = self.of.sets[planned["stack_set_name"]]
        parameters = {**stack["parameters"], **(planned["parameter_overrides"] or {})}
        _deploy("create_stack", planned["account_id"], {**stack, "parameters": parameters})
        return {}

    update = create

    def delete(self, current: Values) -> None:
        """Delete the instance's stack."""
        if current["deployment_targets"]:
            self.of.units.remove(current["deployment_targets"][0]["organizational_unit_ids"][0])
        else:
            client("cloudformation", current["account_id"]).delete_stack(StackName=current["stack_set_name"])


def read_bucket(config: Values) -> Values:
    """Return the bucket's domain name in its Region."""
    client("s3", STACK_ACCOUNT).head_bucket(Bucket=config["bucket"])
    return {"bucket_regional_domain_name": f"{config['bucket']}.s3.{REGION}.amazonaws.com"}


stack_sets = StackSets()
RESOURCES: dict[str, Any] = {
    "aws_cloudformation_stack": Stack,
    "aws_cloudformation_stack_set": stack_sets,
    "aws_cloudformation_stack_set_instance": StackSetInstances(stack_sets),
    "aws_s3_object": Object,
}
DATA_SOURCES: dict[str, Any] = {
    "aws_caller_identity": lambda config: {"account_id": STACK_ACCOUNT},
    "aws_partition": lambda config: {"partition": "aws"},
    "aws_s3_bucket": read_bucket,
}


def _account(stack: Values) -> str:
    return STACK_ACCOUNT if stack["template_url"] else DESTINATION_ACCOUNT


def _deploy(operation: str, account: str, stack: Values) -> Values:
    cloudformation = client("cloudformation", account)
    template = (
        {"TemplateURL": stack["template_url"]} if stack["template_url"] else {"TemplateBody": stack["template_body"]}
    )
    getattr(cloudformation, operation)(
        StackName=stack["name"],
        Capabilities=stack["capabilities"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack["parameters"].items()],
        Tags=[{"Key": key, "Value": value} for key, value in stack["tags"].items()],
        **template,
    )
    made = cloudformation.describe_stacks(StackName=stack["name"])["Stacks"][0]
    return {"outputs": {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}}
