"""An audit is clean only when every package was looked up."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from tools.audit import CLEAN, NOT_AUDITED, VULNERABLE, Advisories, Audit
from tools.locks import Pin

HOLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"], "description": "A hole."}
FOUND = "PYSEC-2026-1 CVE-2026-1, fixed in 1.1"


def pip_audit(*packages: dict[str, Any]) -> Advisories:
    return audit.read_pip_audit(json.dumps({"dependencies": packages, "fixes": []}), "")


def looked_up(name: str, *vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulnerabilities)}


def judged(advisories: Advisories, *packages: str) -> tuple[int, list[str]]:
    lock = Audit("a lock", list(packages), advisories.known)
    return audit.result([lock]), list(lock.lines())


def test_what_was_looked_up_without_a_finding_is_clean() -> None:
    assert judged(pip_audit(looked_up("one")), "one 1.0") == (CLEAN, ["a lock: clean, packages: 1."])


def test_what_is_vulnerable_is_told_with_its_remedy() -> None:
    advisories = pip_audit(looked_up("one", HOLE), looked_up("two", HOLE | {"fix_versions": []}))

    result, lines = judged(advisories, "one 1.0", "two 1.0")

    assert result == VULNERABLE
    assert lines == [
        f"a lock: VULNERABLE, one 1.0: {FOUND}",
        "a lock: VULNERABLE, two 1.0: PYSEC-2026-1 CVE-2026-1, fixed in no version yet",
    ]


def test_a_package_without_advisory_data_is_not_clean_though_pip_audit_calls_it_so() -> None:
    advisories = pip_audit(looked_up("one"), {"name": "two", "skip_reason": "Dependency not found"})

    assert judged(advisories, "one 1.0", "two 1.0") == (
        NOT_AUDITED,
        ["a lock: NOT AUDITED, no advisory data for 1 of its 2 packages (two 1.0)."],
    )
    assert advisories.reasons == ["pip-audit: Dependency not found"]


def test_another_version_than_the_one_looked_up_is_not_clean() -> None:
    assert judged(pip_audit(looked_up("one")), "one 2.0")[0] == NOT_AUDITED


def test_without_a_report_nothing_is_clean_and_the_last_word_is_the_reason() -> None:
    advisories = audit.read_pip_audit("", "Traceback\n  somewhere\nConnectionError: refused\n")

    assert judged(advisories, "one 1.0")[0] == NOT_AUDITED
    assert advisories.reasons == ["pip-audit: ConnectionError: refused"]


def test_a_vulnerability_outweighs_what_was_not_looked_up() -> None:
    result, lines = judged(pip_audit(looked_up("one", HOLE)), "one 1.0", "two 1.0")

    assert result == VULNERABLE
    assert lines[0] == "a lock: NOT AUDITED, no advisory data for 1 of its 2 packages (two 1.0)."
    assert lines[1] == f"a lock: VULNERABLE, one 1.0: {FOUND}"


def test_a_package_that_is_locked_in_two_versions_is_looked_up_in_both() -> None:
    pins = [Pin("one", "2.0", ()), Pin("one", "1.0", ()), Pin("two", "1.0", ())]

    assert audit.rounds([*pins, *pins]) == [["one==1.0", "two==1.0"], ["one==2.0"]]


def test_npms_report_is_read_and_its_complaint_is_no_report() -> None:
    via = {"url": "an-advisory", "title": "A hole"}
    report = {"auditReportVersion": 2, "vulnerabilities": {"@a/one": {"via": [via]}, "two": {"via": ["@a/one"]}}}
    packages = ["@a/one 1.0", "three 1.0", "two 1.0"]

    told = audit.read_npm(json.dumps(report), packages)

    assert told.known == {"@a/one 1.0": ["an-advisory, A hole"], "three 1.0": [], "two 1.0": ["through @a/one"]}
    assert audit.read_npm('{"message": "405"}', packages) == Advisories({}, ["npm audit: 405"])
    assert audit.read_npm("", packages) == Advisories({}, ["npm audit: no answer"])


def test_the_packages_of_npms_lock_are_those_installed_and_not_the_project() -> None:
    lock = {"packages": {"": {"name": "project"}, "node_modules/a/node_modules/@b/c": {"version": "1.0"}}}

    assert audit.node_packages(json.dumps(lock)) == ["@b/c 1.0"]


@pytest.mark.parametrize(
    ("known", "code"),
    [({"one 1.0": []}, CLEAN), ({"one 1.0": ["a hole"]}, VULNERABLE), ({}, NOT_AUDITED)],
)
def test_the_audit_ends_as_it_found_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    known: dict[str, list[str]],
    code: int,
) -> None:
    (tmp_path / "lock.txt").write_text("one==1.0\n")
    (tmp_path / "package-lock.json").write_text('{"packages": {}}')
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr("tools.locks.paths", lambda: [tmp_path / "lock.txt"])
    monkeypatch.setattr(audit, "ask_pip_audit", lambda pins: Advisories(known, [] if known else ["pip-audit: gone"]))
    monkeypatch.setattr(audit, "ask_npm", lambda npm: Advisories({}))

    assert audit.main("npm") == code

    told = capsys.readouterr().out
    assert told.startswith("lock.txt: ")
    assert ("pip-audit: gone\nThis is no clean result. Run make audit on" in told) is (code == NOT_AUDITED)
