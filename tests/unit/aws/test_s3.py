"""Objects of S3 and its errors, as the promotion knows them."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError

from model_copy.aws import clients, s3
from model_copy.aws.s3 import ObjectMissingError, ObjectTooLargeError
from model_copy.errors import AccessDeniedError, TransientError
from tests.unit.world import REGION, SETTINGS, Wire, World

BUCKET = SETTINGS["PROMOTIONS_BUCKET"]


@pytest.fixture
def wire(world: World) -> Wire:
    wire = Wire(clients.own("s3"))
    wire.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return wire


def test_an_object_is_read_as_it_was_written(wire: Wire) -> None:
    s3.put(wire.client, BUCKET, "rows/1", '"größe"', "text/csv")

    assert s3.get(wire.client, BUCKET, "rows/1") == '"größe"'.encode()
    assert wire.client.head_object(Bucket=BUCKET, Key="rows/1")["ContentType"] == "text/csv"


def test_an_older_version_of_an_object_is_read(wire: Wire) -> None:
    wire.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put(wire.client, BUCKET, "rows/1", "old")
    old = wire.client.head_object(Bucket=BUCKET, Key="rows/1")["VersionId"]
    s3.put(wire.client, BUCKET, "rows/1", "new")

    assert s3.get(wire.client, BUCKET, "rows/1", old) == b"old"


def test_keys_are_listed_by_their_prefix_up_to_a_number(wire: Wire) -> None:
    for key in ("a/1", "a/2", "a/3", "b/1"):
        s3.put(wire.client, BUCKET, key, "")
    s3.delete(wire.client, BUCKET, "a/1")
    s3.delete(wire.client, BUCKET, "a/9")

    assert s3.keys(wire.client, BUCKET, "a/", 1_000) == ["a/2", "a/3"]
    assert s3.keys(wire.client, BUCKET, "a/", 1) == ["a/2"]
    assert s3.keys(wire.client, BUCKET, "c/", 1) == []


def test_an_object_that_is_too_large_is_not_read(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "LARGEST", 3)
    s3.put(wire.client, BUCKET, "small", "123")
    s3.put(wire.client, BUCKET, "large", "1234")

    assert s3.get(wire.client, BUCKET, "small") == b"123"
    with pytest.raises(ObjectTooLargeError):
        s3.get(wire.client, BUCKET, "large")


@pytest.mark.parametrize(("bucket", "key"), [(BUCKET, "none"), ("no-such-bucket", "none")])
def test_a_missing_object_is_missing(wire: Wire, bucket: str, key: str) -> None:
    with pytest.raises(ObjectMissingError):
        s3.get(wire.client, bucket, key)


CALLS: dict[str, Callable[[Any], object]] = {
    "GetObject": lambda client: s3.get(client, BUCKET, "key"),
    "PutObject": lambda client: s3.put(client, BUCKET, "key", ""),
    "DeleteObject": lambda client: s3.delete(client, BUCKET, "key"),
    "ListObjectsV2": lambda client: s3.keys(client, BUCKET, "key", 1),
}


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("SlowDown", 503, TransientError),
        ("InternalError", 500, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("AccessDenied", 403, AccessDeniedError),
        ("MalformedXML", 400, ClientError),
    ],
)
@pytest.mark.parametrize("operation", CALLS)
def test_each_error_of_s3_has_its_route(wire: Wire, operation: str, code: str, status: int, error: type) -> None:
    wire.return_error(operation, code, status)

    with pytest.raises(error) as caught:
        CALLS[operation](wire.client)
    if error is AccessDeniedError:
        assert f"{operation} on s3://{BUCKET}/key was denied: Because. Allow the function's role to " in str(
            caught.value
        )


@pytest.mark.parametrize("code", ["NoSuchVersion", "MethodNotAllowed", "InvalidArgument"])
def test_a_version_that_is_missing_or_deleted_is_missing(wire: Wire, code: str) -> None:
    wire.return_error("GetObject", code, 404)

    with pytest.raises(ObjectMissingError, match="Because"):
        s3.get(wire.client, BUCKET, "key", "a-version")


def test_a_response_that_breaks_off_is_transient(wire: Wire) -> None:
    class Broken:
        def read(self) -> bytes:
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    wire.return_result("GetObject", {"ContentLength": 2, "Body": Broken()})

    with pytest.raises(TransientError, match="GetObject on s3://promotions-of-the-stack/key failed: IncompleteRead"):
        s3.get(wire.client, BUCKET, "key")
