"""What axe finds on a page."""

from typing import Any

from playwright.sync_api import Page

from sandbox.page.files import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """Return the serious violations, each with the elements that it is about."""
    page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{one['id']}: {one['help']} {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in SERIOUS
    ]
