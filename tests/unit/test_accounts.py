"""Each account of a request is called in the stack's role there, which may do no more than the step needs."""

import importlib
import json
import logging
import os
import re
import sys
import traceback
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto.sts.models import AssumedRole, sts_backends

import sandbox.aws.iam.sts
from model_copy import accounts, runtime
from model_copy.arns import Arn
from model_copy.errors import AccessDeniedError, TransientError
from model_copy.request import CopyRequest
from tests.unit.conftest import STATE, Wire

LIST, PUT = "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy"
STEPS = [
    "validate_request",
    "ensure_project_policy",
    "copy_project_version",
    "describe_project_version",
    "withdraw_grant",
]


def sessions() -> list[AssumedRole]:
    """List the sessions that STS has given out."""
    return [
        session
        for backends in list(sts_backends.values())
        for backend in list(backends.values())
        for session in backend.assumed_roles
    ]


def keys(client: Any) -> str:
    return str(client._request_signer._credentials.access_key)


def placed(project: Arn, partition: str, region: str) -> Arn:
    """Move a project to another place."""
    text = project.text.replace("arn:aws:", f"arn:{partition}:").replace(project.region, region)
    return replace(project, text=text, partition=partition, region=region)


def test_the_own_account_is_called_with_the_function_s_own_role(
    world: Any, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_ACCOUNT", "111111111111")

    client = accounts.source(copy_request, LIST)

    assert len(sessions()) == 0
    assert client.meta.region_name == "eu-central-1"
    assert client is accounts.source(copy_request, PUT)


@pytest.mark.parametrize(
    ("side", "role"),
    [
        (accounts.source, "arn:aws:iam::111111111111:role/model-copy-source"),
        (accounts.destination, "arn:aws:iam::222222222222:role/model-copy-destination"),
    ],
)
def test_another_account_is_called_in_the_role_of_its_side(
    world: Any, copy_request: CopyRequest, side: Any, role: str
) -> None:
    client = side(copy_request, LIST)

    [session] = sessions()
    assert session.role_arn == role
    assert session.external_id == "an-external-id"
    assert session.session_name == "promote-v1"
    assert session.access_key_id == keys(client)
    assert client.meta.region_name == "eu-central-1"


def test_the_account_of_an_approval_is_called_in_the_source_role_whatever_the_service(world: Any) -> None:
    package = Arn.of_package("arn:aws:sagemaker:eu-central-1:111111111111:model-package/cats/1")
    assert package
    client = accounts.approved("sagemaker", package, "promote-v1", "sagemaker:DescribeModelPackage")

    [session] = sessions()
    assert session.role_arn == "arn:aws:iam::111111111111:role/model-copy-source"
    assert '"Action":["sagemaker:DescribeModelPackage"]' in session.policy
    assert client.meta.service_model.service_name == "sagemaker"
    assert client.meta.region_name == "eu-central-1"


def test_the_own_account_is_called_with_a_client_of_each_service(
    world: Any, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_ACCOUNT", "111111111111")

    package = accounts.approved("sagemaker", copy_request.source_project, "promote-v1")

    assert package.meta.service_model.service_name == "sagemaker"
    assert accounts.source(copy_request).meta.service_model.service_name == "rekognition"


def test_a_session_may_do_just_the_actions(world: Any, copy_request: CopyRequest) -> None:
    accounts.source(copy_request, LIST, PUT)

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
def test_a_session_has_the_execution_s_name_as_far_as_sts_takes_it(execution: str, session: str) -> None:
    assert accounts.session_name(execution) == session
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", session, re.ASCII)


def test_a_session_is_kept_until_five_minutes_before_its_end(world: Any, copy_request: CopyRequest) -> None:
    client = accounts.source(copy_request, LIST)
    world.clock.sleep(55 * 60)
    assert accounts.source(copy_request, LIST) is client
    assert len(sessions()) == 1

    world.clock.sleep(1)
    assert accounts.source(copy_request, LIST) is not client
    assert len(sessions()) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda it: accounts.source(it, LIST, PUT),
        lambda it: accounts.destination(it, LIST),
        lambda it: accounts.source(replace(it, execution_name="another"), LIST),
        lambda it: accounts.approved("sagemaker", it.source_project, it.execution_name, LIST),
        lambda it: accounts.source(replace(it, source_project=placed(it.source_project, "aws", "us-east-1")), LIST),
    ],
    ids=["actions", "account", "execution", "service", "region"],
)
def test_a_session_is_not_shared(world: Any, copy_request: CopyRequest, change: Any) -> None:
    client = accounts.source(copy_request, LIST)

    assert change(copy_request) is not client
    assert len(sessions()) == 2


def test_a_warm_function_keeps_a_bounded_number_of_clients(world: Any, copy_request: CopyRequest) -> None:
    for number in range(accounts.MOST_CLIENTS + 2):
        accounts.source(replace(copy_request, execution_name=f"promote-{number}"), LIST)

    assert len(accounts._clients) <= accounts.MOST_CLIENTS


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "eu-central-1"), ("aws-us-gov", "us-gov-west-1")],
)
def test_the_partition_and_region_are_those_of_the_arn(
    world: Any, copy_request: CopyRequest, partition: str, region: str
) -> None:
    project = placed(copy_request.source_project, partition, region)

    client = accounts.source(replace(copy_request, source_project=project), LIST)

    [session] = sessions()
    assert session.role_arn == f"arn:{partition}:iam::111111111111:role/model-copy-source"
    assert session.region_name == region
    assert client.meta.region_name == region


