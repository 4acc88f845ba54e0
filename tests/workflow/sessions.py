"""Clients that act in a role."""

from typing import Any

import boto3
from moto.sts.models import AssumedRole, sts_backends


def acting_as(session: AssumedRole, service: str = "rekognition") -> Any:
    """Return a client that acts in a session."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": session.access_key_id, "aws_secret_access_key": session.secret_access_key}
    return make(service, region_name="us-east-1", aws_session_token=session.session_token, **keys)


def in_role(role_arn: str, service: str = "rekognition") -> Any:
    """Return a client that acts in a role for an hour."""
    backend = sts_backends[role_arn.split(":")[4]]["aws"]
    return acting_as(backend.assume_role("us-east-1", "me", role_arn, "", 3_600, "rekognition-model-copy"), service)
