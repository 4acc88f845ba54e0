"""Each account of a request is called with the stack's role in it, limited to the actions that the task needs."""

import importlib
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.loaders import Loader

import sandbox.aws.iam.sts
from model_copy import runtime
from model_copy.arns import Arn
from model_copy.aws import clients
from model_copy.errors import AccessDeniedError, TransientError
from model_copy.request import CopyRequest
from tests.unit.world import REGION, REQUEST, SOURCE, Json, Wire, World, sessions

LIST, PUT = "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy"
TASKS = [
    "plan_copy",
    "validate_request",
    "ensure_project_policy",
    "copy_project_version",
    "describe_project_version",
    "withdraw_grant",
]


def access_key(client: Any) -> str:
    return str(client._request_signer._credentials.access_key)


def moved(project: Arn, partition: str, region: str) -> Arn:
    """Move a project to another partition and Region."""
    text = project.text.replace("arn:aws:", f"arn:{partition}:").replace(project.region, region)
    return replace(project, text=text, partition=partition, region=region)


def test_the_own_account_is_called_in_the_function_s_own_role(
    world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_ACCOUNT", SOURCE)

    client = clients.source(copy_request, LIST)

    assert sessions() == []
    assert client.meta.region_name == REGION
    assert client is clients.source(copy_request, PUT)


@pytest.mark.parametrize(
    ("side", "role"),
    [
        (clients.source, "arn:aws:iam::111111111111:role/model-copy-source"),
        (clients.destination, "arn:aws:iam::222222222222:role/model-copy-destination"),
    ],
)
def test_another_account_is_called_in_the_role_of_its_side(
    world: World, copy_request: CopyRequest, side: Callable[..., BaseClient], role: str
) -> None:
    client = side(copy_request, LIST)

    [session] = sessions()
    assert session.role_arn == role
    assert session.external_id == "an-external-id"
    assert session.session_name == "promote-v1"
    assert session.access_key_id == access_key(client)
    assert client.meta.region_name == REGION


def test_the_account_of_an_approval_is_called_in_the_source_role_whatever_the_service(world: World) -> None:
    package = Arn.parse_model_package(f"arn:aws:sagemaker:{REGION}:{SOURCE}:model-package/cats/1")
    assert package
    client = clients.approved("promote-v1", "sagemaker", package, "sagemaker:DescribeModelPackage")

    [session] = sessions()
    assert session.role_arn == "arn:aws:iam::111111111111:role/model-copy-source"
    assert '"Action":["sagemaker:DescribeModelPackage"]' in session.policy
    assert client.meta.service_model.service_name == "sagemaker"
    assert client.meta.region_name == REGION


def test_the_own_account_is_called_with_a_client_of_each_service(
    world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_ACCOUNT", SOURCE)

    package = clients.approved("promote-v1", "sagemaker", copy_request.source_project)

    assert package.meta.service_model.service_name == "sagemaker"
    assert clients.source(copy_request).meta.service_model.service_name == "rekognition"


def test_a_session_may_do_just_the_actions(world: World, copy_request: CopyRequest) -> None:
    clients.source(copy_request, LIST, PUT)

    [session] = sessions()
    assert json.loads(session.policy) == {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": [LIST, PUT], "Resource": "*"},
    }


@pytest.mark.parametrize(
    ("execution", "session"),
    [
        ("promote-v1", "promote-v1"),
        ("a" * 64, "a" * 64),
        (f"{'a' * 36}_{'b' * 36}", f"{'a' * 36}_{'b' * 27}"),
        ("a b/c:d%é", "a-b-c-d--"),
        ("a+b=c,d.e@f-g_h", "a+b=c,d.e@f-g_h"),
        ("猫" * 80, "-" * 64),
        ("a", "a-"),
        ("", "--"),
    ],
)
def test_a_session_has_the_execution_s_name_as_far_as_sts_accepts_it(execution: str, session: str) -> None:
    assert clients.session_name(execution) == session
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", session, re.ASCII)


def test_a_session_is_kept_until_five_minutes_before_its_end(world: World, copy_request: CopyRequest) -> None:
    client = clients.source(copy_request, LIST)
    world.clock.sleep(55 * 60)
    assert clients.source(copy_request, LIST) is client
    assert len(sessions()) == 1

    world.clock.sleep(1)
    assert clients.source(copy_request, LIST) is not client
    assert len(sessions()) == 2


@pytest.mark.parametrize(
    "other_client",
    [
        lambda request: clients.source(request, LIST, PUT),
        lambda request: clients.destination(request, LIST),
        lambda request: clients.source(replace(request, execution_name="another"), LIST),
        lambda request: clients.approved(request.execution_name, "sagemaker", request.source_project, LIST),
        lambda request: clients.source(
            replace(request, source_project=moved(request.source_project, "aws", "us-east-1")), LIST
        ),
    ],
    ids=["actions", "account", "execution", "service", "region"],
)
def test_a_session_is_not_shared(
    world: World, copy_request: CopyRequest, other_client: Callable[[CopyRequest], BaseClient]
) -> None:
    client = clients.source(copy_request, LIST)

    assert other_client(copy_request) is not client
    assert len(sessions()) == 2


def test_a_warm_function_keeps_a_bounded_number_of_clients(
    world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clients.MOST_CLIENTS == 256
    monkeypatch.setattr(clients, "MOST_CLIENTS", 3)

    for number in range(clients.MOST_CLIENTS + 2):
        clients.source(replace(copy_request, execution_name=f"promote-{number}"), LIST)

    assert 0 < len(clients._clients) <= clients.MOST_CLIENTS


@pytest.mark.parametrize(("partition", "region"), [("aws", REGION), ("aws-us-gov", "us-gov-west-1")])
def test_the_partition_and_region_are_those_of_the_arn(
    world: World, copy_request: CopyRequest, partition: str, region: str
) -> None:
    project = moved(copy_request.source_project, partition, region)

    client = clients.source(replace(copy_request, source_project=project), LIST)

    [session] = sessions()
    assert session.role_arn == f"arn:{partition}:iam::111111111111:role/model-copy-source"
    assert session.region_name == region
    assert client.meta.region_name == region


def test_a_role_that_does_not_trust_the_stack_is_named_with_what_to_do(world: World, copy_request: CopyRequest) -> None:
    with sandbox.aws.iam.sts.install(), pytest.raises(AccessDeniedError) as caught:
        clients.source(copy_request, LIST)

    assert str(caught.value).startswith(
        "AssumeRole on arn:aws:iam::111111111111:role/model-copy-source was denied: User: "
    )
    assert (
        "Deploy the role from accounts/ with the stack's function roles as TrustedRoleArns and the stack's ExternalId. "
        "Then redrive the execution." in str(caught.value)
    )
    assert clients._clients == {}


def test_an_sts_without_a_response_is_transient(
    world: World, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")

    with pytest.raises(TransientError, match=r"AssumeRole on \S+ failed: EndpointConnectionError"):
        clients.source(copy_request, LIST)


def test_the_shape_of_the_request_needs_no_call_and_no_settings() -> None:
    assert clients.request_shape().name == "CopyProjectVersionRequest"


@pytest.mark.parametrize(
    ("region", "partition", "has", "has_not"),
    [
        ("eu-central-1", "aws", {"eu-central-1", "us-east-1"}, {"eu-north-1", "us-gov-west-1", "us-east-1-fips"}),
        ("eu-north-1", "aws", {"eu-central-1", "us-east-1"}, {"us-gov-west-1", "us-east-1-fips"}),
        ("us-gov-west-1", "aws-us-gov", {"us-gov-west-1"}, {"us-east-1", "us-gov-east-1", "us-gov-west-1-fips"}),
    ],
)
def test_the_scope_is_the_partition_and_its_regions_with_rekognition(
    environment: None, monkeypatch: pytest.MonkeyPatch, region: str, partition: str, has: set[str], has_not: set[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", region)

    scope = clients.scope()

    assert scope.partition == partition
    assert has <= set(scope.regions)
    assert has_not.isdisjoint(scope.regions)


@pytest.mark.parametrize("region", ["eu-north-1", "eu-central-7"])
def test_the_own_region_is_in_scope_whatever_botocore_lists(
    environment: None, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)

    scope = clients.scope()

    assert region not in clients._session().get_available_regions("rekognition")
    assert list(scope.regions).count(region) == 1
    assert scope.partition == "aws"


@pytest.mark.parametrize(("setting", "accounts"), [("", []), ("1,2", ["1", "2"])])
def test_the_scope_has_the_allowed_accounts(
    environment: None, monkeypatch: pytest.MonkeyPatch, setting: str, accounts: list[str]
) -> None:
    monkeypatch.setenv("ALLOWED_ACCOUNTS", setting)

    assert clients.scope().accounts == accounts


def test_botocore_does_not_list_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    def list_available_services(self: Loader, type_name: str) -> list[str]:
        raise AssertionError(f"The services with a {type_name} were listed")

    monkeypatch.setattr(Loader, "list_available_services", list_available_services)
    session: Any = clients._botocore_session.__wrapped__()

    for service in ("events", "rekognition", "sagemaker", "sns", "stepfunctions", "sts"):
        assert session.create_client(service, region_name=REGION).meta.service_model.service_name == service


def test_a_response_of_sts_that_cannot_be_parsed_is_not_quoted(world: World, copy_request: CopyRequest) -> None:
    half = b"<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>a-secret</SecretAccessKey>"
    Wire(clients._own_client("sts", REGION)).respond("AssumeRole", 200, half)

    with pytest.raises(TransientError, match="AWS's response cannot be parsed") as caught:
        clients.source(copy_request, LIST)

    assert "a-secret" not in "".join(traceback.format_exception(caught.value))


def test_no_level_logs_a_credential(
    world: World,
    state: Json,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", sys.stdout)
    monkeypatch.setattr(runtime.logger._logger, "level", logging.DEBUG)

    for task in TASKS:
        importlib.import_module(task).lambda_handler(state, LambdaContext())

    logged = caplog.text + "".join(capsys.readouterr())
    secrets = {os.environ["EXTERNAL_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]}
    secrets |= {text for one in sessions() for text in (one.access_key_id, one.secret_access_key, one.session_token)}
    assert len(secrets) >= 2 + 3 * len(TASKS)
    assert [secret for secret in secrets if secret in logged] == []
    assert logged.count("Done") == 2 * len(TASKS)


@pytest.mark.parametrize(
    ("error", "count"),
    [("ThrottlingException", 3), ("ProvisionedThroughputExceededException", 3), ("InternalServerError", 0)],
)
def test_each_throttled_attempt_is_counted(source: Wire, error: str, count: int) -> None:
    body = json.dumps({"__type": error, "message": "Slow down."}).encode()
    responses = source.respond("ListProjectPolicies", 500, body)
    runtime.metrics.clear_metrics()

    with pytest.raises(ClientError):
        source.client.list_project_policies(ProjectArn=REQUEST["SourceProjectArn"])

    assert len(responses) == 3
    assert len(runtime.metrics.metric_set.get("Throttles", {"Value": []})["Value"]) == count
    runtime.metrics.clear_metrics()
