"""The bill of materials that make build writes names every package that ships, and nothing else."""

import json
import re
from typing import Any

import pytest

from sandbox import built
from sandbox.deployment import ROOT


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "build" / "sbom.cdx.json").read_text())
    return content


def test_the_bill_names_exactly_the_locked_packages(bill: dict[str, Any]) -> None:
    lock = (ROOT / "functions" / "requirements.txt").read_text()
    locked = {f"pkg:pypi/{name}@{version}" for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}

    assert {one["purl"] for one in bill["components"]} == locked


def test_the_bill_names_exactly_the_packages_in_each_function(bill: dict[str, Any]) -> None:
    named = {f"{one['name']}-{one['version']}.dist-info" for one in bill["components"]}

    for folder in built.functions().values():
        assert {path.name for path in folder.glob("*.dist-info")} == named


def test_each_component_has_its_license(bill: dict[str, Any]) -> None:
    for one in bill["components"]:
        assert one["licenses"], one["purl"]


def test_the_dependencies_lead_from_the_project_to_each_component(bill: dict[str, Any]) -> None:
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    project = bill["metadata"]["component"]
    (direct,) = needs[project["bom-ref"]]

    assert project["name"] == "rekognition-model-copy"
    assert direct.startswith("aws_lambda_powertools==")
    assert {direct, *needs[direct]} == {one["bom-ref"] for one in bill["components"]}


def test_the_same_build_has_the_same_bill(bill: dict[str, Any]) -> None:
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
