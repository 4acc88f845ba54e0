"""``make serve``: serve the sandbox on a local port, for the AWS CLI and boto3."""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox import log, profiles
from sandbox.aws.fast_clock import FastClock
from sandbox.aws.server_errors import Errors
from sandbox.page.guard import Application, Guard
from sandbox.page.server import Page
from sandbox.stories import stories
from sandbox.world import sandbox

SPEED = 60
HOST = "127.0.0.1"

GUIDE = """\
The sandbox answers at {endpoint}. One second here is a minute there, so a copy takes a minute.
It has the worlds of all stories; the names of their projects are those of the files in events/. Its accounts are
profiles of the AWS CLI and the AWS SDKs, once this line is in your shell:

{profiles}

The stack is in the account of the profile stack, and the projects are in source and destination. A copy, a promotion:

aws stepfunctions start-execution --profile stack --input file://events/copy_between_accounts.json \\
  --state-machine-arn {copies}
aws stepfunctions start-execution --profile stack --input file://events/promote_to_three.json \\
  --state-machine-arn {promotes}

Each ending and each mail is a line here. Ctrl-C ends the sandbox.
"""


def run(port: int, folder: Path = profiles.FOLDER) -> None:
    """Serve until interrupted; the profiles are written into the folder.

    Raises OSError, before the sandbox is deployed, if the port cannot be used.
    """
    socket.create_server((HOST, port)).close()
    with closing(FastClock(SPEED)) as clock, sandbox(clock) as aws, log.install(clock, write):
        aws.announces = aws.records.recording = True
        for story in stories():
            aws.seed(story)
        with served(port=port, wrap=partial(Page, aws, clock)) as endpoint, suppress(KeyboardInterrupt):
            copies, promotes = aws.deployment.state_machine_arn, aws.deployment.promotion_machine_arn
            use = profiles.write(endpoint, folder)
            write(f"Open the page at {endpoint} in a browser.")
            write(GUIDE.format(endpoint=endpoint, profiles=use, copies=copies, promotes=promotes))
            threading.Event().wait()


def write(line: str) -> None:
    """Print a line at once and in one piece, from any thread."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def served(
    host: str = HOST,
    port: int = 0,
    hosts: Iterable[str] = (),
    wrap: Callable[[Application], Application] = lambda operations: operations,
) -> Iterator[str]:
    """Serve at an address of this machine and yield the endpoint; port 0 means any free port.

    ``hosts`` are the names that clients may use for this machine, besides its usual ones. ``wrap`` adds to what the
    operations of AWS answer.

    Raises OSError if the address cannot be used.
    """
    # werkzeug logs a line for each request, without the operation
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Guard(wrap(Errors(DomainDispatcherApplication(create_backend_app))), hosts)
    with socket.create_server((host, port)) as listening:
        server = make_server(
            host, port, application, threaded=True, request_handler=MotoRequestHandler, fd=listening.fileno()
        )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.port}"
    finally:
        server.shutdown()
        thread.join()
