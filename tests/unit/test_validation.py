"""A request is checked by AWS's model, by its own ARNs and by the stack's scope; all errors are named at once."""

import json
from dataclasses import replace

import pytest
from botocore.model import Shape

from model_copy.errors import InvalidRequestError
from model_copy.request import STARTED_BY, CopyRequest
from model_copy.validation import Scope, check_shape, validate
from tests.unit.world import DESTINATION, SOURCE, STACK, Json

SCOPE = Scope(partition="aws", regions=["eu-central-1", "us-east-1"], accounts=[])
STATE_KEYS = ["Request", "Execution", "Approval", "Validation", "Policy", "Copy", "Refusal", "Withdrawal"]


def refusal(state: Json, shape: Shape, scope: Scope = SCOPE) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        validate(state, shape, scope)
    return str(caught.value)


def moved(state: Json, old: str, new: str) -> Json:
    """Move the whole request to another place."""
    arns = {name: value.replace(old, new) for name, value in state["Request"].items() if name.endswith("Arn")}
    return {**state, "Request": {**state["Request"], **arns}}


def test_a_valid_request_is_read(state: Json, shape: Shape) -> None:
    request = validate(state, shape, SCOPE)

    assert request.source_project.account == "111111111111"
    assert request.source_version.version == "v1"
    assert request.destination_project.project == "cats-live"
    assert request.version_name == "v1"
    assert request.output_config == {"S3Bucket": "live-models", "S3KeyPrefix": "copies"}
    assert request.kms_key_id is None
    assert request.execution_name == "promote-v1"


@pytest.mark.parametrize("name", STATE_KEYS)
def test_a_request_with_state_data_of_its_own_is_refused(state: Json, fields: Json, shape: Shape, name: str) -> None:
    fields[name] = {}

    assert f"The request has 1 error: (1) {name} is not a field of the request" in refusal(state, shape)


def test_state_data_beside_the_request_is_not_part_of_it(state: Json, shape: Shape) -> None:
    assert validate({**state, "Approval": {"Kind": "Request"}}, shape, SCOPE)


@pytest.mark.parametrize(
    ("given", "words"), [(None, "null"), ("a request", "'a request'"), ([], "a list of length 0"), (7, "7")]
)
def test_a_request_that_is_not_an_object_is_refused(state: Json, shape: Shape, given: object, words: str) -> None:
    assert refusal({**state, "Request": given}, shape) == (
        f"The request has 1 error: (1) The request must be an object; got {words}. "
        "Correct the request and start it again."
    )


@pytest.mark.parametrize(
    ("field", "old", "new", "error"),
    [
        (
            "SourceProjectVersionArn",
            "arn:aws:",
            "arn:aws-cn:",
            "SourceProjectVersionArn must be a version of the source project; the version's partition is aws-cn, "
            "not aws",
        ),
        (
            "SourceProjectVersionArn",
            "eu-central-1",
            "us-east-1",
            "SourceProjectVersionArn must be a version of the source project; the version's region is us-east-1, not "
            "eu-central-1",
        ),
        (
            "SourceProjectVersionArn",
            "111111111111",
            "222222222222",
            "SourceProjectVersionArn must be a version of the source project; the version's account is 222222222222, "
            "not 111111111111",
        ),
        (
            "SourceProjectVersionArn",
            "project/cats",
            "project/dogs",
            "SourceProjectVersionArn must be a version of the source project; the version's project is dogs, not cats",
        ),
        (
            "DestinationProjectArn",
            "arn:aws:",
            "arn:aws-us-gov:",
            "DestinationProjectArn must have the partition of the source, aws; got aws-us-gov",
        ),
        (
            "DestinationProjectArn",
            "eu-central-1",
            "eu-west-1",
            "DestinationProjectArn must have the region of the source, eu-central-1; got eu-west-1",
        ),
    ],
)
def test_arns_that_contradict_each_other_are_refused(
    state: Json, fields: Json, shape: Shape, field: str, old: str, new: str, error: str
) -> None:
    fields[field] = fields[field].replace(old, new)

    assert refusal(state, shape) == (f"The request has 1 error: (1) {error}. Correct the request and start it again.")


@pytest.mark.parametrize("region", ["eu-north-1", "eu-central-2"])
def test_a_region_without_rekognition_is_refused_with_a_close_one(state: Json, shape: Shape, region: str) -> None:
    assert refusal(moved(state, "eu-central-1", region), shape) == (
        "The request has 1 error: (1) SourceProjectArn must be in a Region with Rekognition Custom Labels; "
        f"got {region}; did you mean eu-central-1? Correct the request and start it again."
    )


