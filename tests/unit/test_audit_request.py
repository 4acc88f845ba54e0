"""The event of an audit names the accounts and the Region to read, or is refused with all its errors."""

import pytest

from model_copy import audit_request
from model_copy.errors import InvalidRequestError
from model_copy.validation import Scope
from tests.unit.world import DESTINATION, REGION, SOURCE, STACK, Json

ANY = Scope("aws", ["eu-central-1", "us-east-1"], [])
LIMITED = Scope("aws", ["eu-central-1", "us-east-1"], [SOURCE])


def places(event: Json, scope: Scope = ANY) -> list[str]:
    return [place.text for place in audit_request.places(event, scope, STACK, REGION)]


def projects(account: str, region: str = REGION) -> str:
    return f"arn:aws:rekognition:{region}:{account}:project/*"


def test_without_accounts_the_stacks_own_and_the_allowed_ones_are_read() -> None:
    assert places({}) == [projects(STACK)]
    assert places({}, LIMITED) == [projects(STACK), projects(SOURCE)]


def test_the_event_names_the_accounts_and_the_region_and_each_account_is_read_once() -> None:
    given = {"Accounts": [SOURCE, DESTINATION, SOURCE], "Region": "us-east-1"}

    assert places(given) == [projects(SOURCE, "us-east-1"), projects(DESTINATION, "us-east-1")]
    assert places({"Accounts": [SOURCE, STACK]}, LIMITED) == [projects(STACK), projects(SOURCE)]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"accounts": []}, "accounts is not a field of an audit; did you mean Accounts?"),
        ({"x" * 100: 1}, f"{'x' * 60}... is not a field of an audit."),
        ({"Accounts": []}, "Accounts must be a list of account ids; got a list of length 0."),
        ({"Accounts": SOURCE}, f"Accounts must be a list of account ids; got '{SOURCE}'."),
        ({"Accounts": [SOURCE, 7]}, "Accounts[1] must be an account id of 12 digits; got 7."),
        ({"Accounts": ["1" * 13]}, f"Accounts[0] must be an account id of 12 digits; got '{'1' * 13}'."),
        ({"Accounts": ["١١١١١١١١١١١١"]}, "Accounts[0] must be an account id of 12 digits; got "),
        ({"Region": "us-west-9"}, "Region must be one of eu-central-1, us-east-1; got 'us-west-9'."),
        ({"Region": ["us-east-1"]}, "Region must be one of eu-central-1, us-east-1; got a list of length 1."),
    ],
)
def test_anything_else_is_refused(event: Json, words: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        places(event)

    assert f"The request has 1 error: (1) {words}" in str(refused.value)


def test_an_account_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match=rf"must be one of the stack's AllowedAccounts; got {DESTINATION}\."):
        places({"Accounts": [STACK, DESTINATION]}, LIMITED)
