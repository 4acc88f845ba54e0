"""Other sites can neither read the sandbox nor change it."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.page.guard import Guard

SITE = "http://127.0.0.1:5000"
JSON = {"Content-Type": "application/x-amz-json-1.0"}


def operations(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Answer as moto does: any site may read it."""
    start_response("200 OK", [("Content-Type", "text/html"), ("Access-Control-Allow-Origin", "*")])
    yield b"<script>"


def status(method: str = "GET", path: str = "/", hosts: tuple[str, ...] = (), **headers: str) -> int:
    """Return the status of the answer to a request; in the names of its headers, _ stands for -."""
    named = {"Host": "127.0.0.1:5000"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(Guard(operations, hosts)).open(path, method=method, headers=named).status_code


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5000", "localhost:80", "LOCALHOST", "bucket.with.dots.localhost:5000", "[::1]:5000"],
)
def test_this_machine_has_these_names(host: str) -> None:
    assert status(Host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1:5000:80",
        "127.0.0.1, evil.example",
        "evil.example/localhost",
        "172.17.0.1",
        "host.docker.internal",
        "",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    assert status(Host=host) == status(path="/_sandbox/state", Host=host) == 403


def test_containers_may_use_their_own_names_for_this_machine() -> None:
    hosts = ("172.17.0.1", "host.docker.internal")

    assert [status(hosts=hosts, Host=f"{host}:5000") for host in hosts] == [200, 200]
    assert status(hosts=hosts, Host="hostxdocker.internal") == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:5001", "http://localhost:5000"])
def test_a_page_of_another_site_is_refused(method: str, origin: str) -> None:
    assert status(method, Origin=origin) == 403
    assert status(method, "/_sandbox/start", Origin=origin) == 403
    assert status(method, Origin=SITE) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_an_image_or_a_form_of_another_site_is_refused_although_it_has_no_origin(site: str) -> None:
    assert status(path="/sns_us-east-1/?Action=Publish", Sec_Fetch_Site=site) == 403
    assert status("POST", Sec_Fetch_Site=site) == 403
    assert status(Sec_Fetch_Site="same-origin") == status(Sec_Fetch_Site="none") == 200


def test_a_link_of_another_site_leads_to_the_page_and_to_nothing_else() -> None:
    follow: Any = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Accept": "text/html"}

    assert status(**follow) == 200
    assert status(path="/?Action=Publish", **follow) == 403
    assert status(path="/_sandbox/state", **follow) == 403
    assert status("POST", **follow) == 403
    assert status(**{**follow, "Sec_Fetch_Mode": "no-cors"}) == 403


def test_no_answer_can_be_read_by_another_site_or_run_as_a_page() -> None:
    answer = Client(Guard(operations)).get("/bucket/page.html", headers={"Host": "localhost"})

    assert not [name for name in dict(answer.headers) if name.startswith("Access-Control-")]
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data == b"<script>"
