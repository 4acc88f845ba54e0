"""Write what ships with the functions as a CycloneDX bill of materials, the same for the same build.

What is there, its licences and who needs whom are read from the built package; the hashes come from the lock. Something
that ships and is not locked is a KeyError. What Lambda's runtime has of its own is not in it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.locks import ROOT, SHIPPED

BUILD = ROOT / ".aws-sam" / "build"
PRODUCT = "rekognition-model-copy"

Bill = dict[str, Any]


def main(target: str) -> None:
    text = json.dumps(bill(installed(), locked()), indent=2) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"The bill of materials is not CycloneDX: {error}")
    output = Path(target)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text)


def bill(installed: Bill, locked: Bill) -> Bill:
    """Give what is installed with the hashes of what is locked, and the product that depends on it."""
    files = {component["purl"]: component["externalReferences"] for component in locked["components"]}
    components = [
        {**one, "externalReferences": one.get("externalReferences", []) + files[one["purl"]]}
        for one in installed["components"]
    ]
    needed = {ref for one in installed["dependencies"] for ref in one.get("dependsOn", [])}
    direct = [one["ref"] for one in installed["dependencies"] if one["ref"] not in needed]
    product = {"bom-ref": PRODUCT, "type": "application", "name": PRODUCT}
    return installed | {
        "metadata": {**installed["metadata"], "component": product},
        "components": components,
        "dependencies": [{"ref": PRODUCT, "dependsOn": direct}, *installed["dependencies"]],
    }


def installed() -> Bill:
    """Read a built package. All functions have the same one."""
    package = min(BUILD.glob("*Function"))
    return cyclonedx("environment", "-S", sys.executable, PYTHONPATH=str(package))


def locked() -> Bill:
    return cyclonedx("requirements", str(SHIPPED))


def cyclonedx(*arguments: str, **settings: str) -> Bill:
    # Isolated (-I), so that a PYTHONPATH is the subject's and not the tool's own. What comes of it is validated later.
    command = (sys.executable, "-I", "-m", "cyclonedx_py", *arguments)
    flags = ("--sv", "1.6", "--output-reproducible", "--no-validate")
    done = subprocess.run(command + flags, env={**os.environ, **settings}, stdout=subprocess.PIPE, check=True)
    read: Bill = json.loads(done.stdout)
    return read


if __name__ == "__main__":
    main(*sys.argv[1:])
