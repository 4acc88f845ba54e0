"""Destinations are in the request or in a manifest; only the stack's own manifests may be read."""

import json
from typing import Any

import pytest

from model_copy import manifests
from model_copy.aws import clients, s3
from model_copy.errors import AccessDeniedError, ManifestError
from tests.unit.world import REGION, SETTINGS, Json, Wire, World

BUCKET = SETTINGS["PROMOTIONS_BUCKET"]
FROM = {"S3Bucket": BUCKET, "S3Key": "manifests/live.json"}
LIVE = [{"DestinationProjectArn": "arn"}]


@pytest.fixture
def wire(world: World) -> Wire:
    wire = Wire(clients.own("s3"))
    for bucket in (BUCKET, "ours"):
        wire.client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    wire.calls.clear()
    return wire


def write(wire: Wire, content: object, bucket: str = BUCKET, key: str = FROM["S3Key"]) -> None:
    s3.put(wire.client, bucket, key, content if isinstance(content, str) else json.dumps(content))


def read(wire: Wire, given: Json, is_approval: bool = False, parameter: str = "") -> tuple[list[Any], list[str]]:
    return manifests.destinations(wire.client, given, is_approval, BUCKET, parameter)


def test_destinations_in_the_request_need_no_call(wire: Wire) -> None:
    assert read(wire, {"Destinations": LIVE}) == (LIVE, [])
    assert wire.calls == []


def test_destinations_are_read_from_a_manifest_in_the_stack_s_folder(wire: Wire) -> None:
    write(wire, {"Destinations": LIVE})

    assert read(wire, {"DestinationsFrom": FROM}) == (LIVE, [])


def test_a_version_of_a_manifest_is_read(wire: Wire) -> None:
    wire.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    write(wire, {"Destinations": LIVE})
    version = wire.client.head_object(Bucket=BUCKET, Key=FROM["S3Key"])["VersionId"]
    write(wire, "changed")

    assert read(wire, {"DestinationsFrom": {**FROM, "S3VersionId": version}}) == (LIVE, [])


def test_an_approval_gets_the_manifest_of_the_parameter_and_no_other(wire: Wire) -> None:
    write(wire, {"Destinations": LIVE}, "ours", "live/all.json")

    assert read(wire, {"DestinationsFrom": FROM}, is_approval=True, parameter="ours/live/all.json") == (LIVE, [])


def test_a_request_may_name_the_manifest_of_the_parameter(wire: Wire) -> None:
    write(wire, {"Destinations": LIVE}, "ours", "live/all.json")
    given = {"DestinationsFrom": {"S3Bucket": "ours", "S3Key": "live/all.json"}}

    assert read(wire, given, parameter="ours/live/all.json") == (LIVE, [])


@pytest.mark.parametrize(
    "place",
    [
        {"S3Bucket": "ours", "S3Key": "live/all.json"},
        {"S3Bucket": BUCKET, "S3Key": "promotions/p/destinations.json"},
        {"S3Bucket": BUCKET, "S3Key": "manifests"},
        {"S3Bucket": f"{BUCKET}-2", "S3Key": "manifests/live.json"},
    ],
)
def test_no_other_object_is_read(wire: Wire, place: Json) -> None:
    _, [error] = read(wire, {"DestinationsFrom": place}, parameter="ours/live/other.json")

    allowed = f"s3://{BUCKET}/manifests/ or s3://ours/live/other.json"
    assert error == f"DestinationsFrom must be in {allowed}; got 's3://{place['S3Bucket']}/{place['S3Key']}'"
    assert wire.calls == []


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        (7, ["DestinationsFrom must be an object; got 7"]),
        ({}, ["DestinationsFrom.S3Bucket is required", "DestinationsFrom.S3Key is required"]),
        ({**FROM, "S3Key": 7}, ["DestinationsFrom.S3Key must be a string of 1 to 1024 characters; got 7"]),
        (
            {**FROM, "S3VersionId": ""},
            ["DestinationsFrom.S3VersionId must be a string of 1 to 1024 characters; got ''"],
        ),
        ({**FROM, "S3Kex": ""}, ["DestinationsFrom.S3Kex is not a field of DestinationsFrom; did you mean S3Key?"]),
    ],
)
def test_the_errors_of_a_place_are_named(wire: Wire, given: object, errors: list[str]) -> None:
    assert read(wire, {"DestinationsFrom": given}) == ([], errors)


