"""``make serve``: serve the sandbox on a local port, for the AWS CLI and boto3."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from moto.server import ThreadedMotoServer

from sandbox.aws.fast_clock import FastClock
from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, REGION, SOURCE_ACCOUNT, STACK_ACCOUNT
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
    with sandbox(FastClock(SPEED)) as aws:
        aws.announces = True
        for story in stories():
            aws.seed(story)
        with served(port=port) as endpoint, suppress(KeyboardInterrupt):
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
def served(host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve at an address of this machine and yield the endpoint; port 0 means any free port.

    Raises OSError if the address cannot be used; moto would wait forever.
    """
    socket.create_server((host, port)).close()
    logging.getLogger("werkzeug").setLevel(
        logging.ERROR
    )  # werkzeug logs a line for each request, without the operation
    server = ThreadedMotoServer(host, port, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()
