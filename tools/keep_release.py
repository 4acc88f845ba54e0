"""Keep the release in dist/ as a fixture of the upgrade tests (``make keep-release``)."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

from sandbox.aws.clock import VirtualClock
from sandbox.deployment import ROOT, function_names
from sandbox.world import sandbox
from tests.upgrade.state_data import RELEASE, STATE_DATA, STORIES, recorded
from tools.release import version

# Events of AWS invoke them, or people do, but no definition does.
NO_TASKS = {"AnnounceOutcomeFunction", "AnnouncePromotionFunction", "AuditGrantsFunction"}


def main(source: str) -> None:
    """Record the state data of the release, and copy the release without its packages."""
    dist = ROOT / source
    with sandbox(VirtualClock(), release=dist) as aws:
        invocations = [one for story in STORIES for one in recorded(aws, story)]
    if missing := {*function_names()} - {one["Function"] for one in invocations} - NO_TASKS:
        sys.exit(f"Add stories to tests/upgrade/state_data.py that invoke {', '.join(sorted(missing))}.")
    shutil.rmtree(RELEASE, ignore_errors=True)
    shutil.copytree(dist / "accounts", RELEASE / "accounts")
    shutil.copy(dist / "template.yaml", RELEASE)
    for package in dist.glob("functions-*.zip"):
        keep_own_modules(package, RELEASE / package.name)
    lines = ",\n".join(json.dumps(one) for one in invocations)
    STATE_DATA.mkdir(exist_ok=True)
    (STATE_DATA / f"{version()}.json").write_text(f"[\n{lines}\n]\n")


def keep_own_modules(package: Path, target: Path) -> None:
    """Write the package without other packages and bytecode, which the sandbox does not need."""
    with zipfile.ZipFile(package) as read, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for entry in read.infolist():
            if (ROOT / "functions" / entry.filename).suffix == ".py" and (ROOT / "functions" / entry.filename).exists():
                written.writestr(entry, read.read(entry), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main(*sys.argv[1:])
