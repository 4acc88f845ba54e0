"""What the sandbox has at a moment, as the page lists it: executions, promotions, projects, outcomes and mails."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.core.base_backend import backend_lock
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.aws.fast_clock import FastClock
from sandbox.aws.rekognition.models import RekognitionBackend, rekognition_backends
from sandbox.aws.rekognition.project import Project
from sandbox.aws.stepfunctions.executions import redrives
from sandbox.aws.stepfunctions.running import map_runs_of
from sandbox.page.document import rows_of
from sandbox.world import Sandbox

Known = dict[str, Any]
FIRST_EVENTS = 100  # the request of an approval is in one of them, even if all attempts but the last fail


def state_of(aws: Sandbox, clock: FastClock) -> Known:
    """Return all that the sandbox has, but for the time."""
    copies, promotions = executions_of(aws)
    parents = {name: promotion.exec_arn for promotion in promotions for name in _names_of_copies(promotion)}
    listed = sorted((*copies, *promotions), key=lambda one: one.start_date, reverse=True)
    return {
        "speed": clock.speed,
        "advanced": clock.advanced,
        "executions": [_execution(one, aws, parents.get(one.name)) for one in listed],
        "promotions": [_promotion(one, aws) for one in listed if one in promotions],
        "projects": list(_projects()),
        "outcomes": list(aws.outcomes),
        "mails": [{"time": _iso(one.time), "subject": one.subject, "message": one.message} for one in aws.mails],
        "deadLetters": [{"event": one.event, "attributes": one.attributes} for one in aws.dead_letters],
    }


def executions_of(aws: Sandbox) -> tuple[list[Execution], list[Execution]]:
    """Return the executions of both state machines, those that copy and those that promote."""
    machines = (aws.deployment.state_machine_arn, aws.deployment.promotion_machine_arn)
    copies, promotions = ([one for one in list(_machine(arn).executions) if one.exec_worker] for arn in machines)
    return copies, promotions


def time_of(clock: FastClock) -> str:
    """Return the time in the sandbox."""
    return _iso(clock.time())


def _machine(arn: str) -> Any:
    _, _, _, region, account, *_ = arn.split(":")
    return stepfunctions_parser_backends[account][region].describe_state_machine(arn)


def _names_of_copies(promotion: Execution) -> list[str]:
    return [item["Name"] for run in list(map_runs_of(promotion)) for item in run.inputs]


def _execution(execution: Execution, aws: Sandbox, parent: str | None) -> Known:
    request = _request(execution)
    promotes = execution.state_machine_arn == aws.deployment.promotion_machine_arn
    return {
        **_named(execution),
        "machine": "promotion" if promotes else "copy",
        "error": execution.error,
        "cause": execution.cause,
        "source": request.get("SourceProjectArn"),
        "destination": request.get("DestinationProjectArn"),
        "versionName": request.get("VersionName"),
        "promotion": parent,
        "dryRun": request.get("DryRun") is True,
        "redrivable": redrives(execution)["redriveStatus"] == "REDRIVABLE",
    }


def _named(execution: Execution) -> Known:
    return {
        "arn": execution.exec_arn,
        "name": execution.name,
        "status": execution.status,
        "started": execution.start_date.isoformat(),
        "stopped": execution.stop_date.isoformat() if execution.stop_date else None,
    }


def _promotion(execution: Execution, aws: Sandbox) -> Known:
    return {**_named(execution), "rows": rows_of(aws, execution)}


def _request(execution: Execution) -> Known:
    """Return the request of an execution: its input, or what its approval is for, once the workflow has read it."""
    kept = vars(execution)
    if "request" not in kept:
        given = json.loads(str(execution.execution_input))
        found = next(_requests(given, execution), None)
        if found is None and execution.status == "RUNNING":
            return {}
        kept["request"] = found or {}
    request: Known = kept["request"]
    return request


def _requests(given: Any, execution: Execution) -> Iterator[Known]:
    if _is_request(given):
        yield given
    elif isinstance(given, dict) and "detail" in given:
        events: list[Any] = list(execution.to_history_output()["events"])
        for event in events[:FIRST_EVENTS]:
            output = json.loads(event.get("stateExitedEventDetails", {}).get("output", "null"))
            if isinstance(output, dict) and _is_request(output.get("Request")):
                yield output["Request"]


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("SourceProjectArn"), str)


def _projects() -> Iterator[Known]:
    with backend_lock:
        for account in list(rekognition_backends.values()):
            for backend in list(account.values()):
                for project in list(backend.projects.values()):
                    yield _project(project, backend)


def _project(project: Project, backend: RekognitionBackend) -> Known:
    versions, _ = backend.describe_project_versions(project.arn, max_results=1_000)
    policies, _ = backend.list_project_policies(project.arn, max_results=1_000)
    return {
        "arn": project.arn,
        "account": backend.account_id,
        "region": backend.region_name,
        "name": project.name,
        "versions": [_version(version) for version in versions],
        "policies": [
            {
                "name": policy["PolicyName"],
                "document": json.loads(policy["PolicyDocument"]),
                "revision": policy["PolicyRevisionId"],
            }
            for policy in policies
        ],
    }


def _version(version: Known) -> Known:
    return {
        "arn": version["ProjectVersionArn"],
        "name": version["ProjectVersionArn"].split("/")[3],
        "status": version["Status"],
        "statusMessage": version.get("StatusMessage"),
        "created": _iso(version["CreationTimestamp"]),
        "f1Score": version.get("EvaluationResult", {}).get("F1Score"),
        "source": version.get("SourceProjectVersionArn"),
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
