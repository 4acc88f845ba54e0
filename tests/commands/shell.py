"""A served sandbox in a process of its own, and a shell with the AWS CLI that uses it."""

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.deployment import ROOT

CLI = ROOT / ".venv-cli" / "bin"
LAST_LINE = "Each ending and each mail"
FOLDERS = ("accounts", "dist", "docs", "events")
# Version 1 of the AWS CLI sends the requests of SQS to AWS, whatever endpoint a profile names. Version 2 does not.
ALIASES = "[toplevel]\nsqs = sqs --endpoint-url {}\n"


@dataclass(frozen=True)
class Shell:
    """A folder with the files of the project that commands name, and the environment of the shell there."""

    folder: Path
    environment: dict[str, str]
    printed: list[str]  # the lines that the sandbox has printed so far

    def run(self, script: str) -> str:
        """Run a script and return its output and its errors; raise AssertionError if a command of it fails."""
        done = subprocess.run(
            ("bash", "-euo", "pipefail", "-c", script),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextmanager
def served(folder: Path) -> Iterator[Shell]:
    """Serve the sandbox as make serve does, and yield a shell that uses the profiles that it wrote."""
    for name in FOLDERS:
        (folder / name).symlink_to(ROOT / name)
    command = (sys.executable, "-m", "sandbox", "serve", "--port", "0", "--profiles", str(folder / "build"))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        output = server.stdout
        assert output
        printed: list[str] = []
        while not (printed and printed[-1].startswith(LAST_LINE)):
            printed.append(output.readline())
            assert printed[-1], "The sandbox has ended."
        threading.Thread(target=lambda: printed.extend(iter(output.readline, "")), daemon=True).start()
        aliases = folder / ".aws" / "cli" / "alias"
        aliases.parent.mkdir(parents=True)
        aliases.write_text(ALIASES.format(printed[0].split()[4].rstrip(".")))
        exported = next(line for line in printed if line.startswith("export "))
        settings = dict(one.split("=", 1) for one in shlex.split(exported)[1:])
        path = f"{CLI}:{os.environ['PATH']}"
        try:
            yield Shell(folder, {"PATH": path, "HOME": str(folder), "AWS_PAGER": "", **settings}, printed)
        finally:
            server.terminate()
