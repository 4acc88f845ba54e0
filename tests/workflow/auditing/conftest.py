"""Audits of grants in the sandbox."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from moto.s3.models import s3_backends

from sandbox.audits import BUCKET
from sandbox.aws.rekognition.project import ProjectPolicy
from sandbox.deployment import ROOT, STACK_ACCOUNT
from sandbox.stories import backend_of
from sandbox.world import Sandbox

FUNCTION, STORY = "AuditGrantsFunction", "grant_left_behind"
SOURCE = "111111111111"
BOTH = {"Accounts": [STACK_ACCOUNT, SOURCE]}
SCHEMA = json.loads((ROOT / "docs" / "audit.schema.json").read_text())
PROJECT = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/{STORY}/1700000000000"
VERSION = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/{STORY}/version/v3/1700000100000"

Json = dict[str, Any]
# Runs an audit and returns its result.
RunAudit = Callable[..., Json]


class AuditError(Exception):
    """The function ended with an error."""


def run(aws: Sandbox, event: Json, after: float = 300) -> list[Json]:
    """Audit after some seconds, while the clock runs; return a list that will have the result.

    By then the policies of the world are no longer new.
    """
    results: list[Json] = []

    def invoke() -> None:
        aws.clock.sleep(after)
        arn = aws.deployment.function(FUNCTION).function_arn
        answer, failed = aws.lambdas.run(arn, json.dumps(event))
        results.append({"failed": failed, **json.loads(answer)})

    aws.clock.spawn(invoke)
    return results


@pytest.fixture
def audit(aws: Sandbox) -> RunAudit:
    """Audit, by default two accounts at once, and check the shape of what is announced."""

    def audit(event: Json = BOTH, after: float = 300) -> Json:
        results = run(aws, event, after)
        aws.finish()
        (result,) = results
        if result.pop("failed"):
            raise AuditError(result["errorType"], result["errorMessage"])
        announced = [one["detail"] for one in aws.outcomes if one["detail-type"] == "Model Grants Found"]
        for detail in announced:
            jsonschema.validate(detail, SCHEMA)
            assert set(detail) == set(SCHEMA["properties"])
        assert {**result, "Announced": None} == {**(announced[-1] if announced else result), "Announced": None}
        assert result["Announced"] is bool(result["Findings"]) is bool(announced)
        return result

    return audit


@pytest.fixture
def left_behind(aws: Sandbox) -> Sandbox:
    """A grant of the stack that no execution needs."""
    aws.seed(STORY)
    return aws


def kinds(result: Json) -> list[str]:
    """Return the kind of each finding."""
    return [one["Kind"] for one in result["Findings"]]


def write(aws: Sandbox, name: str, document: object, project: str = PROJECT) -> None:
    """Write a policy as it is, whether or not the sandbox's Rekognition would accept it."""
    text, now = document if isinstance(document, str) else json.dumps(document), aws.now() - timedelta(hours=30)
    backend_of(project).projects[project].policies[name] = ProjectPolicy(project, name, text, name, now, now, {})


def granting(*principals: object, version: object = VERSION, **more: object) -> Json:
    """Return a document of somebody else's with one statement."""
    principal = {"AWS": list(principals)} if principals else "*"
    allow = {"Effect": "Allow", "Action": "rekognition:CopyProjectVersion"}
    return {"Statement": [{**allow, "Principal": principal, "Resource": version, **more}]}


def reports() -> Iterator[tuple[str, str]]:
    """Yield the key and the content of each report in the bucket."""
    backends: list[Any] = [backend for account in s3_backends.values() for backend in account.values()]
    for backend in backends:
        if BUCKET in backend.buckets:
            yield from ((key, one.value.decode()) for key, one in backend.buckets[BUCKET].keys.items())
