"""Tell the known vulnerabilities of every package that is locked.

Ends with 0 when all were looked up and none is known, with 1 when one is known, and with 3 when none is, but something
could not be looked up: pip-audit takes a package that has no advisory data for a clean one.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import locks
from tools.locks import ROOT, Pin

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
WHAT_TO_DO = (
    "This is no clean result. Run make audit on a machine that reaches the advisories of PyPI and of the npm registry; "
    "a server with OSV's API can stand in for PyPI's: "
    "PIP_AUDIT_VULNERABILITY_SERVICE=osv PIP_AUDIT_OSV_URL=... make audit"
)


@dataclass(frozen=True, slots=True)
class Advisories:
    """The vulnerabilities of each package that was looked up, and why others were not."""

    known: Mapping[str, list[str]]
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of the packages of one lock."""

    lock: str
    packages: list[str]
    known: Mapping[str, list[str]]

    @property
    def vulnerabilities(self) -> list[str]:
        return [f"{package}: {one}" for package in self.packages for one in self.known.get(package, ())]

    @property
    def unaudited(self) -> list[str]:
        return [package for package in self.packages if package not in self.known]

    def lines(self) -> Iterator[str]:
        if self.unaudited:
            yield f"{self.lock}: NOT AUDITED, no advisory data for {few(self.unaudited, self.packages)}."
        for one in self.vulnerabilities:
            yield f"{self.lock}: VULNERABLE, {one}"
        if not self.unaudited and not self.vulnerabilities:
            yield f"{self.lock}: clean, packages: {len(self.packages)}."


def main(*npm: str) -> int:
    read = {str(path.relative_to(ROOT)): locks.pins(path.read_text()) for path in locks.paths()}
    python = ask_pip_audit({pin for pins in read.values() for pin in pins})
    node = ask_npm(npm)
    audits = [Audit(lock, [str(pin) for pin in pins], python.known) for lock, pins in read.items()]
    audits.append(Audit("package-lock.json", node_packages((ROOT / "package-lock.json").read_text()), node.known))
    for audit in audits:
        print(*audit.lines(), sep="\n")
    if any(audit.unaudited for audit in audits):
        print("", *dict.fromkeys(python.reasons[:1] + node.reasons[:1]), WHAT_TO_DO, sep="\n")
    return result(audits)


def result(audits: Iterable[Audit]) -> int:
    audits = list(audits)
    if any(audit.vulnerabilities for audit in audits):
        return VULNERABLE
    return NOT_AUDITED if any(audit.unaudited for audit in audits) else CLEAN


def few(some: list[str], packages: list[str]) -> str:
    """Count some of the packages, and name them where that is short."""
    return f"{len(some)} of its {len(packages)} packages" + (f" ({', '.join(some)})" if len(some) <= 3 else "")


def rounds(pins: Iterable[Pin]) -> list[list[str]]:
    """Share the versions out, since pip-audit takes one of each package at a time."""
    shared: list[dict[str, str]] = []
    for name, version in sorted({(pin.name, pin.version) for pin in pins}):
        free = next((one for one in shared if name not in one), None)
        if free is None:
            shared.append(free := {})
        free[name] = version
    return [[f"{name}=={version}" for name, version in one.items()] for one in shared]


def ask_pip_audit(pins: Iterable[Pin]) -> Advisories:
    """Look up all versions, whatever machine their markers keep them for."""
    answers = [pip_audit(requirements) for requirements in rounds(pins)]
    known = {package: found for answer in answers for package, found in answer.known.items()}
    return Advisories(known, [reason for answer in answers for reason in answer.reasons])


def pip_audit(requirements: list[str]) -> Advisories:
    command = (sys.executable, "-m", "pip_audit", "--format", "json", "--desc", "off", "--progress-spinner", "off")
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(requirements))
        done = run(*command, "--no-deps", "--disable-pip", "--requirement", str(listed))
    return read_pip_audit(done.stdout, done.stderr)


def read_pip_audit(output: str, complaint: str) -> Advisories:
    """Read the report; without one, nothing was looked up."""
    packages = parsed(output).get("dependencies")
    if packages is None:
        return Advisories({}, [f"pip-audit: {last_line(complaint)}"])
    known = {
        f"{one['name']} {one['version']}": [vulnerability(found) for found in one["vulns"]]
        for one in packages
        if "skip_reason" not in one
    }
    return Advisories(known, [f"pip-audit: {one['skip_reason']}" for one in packages if "skip_reason" in one])


def vulnerability(found: Mapping[str, Any]) -> str:
    names = " ".join([found["id"], *found["aliases"]])
    return f"{names}, fixed in {' '.join(found['fix_versions']) or 'no version yet'}"


def ask_npm(npm: Iterable[str]) -> Advisories:
    done = run(*npm, "audit", "--json", "--package-lock-only")
    return read_npm(done.stdout, node_packages((ROOT / "package-lock.json").read_text()))


def read_npm(output: str, packages: list[str]) -> Advisories:
    """Read the report, which names only the packages that have vulnerabilities.

    A registry that answers without having advisories cannot be told from one that knows none.
    """
    report = parsed(output)
    if "vulnerabilities" not in report:
        return Advisories({}, [f"npm audit: {report.get('message', 'no answer')}"])
    found = report["vulnerabilities"]
    return Advisories({package: npm_vulnerabilities(found.get(package.rpartition(" ")[0])) for package in packages})


def parsed(output: str) -> dict[str, Any]:
    """Read a tool's report; what cannot be read tells nothing."""
    try:
        report = json.loads(output)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def npm_vulnerabilities(found: Mapping[str, Any] | None) -> list[str]:
    """List the advisories themselves; a package that only depends on a vulnerable one has that one's name."""
    return [
        f"{one['url']}, {one['title']}" if isinstance(one, dict) else f"through {one}"
        for one in (found or {}).get("via", ())
    ]


def node_packages(lock: str) -> list[str]:
    packages = json.loads(lock)["packages"]
    return sorted(f"{path.rpartition('node_modules/')[2]} {one['version']}" for path, one in packages.items() if path)


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "no answer"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
