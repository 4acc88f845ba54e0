"""The Witness of every run records the calls, and finds those that break a rule."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import SOURCE_ACCOUNT, STACK_NAME, client
from sandbox.happenings import write
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow.invariants import Witness, own_grants
from tests.workflow.sessions import in_role

REQUEST = read_event("copy_between_accounts")
PROJECT, VERSION = REQUEST["SourceProjectArn"], REQUEST["SourceProjectVersionArn"]
OLDER = VERSION.replace("/v3/", "/v2/")
ROLE, ANOTHER = (f"arn:aws:iam::{account}:role/{STACK_NAME}-destination" for account in ("222222222222", "5" * 12))


@pytest.fixture
def watcher(aws: Sandbox) -> Iterator[Witness]:
    """Record the calls that follow a run."""
    aws.seed("copy_between_accounts")
    aws.run(REQUEST)
    watcher = Witness(aws)
    with watcher.watching():
        yield watcher


def statement(role: str, version: str = VERSION) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": [role]},
        "Action": ["rekognition:CopyProjectVersion"],
        "Resource": [version],
    }


def write_unseen(watcher: Witness, *statements: dict[str, Any]) -> None:
    """Write a policy of the stack without a call to the API."""
    write(backend_of(PROJECT).projects[PROJECT], f"{STACK_NAME}-1", list(statements), watcher.aws.now())


def put(*statements: dict[str, Any], policy: str = f"{STACK_NAME}-1") -> None:
    """Put a policy as the workflow does."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    found = backend_of(PROJECT).projects[PROJECT].policies.get(policy)
    revision = {"PolicyRevisionId": found.revision_id} if found else {}
    client("rekognition", SOURCE_ACCOUNT).put_project_policy(
        ProjectArn=PROJECT, PolicyName=policy, PolicyDocument=document, **revision
    )


def test_the_calls_of_a_run_are_seen(aws: Sandbox, witness: Witness) -> None:
    aws.seed("copy_between_accounts")
    aws.run(REQUEST)

    assert witness.calls == ["PutProjectPolicy", "CopyProjectVersion", "DeleteProjectPolicy"]


def test_the_grant_that_a_request_needs_may_be_added_and_removed(watcher: Witness) -> None:
    put(statement(ROLE))
    client("rekognition", SOURCE_ACCOUNT).delete_project_policy(ProjectArn=PROJECT, PolicyName=f"{STACK_NAME}-1")

    assert watcher.calls == ["PutProjectPolicy", "DeleteProjectPolicy"]
    assert watcher.violations == []


@pytest.mark.parametrize("granted", [statement(ANOTHER), statement(ROLE, OLDER)])
def test_a_grant_that_no_request_asked_for_is_found(watcher: Witness, granted: dict[str, Any]) -> None:
    put(granted)

    assert own_grants()
    assert watcher.violations == [f"PutProjectPolicy changed {one}" for one in own_grants()]


@pytest.mark.parametrize("theirs", [{**statement(ROLE), "Sid": "ours"}, statement("333333333333")])
def test_a_statement_of_others_that_is_lost_is_found(watcher: Witness, theirs: dict[str, Any]) -> None:
    write_unseen(watcher, theirs)
    put(statement(ROLE))

    assert [violation.partition(" lost ")[0] for violation in watcher.violations] == ["PutProjectPolicy"]


def test_a_grant_of_another_execution_that_is_lost_is_found(watcher: Witness) -> None:
    write_unseen(watcher, statement(ROLE, OLDER))
    put(statement(ROLE))

    assert watcher.violations == [f"PutProjectPolicy changed {(ROLE, OLDER)}"]


def test_the_grant_of_a_role_that_is_gone_may_go(watcher: Witness) -> None:
    write_unseen(watcher, statement(ANOTHER))
    settings.roles_must_exist = True
    put(statement(ROLE))

    assert watcher.violations == []


def test_a_policy_that_is_too_long_is_found(watcher: Witness) -> None:
    write_unseen(watcher, *[statement(f"{account:012}") for account in range(12)])
    put(statement(ROLE), policy=f"{STACK_NAME}-2")

    assert [violation.rpartition(" has ")[0] for violation in watcher.violations] == [f"{STACK_NAME}-1"]


def test_a_call_that_writes_in_a_dry_run_is_found(watcher: Witness) -> None:
    watcher.aws.run({**REQUEST, "DryRun": True}, "me")
    write_unseen(watcher, statement(ROLE))
    source = in_role(f"arn:aws:iam::{SOURCE_ACCOUNT}:role/{STACK_NAME}-source")
    source.delete_project_policy(ProjectArn=PROJECT, PolicyName=f"{STACK_NAME}-1")

    assert [violation.partition(",")[0] for violation in watcher.violations] == [
        "DeleteProjectPolicy was called in a dry run"
    ]
