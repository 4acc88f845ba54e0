"""A denied copy has the error of its reason: a Deny, a missing or new grant, or a missing permission."""

import pytest

from model_copy import copying
from model_copy.copying import SourceClient
from model_copy.errors import (
    AccessDeniedError,
    GrantMissingError,
    PolicyDeniedError,
    TransientError,
)
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import OTHER_ACCOUNT, document, statement
from tests.unit.world import ROLE, CopyOnce, Wire, World


def denied(destination: Wire) -> None:
    """Let AWS deny the copy for a reason of IAM's."""
    destination.return_error("CopyProjectVersion", "AccessDeniedException", message="Not authorized.")


def test_a_missing_grant_is_named(copy_request: CopyRequest, copy_once: CopyOnce) -> None:
    with pytest.raises(GrantMissingError, match=f"allows {ROLE} to copy {copy_request.source_version}"):
        copy_once()


@pytest.mark.usefixtures("grant")
def test_a_deny_is_refused(world: World, copy_once: CopyOnce) -> None:
    world.put_policy("lockdown", document(statement("*", effect="Deny")))

    with pytest.raises(PolicyDeniedError, match="The project policy lockdown"):
        copy_once()


def test_a_grant_that_is_not_in_effect_everywhere_yet_is_transient(world: World, copy_once: CopyOnce) -> None:
    settings.propagation_seconds = 240
    world.put_policy("grant", document(statement()))
    world.clock.sleep(120)

    with pytest.raises(TransientError, match=r"not authorized.*, perhaps because project policy grant is too new"):
        copy_once()

    world.clock.sleep(120)
    assert not copy_once().adopted


@pytest.mark.parametrize(("age", "error"), [(299, TransientError), (300, AccessDeniedError)])
def test_a_grant_is_new_for_five_minutes(
    destination: Wire, world: World, age: int, error: type[Exception], copy_once: CopyOnce
) -> None:
    world.put_policy("grant", document(statement()))
    world.clock.sleep(age)
    denied(destination)

    with pytest.raises(error) as caught:
        copy_once()

    assert caught.type is error


@pytest.mark.usefixtures("grant")
def test_a_missing_permission_fails_at_the_task(destination: Wire, copy_once: CopyOnce) -> None:
    denied(destination)

    with pytest.raises(AccessDeniedError, match=r"CopyProjectVersion on \S+ was denied: Not authorized\. Allow the"):
        copy_once()


@pytest.mark.usefixtures("grant")
def test_a_new_policy_that_grants_another_copy_does_not_make_the_grant_new(
    destination: Wire, world: World, copy_once: CopyOnce
) -> None:
    world.put_policy("somebody-elses", document(statement(OTHER_ACCOUNT)))
    denied(destination)

    with pytest.raises(AccessDeniedError):
        copy_once()


@pytest.mark.usefixtures("world")
def test_within_one_account_no_grant_is_missing(
    destination: Wire, own_request: CopyRequest, source_client: SourceClient
) -> None:
    denied(destination)

    with pytest.raises(AccessDeniedError):
        copying.copy_once(destination.client, own_request, source_client)


def test_within_one_account_a_deny_explains_a_denial(
    destination: Wire, world: World, own_request: CopyRequest, source_client: SourceClient
) -> None:
    world.put_policy("frozen", document(statement("*", effect="Deny")))
    denied(destination)

    with pytest.raises(PolicyDeniedError, match="policy frozen of"):
        copying.copy_once(destination.client, own_request, source_client)