def test_without_destinations_the_list_is_required(wire: Wire) -> None:
    assert read(wire, {}) == ([], ["Destinations or DestinationsFrom is required"])
    assert read(wire, {}, is_approval=True) == ([], ["Destinations or DestinationsFrom is required"])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "null"),
        ({}, "an object of length 0"),
        ([], "a list of length 0"),
        ([{}] * 1_001, "a list of length 1001"),
    ],
)
def test_the_list_has_1_to_1000_destinations(wire: Wire, found: object, words: str) -> None:
    destinations, errors = read(wire, {"Destinations": found})

    assert errors == [f"Destinations must be a list of 1 to 1,000 objects; got {words}"]
    assert len(destinations) in (0, 1_000)
    assert read(wire, {"Destinations": [{}] * 1_000}) == ([{}] * 1_000, [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[" * 100_000, "it is not JSON ("),
        (LIVE, "it must be an object with the field Destinations; got a list of length 1"),
        ({"destinations": LIVE}, "it must be an object with the field Destinations; got an object of length 1"),
        ({"Destinations": LIVE, "More": 1}, "it has fields other than Destinations: 'More'"),
        ('{"Destinations": [NaN]}', "it is not valid JSON; it has a lone surrogate or NaN"),
    ],
)
def test_an_object_that_is_not_a_manifest_is_refused(wire: Wire, content: object, reason: str) -> None:
    write(wire, content)

    with pytest.raises(ManifestError) as caught:
        read(wire, {"DestinationsFrom": FROM})
    assert str(caught.value).startswith(f"The manifest s3://{BUCKET}/manifests/live.json cannot be used: {reason}")
    assert str(caught.value).endswith(
        ". Put a JSON object with a list named Destinations there, or correct DestinationsFrom, then start the request "
        "again."
    )


def test_a_missing_manifest_of_the_parameter_is_named(wire: Wire) -> None:
    with pytest.raises(ManifestError) as caught:
        read(wire, {}, is_approval=True, parameter="ours/live/all.json")

    assert str(caught.value) == (
        "The manifest s3://ours/live/all.json cannot be used: S3 returns: The specified key does not exist. "
        "Put a JSON object with a list named Destinations there, or correct the stack's parameter "
        "DestinationsManifest, then start the request again."
    )


def test_a_missing_version_of_a_manifest_is_named(wire: Wire) -> None:
    wire.return_error("GetObject", "NoSuchVersion", 404)

    with pytest.raises(
        ManifestError, match=r"manifests/live.json \(version v7\) cannot be used: S3 returns: Because\. "
    ):
        read(wire, {"DestinationsFrom": {**FROM, "S3VersionId": "v7"}})


def test_a_manifest_that_is_too_large_is_refused(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    write(wire, {"Destinations": LIVE})
    wire.return_result("GetObject", {"ContentLength": s3.LARGEST + 1})

    with pytest.raises(ManifestError, match="cannot be used: it is larger than 10 MiB"):
        read(wire, {"DestinationsFrom": FROM})


def test_a_manifest_that_may_not_be_read_names_the_permission(wire: Wire) -> None:
    wire.return_error("GetObject", "AccessDenied", 403)

    with pytest.raises(AccessDeniedError, match=r"manifests/live\.json was denied: Because\. Allow the"):
        read(wire, {"DestinationsFrom": FROM})
