"""Whoever may start an execution, put an event or write a project policy may send anything.

None of it makes an error that the workflow does not know, a call to AWS for an invalid request, endless work or a long
echo.  ``make fuzz`` tries many more examples than the fixed set of ``make test``.
"""

import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.client import BaseClient
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_copy import grants, mails, outcomes, policies, runtime
from model_copy.endings import STATUSES, Ending
from model_copy.errors import InvalidRequestError, ModelCopyError, NotAnnouncedError
from model_copy.policies import ACTION, Policy, UnreadableError
from model_copy.request import CopyRequest, validate
from sandbox.aws.rekognition.project import ProjectPolicy
from sandbox.stories import read_event
from tests.unit.conftest import STATE

NAMES = sorted(path.stem for path in Path(runtime.__file__).parents[1].glob("*.py"))
HANDLERS = [importlib.import_module(name).lambda_handler for name in NAMES]
NAME = "model-copy-222222222222"
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


def nested(depth: int) -> list[Any]:
    return reduce(lambda inner, _: [inner], range(depth), [])


TEXTS = st.text(max_size=80) | st.builds(
    lambda text, times: text * times,
    st.sampled_from(["x", "*a", "a-", "\x00", "\ud800", "\U0001f408", "é", "%s{0}", '"', "\\", "\n", "\u202e"]),
    st.sampled_from([1, 65, 2_000, 250_000]),
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**4_000, -(10**4_299), 1e308])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.builds(nested, st.sampled_from([3, 900, 5_000])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
# The patterns of the model take these, or nearly.
ARNS = st.builds(
    lambda partition, region, account, rest: f"arn:{partition}:rekognition:{region}:{account}:project/{rest}",
    st.sampled_from(["aws", "aws-cn", "a" * 900]),
    st.sampled_from(["eu-central-1", "us-east-1", "-", "7", "a" * 70, "a-" * 800]),
    st.sampled_from(["111111111111", "222222222222", "999999999999"]),
    st.sampled_from(["cats/1700000000000", "cats/version/v1/1700000000001", f"{'c' * 255}/1", f"cats/{'1' * 1_900}"]),
)
TIMES = st.sampled_from(["2030-01-01", "2030-01-01T09:00:00+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59"])
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"), ARNS | JSON),
    **dict.fromkeys(("VersionName", "OutputConfig", "KmsKeyId", "Tags"), JSON),
    "Execution": JSON | st.fixed_dictionaries({"Id": JSON, "Name": JSON}),
    "Policy": JSON | st.fixed_dictionaries({"Rounds": JSON | st.just(19)}),
    "Copy": JSON | st.fixed_dictionaries({}, optional={"Since": TIMES | JSON, "Status": JSON, "TimesMissing": JSON}),
}


@st.composite
def events(draw: st.DrawFn) -> Any:
    """Draw anything, or a request that is all right but for its Region and up to three members."""
    if draw(st.booleans()):
        return draw(JSON)
    names = draw(st.lists(st.sampled_from(sorted(MEMBERS)), max_size=3, unique=True))
    extra = draw(st.just({}) | st.dictionaries(TEXTS, JSON, max_size=1))
    place = draw(st.sampled_from(["eu-central-1", "eu-central-1", "us-east-1", "-", "a" * 64]))
    state = json.loads(json.dumps(STATE).replace("eu-central-1", place))
    return {**state, **{name: draw(MEMBERS[name]) for name in names}, **extra}


def texts(value: object) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        left += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []


def check_sentence(message: str) -> None:
    assert re.fullmatch(r"[ -~]+", message)
    assert len(json.dumps(message)) <= 8_000


def check_no_echo(message: str, value: object) -> None:
    shown = message.replace("\\\\", "\\")  # as it was before it was escaped
    pieces = {text[start : start + 65] for text in texts(value) for start in range(0, len(text) - 64, 65)}
    assert [piece for piece in pieces if piece in shown] == []


