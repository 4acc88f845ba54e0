"""A release: the same bytes from every clone, and all that a deployment needs."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.aws.lambda_.modules import CODE, code_of
from sandbox.deployment import ROOT
from sandbox.invoke import SAM
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending
from tools import release

# What make release reads.
SOURCES = ("CHANGELOG.md", "LICENSE", "pyproject.toml", "samconfig.toml", "template.yaml")
POLICY = "docs/deployer-policy.json"
FOLDERS = ("accounts", "functions", "sandbox", "statemachine", "tools")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "dist"
    folder.mkdir()
    (folder / "functions-0.9.0.zip").touch()  # of an earlier release
    release.main(str(folder))
    return folder


def test_another_clone_makes_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    for name in SOURCES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("build/sbom.cdx.json", POLICY):
        (tmp_path / name).parent.mkdir()
        shutil.copyfile(ROOT / name, tmp_path / name)
    environment = {
        **os.environ,
        "PATH": f"{SAM.parent}:{os.environ['PATH']}",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }

    for command in (
        (SAM, "build", "ValidateRequestFunction"),
        (sys.executable, "-m", "tools.release", "dist"),
    ):
        subprocess.run(command, cwd=tmp_path, env=environment, umask=0o077, check=True, capture_output=True)

    assert contents(tmp_path / "dist") == contents(dist)


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_checksums_are_those_of_all_files(dist: Path) -> None:
    files = contents(dist)
    listed = files.pop("SHA256SUMS").decode().splitlines()

    assert listed == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]


def test_a_release_has_these_files_and_no_other(dist: Path) -> None:
    files = contents(dist)
    (package,) = (name for name in files if name.endswith(".zip"))
    templates = {"template.yaml", "accounts/source.yaml", "accounts/destination.yaml"}
    others = {"VERSION", "CHANGELOG.md", "LICENSE", POLICY, "sbom.cdx.json", "SHA256SUMS"}

    assert package == f"functions-{release.version()}-{hashlib.sha256(files[package]).hexdigest()[:16]}.zip"
    assert files.keys() == {package, *templates, *others}
    assert release.SAR not in files["template.yaml"].decode()  # it names files that a release lacks
    assert files["VERSION"].decode() == f"{release.version()}\n"
    assert [line for line in files["CHANGELOG.md"].decode().splitlines() if line.startswith("## ")] == [
        files["CHANGELOG.md"].decode().splitlines()[0]
    ]
    assert files["CHANGELOG.md"].decode().startswith(f"## [{release.version()}]")


def test_the_package_has_its_files_in_order_and_lambda_may_read_them(dist: Path) -> None:
    (package,) = dist.glob("functions-*.zip")
    entries = zipfile.ZipFile(package).infolist()
    names = [entry.filename for entry in entries]

    assert names == sorted(names, key=PurePosixPath)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


@pytest.fixture(scope="module")
def aws(dist: Path) -> Iterator[Sandbox]:
    """An AWS in which CloudFormation deployed the release."""
    with sandbox(VirtualClock(), release=dist) as aws:
        yield aws


def test_every_function_has_the_released_package(aws: Sandbox, dist: Path) -> None:
    (package,) = dist.glob("functions-*.zip")

    assert {function.code_bytes for function in aws.deployment.functions.values()} == {package.read_bytes()}
    assert all(code_of(function) != CODE for function in aws.deployment.functions.values())


def test_the_released_functions_copy(aws: Sandbox) -> None:
    aws.seed("copy_between_accounts")

    ending = Ending.of(aws.run(read_event("copy_between_accounts")))

    assert ending.status == "SUCCEEDED", ending.cause
    assert ending.output["Withdrawal"]["Withdrawn"] is True
