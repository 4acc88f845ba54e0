"""Each role has exactly the permissions that it needs: without any one action or resource some run fails."""

import json
import re
from contextlib import contextmanager

import pytest
from moto.iam.models import iam_backends

from sandbox.aws.clock import VirtualClock
from sandbox.aws.eventbridge import is_event
from sandbox.aws.iam.policies import as_list
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.stories import read_event
from sandbox.world import sandbox
from tests.workflow import denials
from tests.workflow.ending import Ending

# Stories, with plans of faults, that together need all permissions; the last two are announced.
RUNS = (
    ("approved_in_sagemaker", ""),
    ("copy_with_tags_and_key", ""),
    ("grant_beside_others", ""),
    ("copy_between_accounts", "CopyProjectVersion: AccessDeniedException"),
    ("approved_by_tag", ""),
    ("already_copied", "AnnounceOutcomeFunction: crashed"),
    ("already_copied", "AnnounceOutcomeFunction: crashed x3"),
)
# Actions that the sandbox does not exercise: those of Rekognition on the caller's behalf, logs and traces.
NOT_EXERCISED = ("s3:", "logs:", "xray:")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def roles():
    """Return the roles of the stack and of the other accounts by their names without suffix."""
    found = {}
    for account in (STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
        for role in iam_backends[account]["aws"].roles.values():
            if role.name != ADMINISTRATOR:
                found.setdefault(without_suffix(role.name), []).append(role)
    return found


def without_suffix(name):
    """Return a name without the suffix that CloudFormation adds."""
    return re.sub("-[A-Z0-9]{12}$", "", name)


def document(role):
    (found,) = role.policies.values()
    return json.loads(found) if isinstance(found, str) else found


def parts():
    """Return each action and each resource of each statement that the sandbox exercises."""
    return [
        (name, number, part, value)
        for name, (role, *_) in roles().items()
        for number, statement in enumerate(document(role)["Statement"])
        if not all(str(action).startswith(not_exercised(name)) for action in as_list(statement["Action"]))
        for part in ("Action", "Resource")
        for value in map(normal, as_list(statement[part]))
    ]


def not_exercised(name):
    """Return the actions of a role that the sandbox does not exercise; in it, only SNS uses a key."""
    return NOT_EXERCISED if "AnnounceOutcome" in name else (*NOT_EXERCISED, "kms:")


def normal(value):
    """Replace account ids and suffixes, so that a value is the same wherever the stack is."""
    return re.sub("|".join((STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT)), "OWN", without_suffix(value))


@contextmanager
def without(name, number, part, value):
    """Remove an action or a resource from a role inside the context."""
    before = [(role, dict(role.policies)) for role in roles()[name]]
    for role, policies in before:
        changed = json.loads(json.dumps(document(role)))
        statement = changed["Statement"][number]
        statement[part] = [one for one in as_list(statement[part]) if normal(one) != value]
        role.policies = dict.fromkeys(policies, json.dumps(changed))
    try:
        yield
    finally:
        for role, policies in before:
            role.policies = policies


def run_event(aws, event):
    """Run a request or an event; return how the execution ended, and what was announced."""
    started = aws.put(event) if is_event(event) else [aws.start(event)]
    aws.finish()
    ending = Ending.of(started[0]).summary if started else "is not started"
    return ending, re.sub(UUID, "UUID", f"{aws.outcomes} {aws.mails} {aws.dead_letters}")


def ending(aws, run):
    story, plan = run
    aws.reset()
    aws.announces = "AnnounceOutcomeFunction" in plan
    aws.seed(story)
    settings.copy_seconds = 30
    aws.follow(plan, read_event(story))
    return run_event(aws, read_event(story))


def test_every_permission_is_needed():
    needed, all_parts = set(), set()
    for place in (STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
        with sandbox(VirtualClock(), place) as aws:
            with denials.recorded() as lacking:
                with_all_permissions = {run: ending(aws, run) for run in RUNS}
            assert not lacking, "\n".join(lacking)
            assert [ended for ended, _ in with_all_permissions.values()] == ["succeeds"] * len(RUNS)
            # A second time, to show that only a missing part makes a difference below.
            assert {run: ending(aws, run) for run in RUNS} == with_all_permissions
            for part in sorted(set(parts()) - needed):
                with without(*part):
                    found = next(
                        (run for run in with_all_permissions if ending(aws, run) != with_all_permissions[run]), None
                    )
                if found:
                    needed.add(part)
                    # The next part is likely to belong to the same role, so try the same run first.
                    with_all_permissions = {found: with_all_permissions[found], **with_all_permissions}
            all_parts |= set(parts())

    assert not all_parts - needed, "\n".join(map(unneeded, sorted(all_parts - needed)))


def unneeded(part):
    name, number, kind, value = part
    file, role = denials.place(name)
    unneeded = f"{kind} {value} (statement {number}) of {role} in {file}"
    return f"No run needs {unneeded}. Remove the permission, or add a run to RUNS."


@pytest.mark.parametrize(
    ("name", "template", "role"),
    [
        ("rekognition-model-copy-TriggerRole-0123456789AB", "template.yaml", "TriggerRole"),
        ("rekognition-model-copy-source", "accounts/source.yaml", "Role"),
        ("rekognition-model-copy-source-ForwardRole", "accounts/source.yaml", "ForwardRole"),
        ("rekognition-model-copy-destination", "accounts/destination.yaml", "Role"),
        ("mine", "another template", "mine"),
    ],
)
def test_a_role_is_found_in_the_template_that_creates_it(name, template, role):
    assert denials.place(name) == (template, role)


def test_a_missing_permission_is_named_with_the_place_to_add_it(aws):
    (part,) = (one for one in parts() if "EnsureProjectPolicy" in one[0] and one[-1] == "sts:AssumeRole")
    aws.seed("copy_between_accounts")

    with without(*part), denials.recorded() as lacking:
        aws.run(read_event("copy_between_accounts"))

    assert lacking == [
        f"EnsureProjectPolicyFunctionRole lacks sts:AssumeRole on arn:aws:iam::{SOURCE_ACCOUNT}:role/"
        "rekognition-model-copy-source. Add it to the policy of the resource EnsureProjectPolicyFunctionRole "
        "in template.yaml."
    ]
