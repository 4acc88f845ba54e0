"""AWS CloudFormation in the sandbox: moto's, with the resource types and properties that moto lacks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import yaml
from moto.awslambda.models import LambdaFunction
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.events.models import Rule
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.kms.models import Key, KmsBackend
from moto.s3.models import FakeBucket, s3_backends

from sandbox.aws.patches import applied
from sandbox.aws.resource_types import TYPES as TYPES  # moto finds them once they are imported
from sandbox.deployment import PROMOTIONS_BUCKET

# moto lacks this type, and no story needs it.
SKIPPED = ["AWS::SNS::TopicPolicy"]
# An update leaves other types as they are; moto would replace them.
UPDATED = (
    *("AWS::Events::Rule", "AWS::IAM::Policy", "AWS::IAM::Role"),
    *("AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::StepFunctions::StateMachine"),
)


@contextmanager
def install() -> Iterator[None]:
    """Make CloudFormation create the stack's resources as on AWS.

    A type that moto lacks is skipped, a key can have tags, a function keeps its dead-letter queue, the pattern of a
    rule may be a string, and a bucket can have versions and a bucket key. An update changes the policies of a role, and
    keeps the name of a rule. The first stack's bucket always has the same name, which some events contain.
    """
    make: Any = KmsBackend.create_key
    parse: Any = parsing.parse_resource
    update_existing: Any = parsing.parse_and_update_resource
    delete: Any = ResourceMap.delete
    load: Any = ResourceMap.load_parameters
    read_template: Any = CloudFormationResponse._get_stack_from_s3_url
    make_function: Any = LambdaFunction.create_from_cloudformation_json
    make_rule: Any = Rule.create_from_cloudformation_json
    make_bucket: Any = FakeBucket.create_from_cloudformation_json
    update: Any = FakeBucket.update_from_cloudformation_json

    def create_key(self: KmsBackend, *args: Any, **kwargs: Any) -> Key:
        tags = kwargs.get("tags") or ()  # from CloudFormation; KMS itself passes them by position
        if tags:
            kwargs["tags"] = [{f"Tag{name.removeprefix('Tag')}": one for name, one in tag.items()} for tag in tags]
        made: Key = make(self, *args, **kwargs)
        return made

    def create_function(name: str, document: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        made = make_function(name, document, *args, **kwargs)
        made.dead_letter_queue = document["Properties"].get("DeadLetterConfig", {}).get("TargetArn")
        return made

    def create_rule(name: str, document: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        pattern = document["Properties"].get("EventPattern")
        if isinstance(pattern, str):
            document["Properties"]["EventPattern"] = json.loads(pattern)
        return make_rule(name, document, *args, **kwargs)

    def update_rule(*, original_resource: Rule, new_resource_name: str, cloudformation_json: Any, **place: str) -> Any:
        original_resource.delete(*place.values())
        return create_rule(original_resource.name, cloudformation_json, *place.values())

    def create_bucket(name: str, document: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        is_of_stack = "promotionsbucket" in name.lower() and PROMOTIONS_BUCKET not in s3_backends.bucket_accounts
        made = make_bucket(PROMOTIONS_BUCKET if is_of_stack else name, document, *args, **kwargs)
        properties = document.get("Properties", {})
        made.versioning_status = properties.get("VersioningConfiguration", {}).get("Status")
        for rule in properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", ()):
            made.encryption["Rule"]["BucketKeyEnabled"] = rule.get("BucketKeyEnabled", False)
        return made

    def update_bucket(*, original_resource: FakeBucket, cloudformation_json: dict[str, Any], **others: Any) -> Any:
        properties = {**cloudformation_json["Properties"], "BucketName": original_resource.name}
        named = {**cloudformation_json, "Properties": properties}
        return update(original_resource=original_resource, cloudformation_json=named, **others)

    def describe_stack_resource(self: CloudFormationBackend, stack_name: str, logical_resource_id: str) -> Any:
        stack = self.get_stack(stack_name)
        resources: list[Any] = [one for one in stack.stack_resources if one is not None]
        found = next((one for one in resources if one.logical_resource_id == logical_resource_id), None)
        if found is None:
            raise ValidationError(stack_name, f"Resource {logical_resource_id} does not exist for stack {stack_name}")
        return stack, found

    def update_resource(name: str, document: dict[str, Any], resources: ResourceMap, **place: Any) -> Any:
        """Create what the stack lacks so far, if its condition is true now; moto would fail."""
        existing = resources[name]
        if existing is None:
            return parsing.parse_and_create_resource(name, document, resources, **place)
        return update_existing(name, document, resources, **place) if document["Type"] in UPDATED else existing

    def update_role(*, original_resource: Role, cloudformation_json: dict[str, Any], **_: Any) -> Role:
        properties = cloudformation_json["Properties"]
        original_resource.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
        others = iam_backends[original_resource.account_id]["aws"].inline_policies.values()  # of AWS::IAM::Policy
        kept = {one.policy_name for one in others if original_resource.name in (one.role_names or ())}
        for name in original_resource.policies.keys() - kept:
            original_resource.delete_policy(name)
        for policy in properties.get("Policies", ()):
            original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
        return original_resource

    def read_served_template(self: CloudFormationResponse, url: str) -> Any:
        """Read a template at any address of the served sandbox; moto knows only localhost."""
        address = urlsplit(url)
        return read_template(self, url if "amazonaws" in address.netloc else f"http://localhost{address.path}")

    def load_parameters(self: ResourceMap) -> None:
        """Pass earlier values to moto as it accepts them, with lists as strings."""
        given = self.input_parameters
        given.update({key: ",".join(value) for key, value in given.items() if isinstance(value, list)})
        load(self)

    def delete_stack(self: ResourceMap) -> None:
        """Keep what the template retains, and delete the managed policies, which moto leaves."""
        for resource in self._resource_json_map.values():
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"
        policies = [one for one in self._parsed_resources.values() if isinstance(one, ManagedPolicy)]
        delete(self)
        for policy in policies:
            iam_backends[self._account_id]["aws"].delete_policy(policy.arn)

    def parse_resource(resource: dict[str, Any], *args: Any) -> Any:
        return None if resource["Type"] in SKIPPED else parse(resource, *args)

    in_c: Any = getattr(yaml, "CLoader", yaml.Loader)
    quick_yaml = SimpleNamespace(
        Loader=in_c,
        load=yaml.load,
        add_multi_constructor=lambda prefix, make: yaml.add_multi_constructor(prefix, make, in_c),
    )
    replacements = {
        "models.yaml": quick_yaml,
        "KmsBackend.create_key": create_key,
        "LambdaFunction.create_from_cloudformation_json": create_function,
        "Rule.create_from_cloudformation_json": create_rule,
        "Rule.update_from_cloudformation_json": update_rule,
        "FakeBucket.create_from_cloudformation_json": create_bucket,
        "FakeBucket.update_from_cloudformation_json": update_bucket,
        "CloudFormationBackend.describe_stack_resource": describe_stack_resource,
        "parsing.parse_and_update_resource": update_resource,
        "parsing.parse_resource": parse_resource,
        "CloudFormationResponse._get_stack_from_s3_url": read_served_template,
        "Role.update_from_cloudformation_json": update_role,
        "ResourceMap.delete": delete_stack,
        "ResourceMap.load_parameters": load_parameters,
    }
    with applied("cloudformation", replacements):
        yield
