"""Write a release: everything that a deployment needs, without a build. The same commit gives the same bytes."""

import hashlib
import io
import json
import re
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import yaml

from sandbox.built import BUILD
from sandbox.deployment import ROOT, expanded_template, inlined_template

SAR = "AWS::ServerlessRepo::Application"
BUCKET = {
    "Type": "String",
    "Description": "Bucket in the stack's Region that has the release's files.",
    "AllowedPattern": "[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]",
}
PREFIX = {
    "Type": "String",
    "Description": "Key prefix of the release's files in this bucket, without a slash at its end.",
    "Default": "rekognition-model-copy",
    "AllowedPattern": "[\\w!.*'()/-]{0,255}[\\w!.*'()-]",
}
# The parameters that only the released template has.
PARAMETERS = {"ReleaseBucket": BUCKET, "ReleasePrefix": PREFIX}
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can have
FILE = 0o100644 << 16
COPIED = ("LICENSE", "accounts/source.yaml", "accounts/destination.yaml", "docs/deployer-policy.json")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def main(target: str) -> None:
    """Write the release into the folder, which is emptied first."""
    folder = Path(target)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("accounts", "docs"):
        (folder / name).mkdir(parents=True)
    package = packed(BUILD / "ValidateRequestFunction")  # every function has the same package
    name = package_name(package)
    (folder / name).write_bytes(package)
    (folder / "template.yaml").write_text(as_yaml(released_template(name)))
    (folder / "VERSION").write_text(f"{version()}\n")
    (folder / "CHANGELOG.md").write_text(changes())
    shutil.copy(ROOT / "build" / "sbom.cdx.json", folder)
    for path in COPIED:
        shutil.copy(ROOT / path, folder / path)
    (folder / "SHA256SUMS").write_text(checksums(folder))
    print(f"{target} has release {version()}.")


def version() -> str:
    """Return the version of the project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def packed(folder: Path) -> bytes:
    """Return the folder as a zip that depends only on the names and the contents of its files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), OLDEST)
            entry.external_attr = FILE
            package.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def package_name(package: bytes) -> str:
    """Return the key of a package; its hash makes CloudFormation update the functions."""
    return f"functions-{version()}-{sha256(package)[:16]}.zip"


def released_template(package: str) -> dict[str, Any]:
    """Return template.yaml as plain CloudFormation, with the definitions inline and the code in the user's bucket."""
    definitions = {name: one["Properties"].get("Definition") for name, one in inlined_template()["Resources"].items()}
    template = expanded_template()
    template["Metadata"].pop(SAR, None)
    template["Parameters"] |= PARAMETERS
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    groups.insert(0, {"Label": {"default": "Release"}, "Parameters": [*PARAMETERS]})
    code = {"S3Bucket": {"Ref": "ReleaseBucket"}, "S3Key": {"Fn::Sub": f"${{ReleasePrefix}}/{package}"}}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = code
            del resource["Metadata"]  # how SAM builds it
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            resource["Properties"]["DefinitionString"] = json.dumps(definitions[name], indent=2)
    return template


def as_yaml(template: dict[str, Any]) -> str:
    """Return the template as YAML, without aliases, and with each definition as a block of lines."""

    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=120)


def changes() -> str:
    """Return the version's section of the changelog."""
    sections = re.split(r"^(?=## )", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    return next(one for one in sections if one.startswith(f"## [{version()}]")).rstrip() + "\n"


def checksums(folder: Path) -> str:
    """Return a line for each file in the folder, in the form that sha256sum checks."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256(path.read_bytes())}  {path.relative_to(folder).as_posix()}\n" for path in paths)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
