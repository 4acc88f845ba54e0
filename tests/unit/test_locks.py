"""What is installed is what was locked: in one version, in known files, from wherever the machine gets its packages."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tools import locks
from tools.locks import ROOT, SHIPPED, Pin

HOST_OF_A_REGISTRY = re.compile(r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|registry)[\w-]*\.(?:com|io|org)\b")


@pytest.mark.parametrize("lock", locks.paths(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_package_of_a_lock_has_one_version_and_its_hashes(lock: Path) -> None:
    pins = locks.pins(lock.read_text())

    assert pins
    for pin in pins:
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes), pin


def test_each_list_of_requirements_is_locked() -> None:
    written = {path.stem for path in (ROOT / "requirements").glob("*.in")}

    assert written == {path.stem for path in locks.paths() if path != SHIPPED} | {"functions"}


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


def test_a_lock_is_read_with_the_hashes_and_the_packages_of_other_machines() -> None:
    lock = (
        "# made by\none[extra]==1.0 ; python_full_version < '3.13' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    )

    assert locks.pins(lock + "    # via two\ntwo==2\n") == [
        Pin("one", "1.0", ("sha256:aa", "sha256:bb")),
        Pin("two", "2", ()),
    ]


@pytest.mark.parametrize(
    "line", ["one", "one>=1", "one==1.*", "-r test.in", "one @ file:///one.whl", "--no-binary one"]
)
def test_what_is_not_one_version_is_no_lock(line: str) -> None:
    with pytest.raises(ValueError, match="is not pinned to one version"):
        locks.pins(line)
