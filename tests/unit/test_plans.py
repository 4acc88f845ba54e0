"""A plan is what the tasks would do, found out without a call that writes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from model_copy import placement, plans, runtime
from model_copy.errors import AccessDeniedError, InvalidRequestError, TransientError
from model_copy.request import CopyRequest
from model_copy.text import to_json
from sandbox.aws.rekognition.settings import settings
from tests.unit.policy_samples import document, statement
from tests.unit.world import DESTINATION, OTHER_VERSION, REGION, REQUEST, ROLE, Wire, World

MakePlan = Callable[..., plans.Plan]
READS = {"DescribeProjectVersions", "ListProjectPolicies"}
OWN_POLICY = "model-copy-1"


@pytest.fixture
def make_plan(source: Wire, destination: Wire, copy_request: CopyRequest) -> MakePlan:
    """Plans the copy, by default without a quality gate, and checks that nothing is written."""

    def make_plan(minimum: float = 0) -> plans.Plan:
        try:
            return plans.plan(lambda: copy_request, lambda *_: source.client, lambda *_: destination.client, minimum)
        finally:
            assert {*source.calls, *destination.calls} <= READS

    return make_plan


def fill_policies(world: World, name: str) -> None:
    """Write as many policies as AWS allows by default, none of which has room for the grant."""
    others = (f"arn:aws:iam::{number}:role/model-copy-destination" for number in range(444444444401, 444444444431))
    full = document(statement(*others, version=OTHER_VERSION))
    for number in range(1, 6):
        world.put_policy(f"{name}-{number}", full)


def test_a_copy_into_another_account_shows_the_new_policy(make_plan: MakePlan) -> None:
    plan = make_plan()

    granted = {"Effect": "Allow", "Principal": {"AWS": [ROLE]}, "Action": ["rekognition:CopyProjectVersion"]}
    after = {"Version": "2012-10-17", "Statement": [{**granted, "Resource": [REQUEST["SourceProjectVersionArn"]]}]}
    assert plan == {
        "Action": "COPY",
        "Error": None,
        "Cause": None,
        "ProjectVersionArn": None,
        "F1Score": 0.9,
        "Policy": {"PolicyName": OWN_POLICY, "Before": None, "After": after},
        "NotChecked": [
            f"Whether the quota of {REQUEST['SourceProjectArn']} allows another project policy; it has 0.",
            f"Whether account {DESTINATION} has a free copy slot in {REGION}.",
            f"Whether {REQUEST['DestinationProjectArn']} has room for another model version.",
            "Whether the bucket live-models exists and the copying role may write to it.",
            "Whether the copying role may use the KMS keys of the source and of the output.",
        ],
    }


def test_an_existing_policy_is_shown_before_and_after(world: World, make_plan: MakePlan) -> None:
    others = document(statement("999999999999"))
    world.put_policy(OWN_POLICY, others)

    plan = make_plan()

    assert plan["Policy"]["PolicyName"] == OWN_POLICY
    assert plan["Policy"]["Before"] == others
    assert plan["Policy"]["After"]["Statement"][:-1] == others["Statement"]
    assert not any("quota" in sentence for sentence in plan["NotChecked"])


def test_a_policy_that_allows_the_copy_already_is_not_changed(world: World, make_plan: MakePlan) -> None:
    world.put_policy("team-grants", document(statement()))

    assert (make_plan()["Action"], make_plan()["Policy"]) == ("COPY", None)


@pytest.mark.parametrize(
    ("status", "unknown"),
    [("COPYING_COMPLETED", []), ("COPYING_IN_PROGRESS", ["Whether the copy, which is in progress, will complete."])],
)
def test_an_existing_copy_is_adopted(world: World, make_plan: MakePlan, status: str, unknown: list[str]) -> None:
    version = world.add_version(status)

    plan = make_plan()

    assert (plan["Action"], plan["ProjectVersionArn"], plan["Policy"]) == ("ADOPT", version.arn, None)
    assert plan["NotChecked"] == unknown


@pytest.mark.parametrize("chance", [0.0, placement.PROBES / 2, 0.99])
def test_a_plan_waits_for_room_in_the_policies_whatever_chance_says(
    world: World, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    fill_policies(world, "model-copy")
    monkeypatch.setattr(runtime, "chance", lambda: chance)

    plan = make_plan()

    assert (plan["Action"], plan["Error"], plan["Policy"], plan["F1Score"]) == ("WAIT", "PolicyFullError", None, 0.9)
    assert "has no room for the grant of" in plan["Cause"]


def test_a_project_full_of_policies_of_others_is_not_known_to_be_full(world: World, make_plan: MakePlan) -> None:
    fill_policies(world, "team")

    plan = make_plan()

    assert plan["Action"] == "COPY"
    assert plan["NotChecked"][0].endswith("allows another project policy; it has 5.")


@pytest.mark.parametrize(
    ("change", "minimum", "error"),
    [
        (lambda world: world.put_policy("frozen", document(statement(effect="Deny"))), 0, "PolicyDeniedError"),
        (lambda world: world.source.versions.clear(), 0, "SourceVersionNotFoundError"),
        (lambda world: world.add_version("COPYING_FAILED"), 0, "FailedBeforeError"),
        (lambda world: world.add_version(source_arn=None), 0, "VersionConflictError"),
        (lambda world: None, 0.95, "QualityGateError"),
    ],
)
def test_a_refusal_is_a_plan_with_the_error_and_its_sentence(
    world: World, make_plan: MakePlan, change: Callable[[World], Any], minimum: float, error: str
) -> None:
    change(world)

    plan = make_plan(minimum)

    assert (plan["Action"], plan["Error"], plan["Policy"], plan["NotChecked"]) == ("REFUSE", error, None, [])
    assert plan["Cause"].endswith(f" Runbook: https://runbooks.example/copies#{error.lower()}")


@pytest.mark.usefixtures("world")
def test_a_request_with_errors_is_refused_without_a_client() -> None:
    def refuse(*_: object) -> Any:
        raise InvalidRequestError(errors="1 error: (1) DryRun must be true or false; got 7.")

    plan = plans.plan(refuse, pytest.fail, pytest.fail, 0)

    assert (plan["Action"], plan["Error"]) == ("REFUSE", "InvalidRequestError")


@pytest.mark.parametrize("operation", sorted(READS))
@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", TransientError), ("AccessDeniedException", AccessDeniedError)]
)
def test_what_passes_and_what_is_denied_is_no_plan(
    source: Wire, make_plan: MakePlan, operation: str, code: str, error: type[Exception]
) -> None:
    source.return_error(operation, code)

    with pytest.raises(error):
        make_plan()


def test_a_copy_within_an_account_needs_no_policy(
    source: Wire, world: World, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CopyRequest, "crosses_accounts", False)

    plan = make_plan()

    assert (plan["Action"], plan["Policy"]) == ("COPY", None)
    assert json.dumps(plan).count("quota") == 0


def test_a_deny_refuses_a_copy_within_an_account(
    world: World, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CopyRequest, "crosses_accounts", False)
    world.put_policy("frozen", document(statement("*", effect="Deny")))

    assert (make_plan()["Action"], make_plan()["Error"]) == ("REFUSE", "PolicyDeniedError")


def test_a_deny_with_a_condition_is_named_as_unknown(world: World, make_plan: MakePlan) -> None:
    settings.accepts_condition = True
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    world.put_policy("tls-only", document({**statement("*", effect="Deny"), "Condition": condition}))

    plan = make_plan()

    assert plan["Action"] == "COPY"
    assert plan["NotChecked"][0] == "Whether the condition of a Deny in project policy tls-only is met."


def test_a_document_that_is_not_valid_in_an_output_is_shown_as_a_string(world: World, make_plan: MakePlan) -> None:
    settings.accepts_sid = True
    world.put_policy(OWN_POLICY, document({**statement("999999999999"), "Sid": "\ud800"}))

    policy = make_plan()["Policy"]

    assert isinstance(policy["Before"], str)
    assert to_json(policy) is not None
