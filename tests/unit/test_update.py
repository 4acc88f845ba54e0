"""make update keeps the new locks only if the proof passes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tools.update
from sandbox.deployment import ROOT

LOCK = "{}=={} \\\n    --hash=sha256:0\n"
UPGRADE = r"sed -i s/==1\.0/==1.1/;s/2\.6\.8/2.6.9/ requirements/test.txt functions/requirements.txt package-lock.json"
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three locks."""
    for name in ("functions", "requirements"):
        (tmp_path / name).mkdir()
    (tmp_path / "functions" / "requirements.txt").write_text(LOCK.format("powertools", "1.0"))
    (tmp_path / "requirements" / "test.txt").write_text(LOCK.format("moto[server]", "1.0") + LOCK.format("ruff", "2.0"))
    (tmp_path / "requirements" / "test.in").write_text("moto[server]==1.0\nruff\n")
    packages = {"": {"name": "project"}, "node_modules/biome": {"version": "2.6.8"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    (tmp_path / "package.json").write_text(json.dumps({"devDependencies": {"biome": "2.6.8"}}))
    return tmp_path


def update(project: Path, upgrade: str, proof: str) -> Done:
    command = (sys.executable, ROOT / "tools" / "update.py", upgrade, proof)
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def contents(project: Path) -> dict[str, str]:
    names = ("functions/requirements.txt", "requirements/test.txt", "package-lock.json")
    return {name: (project / name).read_text() for name in names}


def test_an_upgrade_whose_proof_passes_is_kept(project: Path) -> None:
    done = update(project, UPGRADE, "true")

    assert done.returncode == 0
    assert "==1.1" in contents(project)["requirements/test.txt"]
    assert done.stdout.split("\n")[1:5] == [
        "biome 2.6.8 -> 2.6.9: package-lock.json",
        "moto 1.0 -> 1.1: requirements/test.txt",
        "powertools 1.0 -> 1.1: functions/requirements.txt",
        "Chosen by hand, and not upgraded: biome@2.6.8, moto==1.0.",
    ]
    assert done.stdout.endswith("true passed. Look at git diff, and commit the locks.\n")


def test_an_upgrade_whose_proof_fails_is_undone_and_set_aside(project: Path) -> None:
    before = contents(project)

    done = update(project, UPGRADE, "sh -c 'exit 3'")

    assert done.returncode == 1
    assert contents(project) == before
    assert "sh -c 'exit 3' failed with status 3, so the locks are as they were." in done.stderr
    assert "==1.1" in (project / "build" / "failed-locks" / "requirements" / "test.txt").read_text()


def test_an_upgrade_that_is_interrupted_is_undone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, run = contents(project), tools.update.run

    def interrupted(command: str) -> None:
        if command == "proof":
            raise KeyboardInterrupt
        run(command)

    monkeypatch.chdir(project)
    monkeypatch.setattr(tools.update, "run", interrupted)
    with pytest.raises(SystemExit, match="proof was interrupted, so the locks are as they were"):
        tools.update.main(UPGRADE, "proof")

    assert contents(project) == before


def test_packages_that_come_and_go_are_named(project: Path) -> None:
    done = update(project, "sed -i s/^ruff/mypy/ requirements/test.txt", "true")

    assert "\nmypy (new) -> 2.0: requirements/test.txt\nruff 2.0 -> (gone): requirements/test.txt\n" in done.stdout


def test_an_upgrade_that_fails_halfway_is_undone(project: Path) -> None:
    before = contents(project)

    done = update(project, f"sh -c '{UPGRADE}; exit 1'", "true")

    assert done.returncode == 1
    assert contents(project) == before
    assert "failed with status 1" in done.stderr


def test_without_newer_versions_nothing_is_proven(project: Path) -> None:
    done = update(project, "true", "false")

    assert done.returncode == 0
    assert "No package has a newer version." in done.stdout


def test_a_lock_that_changed_in_its_comments_only_is_left_as_it_was(project: Path) -> None:
    before = contents(project)

    done = update(project, "sed -i 1i#comment requirements/test.txt", "false")

    assert done.returncode == 0
    assert contents(project) == before


def test_the_options_of_make_are_not_passed_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.setenv(name, "n")

    assert update(project, UPGRADE, "sh -c 'test -z \"$MAKEFLAGS$MAKELEVEL$MFLAGS\"'").returncode == 0
