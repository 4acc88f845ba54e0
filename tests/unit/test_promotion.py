"""A promotion is a copy request for each destination; all errors of all destinations are named at once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import Shape

from model_copy import promotion
from model_copy.errors import InvalidRequestError
from model_copy.promotion import OF_THE_COPIES, Place
from model_copy.request import STARTED_BY
from model_copy.validation import Scope
from tests.unit.world import REGION, REQUEST, Json

SCOPE = Scope(partition="aws", regions=["eu-central-1", "us-east-1"], accounts=[])
GIVEN: Json = {name: REQUEST[name] for name in OF_THE_COPIES if name in REQUEST}
EXECUTION = "arn:aws:states:eu-central-1:333333333333:execution:PromoteModel-1V5DCVZT:live"


def project(number: int) -> str:
    return f"arn:aws:rekognition:{REGION}:{number:012}:project/cats-live/1700000000002"


def destination(number: int, **others: object) -> Json:
    return {"DestinationProjectArn": project(number), **others}


def requests(shape: Shape, given: Json, *destinations: Any, scope: Scope = SCOPE) -> list[Json]:
    return promotion.copy_requests(given, list(destinations), shape, scope, list(promotion.own_errors(given)))


def errors(shape: Shape, given: Json, *destinations: Any, scope: Scope = SCOPE) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        requests(shape, given, *destinations, scope=scope)
    said = str(caught.value).removesuffix(" Correct the request and start it again.")
    return said.removeprefix("The request has ")


def test_each_destination_makes_a_copy_request(shape: Shape) -> None:
    made = requests(shape, GIVEN, destination(1), destination(2))

    assert made == [{**GIVEN, "DestinationProjectArn": project(number)} for number in (1, 2)]


def test_a_destination_overrides_each_field_of_the_request(shape: Shape) -> None:
    own = {"VersionName": "v2", "OutputConfig": {"S3Bucket": "own-models"}, "KmsKeyId": "alias/own", "Tags": {"a": "b"}}
    given = {**GIVEN, "KmsKeyId": "alias/all", "Tags": {"team": "vision"}}

    first, second = requests(shape, given, destination(1, **own), destination(2))

    assert first == {**given, **own, "DestinationProjectArn": project(1)}
    assert second == {**given, "DestinationProjectArn": project(2)}


def test_a_field_that_only_the_destinations_have_is_complete(shape: Shape) -> None:
    given = {name: GIVEN[name] for name in ("SourceProjectArn", "SourceProjectVersionArn")}
    own = {"VersionName": "v2", "OutputConfig": {"S3Bucket": "own-models"}}

    assert requests(shape, given, destination(1, **own)) == [{**given, **own, **destination(1)}]


def test_a_field_that_neither_has_is_an_error_of_the_destination(shape: Shape) -> None:
    given = {**GIVEN}
    del given["VersionName"], given["OutputConfig"]

    assert errors(shape, given, destination(1, VersionName="v1"), {}) == (
        "4 errors: (1) Destinations[0].OutputConfig is required. "
        "(2) Destinations[1].DestinationProjectArn is required. (3) Destinations[1].VersionName is required. "
        "(4) Destinations[1].OutputConfig is required."
    )


def test_an_error_of_the_request_is_named_once_and_not_for_each_destination(shape: Shape) -> None:
    given = {**GIVEN, "KmsKeyId": 7, "SourceProjectArn": project(9)}

    found = errors(shape, given, destination(1), destination(2, KmsKeyId=8))

    assert found.startswith("4 errors: (1) KmsKeyId must be a string; got 7. (2) SourceProjectVersionArn must be ")
    assert found.endswith("(4) Destinations[1].KmsKeyId must be a string; got 8.")
    assert "Destinations[0]" not in found


def test_a_missing_source_is_named_once(shape: Shape) -> None:
    given = {name: GIVEN[name] for name in ("VersionName", "OutputConfig")}

    assert errors(shape, given, destination(1), destination(2)) == (
        "2 errors: (1) SourceProjectArn is required. (2) SourceProjectVersionArn is required."
    )


def test_the_errors_of_all_destinations_are_named_with_their_places(shape: Shape) -> None:
    elsewhere = destination(3)["DestinationProjectArn"].replace(REGION, "us-east-1")

    found = errors(
        shape,
        {**GIVEN, "Speed": 1},
        destination(1),
        "a project",
        destination(2, VersionName="v 2", Tgs={}),
        {"DestinationProjectArn": elsewhere},
        {"DestinationProjectArn": GIVEN["SourceProjectArn"]},
        scope=Scope("aws", [REGION], ["111111111111", "000000000001", "000000000003"]),
    )

    assert found == (
        "7 errors: (1) Speed is not a field of a promotion. (2) Destinations[1] must be an object; got 'a project'. "
        "(3) Destinations[2].Tgs is not a field of a destination; did you mean Tags? "
        "(4) Destinations[2].VersionName must match [a-zA-Z0-9_.\\-]+; got 'v 2'. "
        "(5) Destinations[2].DestinationProjectArn must be in one of the stack's AllowedAccounts; got 000000000002. "
        f"(6) Destinations[3].DestinationProjectArn must have the region of the source, {REGION}; got us-east-1. "
        "(7) Destinations[4].DestinationProjectArn must differ from SourceProjectArn."
    )


@pytest.mark.parametrize("name", ["SourceProjectArn", "DryRun", STARTED_BY])
def test_a_destination_has_no_other_fields(shape: Shape, name: str) -> None:
    found = errors(shape, GIVEN, destination(1, **{name: REQUEST.get(name)}))

    assert found.startswith(f"1 error: (1) Destinations[0].{name} is not a field of a destination")


def test_the_same_project_twice_is_an_error(shape: Shape) -> None:
    found = errors(shape, GIVEN, destination(1), destination(2), destination(1, VersionName="v2"), destination(1))

    assert found == (
        "2 errors: (1) Destinations[2].DestinationProjectArn is the project of Destinations[0]. "
        "(2) Destinations[3].DestinationProjectArn is the project of Destinations[0]."
    )


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("MaxConcurrency", 0, "MaxConcurrency must be a whole number from 1 to 1,000; got 0"),
        ("MaxConcurrency", 1_001, "MaxConcurrency must be a whole number from 1 to 1,000; got 1001"),
        ("MaxConcurrency", None, "MaxConcurrency must be a whole number from 1 to 1,000; got null"),
        ("StopAfterFailures", True, "StopAfterFailures must be a whole number from 1 to 1,000; got true"),
        ("StopAfterFailures", 1.5, "StopAfterFailures must be a whole number from 1 to 1,000; got 1.5"),
        ("DryRun", "yes", "DryRun must be true or false; got 'yes'"),
        (
            "DestinationProjectArn",
            project(1),
            "DestinationProjectArn is not a field of a promotion; name the project in D",
        ),
        ("Destination", [], "Destination is not a field of a promotion; did you mean Destinations?"),
        ("DestinationsFrom", {}, "Destinations and DestinationsFrom exclude each other"),
        (STARTED_BY, EXECUTION, f"{STARTED_BY} is not a field of a promotion"),
    ],
)
def test_the_promotion_s_own_fields_are_checked(shape: Shape, name: str, value: object, error: str) -> None:
    given = {**GIVEN, "Destinations": [], name: value}

    assert errors(shape, given, destination(1)).startswith(f"1 error: (1) {error}")


@pytest.mark.parametrize("value", [1, 1_000])
def test_limits_may_be_1_to_1000(shape: Shape, value: int) -> None:
    assert requests(shape, {**GIVEN, "MaxConcurrency": value, "StopAfterFailures": value}, destination(1))


def test_a_promotion_that_is_not_an_object_is_refused() -> None:
    assert list(promotion.own_errors(["v1"])) == ["The request must be an object; got a list of length 1"]


def test_a_dry_run_is_a_dry_run_of_each_copy_and_nothing_else_is(shape: Shape) -> None:
    [dry], [wet] = (
        promotion.copy_requests({**GIVEN, "DryRun": value}, [destination(1)], shape, SCOPE, [])
        for value in (True, False)
    )

    assert dry["DryRun"] is True
    assert "DryRun" not in wet


def test_each_item_has_its_index_its_name_and_the_execution_that_starts_it() -> None:
    [first, second] = promotion.items([{"VersionName": "v1"}, {"VersionName": "v2"}], {"Id": EXECUTION}, "live")

    assert first == {"Index": 0, "Name": "live-0000", "Request": {"VersionName": "v1", STARTED_BY: EXECUTION}}
    assert (second["Index"], second["Name"]) == (1, "live-0001")
    assert promotion.items([{"VersionName": "v1"}], None, "local")[0]["Request"] == {"VersionName": "v1"}


@pytest.mark.parametrize("length", [1, 75, 76, 80])
def test_a_name_has_at_most_80_characters_and_no_other_promotion_has_it(length: int) -> None:
    name, other = "x" * length, "x" * (length - 1) + "y"
    names = [promotion.copy_name(one, index) for one in (name, other) for index in range(1_000)]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 80
    assert promotion.copy_name(name, 17).startswith(name[:66])
    assert names[17].endswith("-0017")
    assert (names[17] == f"{name}-0017") is (length <= 75)


def test_a_promotion_keeps_its_objects_under_its_name_and_time() -> None:
    place = Place.new("live", datetime(2030, 1, 1, 9, tzinfo=UTC), "a-bucket")

    assert [place.key, place.row(7), place.failed(999), place.table("csv")] == [
        "promotions/live/20300101T090000Z/destinations.json",
        "promotions/live/20300101T090000Z/rows/0007.json",
        "promotions/live/20300101T090000Z/failed/0999.json",
        "promotions/live/20300101T090000Z/table.csv",
    ]
