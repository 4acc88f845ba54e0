"""A request is read once, and all that is wrong with it is said in one message."""

import json
from typing import Any

import pytest
from botocore.model import Shape

from model_copy.errors import InvalidRequestError
from model_copy.request import CopyRequest, execution_name, validate

State = dict[str, Any]

REGIONS = ["eu-central-1", "us-east-1"]


def refusal(state: State, shape: Shape) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        validate(state, shape, "aws", REGIONS, [])
    return str(caught.value)


def test_a_request_that_is_all_right_is_read(state: State, shape: Shape) -> None:
    request = validate(state, shape, "aws", REGIONS, [])

    assert request.source_project.account == "111111111111"
    assert request.source_version.version == "v1"
    assert request.destination_project.project == "cats-live"
    assert request.version_name == "v1"
    assert request.output_config == {"S3Bucket": "live-models", "S3KeyPrefix": "copies"}
    assert request.kms_key_id is None
    assert request.execution_name == "promote-v1"


def test_aws_is_sent_the_members_of_the_request_and_nothing_else(state: State) -> None:
    members = {name: value for name, value in state.items() if name != "Execution"}
    members |= {"Tags": {"team": "cats"}, "KmsKeyId": "alias/models"}
    added = ["Execution", "Approval", "Validation", "Policy", "Copy", "GrantMissing", "Refusal", "Withdrawal"]

    request = CopyRequest.from_state(members | {name: {"Some": "thing"} for name in added})

    assert dict(request.members) == members


def test_a_member_that_a_newer_botocore_knows_is_sent_too(state: State) -> None:
    assert CopyRequest.from_state({**state, "Newer": [1]}).members["Newer"] == [1]


@pytest.mark.parametrize("name", ["Validation", "Policy", "Copy", "GrantMissing", "Refusal", "Withdrawal"])
def test_what_the_states_add_is_no_member_of_the_input(state: State, shape: Shape, name: str) -> None:
    assert f"(1) {name} is no member of the request" in refusal({**state, name: {}}, shape)


@pytest.mark.parametrize(("account", "crosses"), [("222222222222", True), ("111111111111", False)])
def test_a_copy_crosses_accounts_when_the_projects_are_in_two(state: State, account: str, crosses: bool) -> None:
    state["DestinationProjectArn"] = state["DestinationProjectArn"].replace("222222222222", account)

    assert CopyRequest.from_state(state).crosses_accounts is crosses


@pytest.mark.parametrize(
    ("execution", "name"),
    [({"Name": "promote-v1"}, "promote-v1"), ("by hand", "local"), (None, "local")],
)
def test_a_request_without_an_execution_is_local(execution: object, name: str) -> None:
    assert execution_name({"Execution": execution}) == name
    assert execution_name({}) == "local"


@pytest.mark.parametrize(
    ("member", "old", "new", "mistake"),
    [
        (
            "SourceProjectVersionArn",
            "arn:aws:",
            "arn:aws-cn:",
            "SourceProjectVersionArn must be of the source project: its partition is aws-cn, not aws",
        ),
        (
            "SourceProjectVersionArn",
            "eu-central-1",
            "us-east-1",
            "SourceProjectVersionArn must be of the source project: its region is us-east-1, not eu-central-1",
        ),
        (
            "SourceProjectVersionArn",
            "111111111111",
            "222222222222",
            "SourceProjectVersionArn must be of the source project: its account is 222222222222, not 111111111111",
        ),
        (
            "SourceProjectVersionArn",
            "project/cats",
            "project/dogs",
            "SourceProjectVersionArn must be of the source project: its project is dogs, not cats",
        ),
        (
            "DestinationProjectArn",
            "arn:aws:",
            "arn:aws-us-gov:",
            "DestinationProjectArn must have the partition of the source, aws, and has aws-us-gov",
        ),
        (
            "DestinationProjectArn",
            "eu-central-1",
            "eu-west-1",
            "DestinationProjectArn must have the region of the source, eu-central-1, and has eu-west-1",
        ),
    ],
)
def test_arns_that_contradict_each_other_are_refused(
    state: State, shape: Shape, member: str, old: str, new: str, mistake: str
) -> None:
    state[member] = state[member].replace(old, new)

    assert refusal(state, shape) == (
        f"The request has 1 mistake: (1) {mistake}. Correct the request and start it again."
    )


def moved(state: State, old: str, new: str) -> State:
    """Move the whole request to another place."""
    return state | {name: value.replace(old, new) for name, value in state.items() if name.endswith("Arn")}


