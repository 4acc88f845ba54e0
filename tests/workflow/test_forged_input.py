"""An input cannot pretend to be state data: keys that only states write are refused or ignored.

``make fuzz`` tries many more examples than the fixed set of ``make test``.
"""

import copy
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sandbox.aws.rekognition.settings import settings
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies

fuzz = hypothesis_settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")),
    deadline=None,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
REQUEST = read_event("copy_between_accounts")
EVENTS = ("approved_by_own_event", "approved_in_sagemaker", "approved_by_tag")
NO_APPROVAL = {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}
FORGED_VERSION = REQUEST["SourceProjectVersionArn"].replace("version/v3", "version/forged")
FORGED_COPY = {
    "ProjectVersionArn": FORGED_VERSION,
    "Status": "COPYING_COMPLETED",
    "StatusMessage": "forged",
    "WaitSeconds": 1_000_000,
    "FirstSeenAt": "2001-01-01T00:00:00+00:00",
    "Adopted": True,
    "TimesMissing": 10,
}
FORGED_ERROR = {"Error": "ForgedError", "Cause": '{"errorMessage": "forged"}'}
APPROVED_BY_FORGER = {"Kind": "Tag", "EventId": "forged", "At": "forged", "By": "forged", "Subject": FORGED_VERSION}
JUNK: st.SearchStrategy[Any] = st.sampled_from([None, "forged", 7, [], {}])
# For each key of the state data, values that a step could take for its own.
FORGED: dict[str, st.SearchStrategy[Any]] = {
    "Execution": st.just({"Id": "forged", "Name": "forged"}),
    "Approval": st.sampled_from([APPROVED_BY_FORGER, {**APPROVED_BY_FORGER, "Ignored": "forged"}]),
    "Validation": st.just({"StartedAt": "2001-01-01T00:00:00+00:00", "CrossesAccounts": False, "NeedsGrant": False}),
    "Policy": st.just({"PolicyName": "forged", "Changed": True, "Rounds": 20}),
    "Copy": st.sampled_from([FORGED_COPY, {**FORGED_COPY, "Status": "COPYING_IN_PROGRESS"}]),
    "Refusal": st.just({**FORGED_ERROR, "Raised": {"errorMessage": "forged"}}),
    "Withdrawal": st.sampled_from([{"PolicyName": "forged", "Withdrawn": True}, FORGED_ERROR]),
    "Request": st.just({**REQUEST, "VersionName": "forged"}),
    "GrantMissing": st.just(FORGED_ERROR),
}
UNREADABLE = (
    "",
    "DescribeExecution: AccessDeniedException always",
    "GetExecutionHistory: AccessDeniedException always",
)
plans = st.sampled_from(UNREADABLE)

Announced = tuple[Ending, dict[str, Any]]
Run = Callable[..., Announced]


@st.composite
def forged_keys(draw: st.DrawFn) -> dict[str, Any]:
    """Draw at least one key that only a state writes."""
    names = draw(st.lists(st.sampled_from(sorted(FORGED)), min_size=1, unique=True))
    return {name: draw(FORGED[name] | JUNK) for name in names}


@pytest.fixture
def run(aws: Sandbox, witness: Witness) -> Run:
    """Run an input in a fresh world, and return its ending and the announced outcome."""

    def run(story: str, given: Any, plan: str = "") -> Announced:
        aws.reset()
        witness.calls.clear()
        aws.seed(story)
        aws.announces, settings.copy_seconds = True, 30
        aws.follow(plan)
        ending = Ending.of(aws.run(given, "the-same-name"))
        (outcome,) = aws.outcomes
        return ending, outcome["detail"]

    return run


@pytest.fixture
def plain() -> dict[tuple[str, str], Announced]:
    """The runs of the events as they are, by story and plan."""
    return {}


def without_request(outcome: dict[str, Any]) -> str:
    """Return the outcome but for its Request, which quotes the input."""
    return json.dumps({name: value for name, value in outcome.items() if name != "Request"})


@given(forged=forged_keys(), plan=plans)
@fuzz
def test_a_request_with_keys_of_the_state_data_is_refused_by_their_names(
    aws: Sandbox, witness: Witness, run: Run, forged: dict[str, Any], plan: str
) -> None:
    ending, outcome = run("copy_between_accounts", {**REQUEST, **forged}, plan)

    assert ending.error == "InvalidRequestError"
    assert f"The request has {len(forged)} error" in ending.cause
    for name in forged:
        assert f"{name} is not a field of the request" in ending.cause
    assert witness.calls == []
    assert (outcome["Outcome"], outcome["Error"], outcome["Grant"]) == ("Refused", "InvalidRequestError", None)
    assert (outcome["ProjectVersionArn"], outcome["Adopted"], outcome["Ignored"]) == (None, None, None)
    assert outcome["Approval"] == (NO_APPROVAL if outcome["Unread"] is None else None)
    assert "forged" not in without_request(outcome).lower()
    assert "forged" not in aws.mails[0].message.lower()


@given(story=st.sampled_from(EVENTS), forged=forged_keys(), plan=plans)
@fuzz
def test_keys_of_the_state_data_in_an_event_change_nothing(
    run: Run, plain: dict[tuple[str, str], Announced], story: str, forged: dict[str, Any], plan: str
) -> None:
    event = read_event(story)
    if (story, plan) not in plain:
        plain[story, plan] = run(story, event, plan)
    without, announced = plain[story, plan]

    ending, outcome = run(story, {**event, **forged}, plan)

    assert (ending.status, ending.states, ending.output) == ("SUCCEEDED", without.states, without.output)
    assert outcome == announced
    assert len(copies()) == 1


@given(forged=forged_keys(), plan=plans)
@fuzz
def test_an_approved_request_with_keys_of_the_state_data_is_refused_by_their_names(
    witness: Witness, run: Run, forged: dict[str, Any], plan: str
) -> None:
    event = copy.deepcopy(read_event("approved_by_own_event"))
    event["detail"] |= forged

    ending, outcome = run("approved_by_own_event", event, plan)

    assert ending.error == "InvalidRequestError"
    for name in forged:
        assert f"{name} is not a field of the request" in ending.cause
    assert witness.calls == []
    assert (outcome["Outcome"], outcome["Approval"]["EventId"]) == ("Refused", event["id"])
    assert "forged" not in without_request(outcome).lower()


@given(forged=forged_keys(), plan=plans)
@fuzz
def test_state_data_without_a_request_of_its_own_is_not_a_request(
    witness: Witness, run: Run, forged: dict[str, Any], plan: str
) -> None:
    ending, outcome = run("copy_between_accounts", {"Request": REQUEST, **forged}, plan)

    assert ending.states == ["Nest the request", "What started it?", "Not a request"]
    assert witness.calls == []
    assert (outcome["Outcome"], outcome["Error"]) == ("Refused", "NotARequestError")
    assert (outcome["ProjectVersionArn"], outcome["Grant"], outcome["Approval"]) == (None, None, None)
    assert "forged" not in without_request(outcome).lower()
