"""boto3 clients for the accounts that a request or an approval names, and botocore's model of the request."""

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

from model_copy import runtime
from model_copy.arns import Arn
from model_copy.aws import errors
from model_copy.errors import AccessDeniedError
from model_copy.request import CopyRequest
from model_copy.validation import Scope

if TYPE_CHECKING:
    from botocore.model import Shape
    from mypy_boto3_rekognition import RekognitionClient

# With back-off, the three attempts of a call take less than the 60 seconds of a function.
CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
SPARE_TIME = timedelta(minutes=5)
MOST_CLIENTS = 256  # a quarter of a megabyte each

_clients: dict[tuple[str, ...], tuple[datetime, Any]] = {}


def source(request: CopyRequest, *actions: str) -> "RekognitionClient":
    """Return a client for the source account that is limited to the actions."""
    return _rekognition(request.source_project, "SOURCE_ROLE_NAME", request.execution_name, actions)


def destination(request: CopyRequest, *actions: str) -> "RekognitionClient":
    """Return a client for the destination account that is limited to the actions."""
    return _rekognition(request.destination_project, "DESTINATION_ROLE_NAME", request.execution_name, actions)


def approved(execution_name: str, service: str, arn: Arn, *actions: str) -> Any:
    """Return a client for the account of an approved version or model package, which is a source account."""
    return _client(service, arn, "SOURCE_ROLE_NAME", execution_name, actions)


def audited(projects: Arn, *actions: str) -> "RekognitionClient":
    """Return a client for an account whose grants are audited, which is limited to the actions."""
    return _rekognition(projects, "SOURCE_ROLE_NAME", "audit-grants", actions)


def own(service: str) -> Any:
    """Return a client for the account and Region of the stack."""
    return _own_client(service, runtime.setting("AWS_REGION"))


def request_shape() -> "Shape":
    """Return botocore's model of the CopyProjectVersion request."""
    model = _botocore_session().get_service_model("rekognition")
    shape: Shape = model.operation_model("CopyProjectVersion").input_shape
    return shape


def scope() -> Scope:
    """Return where the stack may act: its own Region, and the Regions of its partition that have Rekognition.

    Custom Labels is in fewer Regions, but botocore does not list them.
    """
    region = runtime.setting("AWS_REGION")
    partition = _session().get_partition_for_region(region)
    # get_available_regions would load Rekognition's whole model to find the name of its endpoints.
    (places,) = (one for one in _endpoints()["partitions"] if one["partition"] == partition)
    known = places["regions"].keys() & places["services"].get("rekognition", {}).get("endpoints", {}).keys()
    accounts = [account for account in runtime.setting("ALLOWED_ACCOUNTS").split(",") if account]
    return Scope(partition=partition, regions=sorted({*known, region}), accounts=accounts)


class _Loader(Loader):
    """A loader that lists only the services in use; botocore's own lists all services at each cold start."""

    def list_available_services(self, type_name: str) -> list[str]:
        return ["events", "rekognition", "s3", "sagemaker", "sns", "stepfunctions", "sts"]


@cache
def _botocore_session() -> Any:
    session: Any = botocore.session.get_session()
    session.register_component("data_loader", _Loader())
    return session


@cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=_botocore_session())


def _endpoints() -> Any:
    return _botocore_session().get_data("endpoints")


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
            del _clients[next(iter(_clients))]  # the oldest
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
    """Count each throttled attempt of botocore; an error shows only the last attempt."""
    if parsed_response and parsed_response.get("Error", {}).get("Code") in errors.THROTTLING:
        runtime.measure("Throttles")


def _assume(
    service: str, role: str, region: str, execution_name: str, actions: tuple[str, ...]
) -> tuple[datetime, Any]:
    """Assume the role in a session that is named after the execution and limited to the actions."""
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    parameters: dict[str, Any] = {
        "RoleArn": role,
        "RoleSessionName": session_name(execution_name),
        "ExternalId": runtime.setting("EXTERNAL_ID"),
        "Policy": json.dumps(policy, separators=(",", ":")),
    }
    advice = (
        "Deploy the role from accounts/ with the stack's function roles as TrustedRoleArns and the stack's ExternalId."
    )
    try:
        with errors.translated("AssumeRole", role, advice):
            found = _own_client("sts", region).assume_role(**parameters)["Credentials"]
    except ClientError as error:
        message = f"{errors.code(error)}, {errors.message(error)}"
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
    """Return the execution's name as a session name, which has 2 to 64 characters of ``[\\w+=,.@-]``."""
    return re.sub(r"[^\w+=,.@-]", "-", execution_name, flags=re.ASCII)[:64].ljust(2, "-")
