"""The command line of the sandbox: ``python -m sandbox demo STORY``, ``serve`` and ``invoke FUNCTION STORY``."""

import argparse

from sandbox import demo, invoke, serve
from sandbox.deployment import function_names
from sandbox.faults import PlanError
from sandbox.stories import stories


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="sandbox", description="An offline AWS with the workflow deployed in it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    told = commands.add_parser("demo", help="run a story and show each state")
    told.add_argument("story", choices=stories(), metavar="STORY", help=", ".join(stories()))
    told.add_argument("--faults", default="", metavar="PLAN", help="what goes wrong, as faults.py tells")
    told.set_defaults(run=lambda arguments: demo.run(arguments.story, arguments.faults))
    served = commands.add_parser("serve", help="answer the AWS CLI on a local port")
    served.add_argument("--port", type=int, default=5000)
    served.set_defaults(run=lambda arguments: serve.run(arguments.port))
    invoked = commands.add_parser("invoke", help="run one function in a container, under sam local invoke")
    invoked.add_argument("function", choices=function_names(), metavar="FUNCTION", help=", ".join(function_names()))
    invoked.add_argument("story", choices=stories(), metavar="STORY", help="as for demo")
    invoked.set_defaults(run=lambda arguments: invoke.run(arguments.function, arguments.story))
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except PlanError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
