"""Amazon S3: the objects of a promotion, and the reports of an audit.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from typing import Any

from botocore.exceptions import ClientError

from model_copy.aws.errors import code, message, translated

LARGEST = 10 * 1_024 * 1_024
# S3 returns the last two for a version that is a delete marker, or that has no valid id.
_MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "MethodNotAllowed", "InvalidArgument"}


class ObjectMissingError(Exception):
    """There is no such object.  manifests.py says which object is missing."""


class ObjectTooLargeError(Exception):
    """The object is larger than LARGEST."""


def get(client: Any, bucket: str, key: str, version: str | None = None) -> bytes:
    """Return the content of an object.

    Raises ObjectMissingError, ObjectTooLargeError, TransientError, AccessDeniedError.
    """
    given = {"VersionId": version} if version else {}
    advice = "Allow the function's role to read the object and to use the key that encrypts it."
    try:
        with translated("GetObject", f"s3://{bucket}/{key}", advice):
            found = client.get_object(Bucket=bucket, Key=key, **given)
            if found["ContentLength"] > LARGEST:
                raise ObjectTooLargeError
            content: bytes = found["Body"].read()
    except ClientError as error:
        if code(error) not in _MISSING:
            raise
        raise ObjectMissingError(message(error)) from error
    return content


def put(
    client: Any,
    bucket: str,
    key: str,
    content: str,
    content_type: str = "application/json",
    advice: str = "Allow the function's role to write to the stack's PromotionsBucket and to use the bucket's key.",
) -> None:
    """Write an object.

    Raises TransientError, AccessDeniedError.
    """
    with translated("PutObject", f"s3://{bucket}/{key}", advice):
        client.put_object(Bucket=bucket, Key=key, Body=content.encode(), ContentType=content_type)


def delete(client: Any, bucket: str, key: str) -> None:
    """Delete an object; there may be none.

    Raises TransientError, AccessDeniedError.
    """
    advice = "Allow the function's role to delete from the stack's PromotionsBucket."
    with translated("DeleteObject", f"s3://{bucket}/{key}", advice):
        client.delete_object(Bucket=bucket, Key=key)


def keys(client: Any, bucket: str, prefix: str, most: int) -> list[str]:
    """Return the first keys with a prefix, at most 1,000; S3 lists each object as soon as it is written.

    Raises TransientError, AccessDeniedError.
    """
    advice = "Allow the function's role to list the stack's PromotionsBucket."
    with translated("ListObjectsV2", f"s3://{bucket}/{prefix}", advice):
        found = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=most)
    return [one["Key"] for one in found.get("Contents", ())]
