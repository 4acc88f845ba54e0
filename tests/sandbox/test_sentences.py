"""A command that cannot be run answers with a sentence and status 2, never with a traceback."""

import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.commands import run
from sandbox.deployment import ROOT

MADE_FROM = ("Makefile", "template.yaml", "requirements", "tools", "functions", "samconfig.toml", "package-lock.json")
DEMO = ("demo", "already_copied", "--faults")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the lines of a command that is refused."""
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ("CopyProjectVersio: slow", "There is no place 'CopyProjectVersio'. Did you mean CopyProjectVersion?"),
        ("CopyModelFunction: crashed", "There is no place 'CopyModelFunction'. Did you mean PlanCopyFunction?"),
        ("CopyModelFunction.PutEvents: slow", "There is no place 'CopyModelFunction.PutEvents'. The places are"),
        ("PutObjectFunction.PutEvents: slow", "There is no place 'PutObjectFunction.PutEvents'. "),
        ("PlanCopyFunction.Nowhere: crashed", "There is no place 'PlanCopyFunction.Nowhere'. "),
        ("Publish: entry_failed", "There is no fault 'entry_failed' at Publish. "),
        ("copy_seconds = True", "The setting copy_seconds must be like 3600; got True."),
        ("PutEvents: TrottlingException", "There is no fault 'TrottlingException' at PutEvents. Did you mean Thro"),
        ("PutEvents: zzz", "There is no fault 'zzz' at PutEvents. The faults are http_500, http_502,"),
        ("PutEvents", "PutEvents has no faults. Write PutEvents: http_500."),
        ("PutEvents: slow x0", "After slow at PutEvents only x2, x3 and so on, or always can follow; got 'x0'."),
        ("PutEvents: slow twice", "After slow at PutEvents only x2, x3 and so on, or always can follow; got 'twice'."),
        ("copy_second = 1", "There is no setting 'copy_second'. Did you mean copy_seconds?"),
        ("copies_quota = many", "The setting copies_quota must be like 5; got many."),
        ("copies_quota = 'five'", "The setting copies_quota must be like 5; got 'five'."),
        ("accepts_sid = 1", "The setting accepts_sid must be like True; got 1."),
    ],
)
def test_a_malformed_plan_of_faults(capsys: pytest.CaptureFixture[str], plan: str, sentence: str) -> None:
    (line,) = refused(capsys, *DEMO, plan)
    assert line.startswith(sentence)


def test_all_errors_of_a_plan_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(refused(capsys, *DEMO, "PutEvents: slow; Nowhere: slow; PutObject: zzz; copies_quota = x")) == 3


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_out_of_range(capsys: pytest.CaptureFixture[str], port: str) -> None:
    (line,) = refused(capsys, "serve", f"--port={port}")
    assert line == f"PORT must be a number from 0 to 65535; got {port!r}."


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (line,) = refused(capsys, "serve", "--port", str(port))
    assert line == f"Port {port} cannot be used (Address already in use). Try: make serve PORT=0"


def test_an_unknown_function(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = refused(capsys, "invoke", "CopyFunction", "already_copied")
    assert line.startswith("There is no function 'CopyFunction'. ")


@pytest.mark.parametrize("command", ["demo", "invoke"])
def test_an_unknown_event(capsys: pytest.CaptureFixture[str], command: str) -> None:
    function = ("ValidateRequestFunction",) if command == "invoke" else ()
    (line,) = refused(capsys, command, *function, "already_copie")
    assert line.startswith("There is no event 'already_copie'. ")


def test_a_reader_that_has_seen_enough() -> None:
    # A pipe has room for all lines, so that only a reader that has ended is noticed.
    piped = f"{sys.executable} -m sandbox events | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", piped], cwd=ROOT, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("0\n", "")


def test_ctrl_c_while_a_command_begins() -> None:
    command = (sys.executable, "-m", "sandbox", "demo", "already_copied")
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A shell lets the commands that it starts in the background ignore Ctrl-C.
    undo = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=undo, **pipes) as started:
        time.sleep(0.5)
        started.send_signal(signal.SIGINT)
        printed = started.communicate()

    assert (started.returncode, printed) == (130, ("", ""))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("demo", "PYTHON=/bin/false"), "/bin/false is not Python 3.11 or later that can make environments"),
        (("invoke", "FUNCTION=CopyFunction"), "There is no function CopyFunction"),
    ],
)
def test_make_says_so_before_it_sets_anything_up(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    for name in MADE_FROM:
        (tmp_path / name).symlink_to(ROOT / name)

    done = subprocess.run(["make", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert not list(tmp_path.glob(".venv*"))


def test_a_machine_that_can_have_no_docker(tmp_path: Path) -> None:
    (tmp_path / "uname").write_text("#!/bin/sh\necho Darwin arm64\n")
    (tmp_path / "uname").chmod(0o755)
    nowhere = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DOCKER_HOST": f"unix://{tmp_path}/nowhere"}

    done = subprocess.run(
        ["tools/with_docker.sh", "--check"], cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "*** Install and start Docker, or set DOCKER_HOST to an engine that runs." in done.stderr.splitlines()