def test_a_region_without_a_close_one_is_refused_without_a_hint(state: Json, shape: Shape) -> None:
    assert "(1) SourceProjectArn must be in a Region with Rekognition Custom Labels; got xyz. Correct" in refusal(
        moved(state, "eu-central-1", "xyz"), shape
    )


def test_without_any_region_every_region_is_refused(state: Json, shape: Shape) -> None:
    assert "must be in a Region with Rekognition Custom Labels; got eu-central-1. Correct" in refusal(
        state, shape, replace(SCOPE, regions=[])
    )


def test_another_partition_than_the_stack_s_is_refused_whatever_the_region(state: Json, shape: Shape) -> None:
    there = moved(moved(state, "arn:aws:", "arn:aws-us-gov:"), "eu-central-1", "us-gov-west-1")

    assert refusal(there, shape) == (
        "The request has 1 error: (1) SourceProjectArn must be in the partition of this stack, aws; got aws-us-gov. "
        "Correct the request and start it again."
    )


def test_a_stack_in_another_partition_accepts_requests_there(state: Json, shape: Shape) -> None:
    there = moved(moved(state, "arn:aws:", "arn:aws-us-gov:"), "eu-central-1", "us-gov-west-1")
    scope = Scope(partition="aws-us-gov", regions=["us-gov-west-1"], accounts=[])

    assert validate(there, shape, scope).source_project.region == "us-gov-west-1"
    assert "must be in the partition of this stack, aws-us-gov; got aws." in refusal(state, shape, scope)


def test_a_wrong_place_is_named_beside_other_errors(state: Json, fields: Json, shape: Shape) -> None:
    fields["VersionName"] = "v 1"

    message = refusal(moved(state, "eu-central-1", "eu-north-1"), shape)

    assert message.startswith("The request has 2 errors: (1) VersionName must match ")
    assert "(2) SourceProjectArn must be in a Region with Rekognition Custom Labels" in message


def test_a_model_is_not_copied_into_its_own_project(state: Json, fields: Json, shape: Shape) -> None:
    fields["DestinationProjectArn"] = fields["SourceProjectArn"]

    assert "(1) DestinationProjectArn must differ from SourceProjectArn." in refusal(state, shape)


def test_a_project_of_the_same_name_in_another_account_is_another_project(
    state: Json, fields: Json, shape: Shape
) -> None:
    fields["DestinationProjectArn"] = fields["SourceProjectArn"].replace("111111111111", "222222222222")

    assert validate(state, shape, SCOPE).crosses_accounts


def test_contradictions_and_broken_rules_are_named_together(state: Json, fields: Json, shape: Shape) -> None:
    fields |= {
        "SourceProjectVersionArn": (
            "arn:aws-cn:rekognition:cn-north-1:444444444444:project/dogs/version/v1/1700000000001"
        ),
        "DestinationProjectArn": "arn:aws-us-gov:rekognition:us-gov-west-1:222222222222:project/cats-live/1",
        "VersionName": "v 1",
    }

    message = refusal(state, shape)

    assert message.startswith("The request has 7 errors: (1) VersionName must match ")
    assert "the version's account is 444444444444" in message
    assert "the version's project is dogs" in message
    assert "(7) DestinationProjectArn must have the region of the source" in message


def test_an_arn_that_cannot_be_parsed_is_the_only_error(state: Json, fields: Json, shape: Shape) -> None:
    fields["SourceProjectArn"] = "arn:aws:s3:::a-bucket-without-a-project"

    assert refusal(state, shape).startswith("The request has 1 error: (1) SourceProjectArn must match ")


def test_a_version_name_is_ascii(state: Json, fields: Json, shape: Shape) -> None:
    fields["VersionName"] = "modèle"

    assert "(1) VersionName must match " in refusal(state, shape)


@pytest.mark.parametrize(
    ("extra", "shown", "more"), [(19, 19, ""), (20, 20, ""), (21, 20, "And 1 more."), (500, 20, "And 480 more.")]
)
def test_the_first_20_errors_are_shown_and_all_are_counted(
    state: Json, fields: Json, shape: Shape, extra: int, shown: int, more: str
) -> None:
    fields |= {f"Zebra{number}": None for number in range(extra)}

    message = refusal(state, shape)

    assert message.startswith(f"The request has {extra} errors: ")
    assert f"({shown}) Zebra{shown - 1} is not a field" in message
    assert f"({shown + 1})" not in message
    assert more in message
    assert message.endswith("Correct the request and start it again.")


