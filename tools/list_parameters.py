"""List the template's parameters as tables in docs/deploying.md (``make parameters``)."""

import re
import sys
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

TABLES = re.compile(r"(<!-- parameters -->\n).*?(<!-- end of parameters -->)", re.DOTALL)


def tables(template: dict[str, Any]) -> str:
    """Return a table for each group of parameters, in the order in which the console shows them."""
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    return "\n".join(_table(group["Label"]["default"], group["Parameters"], template["Parameters"]) for group in groups)


def _table(label: str, names: list[str], parameters: dict[str, Any]) -> str:
    rows = [f"| `{name}` | {_default(parameters[name])} | {_description(parameters[name])} |" for name in names]
    return "\n".join([f"### {label}\n", "| Parameter | Default | Description |", "|---|---|---|", *rows, ""])


def _default(parameter: dict[str, Any]) -> str:
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def _description(parameter: dict[str, Any]) -> str:
    # In Markdown an asterisk starts emphasis, and a bar starts a cell.
    return re.sub(r"([*|])", r"\\\1", " ".join(parameter["Description"].split()))


def main(template: str, page: str) -> None:
    made = tables(yaml_parse(Path(template).read_text()))
    text = Path(page).read_text()
    Path(page).write_text(TABLES.sub(lambda match: f"{match[1]}\n{made}\n{match[2]}", text))


if __name__ == "__main__":
    main(*sys.argv[1:])
