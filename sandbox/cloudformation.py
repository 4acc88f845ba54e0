"""The resources of the stacks that moto's CloudFormation does not make: the policies of queues and event buses."""

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.events.models import events_backends
from moto.sqs.models import sqs_backends


class QueuePolicy(CloudFormationModel):
    """AWS::SQS::QueuePolicy."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> "QueuePolicy":
        properties = cloudformation_json["Properties"]
        for url in properties["Queues"]:
            queue = sqs_backends[account_id][region_name].get_queue(url.rpartition("/")[2])
            queue._set_attributes({"Policy": json.dumps(properties["PolicyDocument"])})
        return cls()


class EventBusPolicy(CloudFormationModel):
    """AWS::Events::EventBusPolicy."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Events::EventBusPolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> "EventBusPolicy":
        properties = cloudformation_json["Properties"]
        bus = events_backends[account_id][region_name].describe_event_bus(properties["EventBusName"])
        bus.add_policy({"Statement": [{**properties["Statement"], "Sid": properties["StatementId"]}]})
        return cls()