@pytest.fixture
def calls(world: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All calls to AWS."""
    calls, call = [], BaseClient._make_api_call

    def counted(self: BaseClient, operation: str, parameters: Any) -> Any:
        calls.append(operation)
        return call(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return calls


@pytest.mark.parametrize("handler", HANDLERS, ids=NAMES)
@fuzz
@given(event=events())
def test_an_event_is_answered_or_refused_in_one_short_sentence_before_any_call(
    world: Any, calls: list[str], handler: Callable[..., Any], event: Any
) -> None:
    calls.clear()
    try:
        json.dumps(handler(event, LambdaContext()), ensure_ascii=False, allow_nan=False).encode()  # as Lambda does
    except InvalidRequestError as error:
        assert calls == []
        check_sentence(str(error))
        check_no_echo(str(error), event)
    except ModelCopyError as error:
        check_sentence(str(error))


@fuzz
@given(members=st.fixed_dictionaries({}, optional={**MEMBERS, "Other": JSON}))
def test_a_request_is_read_or_refused(shape: Shape, members: dict[str, Any]) -> None:
    there = {"partition": "aws", "regions": ["eu-central-1"], "accounts": ["111111111111"]}
    for read in (CopyRequest.from_state, partial(validate, shape=shape, **there)):
        for state in (members, {**STATE, **members}):
            try:
                assert isinstance(read(state), CopyRequest)
            except InvalidRequestError as error:
                check_sentence(str(error))
                check_no_echo(str(error), state)


WILD = TEXTS.map(lambda text: text[:1_500]) | st.sampled_from(["*", "*a" * 700 + "b", "?" * 1_500, "[" * 1_500])
PARTS = WILD | JSON
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]) | PARTS,
        "Principal": st.just({"AWS": ["arn:aws:iam::222222222222:role/model-copy-destination"]}) | WILD | JSON,
        "Action": st.sampled_from([ACTION, [ACTION]]) | PARTS | st.lists(PARTS, max_size=3),
        "Resource": st.just(STATE["SourceProjectVersionArn"]) | PARTS | st.lists(PARTS, max_size=3),
    },
    optional={"Sid": WILD, "Condition": JSON, "NotAction": PARTS},
)


def written(content: object) -> str:
    try:
        return json.dumps(content, ensure_ascii=False)
    except RecursionError:  # before Python 3.12, when it is deep
        return "[" * 5_000


DOCUMENTS = (
    TEXTS
    | JSON.map(written)
    | st.lists(STATEMENTS | JSON, max_size=2).map(lambda them: written({"Version": "2012-10-17", "Statement": them}))
    | STATEMENTS.map(lambda one: written({"Statement": one, "Id": nested(900)}))
    | st.sampled_from(['{"Statement":[{}],"Statement":[]}', '{"":{}}', f'{{"Id":{"9" * 5_000}}}', "[" * 200_000])
)


@fuzz
@given(document=DOCUMENTS, other=DOCUMENTS)
def test_no_policy_of_anybody_breaks_a_step_or_is_written_over_unread(
    world: Any, source: Any, copy_request: CopyRequest, document: str, other: str
) -> None:
    grant, now = grants.grant_for(copy_request), world.clock.naive()
    world.source.policies.clear()
    for name, text in ((NAME, document), ("other", other)):
        world.source.policies[name] = ProjectPolicy(STATE["SourceProjectArn"], name, text, "0" * 32, now, now)
    for step in (grants.ensure, grants.withdraw, lambda *them: grants.explain_denial(*them, "Denied")):
        try:
            step(source.client, copy_request)
        except ModelCopyError as error:
            check_sentence(str(error))
    assert world.source.policies["other"].document == other
    try:
        grown = policies.with_grant(document, grant)
    except UnreadableError:
        return
    assert Policy(NAME, "", grown, now).allows(grant)
    assert policies.holds(grown, grant)
    assert not policies.holds(policies.without_grant(grown, grant) or "", grant)


FACTS = st.text(max_size=200) | JSON.map(written) | st.none() | JSON
DATA = st.fixed_dictionaries({}, optional={**MEMBERS, "Validation": JSON, "Withdrawal": JSON})


@fuzz
@given(
    facts=st.fixed_dictionaries({}, optional=dict.fromkeys(("input", "output", "error", "cause"), FACTS)),
    status=st.sampled_from(STATUSES),
    state=st.sampled_from(["", *sorted(outcomes.BEFORE_APPROVAL | outcomes.BEFORE_VALIDATION)]),
    data=DATA,
)
def test_whatever_an_execution_was_given_its_ending_is_told(
    facts: dict[str, Any], status: str, state: str, data: dict[str, Any]
) -> None:
    event = read_event("execution_failed")
    ending = Ending.of_event({**event, "detail": {**event["detail"], **facts, "status": status}})
    try:
        outcome = outcomes.tell(replace(ending, state=state, data=data if state else {}))
    except NotAnnouncedError as error:
        check_sentence(str(error))
        return
    assert len(json.dumps(outcome, allow_nan=False)) < 256 * 1_024
    for text in (mails.subject("Model Copy Failed", outcome), *mails.text("A", outcome, "docs").splitlines()):
        check_sentence(text)
