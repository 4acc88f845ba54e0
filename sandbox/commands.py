"""The commands of the sandbox, and the sentences about what they cannot do."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox import demo, invoke, profiles, serve
from sandbox.known_faults import PlanError, functions, meant
from sandbox.own_stories import story_of
from sandbox.stories import StoryError, headline, stories

LARGEST_PORT = 65_535


class UsageError(ValueError):
    """A command cannot be run like this; the message says why and what to do."""


def run(arguments: Sequence[str]) -> None:
    """Run the command that the arguments name; exit with a sentence and status 2 if it cannot be run."""
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (UsageError, PlanError, StoryError) as error:
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
    on_serve.add_argument("--profiles", type=Path, default=profiles.FOLDER, help="the folder for the AWS profiles")
    on_serve.set_defaults(run=_serve)
    on_invoke = commands.add_parser("invoke", help="run one function in a container, under sam local invoke")
    on_invoke.add_argument("function")
    on_invoke.add_argument("event", help="a name of make events")
    on_invoke.set_defaults(run=_invoke)
    return parser


def _demo(given: argparse.Namespace) -> None:
    demo.run(story_of(given.event, given.world), given.faults, verbose=given.verbose)


def _events(_: argparse.Namespace) -> None:
    for story in stories():
        print(f"{story:26} {headline(story)}")


def _serve(given: argparse.Namespace) -> None:
    if not (given.port.isdecimal() and int(given.port) <= LARGEST_PORT):
        raise UsageError(f"PORT must be a number from 0 to {LARGEST_PORT}; got {given.port!r}.")
    try:
        serve.run(int(given.port), given.profiles)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise UsageError(f"Port {given.port} cannot be used ({why}). Try: make serve PORT=0") from error


def _invoke(given: argparse.Namespace) -> None:
    if given.event not in stories():
        raise UsageError(f"There is no event {given.event!r}. make events lists all.")
    if given.function not in functions():
        raise UsageError(f"There is no function {given.function!r}. {meant(given.function, 'functions', functions())}")
    invoke.run(given.function, given.event)
