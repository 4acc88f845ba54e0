"""Amazon S3 in the sandbox: each request of a role's session needs the permissions that it needs on AWS.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response
from moto.sts.models import AssumedRole

from sandbox.aws.clock import Clock
from sandbox.aws.iam.policies import Call, aws, effects
from sandbox.aws.iam.roles import has_ended, refusal, session_of
from sandbox.aws.patches import applied

TLS = {"aws:SecureTransport": "true"}
OF_KMS = {"GetObject": "kms:Decrypt", "GetObjectVersion": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Make S3 check the caller's permissions: for the object or bucket, and for the bucket's key."""
    authorize: Any = S3Response._authenticate_and_authorize_s3_action

    def authorized(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        session = session_of(self.access_key)
        if session and has_ended(session, clock.time()):
            raise S3ClientError("ExpiredToken", "The provided token has expired.")
        if session and bucket_name:
            _check(self, session, bucket_name, key_name)
        authorize(self, bucket_name=bucket_name, key_name=key_name)

    replacements = {
        "S3Response._authenticate_and_authorize_s3_action": authorized,
        # moto's own check of bucket policies ignores conditions and principals.
        "FakeBucket.get_permission": lambda self, action, resource: PermissionResult.NEUTRAL,
    }
    with applied("s3", replacements):
        yield


def _check(request: Any, session: AssumedRole, bucket_name: str, key_name: str | None) -> None:
    """Raise AccessDenied if the role or the bucket does not allow the request.

    A missing object is denied, too, unless the caller may list the bucket.
    """
    action, bucket_arn = request.data["Action"], f"arn:{request.partition}:s3:::{bucket_name}"
    resource = f"{bucket_arn}/{key_name}" if key_name else bucket_arn
    bucket = request.backend.get_bucket(bucket_name)
    context = {**TLS, "s3:prefix": request._get_param("prefix") or ""} if action == "ListBucket" else TLS
    _require(session, f"s3:{action}", resource, context)
    names = aws(session.arn, session.role_arn, f"arn:aws:iam::{session.account_id}:root", session.account_id)
    if bucket.policy and "Deny" in effects([_text(bucket.policy)], Call(f"s3:{action}", resource, TLS, names)):
        raise S3ClientError("AccessDenied", _denied(session, f"s3:{action}", resource))
    if action == "GetObject" and request.backend.get_object(bucket_name, key_name) is None:
        _require(session, "s3:ListBucket", bucket_arn, TLS)
    kms_key, uses_bucket_key = _encryption(bucket)
    if kms_key and action in OF_KMS:
        of_s3 = {"kms:EncryptionContext:aws:s3:arn": bucket_arn if uses_bucket_key else resource}
        _require(session, OF_KMS[action], kms_key, {"kms:ViaService": f"s3.{request.region}.amazonaws.com", **of_s3})


def _require(session: AssumedRole, action: str, resource: str, context: dict[str, str]) -> None:
    refused = refusal(session, action, resource, context)
    if refused:
        raise S3ClientError("AccessDenied", refused)


def _denied(session: AssumedRole, action: str, resource: str) -> str:
    start = f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
    return f"{start} with an explicit deny in a resource-based policy"


def _encryption(bucket: Any) -> tuple[str | None, bool]:
    """Return the KMS key of the bucket's objects, and whether the key is used for the bucket as a whole."""
    rule = (bucket.encryption or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    return default.get("KMSMasterKeyID"), str(rule.get("BucketKeyEnabled")).lower() == "true"


def _text(policy: Any) -> str:
    return policy.decode() if isinstance(policy, bytes) else str(policy)
