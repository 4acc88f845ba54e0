"""The commands and links of each page exist: AWS CLI commands with their options, make targets, files, headings."""

import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from sandbox.deployment import ROOT

PAGES = sorted(page for place in (".", "docs", "events", "deploy/*") for page in ROOT.glob(f"{place}/*.md"))
SESSION = botocore.session.get_session()
# Options of the AWS CLI itself, and of `aws cloudformation deploy`, which is not an operation of the API.
OF_EVERY_COMMAND = {"profile", "query", "output", "region", "cli-read-timeout", "max-items"}
OF_DEPLOY = {"stack-name", "template-file", "s3-bucket", "s3-prefix", "capabilities", "parameter-overrides"}


def code(page: Path) -> list[str]:
    """Return the inline code and the commands of the fenced blocks of a page, each on one line."""
    text = page.read_text()
    blocks = "".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S))
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    return [*re.sub(r"\\?\n +", " ", blocks).splitlines(), *(" ".join(one.split()) for one in inline)]


def of_pages(pattern: str) -> list[tuple[str, str]]:
    """Return each page's path with each match of the pattern in its code."""
    found = {(page, match) for page in PAGES for one in code(page) for match in re.findall(pattern, one)}
    return sorted((str(page.relative_to(ROOT)), match) for page, match in found)


def options(service: str, operation: str, argument: str) -> set[str]:
    """Return the options that a command of the AWS CLI takes beyond those of every command.

    Raises botocore's UnknownServiceError, or KeyError for an unknown operation.
    """
    if (service, operation) == ("cloudformation", "deploy"):
        return OF_DEPLOY
    model = SESSION.get_service_model(service)
    names = {xform_name(name).replace("_", "-"): name for name in model.operation_names}
    if operation == "wait":
        waiters = SESSION.get_waiter_model(service)
        found = {
            xform_name(name).replace("_", "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names
        }
        operation = xform_name(found[argument]).replace("_", "-")
    shape = model.operation_model(names[operation]).input_shape
    members = shape.members if shape else {}
    named = {xform_name(name).replace("_", "-"): one.type_name for name, one in members.items()}
    return {*named, *(f"no-{name}" for name, kind in named.items() if kind == "boolean")}


# A command inside another one is at its end, so each command ends where the next one begins.
@pytest.mark.parametrize(("page", "command"), of_pages(r"\baws [a-z-]+ [a-z-]+(?:(?!\baws [a-z-]+ [a-z-]+).)*"))
def test_a_command_of_the_aws_cli_exists_with_its_options(page: str, command: str) -> None:
    _, service, operation, *rest = command.split()

    try:
        known = options(service, operation, rest[0] if rest else "")
    except Exception as error:
        pytest.fail(f"{page}: the AWS CLI has no command 'aws {service} {operation}' ({error}).")
    unknown = set(re.findall(r"(?<=\s)--([a-z0-9-]+)", command)) - OF_EVERY_COMMAND - known
    assert not unknown, f"{page}: 'aws {service} {operation}' has no option {', '.join(sorted(unknown))}."


@pytest.mark.parametrize(("page", "target"), of_pages(r"^make ([a-z-]+)\b"))
def test_a_target_of_make_exists(page: str, target: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)

    assert target in targets, f"{page}: make has no target {target}."


def links() -> list[tuple[str, str]]:
    found = {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text())}
    return sorted((str(page.relative_to(ROOT)), link) for page, link in found if "://" not in link)


@pytest.mark.parametrize(("page", "link"), links())
def test_a_link_leads_to_a_file_and_a_heading(page: str, link: str) -> None:
    file, _, anchor = link.partition("#")
    target = (ROOT / page).parent / file if file else ROOT / page

    assert target.exists(), f"{page}: there is no {target.relative_to(ROOT)}."
    if anchor:
        headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", target.read_text(), flags=re.M | re.S), re.M)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{page}: {target.name} has no heading for #{anchor}."


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_example_in_json_parses(page: Path) -> None:
    for block in re.findall(r"^ *```json\n(.*?)^ *```$", page.read_text(), re.M | re.S):
        assert json.loads(block), block
