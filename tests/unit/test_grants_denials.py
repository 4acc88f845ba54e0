"""A denied copy is explained by the policies of the source project, as far as they explain it."""

from collections.abc import Callable

import pytest
from mypy_boto3_rekognition import RekognitionClient

from model_copy import grants
from model_copy.errors import (
    GrantMissingError,
    PolicyDeniedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.policy_samples import OTHER_ACCOUNT, THEIRS, VERSION, document, statement
from tests.unit.world import ROLE, Json, Wire, World

Task = Callable[[RekognitionClient, CopyRequest], object]

CONDITION = {"Bool": {"aws:SecureTransport": "false"}}


def explain(client: RekognitionClient, request: CopyRequest) -> None:
    """Explain a denial, with the parameters of the two others."""
    grants.explain_denial(client, request, "Not authorized")


@pytest.mark.parametrize("task", [grants.ensure, grants.withdraw, explain])
def test_a_missing_source_project_is_named(source: Wire, world: World, copy_request: CopyRequest, task: Task) -> None:
    world.backend("111111111111").projects.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"because there is no project {copy_request.source_project}"):
        task(source.client, copy_request)


def deny(condition: bool = False) -> Json:
    """Deny everybody the copy, for sure or perhaps."""
    return statement("*", effect="Deny") | ({"Condition": CONDITION} if condition else {})


@pytest.mark.parametrize(
    ("age", "statements", "error", "words"),
    [
        (0, [deny()], PolicyDeniedError, f"policy policy-0 of .* denies {ROLE} permission to copy {VERSION}. Ask"),
        (0, [statement(), deny()], PolicyDeniedError, f"policy policy-1 of .* to copy {VERSION}. Ask"),
        (0, [deny(condition=True), deny()], PolicyDeniedError, f"policy policy-1 of .* to copy {VERSION}. Ask"),
        (0, [], GrantMissingError, f"allows {ROLE} to copy {VERSION} anymore"),
        (0, [statement(OTHER_ACCOUNT)], GrantMissingError, f"allows {ROLE} to copy"),
        (300, [deny(condition=True)], GrantMissingError, f"allows {ROLE} to copy"),
        (0, [statement()], TransientError, "policy policy-0 is too new"),
        (299, [deny(condition=True), statement()], TransientError, "policy policy-1 is too new"),
        (
            300,
            [deny(condition=True), statement()],
            PolicyDeniedError,
            "policy-0 .* under a condition that is probably met. Ask",
        ),
    ],
)
def test_a_denial_is_explained_by_a_deny_a_missing_grant_a_new_grant_or_a_deny_with_a_condition_in_this_order(
    source: Wire,
    world: World,
    copy_request: CopyRequest,
    age: float,
    statements: list[Json],
    error: type[Exception],
    words: str,
) -> None:
    settings.accepts_condition = True
    for number, one in enumerate(statements):
        world.put_policy(f"policy-{number}", document(one))
    world.clock.sleep(age)

    with pytest.raises(error, match=words):
        grants.explain_denial(source.client, copy_request, "Not authorized")


def test_a_new_grant_beside_an_old_one_is_new(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy("old", document(statement()))
    world.clock.sleep(3_600)
    world.put_policy("new", document(statement()))

    with pytest.raises(TransientError, match="policy new is too new"):
        grants.explain_denial(source.client, copy_request, "Not authorized")


def test_a_denial_despite_a_new_grant_quotes_aws(source: Wire, world: World, copy_request: CopyRequest) -> None:
    world.put_policy("grant", document(statement()))

    with pytest.raises(TransientError) as caught:
        grants.explain_denial(source.client, copy_request, "User x is not authorized to perform s3:PutObject")

    assert str(caught.value).startswith(
        f"The copy to {copy_request.destination_project} failed: "
        "User x is not authorized to perform s3:PutObject, perhaps because project policy grant is too new"
    )


def test_old_policies_that_allow_the_copy_explain_no_denial(
    source: Wire, world: World, copy_request: CopyRequest
) -> None:
    world.put_policy("grant", document(statement()))
    world.put_policy("somebody-elses", THEIRS)
    world.clock.sleep(300)
    world.put_policy("somebody-elses", THEIRS)

    grants.explain_denial(source.client, copy_request, "Not authorized")


def test_within_one_account_a_missing_grant_explains_no_denial(
    source: Wire, world: World, own_request: CopyRequest
) -> None:
    grants.explain_denial(source.client, own_request, "Not authorized")


def test_within_one_account_a_deny_with_a_condition_explains_a_denial(
    source: Wire, world: World, own_request: CopyRequest
) -> None:
    settings.accepts_condition = True
    world.put_policy("frozen", document(deny(condition=True)))

    with pytest.raises(PolicyDeniedError, match=r"policy frozen .* probably met"):
        grants.explain_denial(source.client, own_request, "Not authorized")
