"""A provider that stands in for hashicorp/aws: its schema, as far as the modules use it, over the sandbox.

Terraform talks to it as to any provider, and finds it by TF_REATTACH_PROVIDERS. The schema in aws_provider.json is that
of the provider's own release.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from tf.blocks import SetNestedBlock
from tf.gen import grpc_stdio_pb2_grpc, tfplugin_pb2_grpc
from tf.provider import ProviderServicer
from tf.schema import Attribute, Block, Schema
from tf.types import Bool, List, Map, Number, String, Unknown

from tests.deploy.resources import DATA_SOURCES, RESOURCES, Values

DESCRIBED = json.loads(Path(__file__).with_name("aws_provider.json").read_text())
NAME = "hashicorp/aws"
SIMPLE = {"string": String, "number": Number, "bool": Bool}


@contextmanager
def served(socket: Path) -> Iterator[dict[str, str]]:
    """Serve the provider, and yield the environment in which Terraform finds it."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    tfplugin_pb2_grpc.add_ProviderServicer_to_server(ProviderServicer(_Provider()), server)
    grpc_stdio_pb2_grpc.add_GRPCStdioServicer_to_server(_Stdio(), server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    address = {"Network": "unix", "String": str(socket)}
    found = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({NAME: found})}
    finally:
        server.stop(grace=None).wait()


class _Stdio:
    def StreamStdio(self, request: Any, context: Any) -> Iterator[Any]:
        return iter(())


class _Provider:
    """What the library asks of a provider."""

    def get_model_prefix(self) -> str:
        return "aws_"

    def full_name(self) -> str:
        return NAME

    def get_provider_schema(self, diagnostics: Any) -> Any:
        return Schema(attributes=[Attribute(name, String(), optional=True) for name in ("profile", "region")])

    def validate_config(self, diagnostics: Any, config: Values) -> None:
        """Accept every profile and Region."""

    def configure_provider(self, diagnostics: Any, config: Values) -> None:
        """Do nothing: the sandbox needs no credentials."""

    def get_resources(self) -> list[type]:
        return [_type_of(_Resource, kind, one, RESOURCES[kind]) for kind, one in DESCRIBED["resources"].items()]

    def get_data_sources(self) -> list[type]:
        return [_type_of(_DataSource, kind, one, DATA_SOURCES[kind]) for kind, one in DESCRIBED["data_sources"].items()]

    def get_functions(self) -> list[type]:
        return []

    def new_resource(self, kind: Any) -> Any:
        return kind()

    new_data_source = new_resource


class _Described:
    """A resource or data source of which the schema is known."""

    kind: str
    described: dict[str, Any]
    operations: Any

    @classmethod
    def get_name(cls) -> str:
        return cls.kind.removeprefix("aws_")

    @classmethod
    def get_schema(cls) -> Any:
        replaced = cls.described.get("replaced_with", ())
        attributes = [
            Attribute(name, _type(one), **{use: True}, requires_replace=name in replaced)
            for use in ("required", "optional", "computed")
            for name, one in cls.described[use].items()
        ]
        blocks = [
            SetNestedBlock(name, Block([Attribute(key, _type(one), optional=True) for key, one in inner.items()]))
            for name, inner in cls.described["blocks"].items()
        ]
        return Schema(version=0, attributes=attributes, block_types=blocks)

    def validate(self, diagnostics: Any, kind: str, config: Values) -> None:
        """Leave it to Terraform, which knows the schema."""


class _Resource(_Described):
    def create(self, context: Any, planned: Values) -> Values:
        return self._changed(planned, self.operations.create(planned))

    def read(self, context: Any, current: Values) -> Values:
        return current

    def plan(self, context: Any, current: Values, planned: Values) -> Values:
        if context.changed_fields and "outputs" in planned:
            planned["outputs"] = Unknown
        return planned

    def update(self, context: Any, current: Values, planned: Values) -> Values:
        return self._changed(planned, self.operations.update(planned))

    def delete(self, context: Any, current: Values) -> None:
        self.operations.delete(current)

    def _changed(self, planned: Values, changed: Values) -> Values:
        """Return the new values, with null for what the sandbox does not know."""
        values = {**planned, "id": json.dumps(planned.get("name") or planned.get("key"), default=str), **changed}
        return {name: None if value is Unknown else value for name, value in values.items()}


class _DataSource(_Described):
    def read(self, context: Any, config: Values) -> Values:
        computed = dict.fromkeys(self.described["computed"])
        return {**config, **computed, **self.operations(config)}


def _type_of(base: type, kind: str, described: dict[str, Any], operations: Any) -> type:
    return type(kind, (base,), {"kind": kind, "described": described, "operations": staticmethod(operations)})


def _type(described: Any) -> Any:
    if isinstance(described, str):
        return SIMPLE[described]()
    return List(_type(described["list"])) if "list" in described else Map(_type(described["map"]))
