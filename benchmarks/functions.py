"""Cold start and warm duration of each function, beside a bare handler that makes the same calls."""

import copy
import json
import os
import random
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from moto.awslambda.models import LambdaFunction

from benchmarks.tables import table
from sandbox import built
from sandbox.aws.clock import FastClock
from sandbox.aws.lambda_.emulator import PYTHON, Emulator, emulated
from sandbox.deployment import function_names
from sandbox.serve import SPEED, served
from sandbox.stories import read_event
from sandbox.world import sandbox

BARE = Path(__file__).parent / "bare"
COLD_STARTS, WARM_INVOCATIONS, IMPORTS = 21, 300, 9
HIGHEST_RATIO = 1.10
# Events on which a function calls AWS and changes nothing, so that it can be called again.
EVENTS = {
    **dict.fromkeys(function_names(), "already_granted"),
    **dict.fromkeys(("CopyProjectVersionFunction", "DescribeProjectVersionFunction"), "already_copied"),
    "ReadApprovalFunction": "approved_in_sagemaker",
}
# What an imported module belongs to, by its first name; all else is Python's own library.
PARTS = {
    "boto3 and botocore": ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"),
    "Powertools": ("aws_lambda_powertools", "typing_extensions"),
    "the function": ("model_copy", "bare", *(path.stem for path in BARE.parent.parent.glob("functions/*.py"))),
}


class Peers:
    """A function and its bare peer, both under Lambda's runtime."""

    def __init__(self, function: LambdaFunction, endpoint: str, event: str) -> None:
        self._function, self._endpoint, self._payload = function, endpoint, json.dumps(read_event(event))
        self._bare = copy.copy(function)
        self._bare.handler = f"bare.{str(function.handler).partition('.')[0]}"

    @contextmanager
    def running(self, *, bare: bool) -> Iterator[Emulator]:
        """Start one of the two."""
        function, code = (self._bare, BARE) if bare else (self._function, None)
        with emulated(function, self._endpoint, code) as environment:
            yield environment

    def milliseconds(self, environment: Emulator) -> float:
        """Invoke it, and measure."""
        begun = time.perf_counter()
        answer, failed = environment.invoke(self._payload)
        assert not failed, answer
        return (time.perf_counter() - begun) * 1_000

    def cold(self, *, bare: bool) -> tuple[float, float]:
        """Measure initialisation, and with it the first invocation."""
        with self.running(bare=bare) as environment:
            return self.milliseconds(environment), environment.init_milliseconds


def cold_and_warm() -> tuple[str, str, list[str]]:
    """Measure both in turns; give the tables, and what missed its mark."""
    cold, warm, missed = [], [], []
    with sandbox(FastClock(SPEED)) as aws, served() as endpoint:
        for event in set(EVENTS.values()):
            aws.seed(event)
        for name, event in EVENTS.items():
            peers = Peers(aws.deployment.function(name), endpoint, event)
            pairs = [(peers.cold(bare=False), peers.cold(bare=True)) for _ in range(COLD_STARTS)]
            ours, our_init = _medians(one for one, _ in pairs)
            bare, bare_init = _medians(one for _, one in pairs)
            cold.append((name, our_init, ours, bare_init, bare, ours / bare))
            if ours / bare > HIGHEST_RATIO:
                missed.append(f"{name} starts {ours / bare:.2f} times as slowly as the bare handler")
            warm.append((name, *_warm(peers)))
    heads = (
        "Function",
        "initialisation, ms",
        "with first invocation, ms",
        "bare: initialisation",
        "bare: both",
        "ratio",
    )
    return (
        table(heads, cold),
        table(("Function", "warm invocation, ms", "bare, ms", "difference, ms"), warm),
        missed,
    )


def _warm(peers: Peers) -> tuple[float, float, float]:
    with peers.running(bare=False) as ours, peers.running(bare=True) as bare:
        for one in (ours, bare):
            peers.milliseconds(one)
        pairs = [(peers.milliseconds(ours), peers.milliseconds(bare)) for _ in range(WARM_INVOCATIONS)]
    our, its = _medians(pairs)
    return our, its, our - its


def _medians(pairs: Iterable[tuple[float, float]]) -> list[float]:
    return [median(each) for each in zip(*pairs, strict=True)]


def imports() -> str:
    """Tell what the imports of each function cost, by what they belong to."""
    folders = {name: (folder, _module(name)) for name, folder in built.functions().items()}
    folders["the bare handler"] = (BARE, "bare")
    parts = [*PARTS, "Python's own library"]
    rounds = []
    for _ in range(IMPORTS):
        order = random.sample(list(folders), len(folders))
        rounds.append({name: _import(*folders[name]) for name in order})
    rows = []
    for name in folders:
        costs = [median(one[name][part] for one in rounds) for part in parts]
        rows.append((name, *costs, sum(costs)))
    return table(("Imports of", *(f"{part}, ms" for part in parts), "all, ms"), rows)


def _module(function: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", function.removesuffix("Function")).lower()


def _import(folder: Path, module: str) -> dict[str, float]:
    """Import a module in a process of its own; give the milliseconds by what was imported."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    command = (PYTHON, "-X", "importtime", "-c", f"import awslambdaric.bootstrap, {module}")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    lines = done.stderr.partition("awslambdaric.bootstrap\n")[2]
    costs: dict[str, float] = defaultdict(float)
    for microseconds, imported in re.findall(r"import time: +(\d+) \| +\d+ \| +(\w+)", lines):
        part = next((part for part, names in PARTS.items() if imported in names), "Python's own library")
        costs[part] += int(microseconds) / 1_000
    return costs
