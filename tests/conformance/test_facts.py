"""The sandbox behaves as AWS was seen to behave: each fact of facts.json is repeated in the sandbox.

A source with a commit is a recording of AWS, or the code of another project that was written to match AWS.  A source
that is a document is a page of AWS's documentation.  The source of a fact about a ``rule`` is the recording of the
operators in its pattern.  Facts about Map states and nested executions are left out: no definition here has them, and
the sandbox has no child executions.

A fact has one of these keys:

- ``definition``: an execution of this definition
- ``pattern``: whether this pattern matches the fact's event
- ``rule``: whether the pattern of this rule in a template matches the fact's event
- ``forwarded``: the event of a story, forwarded by another account
- ``policy``: whether the condition of this policy in template.yaml is met
- ``calls``: calls to AWS

A fact is repeated with its ``switch`` set, and only its ``recorded`` fields are compared. In a definition,
``${Function}`` is a function that takes one step of ``function`` at each invocation. Values that differ from run to
run are replaced by names in angle brackets.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import jmespath
import pytest
from botocore.exceptions import ClientError

from sandbox.aws import eventbridge
from sandbox.aws.clock import VirtualClock
from sandbox.aws.iam.policies import condition_is_met
from sandbox.aws.iam.sts import LONGEST_EXECUTION, session_of_service
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import REGION, STACK_ACCOUNT, client, expanded_template
from sandbox.deployment import SOURCE_ACCOUNT as SOURCE
from sandbox.plans import Plan
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text())
FUNCTION = "WithdrawGrantFunction"  # any function will do, because the facts replace its handler
STACKS = {"template.yaml": STACK_ACCOUNT, "accounts/source.yaml": SOURCE}
SOURCES = (
    ("repository", "path", "date", "commit"),
    ("repository", "path", "commit"),
    ("issue", "date"),
    ("document",),
)
REDRIVES = ("redriveCount", "redriveDate")
VARYING = (
    (re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"), "<uuid>"),
    (re.compile(r"(?<= Error: Runtime exited ).*"), "<why>"),
    (re.compile(r"^[^{]+ \(Service: .*\)$"), "<sentence> (<details>)"),
)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as aws:
        yield aws


@pytest.fixture
def aws(deployed: Sandbox) -> Sandbox:
    deployed.reset()
    return deployed


@pytest.mark.parametrize("fact", FACTS, ids=[fact["name"] for fact in FACTS])
def test_the_sandbox_behaves_as_aws_was_seen_to_behave(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]
) -> None:
    vars(settings).update(fact.get("switch", {}))
    run = next(run for field, run in RUNS.items() if field in fact)

    seen = run(aws, monkeypatch, fact)

    assert {field: seen[field] for field in fact["recorded"]} == fact["recorded"]


def test_each_fact_says_where_it_was_recorded() -> None:
    for fact in FACTS:
        assert tuple(fact["source"]) in SOURCES, fact["name"]


def run_definition(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Run an execution to its end, and redrive it if the fact says so."""
    events: list[Any] = []
    monkeypatch.setattr(eventbridge, "deliver", events.append)
    aws.announces = True
    machine = create_machine(aws, monkeypatch, fact)
    api = client("stepfunctions", STACK_ACCOUNT)
    arn = api.start_execution(stateMachineArn=machine, input=json.dumps(fact["input"]))["executionArn"]
    aws.finish()
    if fact.get("redrive"):
        api.redrive_execution(executionArn=arn)
        aws.finish()
    description = api.describe_execution(executionArn=arn)
    history = api.get_execution_history(executionArn=arn)["events"]
    return {
        **{name: description.get(name) for name in ("status", "error", "redriveStatus", "redriveStatusReason")},
        "cause": cleaned(parsed(description.get("cause")), machine),
        "output": cleaned(parsed(description.get("output")), machine),
        "seconds": round((description["stopDate"] - description["startDate"]).total_seconds()),
        "history": [event["type"] for event in history],
        "events": [cleaned(event["detail"], machine) for event in events],
        "lastEvent": {name: cleaned(events[-1]["detail"], machine)[name] for name in ("status", *REDRIVES)},
    }


