"""AWS Lambda's own runtime. It runs the functions that ``sam build`` built, under the runtime interface client and
emulator.

The client is in .venv-runtime, with the runtime's version of boto3. The emulator is the one that the SAM CLI ships.
"""

import json
import os
import platform
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from moto.awslambda.models import LambdaFunction

from sandbox import built
from sandbox.aws.lambda_.environments import variables
from sandbox.deployment import ROOT, logical_id

PYTHON = ROOT / ".venv-runtime" / "bin" / "python3.13"
EMULATORS = ROOT / ".venv-sam" / "lib" / "python3.13" / "site-packages" / "samcli" / "local" / "rapid"
EMULATOR = EMULATORS / f"aws-lambda-rie-{'arm64' if platform.machine() == 'aarch64' else 'x86_64'}"
INVOCATIONS = "2015-03-31/functions/function/invocations"


def missing() -> str | None:
    """Return a sentence that says what this machine lacks and how to install it; None if it lacks nothing."""
    if platform.system() != "Linux":
        return "Lambda's runtime interface emulator runs on Linux only. Run this there, in a container for example."
    for part in (PYTHON, EMULATOR):
        if not part.exists():
            return f"{part.relative_to(ROOT)} is missing. Install Python 3.13, then: make clean test"
    if not built.BUILD.is_dir():
        return "Nothing is built. Run: make build"
    return None


class Emulator:
    """One execution environment of a function; it accepts one invocation at a time."""

    def __init__(self, address: str, log: IO[bytes]) -> None:
        self._url = f"http://{address}/{INVOCATIONS}"
        self._log = log

    def invoke(self, payload: str) -> tuple[str, bool]:
        """Invoke the function. Return the result as JSON, and whether it is an error."""
        request = urllib.request.Request(self._url, payload.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=900) as response:
            answer = response.read().decode()
        if answer.startswith("Task timed out"):  # Lambda itself answers with JSON
            return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": answer}), True
        read = json.loads(answer)
        return answer, isinstance(read, dict) and "errorType" in read

    @property
    def log(self) -> str:
        """Return the output of the function and the emulator."""
        self._log.seek(0)
        return self._log.read().decode()

    @property
    def init_milliseconds(self) -> float:
        """Return how long the initialization took, as the emulator measured it."""
        return float(re.findall(r"INIT REPORT\(durationMs: ([\d.]+)\)", self.log)[-1])


@contextmanager
def emulated(function: LambdaFunction, endpoint: str, code: Path | None = None, **extra: str) -> Iterator[Emulator]:
    """Run a function of the stack with the settings of the template and with AWS at the endpoint.

    The code is the build of ``sam build`` or the folder ``code``. ``extra`` adds environment variables.
    """
    address, runtime_api = _free_addresses(2)
    addresses = ("--runtime-interface-emulator-address", address, "--runtime-api-address", runtime_api)
    with TemporaryFile("a+b") as log:
        process = subprocess.Popen(
            (EMULATOR, *addresses, "--log-level", "info", PYTHON, "-m", "awslambdaric", str(function.handler)),
            cwd=code or built.functions()[logical_id(function.function_name)],
            env=_environment(function, endpoint) | extra,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(address, process)
            yield Emulator(address, log)
        finally:
            process.terminate()  # the emulator ends the runtime, which is in another process group
            process.wait()


def _environment(function: LambdaFunction, endpoint: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",  # on Lambda the folder of the code is read-only
        **variables(function),
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
    }


def _free_addresses(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as trial:
            if trial.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"The emulator does not listen at {address}")
