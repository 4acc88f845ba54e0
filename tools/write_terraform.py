"""Write the variables, parameters and outputs of the Terraform modules from the templates (``make parameters``).

CloudFormation matches the whole value with Java's regular expressions, Terraform finds a part with Go's. Go has no
lookaheads and limits nested repeats, so some patterns are rewritten.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tools.release import PARAMETERS

ROOT = Path(__file__).parent.parent
# The templates, and the modules that deploy them.
MODULES = {
    "template.yaml": "deploy/terraform",
    "accounts/source.yaml": "deploy/terraform/roles/source",
    "accounts/destination.yaml": "deploy/terraform/roles/destination",
}
TYPES = {"String": "string", "Number": "number", "CommaDelimitedList": "list(string)"}
VALUES = {"String": "var.{}", "Number": "tostring(var.{})", "CommaDelimitedList": 'join(",", var.{})'}
FORBIDDEN = re.compile(r"\(\?!((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
REPEATED_GROUP = re.compile(r"\(([^()]*)\)\{\d+,\d{2,}\}")
REPEATED_DIGIT = re.compile(r"(\\d)\{(\d+)\}")


def files(template: str) -> dict[str, str]:
    """Return the text of each file that is made from a template."""
    made = yaml_parse((ROOT / template).read_text())
    is_stack = "Transform" in made
    parameters = {**(PARAMETERS if is_stack else {}), **made["Parameters"]}
    texts = {
        "variables.tf": "\n".join(_variable(name, one) for name, one in parameters.items()),
        "parameters.tf": _parameters(parameters),
        "outputs.tf": "\n".join(_output(name, one, is_stack) for name, one in made["Outputs"].items()),
    }
    return {name: f"# Made from {template} by make parameters.\n\n{text}" for name, text in texts.items()}


def snake(name: str) -> str:
    """Return the Terraform name of a parameter or an output: MinimumF1Score is minimum_f1_score."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("SageMaker", "Sagemaker")).lower()


def conditions(variable: str, parameter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what Terraform checks before CloudFormation does, each with its message."""
    value = f"var.{variable}"
    if "AllowedValues" in parameter:
        allowed = parameter["AllowedValues"]
        listed = ", ".join(str(one) for one in allowed)
        yield f"contains({_literal(allowed)}, {value})", f"{variable} must be one of {listed}."
    if "AllowedPattern" in parameter:
        pattern = parameter["AllowedPattern"]
        yield " && ".join(_matches(value, pattern)), f"{variable} must match {pattern}."
    if "MinValue" in parameter:
        low, high = parameter["MinValue"], parameter["MaxValue"]
        yield f"{value} >= {low} && {value} <= {high}", f"{variable} must be from {low} to {high}."


def _variable(name: str, parameter: dict[str, Any]) -> str:
    variable = snake(name)
    attributes = {"type": TYPES[parameter["Type"]], "description": _description(parameter)}
    if "Default" in parameter:
        attributes["default"] = _default(parameter)
    attributes["nullable"] = "false"
    blocks = [
        _block("\n  validation", {"condition": condition, "error_message": _literal(message)}, indent="  ")
        for condition, message in conditions(variable, parameter)
    ]
    return _block(f'variable "{variable}"', attributes, *blocks)


def _parameters(parameters: dict[str, Any]) -> str:
    values = {name: VALUES[one["Type"]].format(snake(name)) for name, one in parameters.items()}
    return _block("locals", {}, _block("  parameters =", values, indent="  "))


def _output(name: str, output: dict[str, Any], is_stack: bool) -> str:
    value = f'aws_cloudformation_stack.this.outputs["{name}"]'
    if not is_stack:  # a role has no stack of its own here if a stack set makes it
        value = f'one(aws_cloudformation_stack.this[*].outputs["{name}"])'
    if "},${" in str(output["Value"]):
        value = f'split(",", {value})'
    return _block(f'output "{snake(name)}"', {"description": _description(output), "value": value})


def _block(head: str, attributes: dict[str, str], *blocks: str, indent: str = "") -> str:
    width = max(map(len, attributes), default=0)
    lines = [f"{indent}  {name:{width}} = {value}\n" for name, value in attributes.items()]
    return "".join([f"{head} {{\n", *lines, *blocks, f"{indent}}}\n"])


def _description(described: dict[str, Any]) -> str:
    """Return a description that names variables and outputs of the modules."""
    text = " ".join(described["Description"].split())
    return _literal(re.sub(r"\w+", lambda word: snake(word[0]) if word[0] in _names() else word[0], text))


@cache
def _names() -> set[str]:
    templates = [yaml_parse((ROOT / template).read_text()) for template in MODULES]
    return {name for one in templates for name in (*one["Parameters"], *one["Outputs"])} - {"Version"}


def _default(parameter: dict[str, Any]) -> str:
    default = parameter["Default"]
    if parameter["Type"] == "CommaDelimitedList":
        default = default.split(",") if default else []
    return _literal(default)


def _literal(value: Any) -> str:
    return re.sub(r"([$%])\{", r"\1\1{", json.dumps(value, ensure_ascii=False))


def _matches(value: str, pattern: str) -> Iterator[str]:
    if forbidden := FORBIDDEN.match(pattern):
        pattern = pattern[forbidden.end() :]
        yield f"!can(regex({_literal(f'^(?:{forbidden[1]})')}, {value}))"
    # Go counts 99 times 12 digits as 1,188 repeats and allows 1,000.
    pattern = REPEATED_GROUP.sub(lambda group: REPEATED_DIGIT.sub(lambda one: one[1] * int(one[2]), group[0]), pattern)
    yield f"can(regex({_literal(f'^(?:{pattern})$')}, {value}))"


def main() -> None:
    for template, module in MODULES.items():
        for name, text in files(template).items():
            (ROOT / module / name).write_text(text)


if __name__ == "__main__":
    main()
