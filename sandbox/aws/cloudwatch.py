"""The alarms of Amazon CloudWatch in the sandbox: CloudFormation creates them, and SetAlarmState runs their actions.

They watch no metric, so their state is OK until SetAlarmState changes it.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.core.common_models import CloudFormationModel
from moto.sns.models import sns_backends

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.deployment import client

INTEGERS = ("DatapointsToAlarm", "EvaluationPeriods", "Period")
LONGEST_SUBJECT = 100
UNTIL_NEXT_EVALUATION = 60


class AlarmInStack(CloudFormationModel):
    """The resource type of an alarm, which moto lacks."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_: Any
    ) -> "AlarmInStack":
        properties = {**cloudformation_json["Properties"], "AlarmName": resource_name}
        numbers = {name: int(properties[name]) for name in INTEGERS if name in properties}
        client("cloudwatch", account_id).put_metric_alarm(
            **properties | numbers | {"Threshold": float(properties["Threshold"])}
        )
        return cls(resource_name)

    def delete(self, account_id: str, region_name: str) -> None:
        client("cloudwatch", account_id).delete_alarms(AlarmNames=[self.physical_resource_id])


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make SetAlarmState send the mail of an alarm, and let the alarm return to OK."""
    set_state: Any = CloudWatchBackend.set_alarm_state

    def set_alarm_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else None
        set_state(self, alarm_name, reason, reason_data, state_value)
        alarm = self.alarms[alarm_name]
        if state_value != before and alarm.actions_enabled:
            _notify(alarm, self.account_id, reason)
        if state_value != "OK":
            clock.after(UNTIL_NEXT_EVALUATION, partial(set_state, self, alarm_name, "No data", "{}", "OK"))

    with applied("cloudwatch", {"CloudWatchBackend.set_alarm_state": set_alarm_state}):
        yield


def _notify(alarm: Alarm, account: str, reason: str) -> None:
    """Publish the new state to the topics of the alarm."""
    actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "NewStateValue": alarm.state_value,
        "NewStateReason": reason,
        "AlarmArn": alarm.alarm_arn,
    }
    subject = f'{alarm.state_value}: "{alarm.name}" in {alarm.region_name}'[:LONGEST_SUBJECT]
    for topic in actions.get(alarm.state_value, alarm.insufficient_data_actions):
        sns_backends[account][alarm.region_name].publish(json.dumps(message), topic, subject=subject)
