"""Every package is locked to one version with its hashes, without the address of a registry."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "functions" / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]
PIN = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.+!-]+( ; [^\\]+?)?( --hash=sha256:[0-9a-f]{64})+")
HOST_OF_A_REGISTRY = re.compile(r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|registry)[\w-]*\.(?:com|io|org)\b")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_package_of_a_lock_has_one_version_and_its_hashes(lock: Path) -> None:
    lines = re.sub(r" *\\\n +", " ", lock.read_text()).splitlines()
    requirements = [line for line in lines if not line.lstrip().startswith("#")]

    assert requirements
    assert [line for line in requirements if not PIN.fullmatch(line)] == []


def test_each_list_of_requirements_is_locked() -> None:
    lists = {path.stem for path in (ROOT / "requirements").glob("*.in")}

    assert lists == {"functions", *(path.stem for path in (ROOT / "requirements").glob("*.txt"))}


def test_each_package_for_node_has_its_hash_and_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    for path, package in packages.items():
        assert not path or package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="Not a git clone.")
def test_no_file_names_the_host_of_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]

    assert {
        str(path): found.group()
        for path in files
        if path.is_file() and (found := HOST_OF_A_REGISTRY.search(path.read_text(errors="replace")))
    } == {}
