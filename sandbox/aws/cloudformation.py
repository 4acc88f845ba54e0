"""AWS CloudFormation in the sandbox: moto's, with the resource types and properties that moto lacks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from moto.awslambda.models import LambdaFunction
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.events.models import Rule, events_backends
from moto.iam.models import Role
from moto.kms.models import Key, KmsBackend
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.aws.cloudwatch import AlarmInStack
from sandbox.aws.patches import applied
from sandbox.deployment import PROMOTIONS_BUCKET

# moto lacks this type, and no story needs it.
SKIPPED = ["AWS::SNS::TopicPolicy"]


def _type_of(kind: str, put: Callable[[dict[str, Any], str, str], None]) -> type[CloudFormationModel]:
    """Return a resource type that moto does not support in CloudFormation."""

    class Added(CloudFormationModel):
        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
        ) -> CloudFormationModel:
            put(cloudformation_json["Properties"], account_id, region_name)
            return cls()

    return Added


def _put_queue_policy(properties: dict[str, Any], account: str, region: str) -> None:
    for url in properties["Queues"]:
        queue = sqs_backends[account][region].get_queue(url.rpartition("/")[2])
        queue._set_attributes({"Policy": json.dumps(properties["PolicyDocument"])})


def _put_bus_policy(properties: dict[str, Any], account: str, region: str) -> None:
    bus = events_backends[account][region].describe_event_bus(properties["EventBusName"])
    bus.add_policy({"Statement": [{**properties["Statement"], "Sid": properties["StatementId"]}]})


def _put_bucket_policy(properties: dict[str, Any], account: str, region: str) -> None:
    policy = json.dumps(properties["PolicyDocument"]).encode()
    s3_backends[account]["aws"].put_bucket_policy(properties["Bucket"], policy)


def _subscribe(properties: dict[str, Any], account: str, region: str) -> None:
    sns_backends[account][region].subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])


# moto finds resource types as subclasses of its model, as long as something refers to them.
TYPES: tuple[type[CloudFormationModel], ...] = (
    AlarmInStack,
    _type_of("AWS::SQS::QueuePolicy", _put_queue_policy),
    _type_of("AWS::Events::EventBusPolicy", _put_bus_policy),
    _type_of("AWS::S3::BucketPolicy", _put_bucket_policy),
    _type_of("AWS::SNS::Subscription", _subscribe),
)


@contextmanager
def install() -> Iterator[None]:
    """Make CloudFormation create the stack's resources as on AWS.

    A type that moto lacks is skipped, a key can have tags, a function keeps its dead-letter queue, the pattern of a
    rule may be a string, and a bucket can have versions and a bucket key. An update changes the policies of a role, and
    keeps the name of a rule. The stack's bucket always has the same name, which some events contain.
    """
    make: Any = KmsBackend.create_key
    parse: Any = parsing.parse_resource
    update_existing: Any = parsing.parse_and_update_resource
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
        is_of_stack = "promotionsbucket" in name.lower()
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
        """Create what the stack lacks so far, if its condition is true now, and keep what moto cannot update."""
        existing = resources[name]
        if existing is None:
            return parsing.parse_and_create_resource(name, document, resources, **place)
        return update_existing(name, document, resources, **place) or existing

    def update_role(*, original_resource: Role, cloudformation_json: dict[str, Any], **_: Any) -> Role:
        properties = cloudformation_json["Properties"]
        original_resource.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
        original_resource.policies.clear()
        for policy in properties.get("Policies", ()):
            original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
        return original_resource

    def read_served_template(self: CloudFormationResponse, url: str) -> Any:
        """Read a template at any address of the served sandbox; moto knows only localhost."""
        address = urlsplit(url)
        is_of_s3 = address.netloc.endswith(("amazonaws.com", "amazonaws.com.cn"))
        return read_template(self, url if is_of_s3 else f"http://localhost{address.path}")

    def parse_resource(resource: dict[str, Any], *args: Any) -> Any:
        return None if resource["Type"] in SKIPPED else parse(resource, *args)

    replacements = {
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
    }
    with applied("cloudformation", replacements):
        yield