def test_a_role_that_does_not_let_the_stack_in_is_named_with_what_to_do(world: Any, copy_request: CopyRequest) -> None:
    with sandbox.aws.iam.sts.install(), pytest.raises(AccessDeniedError) as caught:
        accounts.source(copy_request, LIST)

    assert str(caught.value).startswith(
        "AssumeRole on arn:aws:iam::111111111111:role/model-copy-source was denied: User: "
    )
    assert "Create the role from accounts/" in str(caught.value)
    assert accounts._clients == {}


def test_an_sts_that_does_not_answer_is_transient(
    world: Any, copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")

    with pytest.raises(TransientError, match=r"AssumeRole on \S+ did not succeed: EndpointConnectionError"):
        accounts.source(copy_request, LIST)


def test_the_shape_of_the_request_needs_no_call_and_no_settings() -> None:
    assert accounts.request_shape().name == "CopyProjectVersionRequest"


@pytest.mark.parametrize(
    ("region", "partition", "has", "has_not"),
    [
        ("eu-central-1", "aws", {"eu-central-1", "us-east-1"}, {"eu-north-1", "us-gov-west-1", "us-east-1-fips"}),
        ("eu-north-1", "aws", {"eu-central-1", "us-east-1"}, {"us-gov-west-1", "us-east-1-fips"}),
        ("us-gov-west-1", "aws-us-gov", {"us-gov-west-1"}, {"us-east-1", "us-gov-east-1", "us-gov-west-1-fips"}),
    ],
)
def test_the_partition_and_its_regions_with_rekognition_are_known_without_a_call(
    monkeypatch: pytest.MonkeyPatch, region: str, partition: str, has: set[str], has_not: set[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", region)

    assert accounts.partition() == partition
    assert has <= set(accounts.regions())
    assert has_not.isdisjoint(accounts.regions())


@pytest.mark.parametrize("region", ["eu-north-1", "eu-central-7"])
def test_the_own_region_is_known_whatever_botocore_lists(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_REGION", region)

    assert region not in accounts._session().get_available_regions("rekognition")
    assert accounts.regions().count(region) == 1
    assert accounts.partition() == "aws"


def test_botocore_does_not_look_for_the_services_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(self: Loader, type_name: str) -> list[str]:
        raise AssertionError(f"The services with a {type_name} were listed")

    monkeypatch.setattr(Loader, "list_available_services", listed)
    session: Any = accounts._botocore_session.__wrapped__()

    for service in ("events", "rekognition", "sagemaker", "sns", "stepfunctions", "sts"):
        assert session.create_client(service, region_name="eu-central-1").meta.service_model.service_name == service


def test_an_answer_of_sts_that_cannot_be_read_is_not_quoted(world: Any, copy_request: CopyRequest) -> None:
    half = b"<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>a-secret</SecretAccessKey>"

    def cut_off(request: Any, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, {}, SimpleNamespace(stream=lambda **_: iter([half])))

    accounts._own_client("sts", "eu-central-1").meta.events.register_first("before-send.sts.AssumeRole", cut_off)

    with pytest.raises(TransientError, match="AWS's answer cannot be read") as caught:
        accounts.source(copy_request, LIST)

    assert "a-secret" not in "".join(traceback.format_exception(caught.value))


def test_no_level_logs_a_credential(
    world: Any,
    state: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", sys.stdout)
    monkeypatch.setattr(runtime.logger._logger, "level", logging.DEBUG)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    for step in STEPS:
        importlib.import_module(step).lambda_handler(state, LambdaContext())

    told = caplog.text + "".join(capsys.readouterr())
    secrets = {os.environ["EXTERNAL_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]}
    secrets |= {text for one in sessions() for text in (one.access_key_id, one.secret_access_key, one.session_token)}
    assert len(secrets) >= 2 + 3 * len(STEPS)
    assert [secret for secret in secrets if secret in told] == []
    assert told.count("Done") == 2 * len(STEPS)


@pytest.mark.parametrize(
    ("error", "count"),
    [("ThrottlingException", 3), ("ProvisionedThroughputExceededException", 3), ("InternalServerError", 0)],
)
def test_each_try_that_is_throttled_is_counted(source: Wire, error: str, count: int) -> None:
    body = json.dumps({"__type": error, "message": "Slow down."}).encode()
    answers = source.answer("ListProjectPolicies", 500, body)
    runtime.metrics.clear_metrics()

    with pytest.raises(ClientError):
        source.client.list_project_policies(ProjectArn=STATE["SourceProjectArn"])

    assert len(answers) == 3
    assert len(runtime.metrics.metric_set.get("Throttles", {"Value": []})["Value"]) == count
    runtime.metrics.clear_metrics()