@pytest.mark.parametrize(
    ("region", "near"), [("eu-north-1", "did you mean eu-central-1?"), ("eu-central-2", "did you mean eu-central-1?")]
)
def test_a_region_without_rekognition_is_refused_with_the_one_that_was_meant(
    state: State, shape: Shape, region: str, near: str
) -> None:
    assert refusal(moved(state, "eu-central-1", region), shape) == (
        "The request has 1 mistake: (1) SourceProjectArn must be in a Region that has Rekognition Custom Labels, "
        f"and is in {region}; {near}. Correct the request and start it again."
    )


def test_a_region_that_is_like_no_other_is_refused_without_a_guess(state: State, shape: Shape) -> None:
    message = refusal(moved(state, "eu-central-1", "xyz"), shape)

    assert (
        "(1) SourceProjectArn must be in a Region that has Rekognition Custom Labels, and is in xyz. Correct" in message
    )


def test_where_rekognition_is_in_no_region_every_region_is_refused(state: State, shape: Shape) -> None:
    with pytest.raises(
        InvalidRequestError, match="a Region that has Rekognition Custom Labels, and is in eu-central-1"
    ):
        validate(state, shape, "aws", [], [])


def test_a_partition_that_is_not_the_stack_s_is_refused_whatever_the_region(state: State, shape: Shape) -> None:
    there = moved(moved(state, "arn:aws:", "arn:aws-us-gov:"), "eu-central-1", "us-gov-west-1")

    assert refusal(there, shape) == (
        "The request has 1 mistake: (1) SourceProjectArn must be in the partition of this stack, aws, "
        "and is in aws-us-gov. Correct the request and start it again."
    )


def test_a_stack_of_another_partition_takes_requests_there(state: State, shape: Shape) -> None:
    there = moved(moved(state, "arn:aws:", "arn:aws-us-gov:"), "eu-central-1", "us-gov-west-1")

    assert validate(there, shape, "aws-us-gov", ["us-gov-west-1"], []).source_project.region == "us-gov-west-1"
    with pytest.raises(InvalidRequestError, match="the partition of this stack, aws-us-gov, and is in aws"):
        validate(state, shape, "aws-us-gov", ["us-gov-west-1"], [])


def test_a_place_is_wrong_next_to_other_mistakes(state: State, shape: Shape) -> None:
    state = moved(state, "eu-central-1", "eu-north-1") | {"VersionName": "v 1"}

    message = refusal(state, shape)

    assert message.startswith("The request has 2 mistakes: (1) VersionName must match ")
    assert "(2) SourceProjectArn must be in a Region that has Rekognition Custom Labels" in message


def test_a_model_is_not_copied_into_its_own_project(state: State, shape: Shape) -> None:
    state["DestinationProjectArn"] = state["SourceProjectArn"]

    assert "(1) DestinationProjectArn must name another project than SourceProjectArn." in refusal(state, shape)


def test_a_project_of_the_same_name_in_another_account_is_another_project(state: State, shape: Shape) -> None:
    state["DestinationProjectArn"] = state["SourceProjectArn"].replace("111111111111", "222222222222")

    assert validate(state, shape, "aws", REGIONS, []).crosses_accounts


def test_contradictions_and_broken_rules_are_said_together(state: State, shape: Shape) -> None:
    state["SourceProjectVersionArn"] = (
        "arn:aws-cn:rekognition:cn-north-1:444444444444:project/dogs/version/v1/1700000000001"
    )
    state["DestinationProjectArn"] = "arn:aws-us-gov:rekognition:us-gov-west-1:222222222222:project/cats-live/1"
    state["VersionName"] = "v 1"

    message = refusal(state, shape)

    assert message.startswith("The request has 7 mistakes: (1) VersionName must match ")
    assert "its account is 444444444444" in message
    assert "its project is dogs" in message
    assert "(7) DestinationProjectArn must have the region of the source" in message


def test_an_arn_that_cannot_be_read_contradicts_nothing(state: State, shape: Shape) -> None:
    state["SourceProjectArn"] = "arn:aws:s3:::a-bucket-of-no-project"

    assert refusal(state, shape).startswith("The request has 1 mistake: (1) SourceProjectArn must match ")


def test_the_execution_is_no_member_of_the_request(state: State, shape: Shape) -> None:
    assert "Execution" in state
    assert validate({**state, "Approval": {"Kind": "Request"}}, shape, "aws", REGIONS, [])


def test_a_version_name_is_ascii(state: State, shape: Shape) -> None:
    state["VersionName"] = "modèle"

    assert "(1) VersionName must match " in refusal(state, shape)


