"""CI, make and CONTRIBUTING.md run the same commands, and every list of requirements is locked and set up."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from sandbox.deployment import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
CI = (ROOT / ".ci" / "run").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
# YAML reads the key `on` as true.
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
TARGETS = set(re.findall(r"^\.PHONY: ([\w-]+)$", MAKEFILE, re.M))
# The targets that .ci/run names, without options and variables of make.
RUN_BY_CI = [
    word
    for command in re.findall(r"^make (.+?)(?: #.*)?$", CI.replace("\\\n", ""), re.M)
    for word in command.split()
    if re.fullmatch(r"[a-z][a-z-]+", word)
]
LISTS = sorted(path.stem for path in (ROOT / "requirements").glob("*.in"))


RECIPES = re.findall(r"^\t(.+)$", MAKEFILE.replace("\\\n", ""), re.M)


def commands(*arguments: str) -> str:
    """Return the commands that make would run."""
    command = ("make", "--dry-run", "--always-make", "PYTHON=python3", *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.replace("\\\n", "")


def locked() -> list[str]:
    """Return the lists that make lock locks, in its order."""
    recipe = MAKEFILE.partition("\nlock:")[2].partition("\n\n")[0]
    names = re.search(r"for name in ([\w ]+); do", recipe)
    assert names
    return [*re.findall(r"\$\(LOCK\) (\w+)\.in", recipe), *names[1].split()]


def test_the_workflow_runs_what_ci_runs_and_nothing_else() -> None:
    assert [step["run"] for step in STEPS if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_workflow_may_only_read_and_has_an_end() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    for job in WORKFLOW["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60


def test_no_failure_is_passed_over() -> None:
    assert "\nset -euo pipefail\n" in CI
    assert "\nexport CI=true " in CI
    assert set(re.findall(r" (-[\w=-]+)", CI.partition("\nmake ")[2])) == {
        "--no-print-directory",
        "--jobs=2",
        "--output-sync=target",
    }
    for one in (*WORKFLOW["jobs"].values(), *STEPS):
        assert not {"if", "continue-on-error"} & one.keys()
    assert [line for line in RECIPES if re.match(r"@?-", line) or "|| true" in line] == []
    loops = [line for line in RECIPES if re.search(r"\bdone\b", line)]
    assert [line for line in loops if "|| exit" not in line and "|| failed=yes" not in line] == []


def test_each_action_is_one_of_two_and_pinned_by_its_commit() -> None:
    used = [step["uses"].partition("@") for step in STEPS if "uses" in step]

    assert [name for name, _, _ in used] == ["actions/checkout", "actions/setup-python"]
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for _, _, commit in used)


def test_the_python_of_the_workflow_is_that_of_the_functions() -> None:
    (version,) = [step["with"]["python-version"] for step in STEPS if "python-version" in step.get("with", {})]

    assert f"Runtime: python{version}\n" in (ROOT / "template.yaml").read_text()


def test_ci_runs_the_checks_and_all_tests_that_need_no_aws() -> None:
    ignored = set(re.findall(r"--ignore tests/(\w+)", MAKEFILE.partition("\ntest: .venv")[2].partition("\n\n")[0]))

    assert {"check", "test", *(f"test-{name.replace('_', '-')}" for name in ignored)} <= set(RUN_BY_CI)


@pytest.mark.parametrize("target", RUN_BY_CI)
def test_a_target_of_ci_exists_and_contributing_names_it(target: str) -> None:
    section = CONTRIBUTING.partition("## Continuous integration")[2].partition("\n## ")[0]

    assert target in TARGETS, f".ci/run: make has no target {target}."
    assert re.search(rf"`make {target}( [A-Z]+=\w+)?`", section), (
        f"CONTRIBUTING.md does not name make {target} of .ci/run."
    )


def test_contributing_names_no_more_than_ci_runs() -> None:
    section = CONTRIBUTING.partition("## Continuous integration")[2].partition("\n## ")[0]
    first, *_ = section.strip().split("\n\n")

    assert "`.ci/run`" in first
    assert set(re.findall(r"`make ([a-z-]+)", first)) == set(RUN_BY_CI)


def test_the_parts_of_the_checks_exist() -> None:
    (parts,) = re.findall(r"^check: ([\w -]+?) ##", MAKEFILE, re.M)

    assert set(parts.split()) == {name for name in TARGETS if name.startswith("check-")}


def test_make_lock_covers_each_list_of_requirements() -> None:
    assert sorted(locked()) == LISTS


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_locked_after_those_that_it_needs(name: str) -> None:
    order = locked()
    needed = re.findall(r"^-[rc] (\w+)\.(?:in|txt)$", (ROOT / "requirements" / f"{name}.in").read_text(), re.M)

    assert all(order.index(one) < order.index(name) for one in needed)


def test_each_lock_is_for_an_environment() -> None:
    environments = set(
        re.findall(r"^\.venv[\w-]*/\.stamp: requirements/(\w+)\.txt requirements/pip\.txt$", MAKEFILE, re.M)
    )

    # The functions have a package, not an environment; pip is in all.
    assert environments == set(LISTS) - {"functions", "pip"}


def test_an_upgrade_takes_the_newest_of_each_lock_with_its_hashes() -> None:
    lines = commands("lock", "UPGRADE=1").splitlines()
    npm = [line for line in lines if "--package-lock-only" in line]
    compiled = [line for line in lines if " pip compile " in line]

    assert len(npm) == 1
    assert " update --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts " in npm[0]
    assert len(compiled) == 2
    assert all("--generate-hashes" in line and "--upgrade" in line for line in compiled)
    assert "--upgrade" not in commands("lock")


def test_an_update_is_proven_by_what_ci_runs() -> None:
    assert "-m tools.update 'make --no-print-directory lock UPGRADE=1' '.ci/run'\n" in commands("update")


def test_environments_are_set_up_from_packages_with_the_locked_hashes() -> None:
    installed = [line for line in RECIPES if "pip install" in line]

    assert installed
    assert all("--require-hashes --requirement $$lock" in line for line in installed)
