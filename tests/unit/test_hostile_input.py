"""Anyone who may start an execution, put an event or write a project policy may send anything.

Nothing of it is taken for state data, raises an unknown error, calls AWS for an invalid request, takes long or comes
back as a long echo.  ``make fuzz`` tries many more examples than the fixed set of ``make test``.
"""

import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.client import BaseClient
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_copy import grants, mail, outcomes, placement, promotion_mail, promotion_outcomes, runtime, statements
from model_copy.errors import InvalidRequestError, ModelCopyError
from model_copy.execution import STATUSES, EndedExecution
from model_copy.outcomes import NotAnnouncedError
from model_copy.policies import ACTION, Policy
from model_copy.request import CopyRequest
from model_copy.validation import Scope, validate
from sandbox.aws.rekognition.project import ProjectPolicy
from sandbox.stories import read_event
from tests.unit.outcome_samples import BY_TAG, COPY, WITHDRAWAL
from tests.unit.policy_samples import POLICY_NAME, document, statement
from tests.unit.promotion_samples import row
from tests.unit.world import EXECUTION, REQUEST, ROLE, Json, Wire, World

Handler = Callable[[Any, LambdaContext], Json]

NAMES = sorted(path.stem for path in Path(runtime.__file__).parents[1].glob("*.py"))
HANDLERS: dict[str, Handler] = {name: importlib.import_module(name).lambda_handler for name in NAMES}
OF_NO_REQUEST = ("announce_outcome", "announce_promotion", "audit_grants", "read_approval")
OF_THE_REQUEST = [name for name in NAMES if name not in OF_NO_REQUEST]
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


def deep(depth: int) -> list[Any]:
    return reduce(lambda inner, _: [inner], range(depth), [])


STRINGS = st.text(max_size=80) | st.builds(
    lambda text, times: text * times,
    st.sampled_from(["x", "*a", "a-", "\x00", "\ud800", "\U0001f408", "é", "%s{0}", '"', "\\", "\n", "\u202e"]),
    st.sampled_from([1, 65, 2_000, 250_000]),
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**4_000, -(10**4_299), 1e308])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS | st.builds(deep, st.sampled_from([3, 900, 5_000])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=5,
)
# The patterns of the model accept these, or nearly.
ARNS = st.builds(
    lambda partition, region, account, rest: f"arn:{partition}:rekognition:{region}:{account}:project/{rest}",
    st.sampled_from(["aws", "aws-cn", "a" * 900]),
    st.sampled_from(["eu-central-1", "us-east-1", "-", "7", "a" * 70, "a-" * 800]),
    st.sampled_from(["111111111111", "222222222222", "999999999999"]),
    st.sampled_from(["cats/1700000000000", "cats/version/v1/1700000000001", f"{'c' * 255}/1", f"cats/{'1' * 1_900}"]),
)
TIMES = st.sampled_from(["2030-01-01", "2030-01-01T09:00:00+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59"])
# State data as a step would write it, or nearly; an input may have all of it.
FORGED: dict[str, st.SearchStrategy[Any]] = {
    "Request": JSON | st.just(REQUEST),
    "Execution": JSON | st.fixed_dictionaries({"Id": JSON, "Name": JSON}),
    "Approval": JSON | st.just({**BY_TAG, "Ignored": "Forged."}),
    "Validation": JSON | st.fixed_dictionaries({"StartedAt": TIMES | JSON, "NeedsGrant": JSON}),
    "Policy": JSON | st.fixed_dictionaries({"Rounds": JSON | st.sampled_from([19, 20])}),
    "Copy": JSON | st.just(COPY) | st.fixed_dictionaries({"FirstSeenAt": TIMES | JSON, "TimesMissing": JSON}),
    "Refusal": JSON | st.just({"Error": "SourceVersionNotFoundError"}),
    "Withdrawal": JSON | st.just(WITHDRAWAL),
}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"), ARNS | JSON),
    **dict.fromkeys(("VersionName", "OutputConfig", "KmsKeyId", "Tags"), JSON),
    **FORGED,
}


@st.composite
def requests(draw: st.DrawFn) -> Any:
    """Draw anything, or a request that is valid but for its Region and up to three fields."""
    if draw(st.booleans()):
        return draw(JSON)
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True))
    extra = draw(st.just({}) | st.dictionaries(STRINGS, JSON, max_size=1))
    region = draw(st.sampled_from(["eu-central-1", "eu-central-1", "us-east-1", "7", "-", "a" * 64]))
    request = json.loads(json.dumps(REQUEST).replace("eu-central-1", region))
    return {**request, **{name: draw(FIELDS[name]) for name in names}, **extra}


