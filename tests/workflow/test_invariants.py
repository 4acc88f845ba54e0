"""What watches every run sees the calls, and finds what a call must not do."""

import json

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import SOURCE_ACCOUNT, STACK_NAME, client
from sandbox.happenings import write
from sandbox.stories import backend_of, read_event
from tests.workflow.invariants import Witness, own_grants

REQUEST = read_event("copy_between_accounts")
PROJECT, VERSION = REQUEST["SourceProjectArn"], REQUEST["SourceProjectVersionArn"]
OLDER = VERSION.replace("/v3/", "/v2/")
ROLE, ANOTHER = (f"arn:aws:iam::{account}:role/{STACK_NAME}-destination" for account in ("222222222222", "4" * 12))


@pytest.fixture
def watcher(aws):
    """A witness from the end of a run on."""
    aws.seed("copy_between_accounts")
    aws.run(REQUEST)
    watcher = Witness(aws)
    with watcher.watching():
        yield watcher


def statement(role, version=VERSION):
    return {
        "Effect": "Allow",
        "Principal": {"AWS": [role]},
        "Action": ["rekognition:CopyProjectVersion"],
        "Resource": [version],
    }


def granted_before(watcher, *statements):
    """Put a policy of the stack past those who watch."""
    write(backend_of(PROJECT).projects[PROJECT], f"{STACK_NAME}-1", list(statements), watcher.aws.now())


def put(*statements, policy=f"{STACK_NAME}-1"):
    """Put a policy as the workflow does."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    found = backend_of(PROJECT).projects[PROJECT].policies.get(policy)
    revision = {"PolicyRevisionId": found.revision_id} if found else {}
    client("rekognition", SOURCE_ACCOUNT).put_project_policy(
        ProjectArn=PROJECT, PolicyName=policy, PolicyDocument=document, **revision
    )


def test_the_calls_of_a_run_are_seen(aws, witness):
    aws.seed("copy_between_accounts")
    aws.run(REQUEST)

    assert witness.calls == ["put_project_policy", "copy_project_version", "delete_project_policy"]


def test_the_grant_that_a_request_needs_may_be_added_and_removed(watcher):
    put(statement(ROLE))
    client("rekognition", SOURCE_ACCOUNT).delete_project_policy(ProjectArn=PROJECT, PolicyName=f"{STACK_NAME}-1")

    assert watcher.calls == ["put_project_policy", "delete_project_policy"]
    assert watcher.wrongs == []


@pytest.mark.parametrize("granted", [statement(ANOTHER), statement(ROLE, OLDER)])
def test_a_grant_that_no_request_asked_for_is_found(watcher, granted):
    put(granted)

    assert own_grants()
    assert watcher.wrongs == [f"put_project_policy changed {one}" for one in own_grants()]


@pytest.mark.parametrize("theirs", [{**statement(ROLE), "Sid": "ours"}, statement("333333333333")])
def test_a_statement_of_others_that_is_lost_is_found(watcher, theirs):
    granted_before(watcher, theirs)
    put(statement(ROLE))

    assert [wrong.partition(" lost ")[0] for wrong in watcher.wrongs] == ["put_project_policy"]


def test_a_grant_of_another_execution_that_is_lost_is_found(watcher):
    granted_before(watcher, statement(ROLE, OLDER))
    put(statement(ROLE))

    assert watcher.wrongs == [f"put_project_policy changed {(ROLE, OLDER)}"]


def test_the_grant_of_a_role_that_is_gone_may_go(watcher):
    granted_before(watcher, statement(ANOTHER))
    settings.roles_must_exist = True
    put(statement(ROLE))

    assert watcher.wrongs == []


def test_a_policy_that_is_too_long_is_found(watcher):
    granted_before(watcher, *[statement(f"{account:012}") for account in range(12)])
    put(statement(ROLE), policy=f"{STACK_NAME}-2")

    assert [wrong.rpartition(" has ")[0] for wrong in watcher.wrongs] == [f"{STACK_NAME}-1"]
