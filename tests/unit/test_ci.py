"""CI, make and CONTRIBUTING.md run the same commands, and every list of requirements is locked and set up."""

import re
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
    assert WORKFLOW[True].keys() == {"push", "pull_request"}
    for job in WORKFLOW["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60


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


def test_an_upgrade_upgrades_the_packages_of_npm_too() -> None:
    assert "$(NPM) $(if $(UPGRADE),update,install) --package-lock-only" in MAKEFILE
