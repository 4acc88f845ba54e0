"""Write the definition as a deployment would render it, and a template around it, for the checkers that read JSON.

Fails if the placeholders of the definition differ from the template's DefinitionSubstitutions.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT

LOGICAL_ID = "CopyModelStateMachine"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:{}"
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def stand_in(value: object) -> str:
    """Return an example of a substitution's value: a made-up ARN if the value is the ARN of a resource."""
    match value:
        case {"Fn::GetAtt": [resource, "Arn"]}:
            return ARN.format(resource)
    return str(value)


def render(definition: dict[str, Any], substitutions: dict[str, Any]) -> dict[str, Any]:
    """Put the substitutions' values into the definition, or exit with the names that only one of the two has."""
    text = json.dumps(definition, indent=2)
    if unmatched := set(PLACEHOLDER.findall(text)) ^ set(substitutions):
        sys.exit(f"Only the definition or only the template names {', '.join(sorted(unmatched))}: name it in both.")
    rendered: dict[str, Any] = json.loads(PLACEHOLDER.sub(lambda match: stand_in(substitutions[match[1]]), text))
    return rendered


def around(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest template that contains the definition."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": definition}
    return {"Resources": {LOGICAL_ID: {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}


def main(folder: str) -> None:
    properties = yaml_parse((ROOT / "template.yaml").read_text())["Resources"][LOGICAL_ID]["Properties"]
    source = ROOT / properties["DefinitionUri"]
    definition = render(yaml.safe_load(source.read_text()), properties["DefinitionSubstitutions"])
    name = source.name.partition(".")[0]
    output = Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}.asl.json").write_text(json.dumps(definition, indent=2) + "\n")
    (output / f"{name}.template.json").write_text(json.dumps(around(definition), indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
