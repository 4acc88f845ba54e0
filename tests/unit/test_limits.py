"""With the longest values of all parameters, each rule's pattern and each function's environment fit AWS's limits.

Sources: EventBridge guide, *Quotas* (2,048 characters); Lambda guide, *Lambda quotas* (4 KB for all variables).
"""

import json
import re
import re._parser as regular_expressions
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT, expanded_template

LONGEST_PATTERN = 2_048
LARGEST_ENVIRONMENT = 4_096
TEMPLATES = {
    "template.yaml": expanded_template(),
    **{path.name: yaml_parse(path.read_text()) for path in sorted((ROOT / "accounts").glob("*.yaml"))},
}
# The longest values that CloudFormation and IAM allow.
PSEUDO = {
    "AWS::StackName": "s" * 128,
    "AWS::AccountId": "1" * 12,
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-99",
}
MADE = {
    "CopyProjectVersionFunctionRole.Arn": f"arn:aws-us-gov:iam::{'1' * 12}:role/{'r' * 64}",
    "NotificationTopic": f"arn:aws-us-gov:sns:ap-southeast-99:{'1' * 12}:{'t' * 256}",
    "PromotionsBucket": "b" * 63,
    **dict.fromkeys(
        ("CopyModelStateMachine", "PromoteModelStateMachine"),
        f"arn:aws-us-gov:states:ap-southeast-99:{'1' * 12}:stateMachine:{'m' * 80}",
    ),
}


def of_type(kind: str) -> list[Any]:
    return [
        pytest.param(template, resource["Properties"], id=f"{template}:{name}")
        for template, content in TEMPLATES.items()
        for name, resource in content["Resources"].items()
        if resource["Type"] == kind
    ]


def longest(name: str, parameter: dict[str, Any]) -> str:
    """Return a value of the greatest length that the template allows for a parameter."""
    if "AllowedValues" in parameter:
        return max(map(str, parameter["AllowedValues"]), key=len)
    if parameter["Type"] == "Number":
        return str(parameter["MaxValue"])
    pattern = regular_expressions.parse(parameter["AllowedPattern"])
    _, most = pattern.getwidth()
    assert most <= LARGEST_ENVIRONMENT, f"{name} may be of any length"
    assert not {"ANY", "NEGATE", "NOT_LITERAL"} & set(re.findall(r"[A-Z_]+", str(pattern))), (
        f"{name} may contain non-ASCII characters"
    )
    account = "1" * 12
    return ",".join([account] * ((most + 1) // 13)) if name == "AllowedAccounts" else "x" * most


def resolved(part: Any, template: str) -> Any:
    """Resolve the functions of CloudFormation, with the longest value of each parameter and with true conditions."""
    parameters = TEMPLATES[template]["Parameters"]
    match part:
        case {"Ref": name}:
            return longest(name, parameters[name]) if name in parameters else {**PSEUDO, **MADE}[name]
        case {"Fn::GetAtt": path}:
            return MADE[".".join(path)]
        case {"Fn::If": [_, then, _]}:
            return resolved(then, template)
        case {"Fn::Join": [between, parts]}:
            return between.join(resolved(parts, template))
        case {"Fn::Split": [at, text]}:
            return resolved(text, template).split(at)
        case {"Fn::Sub": [text, own]}:
            values = {name: resolved(value, template) for name, value in own.items()}
            return re.sub(
                r"\$\{([\w:]+)\}", lambda found: values.get(found[1]) or resolved({"Ref": found[1]}, template), text
            )
        case {"Fn::Sub": text}:
            return resolved({"Fn::Sub": [text, {}]}, template)
        case dict():
            return {key: resolved(value, template) for key, value in part.items()}
        case list():
            return [resolved(one, template) for one in part]
    return part


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


PATTERNS = [one for one in of_type("AWS::Events::Rule") if "EventPattern" in one.values[1]]  # others have a schedule


@pytest.mark.parametrize(("template", "rule"), PATTERNS)
def test_the_longest_pattern_fits_the_limit_of_eventbridge(template: str, rule: dict[str, Any]) -> None:
    pattern = resolved(rule["EventPattern"], template)
    text = pattern if isinstance(pattern, str) else compact(pattern)

    assert isinstance(json.loads(text), dict)
    assert len(text) <= LONGEST_PATTERN


@pytest.mark.parametrize(("template", "function"), of_type("AWS::Lambda::Function"))
def test_the_largest_environment_fits_the_limit_of_lambda(template: str, function: dict[str, Any]) -> None:
    variables = resolved(function["Environment"]["Variables"], template)

    assert all(isinstance(value, str) for value in variables.values())
    # AWS does not say whether it counts the characters between names and values. This test counts them.
    assert len(compact(variables).encode()) <= LARGEST_ENVIRONMENT
