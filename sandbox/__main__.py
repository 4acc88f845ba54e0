"""The command line of the sandbox: ``python -m sandbox demo STORY``, ``serve`` and ``invoke FUNCTION STORY``."""

import argparse
from pathlib import Path

from sandbox import demo, invoke, profiles, serve
from sandbox.deployment import function_names
from sandbox.known_faults import PlanError
from sandbox.stories import headline, stories


def main() -> None:
    """Run the command that the command line names."""
    parser = argparse.ArgumentParser(prog="sandbox", description="An offline AWS with the workflow deployed in it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    on_demo = commands.add_parser("demo", help="run a story and show each state")
    on_demo.add_argument("story", choices=stories(), metavar="STORY", help=", ".join(stories()))
    on_demo.add_argument("--faults", default="", metavar="PLAN", help="what goes wrong; see faults.py")
    on_demo.add_argument("--verbose", action="store_true", help="print each state and all data")
    on_demo.set_defaults(run=lambda arguments: demo.run(arguments.story, arguments.faults, verbose=arguments.verbose))
    commands.add_parser("events", help="list the stories, with a line each").set_defaults(run=lambda _: list_events())
    on_serve = commands.add_parser("serve", help="answer the AWS CLI on a local port")
    on_serve.add_argument("--port", type=int, default=5000)
    on_serve.add_argument("--profiles", type=Path, default=profiles.FOLDER, help="the folder for the AWS profiles")
    on_serve.set_defaults(run=lambda arguments: serve.run(arguments.port, arguments.profiles))
    on_invoke = commands.add_parser("invoke", help="run one function in a container, under sam local invoke")
    on_invoke.add_argument("function", choices=function_names(), metavar="FUNCTION", help=", ".join(function_names()))
    on_invoke.add_argument("story", choices=stories(), metavar="STORY", help="as for demo")
    on_invoke.set_defaults(run=lambda arguments: invoke.run(arguments.function, arguments.story))
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except PlanError as error:
        parser.error(str(error))


def list_events() -> None:
    """Print each story with what is special about it."""
    for story in stories():
        print(f"{story:26} {headline(story)}")


if __name__ == "__main__":
    main()
