"""``make serve``: serve the sandbox on a local port, for the AWS CLI and boto3."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox.aws.fast_clock import FastClock
from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, REGION, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.page.guard import Application, Guard
from sandbox.page.server import Page
from sandbox.stories import stories
from sandbox.world import sandbox

SPEED = 60

GUIDE = """\
The sandbox answers at {endpoint}. One second here is a minute there, so a copy takes a minute.
The worlds of all stories are in it: project names are those of events/. The workflow is deployed in account {stack}:

  {machine}

Any credentials act in account {stack}; assume {administrator} to act in {source} or {destination}:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  aws stepfunctions start-execution --state-machine-arn {machine} \\
    --input file://events/copy_between_accounts.json
  aws sts assume-role --role-arn arn:aws:iam::{source}:role/{administrator} --role-session-name me

Ctrl-C ends it."""


def run(port: int) -> None:
    """Serve until interrupted."""
    clock = FastClock(SPEED)
    with sandbox(clock) as aws:
        aws.announces = aws.records.recording = True
        for story in stories():
            aws.seed(story)
        with served(port=port, wrap=partial(Page, aws, clock)) as endpoint, suppress(KeyboardInterrupt):
            print(f"Open the page at {endpoint} in a browser.")
            print(
                GUIDE.format(
                    endpoint=endpoint,
                    region=REGION,
                    stack=STACK_ACCOUNT,
                    source=SOURCE_ACCOUNT,
                    destination=DESTINATION_ACCOUNT,
                    administrator=ADMINISTRATOR,
                    machine=aws.deployment.state_machine_arn,
                ),
                flush=True,
            )
            threading.Event().wait()


@contextmanager
def served(
    host: str = "127.0.0.1",
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
    application = Guard(wrap(DomainDispatcherApplication(create_backend_app)), hosts)
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