def nested(request: object) -> Json:
    """Nest an input, as the first state does."""
    return {"Request": request, "Execution": EXECUTION}


def without_request(event: Any) -> Any:
    """Remove the key that makes an event state data, which only the state machine and people pass to a function."""
    return {name: value for name, value in event.items() if name != "Request"} if isinstance(event, dict) else event


def strings(value: object) -> Iterator[str]:
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
    pieces = {text[start : start + 65] for text in strings(value) for start in range(0, len(text) - 64, 65)}
    assert [piece for piece in pieces if piece in shown] == []


@pytest.fixture
def calls(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls to AWS."""
    calls, call = [], BaseClient._make_api_call

    def counted(self: BaseClient, operation: str, parameters: Any) -> Any:
        calls.append(operation)
        return call(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    return calls


@pytest.mark.parametrize("name", NAMES)
@fuzz
@given(request_=requests(), is_nested=st.booleans())
def test_any_input_has_a_result_or_one_short_sentence_before_any_call(
    calls: list[str], name: str, request_: Any, is_nested: bool
) -> None:
    event = nested(request_) if is_nested else without_request(request_)
    calls.clear()
    try:
        result = HANDLERS[name](event, LambdaContext())
        json.dumps(result, ensure_ascii=False, allow_nan=False).encode()  # as Lambda does
    except InvalidRequestError as error:
        assert calls == []
        check_sentence(str(error))
        check_no_echo(str(error), event)
    except ModelCopyError as error:
        check_sentence(str(error))


def run(world: World, name: str, event: Json) -> Json | type[Exception]:
    """Run a task in the same world each time; return its result or the class of its refusal."""
    world.source.policies.clear()
    world.destination.versions.clear()
    if name == "withdraw_grant":
        world.put_policy(POLICY_NAME, document(statement()))
    elif name == "describe_project_version":
        world.add_version("COPYING_IN_PROGRESS")
    try:
        result = HANDLERS[name](event, LambdaContext())
    except InvalidRequestError as error:
        return type(error)
    # A refusal is a plan, too.
    is_refused = name == "plan_copy" and result["Plan"]["Error"] == InvalidRequestError.__name__
    return InvalidRequestError if is_refused else result


@pytest.mark.parametrize("name", OF_THE_REQUEST)
@fuzz
@given(forged=st.fixed_dictionaries({}, optional=FORGED).filter(without_request))
def test_a_task_refuses_or_ignores_state_data_in_a_request(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, forged: Json
) -> None:
    monkeypatch.setattr(runtime, "chance", lambda: 0.5)
    sends_or_checks_all_fields = name in ("plan_copy", "validate_request", "copy_project_version")
    expected = InvalidRequestError if sends_or_checks_all_fields else run(world, name, nested(REQUEST))

    assert run(world, name, nested({**REQUEST, **forged})) == expected
    assert run(world, name, {**REQUEST, **without_request(forged)}) == expected


@fuzz
@given(forged=st.fixed_dictionaries({}, optional=FORGED), status=st.sampled_from(STATUSES), is_read=st.booleans())
def test_an_outcome_has_no_state_data_of_the_input(forged: Json, status: str, is_read: bool) -> None:
    event = read_event("execution_failed")
    detail = {**event["detail"], "status": status, "input": written({**REQUEST, **forged}), "output": None}
    execution = EndedExecution.from_event({**event, "detail": detail})
    state_data = nested({**REQUEST, **forged}) if is_read else {}
    try:
        outcome = outcomes.of_execution(replace(execution, state_data=state_data))
    except NotAnnouncedError:
        assert status == "SUCCEEDED"
        return
    of_tasks = ("ProjectVersionArn", "ProjectVersionStatus", "Adopted", "F1Score", "Grant", "Approval", "Ignored")
    assert [name for name in of_tasks if outcome[name] is not None] == []
    assert status != "SUCCEEDED"


@fuzz
@given(fields=st.fixed_dictionaries({}, optional={**FIELDS, "Other": JSON}))
def test_a_request_is_read_or_refused(shape: Shape, fields: Json) -> None:
    scope = Scope(partition="aws", regions=["eu-central-1"], accounts=["111111111111"])
    for read in (CopyRequest.from_state, lambda state: validate(state, shape, scope)):
        for request in (fields, {**REQUEST, **fields}):
            try:
                assert isinstance(read(nested(request)), CopyRequest)
            except InvalidRequestError as error:
                check_sentence(str(error))
                check_no_echo(str(error), request)


def written(content: object) -> str:
    try:
        return json.dumps(content, ensure_ascii=False)
    except RecursionError:  # before Python 3.12, if it is deep
        return "[" * 5_000


WILD = STRINGS.map(lambda text: text[:1_500]) | st.sampled_from(["*", "*a" * 700 + "b", "?" * 1_500, "[" * 1_500])
PARTS = WILD | JSON
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]) | PARTS,
        "Principal": st.just({"AWS": [ROLE]}) | WILD | JSON,
        "Action": st.sampled_from([ACTION, [ACTION]]) | PARTS | st.lists(PARTS, max_size=3),
        "Resource": st.just(REQUEST["SourceProjectVersionArn"]) | PARTS | st.lists(PARTS, max_size=3),
    },
    optional={"Sid": WILD, "Condition": JSON, "NotAction": PARTS},
)
DOCUMENTS = (
    STRINGS
    | JSON.map(written)
    | st.lists(STATEMENTS | JSON, max_size=2).map(lambda them: written({"Version": "2012-10-17", "Statement": them}))
    | STATEMENTS.map(lambda one: written({"Statement": one, "Id": deep(900)}))
    | st.sampled_from(['{"Statement":[{}],"Statement":[]}', '{"":{}}', f'{{"Id":{"9" * 5_000}}}', "[" * 200_000])
)


@fuzz
@given(own=DOCUMENTS, other=DOCUMENTS)
def test_no_policy_breaks_a_task_or_is_replaced_unread(
    world: World, source: Wire, copy_request: CopyRequest, own: str, other: str
) -> None:
    grant, roles, now = grants.grant_for(copy_request), placement.roles(), world.moto_now
    world.source.policies.clear()
    for name, text in ((POLICY_NAME, own), ("other", other)):
        world.source.policies[name] = ProjectPolicy(REQUEST["SourceProjectArn"], name, text, "0" * 32, now, now, {})
    for work in (grants.ensure, grants.withdraw, lambda *both: grants.explain_denial(*both, "Denied")):
        try:
            work(source.client, copy_request)
        except ModelCopyError as error:
            check_sentence(str(error))
    assert world.source.policies["other"].document == other
    try:
        added = statements.with_grant(own, grant, roles)
    except statements.UnreadableError:
        assert world.source.policies[POLICY_NAME].document == own
    else:
        assert Policy(POLICY_NAME, "", added, now).allows(grant)
        assert statements.has_grant(added, grant, roles)
        assert not statements.has_grant(statements.without_grant(added, grant, roles) or "", grant, roles)


DETAILS = st.text(max_size=200) | JSON.map(written) | st.none() | JSON


@fuzz
@given(
    details=st.fixed_dictionaries({}, optional=dict.fromkeys(("input", "output", "error", "cause"), DETAILS)),
    status=st.sampled_from(STATUSES),
    state_data=st.just({}) | st.fixed_dictionaries({}, optional={**FORGED, "Request": requests()}),
)
def test_an_outcome_is_announced_whatever_the_execution_was_given(details: Json, status: str, state_data: Json) -> None:
    event = read_event("execution_failed")
    execution = EndedExecution.from_event({**event, "detail": {**event["detail"], **details, "status": status}})
    try:
        outcome = outcomes.of_execution(replace(execution, state_data=state_data))
    except NotAnnouncedError as error:
        check_sentence(str(error))
        return
    assert len(json.dumps(outcome, allow_nan=False)) < 256 * 1_024
    for text in (mail.subject("Model Copy Failed", outcome), *mail.text("A", outcome, "docs").splitlines()):
        check_sentence(text)


@fuzz
@given(
    details=st.fixed_dictionaries({}, optional=dict.fromkeys(("input", "error", "cause"), DETAILS)),
    status=st.sampled_from(STATUSES),
    state_data=st.just({}) | st.fixed_dictionaries({}, optional={**FORGED, "Request": requests()}),
    table=st.lists(st.builds(row, st.integers(0, 999), st.sampled_from(["Copied", "Failed", "Stopped"])), max_size=30),
)
def test_a_promotion_is_announced_whatever_the_execution_was_given(
    details: Json, status: str, state_data: Json, table: list[Json]
) -> None:
    event = read_event("execution_partly_promoted")
    execution = EndedExecution.from_event({**event, "detail": {**event["detail"], **details, "status": status}})
    execution = replace(execution, state_data=state_data)
    assert isinstance(promotion_outcomes.is_dry_run(execution), bool)
    try:
        outcome = promotion_outcomes.of_execution(execution, table, "s3://a/table.csv", None)
    except NotAnnouncedError as error:
        check_sentence(str(error))
        return
    assert len(json.dumps(outcome, allow_nan=False)) < 256 * 1_024
    text = promotion_mail.text("A", outcome, "docs", table)
    assert len(text) < 256 * 1_024
    for line in (promotion_mail.subject("A", outcome), *filter(None, text.splitlines())):
        check_sentence(line)
