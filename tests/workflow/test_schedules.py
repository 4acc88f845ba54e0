"""Random schedules: several executions of several requests, interleaved at every call to AWS, with random faults.

The requests are for one version to several accounts, for several versions to one account, and for a plan.

Hypothesis shrinks a schedule that breaks a rule, and prints its steps.  ``make fuzz`` runs many more schedules than the
fixed set of ``make test``.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition.settings import settings as world_settings
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import FURTHER_DESTINATIONS
from sandbox.stories import backend_of
from sandbox.world import Sandbox
from tests.workflow.accounts import seed_projects, to
from tests.workflow.ending import Ending
from tests.workflow.invariants import Request, Witness
from tests.workflow.story import REQUEST, STORY
from tests.workflow.test_matrix import ROWS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "45"))
OTHER_VERSION = REQUEST["SourceProjectVersionArn"].replace("version/v3/1700000100000", "version/v2/1690000100000")
MANY = ("v3 as v3", "v2 as v2")
REQUESTS = {
    "v3 as v3": REQUEST,
    "v3 as v3-again": {**REQUEST, "VersionName": "v3-again"},
    "v2 as v3": {**REQUEST, "SourceProjectVersionArn": OTHER_VERSION},
    "v2 as v2": {**REQUEST, "SourceProjectVersionArn": OTHER_VERSION, "VersionName": "v2"},
}
REQUESTS["plan of v3 as v3"] = {**REQUEST, "DryRun": True}
REQUESTS |= {
    f"{name} to {account[0]}": to(account, REQUESTS[name]) for name, account in product(MANY, FURTHER_DESTINATIONS)
}
HAPPENINGS = sorted({row["fault"] for row in ROWS if row["fault"].startswith(("others", "version", "grant"))})
FAULTS = sorted({f"{row['place']}: {row['fault']}" for row in ROWS if row["fault"] not in HAPPENINGS})
COUNTS = ["x1", "x2", "x4", "x30"]


class Schedules(RuleBasedStateMachine):
    """What may happen, in any order."""

    def __init__(self, aws: Sandbox) -> None:
        super().__init__()
        aws.reset()
        aws.seed(STORY)
        project = REQUEST["SourceProjectArn"]
        backend_of(project).create_project_version(project, "v2", {"S3Bucket": "training"}).arn = OTHER_VERSION
        seed_projects(REQUEST, aws.now())
        world_settings.copy_seconds = 90
        self.aws, self.witness = aws, Witness(aws)
        self.executions: list[tuple[Execution, Request]] = []
        assert isinstance(aws.clock, VirtualClock)
        self.clock = aws.clock
        self.watching = ExitStack()
        self.watching.enter_context(self.witness.watching())

    @initialize(when=st.sampled_from(["always", "when_complete"]), strict=st.booleans())
    def choose_what_aws_does(self, when: str, strict: bool) -> None:
        world_settings.copy_reports_source, world_settings.roles_must_exist = when, strict

    @rule(request=st.sampled_from(sorted(REQUESTS)))
    def start(self, request: str) -> None:
        self.executions.append((self.aws.start(REQUESTS[request]), REQUESTS[request]))

    @rule(fault=st.sampled_from(FAULTS), count=st.sampled_from(COUNTS))
    def add_fault(self, fault: str, count: str) -> None:
        self.aws.follow(f"{fault} {count}", REQUEST)

    @rule(name=st.sampled_from(["propagation_seconds", "visibility_lag_seconds"]), seconds=st.sampled_from([0, 15, 60]))
    def change_delay(self, name: str, seconds: int) -> None:
        setattr(world_settings, name, seconds)

    @rule(what=st.sampled_from(HAPPENINGS), request=st.sampled_from(sorted(REQUESTS)))
    def let_others_act(self, what: str, request: str) -> None:
        if what == "version_deleted":
            self.witness.note_deletion(REQUESTS[request])
        self.aws.others(REQUESTS[request]).happenings()[what]()

    @rule(seconds=st.sampled_from([0, 1, 20, 120, 900]), order=st.lists(st.integers(0, 3), max_size=12))
    def pass_time(self, seconds: int, order: list[int]) -> None:
        turns = iter(order)
        self.clock.choose = lambda ready: next(turns, 0) % ready
        self.clock.sleep(seconds)

    @precondition(lambda self: bool(self.failed()))
    @rule(which=st.integers(0, 3))
    def redrive(self, which: int) -> None:
        failed = self.failed()
        redrive(failed[which % len(failed)])

    @invariant()
    def nothing_is_lost(self) -> None:
        self.witness.check_world()

    def failed(self) -> list[Execution]:
        return [execution for execution, _ in self.executions if execution.status == "FAILED"]

    def teardown(self) -> None:
        """Without faults, all executions end; once the failed ones are redriven, no grant is left."""
        with self.watching:
            self.aws.follow("")
            self.clock.choose = None
            self.aws.finish()
            self.check_endings()
            for execution in self.failed():
                if Ending.of(execution).failed_at_task:
                    redrive(execution)
            self.aws.finish()
            self.check_endings()
            assert not any(Ending.of(execution).failed_at_task for execution, _ in self.executions)

    def check_endings(self) -> None:
        endings = [(Ending.of(execution), request) for execution, request in self.executions]
        self.witness.check_world()
        for ending, request in endings:
            if ending.status == "FAILED" or not self.witness.was_deleted(request):
                self.witness.check_ending(ending, request, len(self.witness.calls))
        self.witness.check_grants(endings)


def test_no_schedule_breaks_a_rule(
    aws: Sandbox, run_counts: dict[str, int], record_property: Callable[[str, object], None]
) -> None:
    started = time.monotonic()
    schedules: list[Schedules] = []

    def machine() -> Schedules:
        schedules.append(Schedules(aws))
        return schedules[-1]

    run_state_machine_as_test(
        cast(Any, machine),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=15,
            deadline=None,
            database=None,
            derandomize="FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    run_counts["checks"] += sum(schedule.witness.checks for schedule in schedules)
    run_counts["runs"] += sum(len(schedule.executions) for schedule in schedules)
    record_property("schedules", f"{len(schedules)} in {time.monotonic() - started:.0f} s")