def create_machine(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> str:
    arn = stand_in(aws, monkeypatch, fact["function"]) if "function" in fact else ""
    definition = json.dumps(fact["definition"]).replace("${Function}", arn)
    api = client("stepfunctions", STACK_ACCOUNT)
    role = api.describe_state_machine(stateMachineArn=aws.deployment.state_machine_arn)["roleArn"]
    made = api.create_state_machine(name=f"fact-{uuid4()}", definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def stand_in(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, does: list[dict[str, Any]]) -> str:
    """Replace a function by one that takes one step at each invocation; return its ARN."""
    function = aws.deployment.function(FUNCTION)
    monkeypatch.setattr(function, "timeout", 30)
    todo = iter([step for step in does if "fault" not in step])

    def handler(event: object, context: object) -> object:
        step = next(todo)
        aws.clock.sleep(step.get("takes", 0))
        if "raises" in step:
            raise RuntimeError(step["raises"])
        return "x" * step["characters"] if "characters" in step else step.get("returns")

    environment = aws.lambdas._environment(function)
    environment._handler = handler
    aws.lambdas._idle[function.function_arn] = [environment]
    aws.plan = Plan("; ".join(f"{FUNCTION}: {step['fault']}" for step in does if "fault" in step))
    return function.function_arn


def run_pattern(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Test whether EventBridge accepts the pattern for a rule, and whether the pattern matches the event."""
    api, pattern = client("events", STACK_ACCOUNT), json.dumps(fact["pattern"])
    try:
        api.put_rule(Name="a-rule", EventPattern=pattern)
        api.delete_rule(Name="a-rule")
        return {"matches": matches(api, pattern, fact["event"])}
    except ClientError as refused:
        reason = refused.response["Error"]["Message"].rpartition("Reason: ")[2]
        return {"error": code_of(refused), "reason": reason}


def run_rule(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Test whether the pattern of a rule in one of the templates matches the event."""
    api = client("events", STACKS[fact["template"]])
    (rule,) = [rule for rule in api.list_rules()["Rules"] if f"-{fact['rule']}-" in rule["Name"]]
    event = json.dumps(fact["event"]).replace("${Machine}", aws.deployment.state_machine_arn)
    return {"matches": matches(api, rule["EventPattern"], json.loads(event))}


def run_forwarded(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Put the event on the bus of its account, and read the event that starts an execution in the stack's account."""
    event = read_event(fact["forwarded"])
    (execution,) = aws.put(event)
    arrived = json.loads(execution.execution_input)
    return {"unchanged": [name for name in ("account", "id", "region") if arrived[name] == event[name]]}


def run_policy(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Evaluate the condition of a policy with one statement."""
    properties = expanded_template()["Resources"][fact["policy"]]["Properties"]
    (statement,) = properties["PolicyDocument"]["Statement"]
    return {"holds": condition_is_met(statement["Condition"], fact["context"])}


def matches(api: Any, pattern: str, event: dict[str, Any]) -> bool:
    """Ask EventBridge whether the pattern matches; add the fields that every event must have."""
    whole = {"id": "1", "account": SOURCE, "source": "any", "time": "2030-01-01T09:00:00Z", "region": REGION}
    event = {"detail-type": "Any", "resources": [], "detail": {}, **whole, **event}
    return bool(api.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])


def run_calls(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, fact: dict[str, Any]) -> dict[str, Any]:
    """Make the calls in order; return for each its error code or the requested part of its response."""
    aws.seed("copy_between_accounts")
    machine = create_machine(aws, monkeypatch, fact) if "definition" in fact else ""
    return {"answers": [cleaned(answer_to(call, machine, aws), machine) for call in fact["calls"]]}


def answer_to(call: dict[str, Any], machine: str, aws: Sandbox) -> Any:
    api = expired(call["service"], aws) if call.get("expired") else client(call["service"], call["account"])
    parameters = json.loads(json.dumps(call["parameters"]).replace("${Machine}", machine))
    try:
        return jmespath.search(call.get("answer", "`null`"), getattr(api, call["operation"])(**parameters))
    except ClientError as refused:
        return code_of(refused)


def expired(service: str, aws: Sandbox) -> Any:
    """Return a client whose session has expired."""
    function = aws.deployment.function(FUNCTION)
    session = session_of_service("lambda.amazonaws.com", function.role, function.function_name, function.function_arn)
    aws.clock.spawn(lambda: aws.clock.sleep(LONGEST_EXECUTION + 1))
    aws.finish()
    make: Any = boto3.client
    return make(
        service,
        region_name=REGION,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.session_token,
    )


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text


def cleaned(value: Any, machine: str, name: str = "") -> Any:
    """Replace values that differ from run to run by names in angle brackets."""
    if isinstance(value, dict):
        return {name: cleaned(one, machine, name) for name, one in value.items()}
    if name == "stackTrace" and value:
        return "<lines>"
    if name.endswith("Date") and isinstance(value, int):
        return "<number>"
    return without_varying(value, machine) if isinstance(value, str) else value


def without_varying(text: str, machine: str) -> str:
    if machine:
        execution = machine.replace(":stateMachine:", ":execution:")
        text = text.replace(machine, "<machine>").replace(execution, "<execution>")
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return text


Run = Callable[[Sandbox, pytest.MonkeyPatch, dict[str, Any]], dict[str, Any]]
RUNS: dict[str, Run] = {
    "calls": run_calls,
    "definition": run_definition,
    "rule": run_rule,
    "pattern": run_pattern,
    "forwarded": run_forwarded,
    "policy": run_policy,
}
