"""The rounds in which a grant is ensured are counted in the state data."""

import ensure_project_policy
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy.errors import GrantLostError
from tests.unit.world import Json, World, sessions

NAME = "model-copy-1"


def ensure(state: Json) -> Json:
    return ensure_project_policy.lambda_handler(state, LambdaContext())


def test_the_first_round_writes_the_grant_and_the_next_finds_it(world: World, state: Json) -> None:
    first = ensure(state)
    second = ensure({**state, "Policy": first})

    assert first == {"PolicyName": NAME, "Changed": True, "Rounds": 1}
    assert second == {"PolicyName": NAME, "Changed": False, "Rounds": 2}


def test_the_twentieth_round_is_the_last(world: World, state: Json) -> None:
    last = ensure({**state, "Policy": {"Rounds": 19}})

    assert last["Rounds"] == 20
    with pytest.raises(GrantLostError, match=r"in the project policies of .* went missing 20 times"):
        ensure({**state, "Policy": last})


def test_a_session_of_the_task_may_list_and_put_policies_and_nothing_else(world: World, state: Json) -> None:
    ensure(state)

    [session] = sessions()
    assert '"Action":["rekognition:ListProjectPolicies","rekognition:PutProjectPolicy"]' in session.policy


@pytest.mark.parametrize("policy", [None, [], {"Rounds": "1"}, {"Rounds": -1}, {"Rounds": 10**9}, {"Rounds": 20}])
def test_rounds_in_a_request_are_not_counted(world: World, state: Json, policy: object) -> None:
    request = {**state["Request"], "Policy": policy}

    assert ensure({**state, "Request": request})["Rounds"] == 1
    assert ensure(request)["Rounds"] == 1
