"""The profiles with which the AWS CLI and the AWS SDKs use the served sandbox: two files in build/."""

import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from sandbox.deployment import DESTINATION_ACCOUNT, REGION, ROOT, SOURCE_ACCOUNT, STACK_ACCOUNT, client

FOLDER = ROOT / "build"
USER = "administrator"
ACCOUNTS = {
    "default": STACK_ACCOUNT,  # so that no command without a profile reaches AWS
    "stack": STACK_ACCOUNT,
    "source": SOURCE_ACCOUNT,
    "destination": DESTINATION_ACCOUNT,
    "custom-labels-access": SOURCE_ACCOUNT,  # the scripts in the guide to Custom Labels use this name
}


def write(endpoint: str, folder: Path) -> str:
    """Write the profiles, and return the line that makes a shell use them.

    Each profile has the key of a user and assumes no role: the AWS CLI would keep the session of a role in the user's
    home, and use it with the next sandbox, which does not know it.
    """
    keys = {account: _key_of_administrator(account) for account in sorted(set(ACCOUNTS.values()))}
    config, credentials = ConfigParser(interpolation=None), ConfigParser(interpolation=None)
    for profile, account in ACCOUNTS.items():
        section = profile if profile == "default" else f"profile {profile}"
        config[section] = {"region": REGION, "endpoint_url": endpoint}
        credentials[profile] = keys[account]
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        name: folder.absolute() / file
        for name, file in (("AWS_CONFIG_FILE", "aws-config"), ("AWS_SHARED_CREDENTIALS_FILE", "aws-credentials"))
    }
    for path, content in zip(files.values(), (config, credentials), strict=True):
        with path.open("w") as file:
            content.write(file)
    return "export " + " ".join(f"{name}={shlex.quote(str(path))}" for name, path in files.items())


def _key_of_administrator(account: str) -> dict[str, str]:
    iam: Any = client("iam", account)
    iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