@pytest.mark.parametrize("character", ["x", "é", "猫", "\U0001f408", "\n", '"', "\\"])
def test_a_message_written_as_json_has_at_most_8000_characters(
    state: Json, fields: Json, shape: Shape, character: str
) -> None:
    fields["Tags"] = {f"{number}{character * 1_000}": character * 1_000 for number in range(200)}

    assert len(json.dumps(refusal(state, shape))) <= 8_000


def test_only_allowed_accounts_may_take_part(state: Json, shape: Shape) -> None:
    assert validate(state, shape, replace(SCOPE, accounts=[DESTINATION, SOURCE]))

    message = refusal(state, shape, replace(SCOPE, accounts=[STACK]))

    for name, account in (("SourceProjectArn", SOURCE), ("DestinationProjectArn", DESTINATION)):
        assert f"{name} must be in one of the stack's AllowedAccounts; got {account}." in message


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        (field, old, new)
        for field in ("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn")
        for old, new in [("aws", "a" * 900), ("eu-central-1", "a-" * 450)]
    ]
    + [("SourceProjectVersionArn", "cats", "c" * 255)],
)
def test_a_long_part_of_an_arn_is_cut_to_60_characters(
    state: Json, fields: Json, shape: Shape, field: str, old: str, new: str
) -> None:
    fields[field] = fields[field].replace(old, new, 1)

    message = refusal(state, shape)

    assert f"{new[:60]}..." in message
    assert new[:61] not in message


@pytest.mark.parametrize("field", ["KmsKeyId", "Tags", "Zebra", *STATE_KEYS])
def test_a_request_that_aws_s_model_does_not_allow_is_not_sent(
    state: Json, fields: Json, shape: Shape, field: str
) -> None:
    fields[field] = 5
    request = CopyRequest.from_state({**state, "Validation": {}, "Policy": {}})

    with pytest.raises(InvalidRequestError, match=rf"^The request has 1 error: \(1\) {field} "):
        check_shape(request, shape)


PROMOTION = "arn:aws:states:eu-central-1:333333333333:execution:PromoteModel-1V5DCVZT:promote-v1"


@pytest.mark.parametrize("starter", [PROMOTION, PROMOTION.replace(":promote-v1", "/Copies:0b1c2d3e")])
def test_a_request_may_name_the_execution_that_starts_it_and_aws_is_not_sent_the_name(
    state: Json, fields: Json, shape: Shape, starter: str
) -> None:
    fields[STARTED_BY] = starter

    assert STARTED_BY not in validate(state, shape, SCOPE).fields
    assert STARTED_BY not in CopyRequest.from_state(state).fields


@pytest.mark.parametrize(
    "starter",
    [
        None,
        7,
        "",
        "promote-v1",
        [PROMOTION],
        f"{PROMOTION}\n",
        PROMOTION.replace("states", "lambda"),
        PROMOTION + "x" * 99,
    ],
)
def test_a_starter_that_is_not_an_execution_is_refused(
    state: Json, fields: Json, shape: Shape, starter: object
) -> None:
    fields[STARTED_BY] = starter

    assert f"1 error: (1) {STARTED_BY} must be the ARN of an execution; got " in refusal(state, shape)


def test_an_approval_cannot_name_an_execution_that_starts_it(state: Json, fields: Json, shape: Shape) -> None:
    fields[STARTED_BY] = PROMOTION
    state["Approval"] = {"Kind": "Event"}

    assert f"1 error: (1) {STARTED_BY} is not a field of an approval." in refusal(state, shape)


@pytest.mark.parametrize("given", [True, False])
def test_a_request_may_ask_for_a_plan_and_aws_is_not_asked_for_it(
    state: Json, fields: Json, shape: Shape, given: bool
) -> None:
    fields["DryRun"] = given

    assert "DryRun" not in validate(state, shape, SCOPE).fields
    assert "DryRun" not in CopyRequest.from_state(state).fields


@pytest.mark.parametrize("given", [None, 1, "true", [True]])
def test_a_dry_run_that_is_neither_true_nor_false_is_refused(
    state: Json, fields: Json, shape: Shape, given: object
) -> None:
    fields["DryRun"] = given

    assert "1 error: (1) DryRun must be true or false; got " in refusal(state, shape)
