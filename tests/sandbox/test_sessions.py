"""STS gives no session that is longer than it, the role or a chain of roles allows."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.deployment import REGION, STACK_ACCOUNT
from sandbox.deployment import client as administrator
from tests.sandbox.step_functions import Machines

OF_STS = "1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy constraint: Member must have "
OF_CHAIN = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
OF_ROLE = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def make_role(name: str, **more: Any) -> str:
    """Make a role that everybody may assume and that may assume every role; return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    own = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam = administrator("iam", STACK_ACCOUNT)
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}), **more)
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def assume(role_arn: str, seconds: int | None, chained: bool = False) -> dict[str, Any]:
    """Assume a role, as the administrator or in the session of another role; return the credentials."""
    keys = {}
    if chained:
        first = assume(make_role("first"), None)
        names = {
            "AccessKeyId": "access_key_id",
            "SecretAccessKey": "secret_access_key",
            "SessionToken": "session_token",
        }
        keys = {f"aws_{name}": first[key] for key, name in names.items()}
    make: Any = boto3.client
    sts = make("sts", region_name=REGION, config=Config(parameter_validation=False), **keys)
    options = {"DurationSeconds": seconds} if seconds else {}
    credentials: dict[str, Any] = sts.assume_role(RoleArn=role_arn, RoleSessionName="me", **options)["Credentials"]
    return credentials


@pytest.mark.parametrize(("longest", "seconds", "chained"), [(7_200, 7_200, False), (3_600, 3_600, True)])
def test_a_session_lasts_as_long_as_its_role_allows(aws: Machines, longest: int, seconds: int, chained: bool) -> None:
    role = make_role("role", MaxSessionDuration=longest)

    assert assume(role, seconds, chained)["Expiration"].timestamp() == aws.clock.time() + seconds


@pytest.mark.parametrize(
    ("longest", "seconds", "chained", "message"),
    [
        (3_600, 3_601, False, OF_ROLE),
        (7_200, 7_201, False, OF_ROLE),
        (7_200, 3_601, True, OF_CHAIN),
        (7_200, 899, False, OF_STS.format(899) + "value greater than or equal to 900"),
        (43_200, 43_201, False, OF_STS.format(43_201) + "value less than or equal to 43200"),
    ],
)
def test_a_session_that_is_too_short_or_too_long_is_refused(
    aws: Machines, longest: int, seconds: int, chained: bool, message: str
) -> None:
    role = make_role("role", MaxSessionDuration=longest)

    with pytest.raises(ClientError) as caught:
        assume(role, seconds, chained)

    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": message}
