"""Write each definition as a deployment would render it, and a template around it, for the checkers that read JSON.

Fails if the placeholders of a definition differ from the template's DefinitionSubstitutions.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT

ARN = "arn:aws:lambda:us-east-1:123456789012:function:{}"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:{}"
ONLY_AWS = {"Label", "InputType"}  # fields of a Map state
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def stand_in(value: object) -> str:
    """Return an example of a substitution's value: a made-up ARN if the value is the ARN of a resource."""
    match value:
        case {"Fn::GetAtt": [resource, "Arn"]}:
            return ARN.format(resource)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": str(name)} if name.endswith("StateMachine"):
            return MACHINE.format(name)
    return str(value)


def render(definition: dict[str, Any], substitutions: dict[str, Any]) -> dict[str, Any]:
    """Put the substitutions' values into the definition, or exit with the names that only one of the two has."""
    text = json.dumps(definition, indent=2)
    if unmatched := set(PLACEHOLDER.findall(text)) ^ set(substitutions):
        sys.exit(f"Only the definition or only the template names {', '.join(sorted(unmatched))}: name it in both.")
    rendered: dict[str, Any] = json.loads(PLACEHOLDER.sub(lambda match: stand_in(substitutions[match[1]]), text))
    return rendered


def specified(part: Any) -> Any:
    """Return a part of a definition without the fields that only AWS knows; statelint knows the specification."""
    match part:
        case dict():
            return {name: specified(value) for name, value in part.items() if name not in ONLY_AWS}
        case list():
            return [specified(one) for one in part]
    return part


def around(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest template that contains the definition."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": definition}
    return {"Resources": {"StateMachine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}


def main(folder: str) -> None:
    output = Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    for resource in yaml_parse((ROOT / "template.yaml").read_text())["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties = resource["Properties"]
            source = ROOT / properties["DefinitionUri"]
            definition = render(yaml.safe_load(source.read_text()), properties["DefinitionSubstitutions"])
            name = source.name.partition(".")[0]
            written = {"asl": definition, "specified": specified(definition), "template": around(definition)}
            for kind, content in written.items():
                (output / f"{name}.{kind}.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
