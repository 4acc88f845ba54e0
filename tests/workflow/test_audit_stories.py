"""The stories of audits of grants."""

import json
from contextlib import nullcontext

import pytest

from sandbox import demo
from sandbox.own_stories import story_of
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.samples import check
from tests.workflow.auditing.conftest import kinds, run


def test_audit_grants(aws: Sandbox) -> None:
    aws.seed("audit_grants")
    results = run(aws, read_event("audit_grants"))
    aws.finish()

    (result,) = results
    assert kinds(result) == ["OpenToEverybody"]
    assert [one["Account"] for one in result["NotSeen"]] == ["999999999999"]
    assert not result.pop("failed")
    check("AuditGrantsFunction", "audit_grants", json.dumps(result))


def test_audit_misspelt(aws: Sandbox) -> None:
    results = run(aws, read_event("audit_misspelt"))
    aws.finish()

    (result,) = results
    assert result.pop("failed")
    check("AuditGrantsFunction", "audit_misspelt", json.dumps(result))
    assert (aws.outcomes, aws.mails) == ([], [])


def test_the_demo_audits(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(demo, "VirtualClock", lambda: aws.clock)
    monkeypatch.setattr(demo, "sandbox", lambda clock, accounts: nullcontext(aws))

    demo.run(story_of("audit_grants"), "")

    printed = capsys.readouterr().out
    assert "AuditGrantsFunction audits the grants in the accounts of the event.\n" in printed
    assert "Model Grants Found" in printed
