"""The commands of the sandbox, and the sentences about what they cannot do."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.usage import UsageError

LARGEST_PORT = 65_535

# Each command imports its module when it runs: moto takes seconds, and cannot be imported with an unknown AWS_PROFILE.


def run(arguments: Sequence[str]) -> None:
    """Run the command that the arguments name; exit with a sentence and status 2 if it cannot be run."""
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description="An offline AWS with the workflow deployed in it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    on_demo = commands.add_parser("demo", help="run an event and tell what happened")
    on_demo.add_argument("event", help="a name of make events, or the path of a JSON file")
    on_demo.add_argument("--world", default="", help="the path of a YAML file with the world of the event")
    on_demo.add_argument("--faults", default="", metavar="PLAN", help="what goes wrong; see plans.py")
    on_demo.add_argument("--verbose", action="store_true", help="print each state and all data")
    on_demo.set_defaults(run=_demo)
    commands.add_parser("events", help="list the events, with a line each").set_defaults(run=_events)
    on_serve = commands.add_parser("serve", help="serve a page, and answer the AWS CLI, on a local port")
    on_serve.add_argument("--port", default="5000")
    on_serve.add_argument("--profiles", type=Path, help="the folder for the AWS profiles, by default build/")
    on_serve.set_defaults(run=_serve)
    on_report = commands.add_parser("report", help="write a page about an execution of AWS, or of a served sandbox")
    on_report.add_argument("execution", help="the ARN")
    on_report.add_argument("--endpoint", default="", help="the address of a served sandbox")
    on_report.set_defaults(run=_report)
    on_invoke = commands.add_parser("invoke", help="run one function in a container, under sam local invoke")
    on_invoke.add_argument("function")
    on_invoke.add_argument("event", help="a name of make events")
    on_invoke.set_defaults(run=_invoke)
    return parser


def _demo(given: argparse.Namespace) -> None:
    from sandbox import demo
    from sandbox.own_stories import story_of

    demo.run(story_of(given.event, given.world), given.faults, verbose=given.verbose)


def _events(_: argparse.Namespace) -> None:
    from sandbox.stories import headline, stories

    for story in stories():
        print(f"{story:26} {headline(story)}")


def _serve(given: argparse.Namespace) -> None:
    from sandbox import profiles, serve

    if not (given.port.isdecimal() and int(given.port) <= LARGEST_PORT):
        raise UsageError(f"PORT must be a number from 0 to {LARGEST_PORT}; got {given.port!r}.")
    try:
        serve.run(int(given.port), given.profiles or profiles.FOLDER)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise UsageError(f"Port {given.port} cannot be used ({why}). Try: make serve PORT=0") from error


def _report(given: argparse.Namespace) -> None:
    from sandbox import report

    report.run(given.execution, given.endpoint)


def _invoke(given: argparse.Namespace) -> None:
    from sandbox import invoke
    from sandbox.known_faults import functions, meant
    from sandbox.stories import stories

    if given.event not in stories():
        raise UsageError(f"There is no event {given.event!r}. make events lists all.")
    if given.function not in functions():
        raise UsageError(f"There is no function {given.function!r}. {meant(given.function, 'functions', functions())}")
    invoke.run(given.function, given.event)
