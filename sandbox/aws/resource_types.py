"""Resource types that moto's CloudFormation lacks."""

import json
from collections.abc import Callable
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.events.models import events_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.aws.cloudwatch import AlarmInStack


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
