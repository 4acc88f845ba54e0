"""Once a project has as many policies as the default quota allows, a grant without room seldom tries for one more."""

import json
from datetime import UTC, datetime

import pytest

from model_copy import grants, placement, runtime
from model_copy.errors import PolicyFullError
from model_copy.placement import Place, Tries
from model_copy.policies import Policy
from model_copy.request import CopyRequest

pytestmark = pytest.mark.usefixtures("environment")

SELDOM, MOSTLY = 0.124, 0.125


def choose(request: CopyRequest, policies: int) -> Place:
    """Choose among so many policies, all of the stack and full."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "s" * 1_900}]})
    when = datetime(2030, 1, 1, tzinfo=UTC)
    found = [Policy(f"{placement.policy_prefix()}{number}", "1", document, when) for number in range(1, policies + 1)]
    return placement.choose(found, grants.grant_for(request), Tries(), request)


@pytest.mark.parametrize("policies", [5, 8])
def test_at_the_default_quota_or_above_a_grant_mostly_waits(
    copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch, policies: int
) -> None:
    monkeypatch.setattr(runtime, "chance", lambda: MOSTLY)

    with pytest.raises(PolicyFullError, match=rf"none of the stack's policies has room, .* has {policies} policies"):
        choose(copy_request, policies)


@pytest.mark.parametrize(("policies", "chance"), [(5, SELDOM), (8, SELDOM), (4, MOSTLY)])
def test_seldom_or_below_the_default_quota_it_tries_for_a_new_policy(
    copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch, policies: int, chance: float
) -> None:
    monkeypatch.setattr(runtime, "chance", lambda: chance)

    assert choose(copy_request, policies).revision is None
