"""Which permissions a run lacks, with sentences that say where to add them."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from moto.sts.models import AssumedRole

from sandbox.aws.iam.policies import Context
from sandbox.aws.iam.roles import refusal
from sandbox.aws.patches import replaced
from sandbox.deployment import STACK_NAME

NAME = re.compile(rf"{STACK_NAME}(?:-(?P<side>source|destination))?(?:-(?P<logical_id>\w+Role)(?:-\w+)?)?")


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Record each call that the sandbox refuses because a policy of its caller does not allow it."""
    sentences: list[str] = []

    def record(session: AssumedRole, action: str, resource: str, refused: str | None) -> None:
        lacks = refused and sentence(session.role_arn.rpartition("/")[2], action, resource, refused)
        if lacks and lacks not in sentences:
            sentences.append(lacks)

    with _watching(record):
        yield sentences


@contextmanager
def actions_recorded() -> Iterator[set[tuple[str, str]]]:
    """Record the name of the role and the action, in lower case, of each call whose permission is checked."""
    actions: set[tuple[str, str]] = set()

    def record(session: AssumedRole, action: str, resource: str, refused: str | None) -> None:
        actions.add((session.role_arn.rpartition("/")[2], action.lower()))

    with _watching(record):
        yield actions


@contextmanager
def _watching(record: Callable[[AssumedRole, str, str, str | None], None]) -> Iterator[None]:
    def watched(session: AssumedRole, action: str, resource: str, context: Context) -> str | None:
        refused = refusal(session, action, resource, context)
        record(session, action, resource, refused)
        return refused

    modules = [one for name, one in sys.modules.items() if name.startswith("sandbox.")]
    with ExitStack() as stack:
        for module in [one for one in modules if vars(one).get("refusal") is refusal]:
            stack.enter_context(replaced(module, "refusal", watched))
        yield


def sentence(role_name: str, action: str, resource: str, refused: str) -> str:
    """Say which role lacks which permission, and where to add the permission."""
    file, role = place(role_name)
    if "no identity-based policy allows" not in refused:
        return f"{role} of {file} may not do {action} on {resource}: {refused}."
    return f"{role} lacks {action} on {resource}. Add it to the policy of the resource {role} in {file}."


def place(role_name: str) -> tuple[str, str]:
    """Return the template that creates a role, and the role's logical id there."""
    found = NAME.fullmatch(role_name)
    if not found:
        return "another template", role_name
    file = f"accounts/{found['side']}.yaml" if found["side"] else "template.yaml"
    return file, found["logical_id"] or "Role"
