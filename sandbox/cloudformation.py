"""AWS CloudFormation in the sandbox: moto's, with what it lacks of the stack's resources."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.cloudformation import parsing
from moto.kms.models import Key, KmsBackend

from sandbox.clock import replaced

# What moto does not make, and nothing in a story asks for.
NOT_MADE = ["AWS::CloudWatch::Alarm", "AWS::SNS::TopicPolicy"]


@contextmanager
def install() -> Iterator[None]:
    """Pass over what moto does not make, and let a key have tags, whose parts CloudFormation names its own way."""
    make: Any = KmsBackend.create_key
    parse: Any = parsing.parse_resource

    def create_key(self: KmsBackend, *args: Any, tags: list[dict[str, str]] | None = None, **kwargs: Any) -> Key:
        named = [{f"Tag{name.removeprefix('Tag')}": value for name, value in tag.items()} for tag in tags or ()]
        made: Key = make(self, *args, tags=named, **kwargs)
        return made

    def parse_resource(resource: dict[str, Any], *args: Any) -> Any:
        return None if resource["Type"] in NOT_MADE else parse(resource, *args)

    with (
        replaced(KmsBackend, "create_key", create_key),
        replaced(parsing, "parse_resource", parse_resource),
    ):
        yield