@pytest.mark.parametrize(
    ("extra", "shown", "more"), [(19, 19, ""), (20, 20, ""), (21, 20, "And 1 more."), (500, 20, "And 480 more.")]
)
def test_the_first_20_mistakes_are_shown_and_all_are_counted(
    state: State, shape: Shape, extra: int, shown: int, more: str
) -> None:
    state |= {f"Zebra{number}": None for number in range(extra)}

    message = refusal(state, shape)

    assert message.startswith(f"The request has {extra} mistakes: ")
    assert f"({shown}) Zebra{shown - 1} is no member" in message
    assert f"({shown + 1})" not in message
    assert more in message
    assert message.endswith("Correct the request and start it again.")


@pytest.mark.parametrize("character", ["x", "é", "猫", "\U0001f408", "\n", '"', "\\"])
def test_a_message_written_as_json_has_at_most_8000_characters(state: State, shape: Shape, character: str) -> None:
    state["Tags"] = {f"{number}{character * 1_000}": character * 1_000 for number in range(200)}

    assert len(json.dumps(refusal(state, shape))) <= 8_000


@pytest.mark.parametrize(
    "member",
    ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn", "VersionName", "OutputConfig"],
)
@pytest.mark.parametrize("value", ["", None, 5, [], True])
def test_a_step_refuses_a_state_in_which_a_member_has_not_its_form(state: State, member: str, value: object) -> None:
    state[member] = value

    with pytest.raises(InvalidRequestError, match="run that function on it first"):
        CopyRequest.from_state(state)


@pytest.mark.parametrize(
    "member",
    ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn", "VersionName", "OutputConfig"],
)
def test_a_step_refuses_a_state_in_which_a_member_is_missing(state: State, member: str) -> None:
    del state[member]

    with pytest.raises(InvalidRequestError, match="It has not passed Validate request"):
        CopyRequest.from_state(state)


def test_only_the_accounts_that_the_stack_names_may_take_part(state: State, shape: Shape) -> None:
    assert validate(state, shape, "aws", REGIONS, ["222222222222", "111111111111"])

    with pytest.raises(InvalidRequestError) as caught:
        validate(state, shape, "aws", REGIONS, ["333333333333"])

    for name, account in (("SourceProjectArn", "111111111111"), ("DestinationProjectArn", "222222222222")):
        wrong = f"{name} must be in an account that this stack's AllowedAccounts names, and is in {account}"
        assert wrong in str(caught.value)


@pytest.mark.parametrize(
    ("member", "old", "new"),
    [
        (member, old, new)
        for member in ("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn")
        for old, new in [("aws", "a" * 900), ("eu-central-1", "a-" * 450)]
    ]
    + [("SourceProjectVersionArn", "cats", "c" * 255)],
)
def test_a_long_part_of_an_arn_is_cut_to_60_characters(
    state: State, shape: Shape, member: str, old: str, new: str
) -> None:
    state[member] = state[member].replace(old, new, 1)

    message = refusal(state, shape)

    assert f"{new[:60]}..." in message
    assert new[:61] not in message


@pytest.mark.parametrize("region", ["-", "a-", "7", "a" * 64])
def test_a_step_refuses_a_region_that_no_host_can_be_named_after(state: State, region: str) -> None:
    moved = {name: value.replace("eu-central-1", region) for name, value in state.items() if name.endswith("Arn")}

    with pytest.raises(InvalidRequestError, match="It has not passed Validate request"):
        CopyRequest.from_state({**state, **moved})


def test_a_step_refuses_arns_that_contradict_each_other(state: State) -> None:
    state["DestinationProjectArn"] = state["DestinationProjectArn"].replace("eu-central-1", "us-east-1")

    with pytest.raises(InvalidRequestError, match="It has not passed Validate request"):
        CopyRequest.from_state(state)


@pytest.mark.parametrize("name", [None, 5, "", ["a-name"], {"Name": "a-name"}])
def test_an_execution_whose_name_is_no_text_is_local(name: object) -> None:
    assert execution_name({"Execution": {"Name": name}}) == "local"


@pytest.mark.parametrize("member", ["KmsKeyId", "Tags", "Zebra"])
def test_nothing_that_aws_would_not_take_is_copied_with(state: State, shape: Shape, member: str) -> None:
    request = CopyRequest.from_state({**state, "Validation": {}, "Policy": {}, member: 5})

    with pytest.raises(InvalidRequestError, match=rf"^The request has 1 mistake: \(1\) {member} "):
        request.check(shape)
