"""Take the pictures of the README and docs/: reports of a finished copy, a failed copy and a promotion.

Usage: python -m tools.take_pictures FOLDER
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from sandbox.aws.clock import VirtualClock
from sandbox.page import report
from sandbox.page.document import document_of
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tools.browser import browser

# The name of each picture, the story, its faults, the state that is opened, and the height.
PICTURES = (
    (
        "finished.png",
        "copy_between_accounts",
        "DescribeProjectVersionFunction: throttled",
        "Ensure project policy",
        1_150,
    ),
    ("failed.png", "copy_fails", "", "", 1_000),
    ("promotion.png", "promote_to_three", "", "", 1_000),
)
WIDTH = 1_250


def main(folder: str) -> None:
    """Write each picture into the folder."""
    with browser() as launched, sandbox(VirtualClock()) as aws, tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "report.html"
        for name, story, faults, state, height in PICTURES:
            report.write(_known(aws, story, faults), path)
            page = launched.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-shown]")
            if state:
                page.locator(f"#state-{state.replace(' ', '-')}").click()
                page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=str(Path(folder) / name))
            page.close()


def _known(aws: Sandbox, story: str, faults: str) -> dict[str, Any]:
    aws.reset()
    aws.records.recording = True
    aws.seed(story)
    event = read_event(story)
    aws.follow(faults, event)
    machine = aws.deployment.promotion_machine_arn if "Destinations" in event else None
    execution = aws.start(event, name=f"example-{story.replace('_', '-')}", machine=machine)
    aws.finish()
    return document_of(aws, execution, "../docs/errors.md")


if __name__ == "__main__":
    main(sys.argv[1])
