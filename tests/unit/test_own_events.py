"""No event that the stack puts on the bus can be chosen as the trigger of copies."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from model_copy import audit_output, notifications
from sandbox.deployment import ROOT

OWN = [
    *notifications.DETAIL_TYPES.values(),
    notifications.PROMOTED,
    notifications.NOT_PROMOTED,
    audit_output.DETAIL_TYPE,
]
PATTERN = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]["OwnEventDetailType"]["AllowedPattern"]


@pytest.mark.parametrize("name", OWN)
def test_the_type_of_an_event_of_the_stack_is_refused_as_a_trigger(name: str) -> None:
    assert not re.fullmatch(PATTERN, name)
    assert re.fullmatch(PATTERN, f"{name} by us")
    assert re.fullmatch(PATTERN, "Model Approved")
