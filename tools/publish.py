"""Check the application for the AWS Serverless Application Repository, and show how to publish it (``make publish``).

It sends nothing to AWS.
"""

import json
import os
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT, expanded_template
from tools import serverless_repository as repository

BUCKET_POLICY = "build/serverlessrepo-bucket-policy.json"
PACKAGED = "build/serverlessrepo.yaml"
COMMANDS = """\
sam build
aws s3api put-bucket-policy --region {region} --bucket {bucket} --policy file://{policy}
sam package --region {region} --s3-bucket {bucket} --output-template-file {packaged}
sam publish --region {region} --template {packaged} --fail-on-same-version"""
# What each value looks like; without a value, its name stands in the commands.
VALUES = {
    "BUCKET": r"[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]",
    "ACCOUNT": r"\d{12}",
    "REGION": r"[a-z]{2}(-[a-z]+)+-\d",
    "ORGANIZATION": r"o-[0-9a-z]{10,32}",
}
GUIDE = """
Nothing was sent to AWS. To publish this version, run these commands. The bucket is in the models' Region, and for
nothing else, because the second command replaces its policy.

{commands}

The application is private at first. To share it with your organization:

aws serverlessrepo put-application-policy --region {region} --application-id {application} \\
  --statements Principals=*,PrincipalOrgIDs={organization},Actions=Deploy,UnshareApplication
"""


def bucket_policy(bucket: str, account: str) -> dict[str, Any]:
    """Return the policy that lets the repository read what sam package uploaded for applications of an account."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "serverlessrepo.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def size(functions: Path) -> int:
    """Return the bytes of all packages that sam build made."""
    return sum(_zipped(folder) for folder in functions.iterdir() if folder.is_dir())


def _zipped(folder: Path) -> int:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.tell()


def commands(bucket: str, region: str) -> str:
    """Return the commands that publish a version, a line each."""
    return COMMANDS.format(bucket=bucket, region=region, policy=BUCKET_POLICY, packaged=PACKAGED)


def value(name: str, given: str) -> str:
    """Return the value that the user gave, or its name; exit if it is not what AWS accepts."""
    if given and not re.fullmatch(VALUES[name], given, re.ASCII):
        sys.exit(
            f"{given!r} is no {name}: make publish BUCKET=amzn-s3-demo-bucket ACCOUNT=111111111111 REGION=us-east-1"
        )
    return given or name


def checked(template: dict[str, Any], built: Path) -> str:
    """Return what the repository would say of the application; exit if it would not take it."""
    found, packages = repository.problems(template, ROOT), size(built)
    if packages > repository.LARGEST_ARTIFACTS:
        found.append(f"The packages have {packages:,} bytes; {repository.LARGEST_ARTIFACTS:,} are allowed.")
    if found:
        sys.exit("\n".join(["The Serverless Application Repository would not take this:", *found]))
    application = template["Metadata"][repository.METADATA]
    missing = [name for name in repository.REQUIRED_IN_PUBLIC if name not in application]
    lines = [
        f"{application['Name']} {application['SemanticVersion']} fits the Serverless Application Repository, as AWS",
        "documents it.",
        f"Its packages have {packages:,} of at most {repository.LARGEST_ARTIFACTS:,} bytes.",
        f"Users acknowledge {' and '.join(repository.capabilities(expanded_template()))}.",
        *(f"{name} is missing. Only an application that you share with everybody needs it." for name in missing),
    ]
    return "\n".join(lines)


def main(built: str, bucket: str, account: str, region: str, organization: str) -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    print(checked(template, Path(built)))
    policy = ROOT / BUCKET_POLICY
    policy.parent.mkdir(exist_ok=True)
    policy.write_text(json.dumps(bucket_policy(bucket, account), indent=2) + "\n")
    name = template["Metadata"][repository.METADATA]["Name"]
    arn = f"arn:aws:serverlessrepo:{region}:{account}:applications/{name}"
    print(
        GUIDE.format(commands=commands(bucket, region), region=region, application=arn, organization=organization),
        end="",
    )


if __name__ == "__main__":
    main(".aws-sam/build", *(value(name, os.environ.get(name, "")) for name in VALUES))
