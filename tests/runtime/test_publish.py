"""The commands that make publish shows: sam package and sam publish make an application of the whole project."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from sandbox import deployment
from sandbox.deployment import REGION, ROOT, STACK_ACCOUNT
from sandbox.invoke import SAM
from sandbox.serve import served
from tools import publish, serverless_repository

BUCKET = "amzn-s3-demo-bucket"
CREATE = botocore.session.get_session().get_service_model("serverlessrepo").operation_model("CreateApplication")


@pytest.fixture(scope="module")
def requests() -> list[tuple[str, Any]]:
    """The requests that the Serverless Application Repository got, each with its path."""
    return []


@pytest.fixture(scope="module")
def repository(requests: list[tuple[str, Any]]) -> Iterator[str]:
    """The address of a Serverless Application Repository that accepts an application."""

    class Accepts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            answer = json.dumps({"applicationId": "arn:aws:serverlessrepo:us-east-1:1:applications/any"}).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Accepts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def packaged(project: Path, repository: str) -> Iterator[dict[str, Any]]:
    """Run the commands of make publish that are SAM's, and yield the packaged template."""
    with mock_aws(), served() as endpoint:
        deployment.client("s3", STACK_ACCOUNT).create_bucket(Bucket=BUCKET)
        (project / "build").mkdir()
        settings = {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY": repository}
        settings |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": REGION}
        settings |= {"SAM_CLI_TELEMETRY": "0", "PATH": f"{SAM.parent}:{os.environ['PATH']}"}
        commands = publish.commands(BUCKET, REGION).splitlines()
        for command in [one for one in commands if one.startswith(("sam package", "sam publish"))]:
            subprocess.run(
                command.split(), cwd=project, env={**os.environ, **settings}, check=True, stdout=subprocess.DEVNULL
            )
        yield yaml_parse((project / publish.PACKAGED).read_text())


def uploaded(uri: Any) -> bytes:
    key = uri["Key"] if isinstance(uri, dict) else uri.partition(f"s3://{BUCKET}/")[2]
    content: bytes = deployment.client("s3", STACK_ACCOUNT).get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def test_each_local_path_has_become_an_object_in_s3(packaged: dict[str, Any]) -> None:
    metadata = packaged["Metadata"][serverless_repository.METADATA]
    written = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]

    assert uploaded(metadata["LicenseUrl"]) == (ROOT / "LICENSE").read_bytes()
    assert uploaded(metadata["ReadmeUrl"]) == (ROOT / "deploy/serverlessrepo/README.md").read_bytes()
    for name, resource in packaged["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            assert uploaded(properties["CodeUri"]).startswith(b"PK")
        if resource["Type"] == "AWS::Serverless::StateMachine":
            definition = ROOT / written[name]["Properties"]["DefinitionUri"]
            assert uploaded(properties["DefinitionUri"]) == definition.read_bytes()


def test_all_that_is_uploaded_fits(packaged: dict[str, Any]) -> None:
    listed = deployment.client("s3", STACK_ACCOUNT).list_objects_v2(Bucket=BUCKET)["Contents"]

    assert sum(one["Size"] for one in listed) <= serverless_repository.LARGEST_ARTIFACTS


def test_the_application_is_created_with_the_metadata_of_the_template(
    packaged: dict[str, Any], requests: list[tuple[str, Any]]
) -> None:
    [(path, body)] = requests
    created = {name[0].upper() + name[1:]: value for name, value in body.items()}
    metadata = packaged["Metadata"][serverless_repository.METADATA]

    assert path == CREATE.http["requestUri"]
    assert created == {**metadata, "TemplateBody": created["TemplateBody"]}
    assert len(created["TemplateBody"].encode()) <= serverless_repository.LARGEST_TEMPLATE
    assert yaml_parse(created["TemplateBody"])["Resources"] == packaged["Resources"]
