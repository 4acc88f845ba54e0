"""The build that ``sam build`` made."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.deployment import ROOT

BUILD = ROOT / ".aws-sam" / "build"


def template() -> dict[str, Any]:
    """Return the built template; the CodeUri of a function is its build."""
    read: dict[str, Any] = yaml.safe_load((BUILD / "template.yaml").read_text())
    return read


def functions() -> dict[str, Path]:
    """Return the folder of each function by its logical id."""
    return {
        name: BUILD / resource["Properties"]["CodeUri"]
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
