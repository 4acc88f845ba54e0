"""A request is read from the state data, where only its own fields are under Request."""

import pytest

from model_copy.errors import InvalidRequestError
from model_copy.request import CopyRequest, RequestArns, execution_name
from tests.unit.world import Json

REQUIRED = ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn", "VersionName", "OutputConfig"]
STATE_KEYS = ["Request", "Execution", "Approval", "Validation", "Policy", "Copy", "Refusal", "Withdrawal"]


def test_aws_is_sent_the_fields_of_the_request_and_nothing_else(state: Json) -> None:
    state["Request"] |= {"Tags": {"team": "cats"}, "KmsKeyId": "alias/models"}
    added = {name: {"Some": "thing"} for name in STATE_KEYS if name != "Request"}

    request = CopyRequest.from_state({**state, **added})

    assert request.fields == state["Request"]
    assert request.kms_key_id == "alias/models"


def test_a_field_that_a_newer_botocore_knows_is_sent_too(state: Json) -> None:
    state["Request"]["Newer"] = [1]

    assert CopyRequest.from_state(state).fields["Newer"] == [1]


@pytest.mark.parametrize("forged", [{"Name": "forged"}, None, "forged", 7])
def test_a_request_cannot_name_its_execution(state: Json, forged: object) -> None:
    state["Request"] |= dict.fromkeys(STATE_KEYS, forged)

    assert CopyRequest.from_state(state).execution_name == "promote-v1"


@pytest.mark.parametrize(("account", "crosses"), [("222222222222", True), ("111111111111", False)])
def test_a_copy_crosses_accounts_if_the_projects_are_in_two(
    state: Json, fields: Json, account: str, crosses: bool
) -> None:
    fields["DestinationProjectArn"] = fields["DestinationProjectArn"].replace("222222222222", account)

    assert CopyRequest.from_state(state).crosses_accounts is crosses


@pytest.mark.parametrize(
    ("execution", "name"),
    [({"Name": "promote-v1"}, "promote-v1"), ("by hand", "local"), (None, "local")],
)
def test_a_function_that_is_invoked_by_hand_is_local(execution: object, name: str) -> None:
    assert execution_name({"Execution": execution}) == name
    assert execution_name({}) == "local"


@pytest.mark.parametrize("name", [None, 5, "", ["a-name"], {"Name": "a-name"}])
def test_an_execution_whose_name_is_not_a_string_is_local(name: object) -> None:
    assert execution_name({"Execution": {"Name": name}}) == "local"


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", ["", None, 5, [], True])
def test_a_task_refuses_a_request_with_a_malformed_field(state: Json, fields: Json, field: str, value: object) -> None:
    fields[field] = value

    with pytest.raises(InvalidRequestError, match="invoke that function to see why"):
        CopyRequest.from_state(state)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_task_refuses_a_request_with_a_missing_field(state: Json, fields: Json, field: str) -> None:
    del fields[field]

    with pytest.raises(InvalidRequestError, match="ValidateRequestFunction refuses this request"):
        CopyRequest.from_state(state)


@pytest.mark.parametrize("request_", [None, "a request", 7, ["a request"], True])
def test_a_task_refuses_a_request_that_is_not_an_object(request_: object) -> None:
    with pytest.raises(InvalidRequestError, match="ValidateRequestFunction refuses this request"):
        CopyRequest.from_state({"Request": request_})


@pytest.mark.parametrize("region", ["-", "a-", "7", "a" * 64])
def test_a_task_refuses_a_region_that_cannot_be_part_of_a_host_name(state: Json, fields: Json, region: str) -> None:
    fields |= {name: fields[name].replace("eu-central-1", region) for name in REQUIRED if name.endswith("Arn")}

    with pytest.raises(InvalidRequestError, match="ValidateRequestFunction refuses this request"):
        CopyRequest.from_state(state)


def test_a_task_refuses_arns_that_contradict_each_other(state: Json, fields: Json) -> None:
    fields["DestinationProjectArn"] = fields["DestinationProjectArn"].replace("eu-central-1", "us-east-1")

    with pytest.raises(InvalidRequestError, match="ValidateRequestFunction refuses this request"):
        CopyRequest.from_state(state)


@pytest.mark.parametrize("field", ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"])
def test_an_arn_that_cannot_be_parsed_contradicts_nothing(fields: Json, field: str) -> None:
    arns = RequestArns.parse({**fields, field: "arn:aws:s3:::a-bucket"})

    assert None in (arns.source_project, arns.source_version, arns.destination_project)
    assert list(arns.contradictions()) == []
