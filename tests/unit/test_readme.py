"""The README is short, and its example is a valid request."""

import json
import re

import botocore.session
from botocore.validate import ParamValidator

from model_copy import __version__
from sandbox.deployment import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readme_has_under_200_lines() -> None:
    assert len(README.splitlines()) < 200


def test_the_examples_are_valid_requests() -> None:
    request, promotion = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", README, re.M | re.S))
    shape = botocore.session.get_session().get_service_model("rekognition").operation_model("CopyProjectVersion")
    destinations = promotion.pop("Destinations")

    for one in (request, *({**promotion, **destination} for destination in destinations)):
        report = ParamValidator().validate(one, shape.input_shape)
        assert not report.has_errors(), report.generate_report()


def test_each_page_of_docs_is_linked() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    missing = pages - set(re.findall(r"\]\(([^)#]+)", README))

    assert not missing, f"README.md links to no {', '.join(sorted(missing))}: add it to the table under 'More'."


def test_the_newest_release_of_the_changelog_is_the_version() -> None:
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)

    assert newest is not None
    assert newest[1] == __version__, "CHANGELOG.md and functions/model_copy/__init__.py name different versions."
