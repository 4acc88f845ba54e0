"""The same version of the project is written everywhere."""

import re
import tomllib

from samtranslator.yaml_helper import yaml_parse

import model_copy
from sandbox.deployment import ROOT
from tools.serverless_repository import METADATA

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())


def test_the_functions_and_the_stacks_output_have_the_version_of_the_project() -> None:
    assert PROJECT["name"] == "rekognition-model-copy"
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROJECT["version"])
    assert model_copy.__version__ == PROJECT["version"]
    assert TEMPLATE["Outputs"]["Version"]["Value"] == PROJECT["version"]


def test_the_serverless_application_repository_gets_the_name_the_version_and_the_license_of_the_project() -> None:
    application = TEMPLATE["Metadata"][METADATA]

    assert application["Name"] == PROJECT["name"]
    assert application["SemanticVersion"] == PROJECT["version"]
    assert application["SpdxLicenseId"] == PROJECT["license"]
    assert application["Author"] in (ROOT / "LICENSE").read_text().replace(" ", "-")


def test_the_newest_heading_of_the_changelog_names_the_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)

    assert re.findall(r"\[(.+?)\]", headings[0]) == [PROJECT["version"]]
