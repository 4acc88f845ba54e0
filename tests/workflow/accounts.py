"""Destination accounts beside the one of the stories."""

from datetime import datetime
from typing import Any

from sandbox.deployment import DESTINATION_ACCOUNT, FURTHER_DESTINATIONS, STACK_NAME
from sandbox.stories import seed_project


def to(account: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request for the project of the same name in another account."""
    project = request["DestinationProjectArn"].replace(DESTINATION_ACCOUNT, account)
    return {**request, "DestinationProjectArn": project}


def seed_projects(request: dict[str, Any], now: datetime) -> None:
    """Create the request's destination project in the other accounts."""
    for account in FURTHER_DESTINATIONS:
        seed_project({"arn": to(account, request)["DestinationProjectArn"]}, now)


def role_in(account: str) -> str:
    """Return the ARN of the role that copies in an account."""
    return f"arn:aws:iam::{account}:role/{STACK_NAME}-destination"
