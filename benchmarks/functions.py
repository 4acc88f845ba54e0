"""Cold start and warm invocations of each function, next to a bare handler that makes the same calls."""

import copy
import json
import os
import random
import re
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from moto.awslambda.models import LambdaFunction

from benchmarks.tables import table
from sandbox import built
from sandbox.aws.fast_clock import FastClock
from sandbox.aws.lambda_.emulator import PYTHON, Emulator, emulated
from sandbox.deployment import ROOT, function_names
from sandbox.serve import SPEED, served
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

BARE = Path(__file__).parent / "bare"
HIGHEST_RATIO = 1.10
COLD_HEADS = (
    "Function",
    "initialization, ms",
    "with first invocation, ms",
    "bare: initialization, ms",
    "bare: with first invocation, ms",
    "ratio",
)
WARM_HEADS = ("Function", "warm invocation, ms", "bare, ms", "difference, ms")
# With these events each function calls AWS, and changes nothing that affects the next invocation.
STORIES = {
    **dict.fromkeys(function_names(), "already_granted"),
    **dict.fromkeys(("CopyProjectVersionFunction", "DescribeProjectVersionFunction"), "already_copied"),
    "ReadApprovalFunction": "approved_in_sagemaker",
    "ValidatePromotionFunction": "promote_to_three",
    "CountFailuresFunction": "row_after_failures",
    "RecordCopyFunction": "row_of_failed_copy",
    "SummarizePromotionFunction": "rows_of_promotion",
    "AnnounceOutcomeFunction": "execution_succeeded",
    "AnnouncePromotionFunction": "execution_partly_promoted",
    "AuditGrantsFunction": "audit_grants",
}
# The executions that the last two announce.
ANNOUNCED = "already_copied"
REFUSED = "promote_to_duplicates"
# An imported module belongs to one of these by its first name, or to Python's own library.
PARTS = {
    "boto3 and botocore": ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"),
    "Powertools": ("aws_lambda_powertools", "typing_extensions"),
    "the function": ("model_copy", "bare", *(path.stem for path in ROOT.glob("functions/*.py"))),
}


class Peers:
    """A function and its bare peer, both under Lambda's runtime."""

    def __init__(self, function: LambdaFunction, endpoint: str, event: dict[str, Any], bare: Path) -> None:
        self._function, self._endpoint, self._payload = function, endpoint, json.dumps(event)
        self._bare_folder, self._bare = bare, copy.copy(function)
        self._bare.handler = f"bare.{str(function.handler).partition('.')[0]}"

    @contextmanager
    def running(self, *, bare: bool) -> Iterator[Emulator]:
        """Start the function or its peer."""
        function, code = (self._bare, self._bare_folder) if bare else (self._function, None)
        with emulated(function, self._endpoint, code) as environment:
            yield environment

    def milliseconds(self, environment: Emulator) -> float:
        """Invoke the function and return how long it took."""
        begun = time.perf_counter()
        answer, failed = environment.invoke(self._payload)
        assert not failed, answer
        return (time.perf_counter() - begun) * 1_000

    def cold(self, *, bare: bool) -> tuple[float, float]:
        """Return the time of a first invocation with its initialization, and of the initialization alone."""
        with self.running(bare=bare) as environment:
            return self.milliseconds(environment), environment.init_milliseconds

    def warm(self, invocations: int) -> list[float]:
        """Return the median time of a warm invocation, of the function and of its bare peer."""
        with self.running(bare=False) as ours, self.running(bare=True) as bare:
            for one in (ours, bare):
                self.milliseconds(one)
            return _medians((self.milliseconds(ours), self.milliseconds(bare)) for _ in range(invocations))


def cold_and_warm(cold_starts: int, invocations: int) -> tuple[str, str, list[str]]:
    """Measure the function and its peer in turns; return two tables, and a sentence for each exceeded limit."""
    cold, warm, missed = [], [], []
    with sandbox(FastClock(SPEED)) as aws, served() as endpoint, _compiled_bare() as bare_folder:
        for name, event in _events(aws).items():
            peers = Peers(aws.deployment.function(name), endpoint, event, bare_folder)
            pairs = [(peers.cold(bare=False), peers.cold(bare=True)) for _ in range(cold_starts)]
            ours, our_init = _medians(one for one, _ in pairs)
            bare, bare_init = _medians(one for _, one in pairs)
            cold.append((name, our_init, ours, bare_init, bare, ours / bare))
            if ours / bare > HIGHEST_RATIO:
                missed.append(f"{name} starts {ours / bare:.2f} times as slowly as the bare handler.")
            our_warm, bare_warm = peers.warm(invocations)
            warm.append((name, our_warm, bare_warm, our_warm - bare_warm))
    return table(COLD_HEADS, cold), table(WARM_HEADS, warm), missed


def _events(aws: Sandbox) -> dict[str, dict[str, Any]]:
    """Return an event for each function, and create the resources that the events name."""
    for story in set(STORIES.values()):
        aws.seed(story)
    events = {name: read_event(story) for name, story in STORIES.items()}
    copied = aws.start(read_event(ANNOUNCED))
    refused = aws.start(read_event(REFUSED), machine=aws.deployment.promotion_machine_arn)
    while "RUNNING" in (copied.status, refused.status):
        time.sleep(0.1)
    events["AnnounceOutcomeFunction"]["detail"]["executionArn"] = copied.exec_arn
    events["AnnouncePromotionFunction"]["detail"]["executionArn"] = refused.exec_arn
    return events


@contextmanager
def _compiled_bare() -> Iterator[Path]:
    """Compile the bare handler, as the functions are compiled in their packages."""
    with TemporaryDirectory() as folder:
        shutil.copy(BARE / "bare.py", folder)
        command = (PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder)
        subprocess.run(command, check=True)
        yield Path(folder)


def _medians(pairs: Iterable[tuple[float, float]]) -> list[float]:
    return [median(each) for each in zip(*pairs, strict=True)]


def imports(runs: int) -> str:
    """Return a table of the import times of each function, by the package that is imported."""
    folders = {name: (folder, _module(name)) for name, folder in built.functions().items()}
    parts = [*PARTS, "Python's own library"]
    with _compiled_bare() as bare:
        folders["the bare handler"] = (bare, "bare")
        rounds = []
        for _ in range(runs):
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
    """Import a module in a new process, and return the milliseconds of each part."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    command = (PYTHON, "-X", "importtime", "-c", f"import awslambdaric.bootstrap, {module}")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    lines = done.stderr.partition("awslambdaric.bootstrap\n")[2]
    costs: dict[str, float] = defaultdict(float)
    for microseconds, imported in re.findall(r"import time: +(\d+) \| +\d+ \| +(\w+)", lines):
        part = next((part for part, names in PARTS.items() if imported in names), "Python's own library")
        costs[part] += int(microseconds) / 1_000
    return costs
