"""The bill of materials that make build writes names what ships, no more and no less."""

import json

import pytest

from sandbox import built
from sandbox.deployment import ROOT
from tools import locks


@pytest.fixture(scope="module")
def bill():
    return json.loads((ROOT / "build" / "sbom.cdx.json").read_text())


def test_it_names_exactly_what_is_locked_to_ship(bill):
    pins = locks.pins(locks.SHIPPED.read_text())

    assert sorted(one["purl"] for one in bill["components"]) == sorted(f"pkg:pypi/{p.name}@{p.version}" for p in pins)


def test_it_names_exactly_what_each_function_was_built_with(bill):
    named = {f"{one['name']}-{one['version']}.dist-info" for one in bill["components"]}

    for folder in built.functions().values():
        assert {path.name for path in folder.glob("*.dist-info")} == named


def test_each_component_has_its_licence_and_the_hashes_of_the_lock(bill):
    hashes = {f"pkg:pypi/{p.name}@{p.version}": p.hashes for p in locks.pins(locks.SHIPPED.read_text())}

    for one in bill["components"]:
        assert one["licenses"], one["purl"]
        (files,) = [link for link in one["externalReferences"] if link["type"] == "distribution"]
        assert tuple(f"sha256:{entry['content']}" for entry in files["hashes"]) == hashes[one["purl"]]


def test_it_says_who_needs_whom_from_the_product_on(bill):
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    product = bill["metadata"]["component"]["bom-ref"]
    (direct,) = needs.pop(product)

    assert direct.startswith("aws_lambda_powertools==")
    assert {direct, *needs[direct]} == {one["bom-ref"] for one in bill["components"]}


def test_the_same_build_gives_the_same_bill(bill):
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
