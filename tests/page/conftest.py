"""The browser and the page that the tests look at."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tools.browser import browser as launched_browser

LONGEST_WAIT = 30_000  # milliseconds
expect.set_options(timeout=LONGEST_WAIT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose errors fail the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(LONGEST_WAIT)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
    yield opened
    context.close()
    assert errors == []


def _is_error(message: ConsoleMessage) -> bool:
    """Return whether a message is an error; the page shows the sentence of a request that the server refuses."""
    return message.type == "error" and not re.search(r"status of 40[04]\b", message.text)
