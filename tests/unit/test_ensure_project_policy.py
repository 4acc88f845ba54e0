"""The rounds in which a grant is ensured are counted from one state of the execution to the next."""

from typing import Any

import ensure_project_policy
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.sts.models import sts_backends

from model_copy.errors import GrantLostError, InvalidRequestError

NAME = "model-copy-222222222222"


def ensure(state: dict[str, Any]) -> dict[str, Any]:
    return ensure_project_policy.lambda_handler(state, LambdaContext())


def test_the_first_round_writes_the_grant_and_the_next_finds_it(world: Any, state: dict[str, Any]) -> None:
    first = ensure(state)
    second = ensure({**state, "Policy": first})

    assert first == {"PolicyName": NAME, "Changed": True, "Rounds": 1}
    assert second == {"PolicyName": NAME, "Changed": False, "Rounds": 2}


def test_the_twentieth_round_is_the_last(world: Any, state: dict[str, Any]) -> None:
    last = ensure({**state, "Policy": {"Rounds": 19}})

    assert last["Rounds"] == 20
    with pytest.raises(GrantLostError, match=f"in project policy {NAME} of .* went missing 20 times"):
        ensure({**state, "Policy": last})


def test_a_session_of_the_step_may_list_and_put_policies_and_nothing_else(world: Any, state: dict[str, Any]) -> None:
    ensure(state)

    [session] = sts_backends["111111111111"]["aws"].assumed_roles
    assert '"Action":["rekognition:ListProjectPolicies","rekognition:PutProjectPolicy"]' in session.policy


@pytest.mark.parametrize("policy", [None, [], {"Rounds": "1"}, {"Rounds": -1}, {"Rounds": 10**9}, {"Rounds": 1.5}])
def test_rounds_that_no_step_counted_are_refused_before_any_call(
    world: Any, state: dict[str, Any], policy: object
) -> None:
    with pytest.raises(InvalidRequestError, match=r"\(1\) Policy is nothing that an earlier step answers"):
        ensure({**state, "Policy": policy})

    assert not sts_backends["111111111111"]["aws"].assumed_roles
