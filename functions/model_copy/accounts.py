"""Clients for the accounts that a request or an approval names."""

import json
import re
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from model_copy import aws_errors, runtime
from model_copy.arns import Arn
from model_copy.errors import AccessDeniedError
from model_copy.request import CopyRequest

if TYPE_CHECKING:
    from botocore.model import Shape
    from mypy_boto3_rekognition import RekognitionClient

# Connect, read and three attempts stay, with their back-off, under the 60 seconds that a function has.
CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
SPARE_TIME = timedelta(minutes=5)
MOST_CLIENTS = 64

_clients: dict[tuple[str, ...], tuple[datetime, Any]] = {}


def source(request: CopyRequest, *actions: str) -> "RekognitionClient":
    """Give a client for the source account that may do no more than the actions."""
    return _rekognition(request.source_project, "SOURCE_ROLE_NAME", request.execution_name, actions)


def destination(request: CopyRequest, *actions: str) -> "RekognitionClient":
    """Give a client for the destination account that may do no more than the actions."""
    return _rekognition(request.destination_project, "DESTINATION_ROLE_NAME", request.execution_name, actions)


def own(service: str) -> Any:
    """Give a client of a service for the stack itself."""
    return _own_client(service, runtime.setting("AWS_REGION"))


def approved(service: str, arn: Arn, execution_name: str, *actions: str) -> Any:
    """Give a client of a service for the account of what was approved, a source account."""
    return _client(service, arn, "SOURCE_ROLE_NAME", execution_name, actions)


def allowed() -> list[str]:
    """Name the accounts that may take part; none stands for all."""
    return [account for account in runtime.setting("ALLOWED_ACCOUNTS").split(",") if account]


def request_shape() -> "Shape":
    """Give botocore's model of the CopyProjectVersion request."""
    model = _botocore_session().get_service_model("rekognition")
    shape: Shape = model.operation_model("CopyProjectVersion").input_shape
    return shape


def partition() -> str:
    """Name the partition that the function runs in."""
    return _session().get_partition_for_region(runtime.setting("AWS_REGION"))


def regions() -> list[str]:
    """Return the Regions of the partition where botocore knows Rekognition, and the stack's own.

    Custom Labels is in fewer; botocore does not know which.
    """
    known = _session().get_available_regions("rekognition", partition_name=partition())
    return sorted({*known, runtime.setting("AWS_REGION")})


class _Loader(Loader):
    """Knows the services that it loads, where botocore's lists those of all services at each cold start."""

    def list_available_services(self, type_name: str) -> list[str]:
        return ["events", "rekognition", "sagemaker", "sns", "stepfunctions", "sts"]


@cache
def _botocore_session() -> Any:
    session: Any = botocore.session.get_session()
    session.register_component("data_loader", _Loader())
    return session


@cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=_botocore_session())


def _rekognition(project: Arn, role_setting: str, execution_name: str, actions: tuple[str, ...]) -> "RekognitionClient":
    client: RekognitionClient = _client("rekognition", project, role_setting, execution_name, actions)
    return client


def _client(service: str, place: Arn, role_setting: str, execution_name: str, actions: tuple[str, ...]) -> Any:
    if place.account == runtime.setting("STACK_ACCOUNT"):
        return _own_client(service, place.region)
    role = f"arn:{place.partition}:iam::{place.account}:role/{runtime.setting(role_setting)}"
    key = (service, role, place.region, execution_name, *actions)
    expires, client = _clients.get(key, (None, None))
    if client is None or expires is None or expires - SPARE_TIME < runtime.now():
        if len(_clients) >= MOST_CLIENTS:
            _clients.clear()
        _clients[key] = _assume(service, role, place.region, execution_name, actions)
        client = _clients[key][1]
    return client


@cache
def _own_client(service: str, region: str) -> Any:
    return _make(service, region)


def _make(service: str, region: str, **credentials: str) -> Any:
    make: Any = _session().client
    client = make(service, region_name=region, config=CONFIG, **credentials)
    client.meta.events.register("response-received", _count_throttle)
    return client


def _count_throttle(parsed_response: Any, **_: object) -> None:
    """Count it at each try of botocore's, of which an error tells no more than the last."""
    if parsed_response and parsed_response.get("Error", {}).get("Code") in aws_errors.THROTTLED:
        runtime.measure("Throttles")


def _assume(
    service: str, role: str, region: str, execution_name: str, actions: tuple[str, ...]
) -> tuple[datetime, Any]:
    """Assume the role with a session policy of just the actions, in the name of the execution."""
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    parameters: dict[str, Any] = {
        "RoleArn": role,
        "RoleSessionName": session_name(execution_name),
        "ExternalId": runtime.setting("EXTERNAL_ID"),
        "Policy": json.dumps(policy, separators=(",", ":")),
    }
    advice = "Create the role from accounts/ with this stack's function roles and external id as it wants them."
    try:
        with aws_errors.calling("AssumeRole", role, advice):
            found = _own_client("sts", region).assume_role(**parameters)["Credentials"]
    except ClientError as error:
        message = f"{aws_errors.code(error)}, {aws_errors.message(error)}"
        raise AccessDeniedError(operation="AssumeRole", resource=role, message=message, advice=advice) from error
    client = _make(
        service,
        region,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )
    return found["Expiration"], client


def session_name(execution_name: str) -> str:
    """Give the execution's name in the form of a session name: 2 to 64 of ``[\\w+=,.@-]``."""
    return re.sub(r"[^\w+=,.@-]", "-", execution_name, flags=re.ASCII)[:64].ljust(2, "-")
