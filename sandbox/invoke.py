"""``make invoke``: run a function in a container with ``sam local invoke``, and with the sandbox as its AWS."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

from moto.awslambda.models import LambdaFunction

from sandbox import built
from sandbox.aws.fast_clock import FastClock
from sandbox.aws.lambda_.environments import variables
from sandbox.deployment import ROOT, logical_id
from sandbox.serve import SPEED, served
from sandbox.stories import EVENTS
from sandbox.world import Sandbox, sandbox

SAM = ROOT / ".venv-sam" / "bin" / "sam"
TEMPLATE, ENVIRONMENT = built.BUILD / "template.sandbox.json", built.BUILD / "environment.sandbox.json"


def run(function: str, story: str) -> None:
    """Invoke a function with the event of a story, in the world of that story."""
    with sandbox_for_containers() as (aws, endpoint):
        aws.seed(story)
        invoke(aws.deployment.function(function), story, endpoint)


@contextmanager
def sandbox_for_containers() -> Iterator[tuple[Sandbox, str]]:
    """Serve a sandbox at an address that containers can reach."""
    # On Linux that is this machine's address on Docker's bridge; Docker Desktop forwards to 127.0.0.1.
    host = _own_end_of_the_bridge() if platform.system() == "Linux" else "127.0.0.1"
    with sandbox(FastClock(SPEED)) as aws, served(host, hosts=(host, "host.docker.internal")) as endpoint:
        yield aws, endpoint


def _own_end_of_the_bridge() -> str:
    """Return the first address of Docker's bridge network, which belongs to this machine."""
    command = ("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    subnet = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return str(next(ip_network(subnet).hosts()))


def invoke(function: LambdaFunction, story: str, endpoint: str, **popen: Any) -> "subprocess.CompletedProcess[str]":
    """Run ``sam local invoke`` on the build, with the function's variables and AWS at the endpoint.

    SAM sets only variables that the template has, so this passes a copy of the template with AWS_ENDPOINT_URL added.
    """
    function_id, given = logical_id(function.function_name), variables(function)
    settings = {name: given[name] for name in function.environment_vars}
    settings["AWS_ENDPOINT_URL"] = endpoint.replace("127.0.0.1", "host.docker.internal")
    template = built.template()
    template["Globals"]["Function"]["Environment"]["Variables"] = dict.fromkeys(settings, "")
    TEMPLATE.write_text(json.dumps(template))
    ENVIRONMENT.write_text(json.dumps({function_id: settings}, indent=2))
    command = (SAM, "local", "invoke", function_id, "--template", TEMPLATE, "--event", EVENTS / f"{story}.json")
    options = ("--env-vars", ENVIRONMENT, "--skip-pull-image")
    # SAM passes its own credentials and Region to the function. SAM also calls GetCallerIdentity.
    environment = {name: value for name, value in given.items() if name.startswith("AWS_")}
    environment["AWS_ENDPOINT_URL"] = endpoint
    return subprocess.run((*command, *options), env={**os.environ, **environment}, text=True, check=True, **popen)
