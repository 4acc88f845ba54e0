"""The served page, as a person uses it: start a copy, watch it, look into it, and act."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from sandbox.aws.fast_clock import FastClock
from sandbox.page.server import Page as Operations
from sandbox.serve import SPEED, served
from sandbox.stories import read_event
from sandbox.world import sandbox
from tests.page.accessibility import violations

STORIES = (
    "copy_between_accounts",
    "copy_fails",
    "small_model",
    "promote_to_three",
    "grant_beside_others",
    "name_taken",
    "copy_within_account",
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    clock = FastClock(SPEED)
    with sandbox(clock) as aws:
        aws.announces = aws.records.recording = True
        for story in STORIES:
            aws.seed(story)
        with served(wrap=partial(Operations, aws, clock)) as address:
            yield address


@pytest.fixture
def opened(page: Page, endpoint: str) -> Page:
    page.goto(endpoint)
    expect(page.get_by_role("heading", name="Start an execution")).to_be_visible()
    return page


def start(page: Page, event: str) -> None:
    page.locator("#tab-start").click()
    page.get_by_label("Event", exact=True).select_option(event)
    page.get_by_role("button", name="Start", exact=True).last.click()
    expect(page.locator("#execution")).to_be_visible()


def inject(page: Page, place: str, fault: str, times: str = "once") -> None:
    page.get_by_label("Where").select_option(place)
    page.get_by_label("Fault", exact=True).select_option(fault)
    page.get_by_label("How often").select_option(label=times)
    page.get_by_role("button", name="Add the fault").click()


def advance(page: Page, by: str = "+1 h") -> None:
    page.get_by_role("button", name=by).click()


def state(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^{re.escape(name)} .*state"))


def test_a_copy_is_started_watched_and_finishes(opened: Page) -> None:
    start(opened, "copy_between_accounts")

    expect(opened.locator("#execution")).to_contain_text("Running")
    expect(state(opened, "Wait for copy")).to_have_accessible_name(re.compile("running"))
    advance(opened)
    advance(opened)
    expect(opened.locator("#execution")).to_contain_text("Succeeded")
    for name in ("Validate request", "Copy project version", "Model copied"):
        expect(state(opened, name)).to_have_accessible_name(re.compile("passed"))
    expect(opened.locator("#executions button[aria-current=true]")).to_contain_text("v3 to copy_between_accounts (2222")
    opened.locator("#tab-messages").click()
    expect(opened.get_by_text(re.compile("Model Copied: copy_between_accounts v3"))).to_be_visible()


def test_an_injected_fault_is_seen_where_it_struck(opened: Page) -> None:
    opened.locator("#tab-start").click()
    inject(opened, "CopyProjectVersion", "lost_answer")
    inject(opened, "EnsureProjectPolicyFunction", "throttled", "twice")
    start(opened, "small_model")

    expect(state(opened, "Ensure project policy")).to_have_accessible_name(re.compile("2 retries"))
    state(opened, "Copy project version").click()
    expect(opened.get_by_text(re.compile("CopyProjectVersion.*injected: lost_answer"))).to_be_visible()


def test_a_plan_is_put_together_and_an_execution_found_again(opened: Page) -> None:
    for place in ("PutEvents", "CopyProjectVersion", "PutEvents"):
        inject(opened, place, "slow" if opened.locator("#plan li").count() else "dropped")
    opened.get_by_label("Behavior of AWS").select_option("accepts_sid")
    expect(opened.get_by_label("Value")).to_have_value("True")
    opened.locator("#remove-1").click()
    expect(opened.locator("#plan code")).to_have_text(["PutEvents: dropped", "PutEvents: slow"])
    with opened.expect_request("**/_sandbox/start") as sent:
        start(opened, "name_taken")
    assert sent.value.post_data_json["event"] == read_event("name_taken")
    assert sent.value.post_data_json["faults"] == "PutEvents: dropped, slow"

    found = opened.locator("#executions button")
    opened.get_by_label("Filter").fill("NAME_TAKEN")
    expect(found.first).to_contain_text("to name_taken")
    opened.get_by_label("Filter").fill("nothing has this name")
    expect(found).to_have_count(0)


def test_the_visits_of_a_state_are_turned_by_hand_and_from_the_time_line(opened: Page) -> None:
    start(opened, "copy_within_account")
    advance(opened)
    advance(opened)
    expect(opened.locator("#execution")).to_contain_text("Succeeded")

    state(opened, "Wait for copy").click()
    details = opened.get_by_role("region", name="State Wait for copy")
    expect(details).to_contain_text(re.compile(r"Visit (\d+) of \1"))
    expect(details.get_by_role("button", name="Next")).to_be_disabled()
    details.get_by_role("button", name="Previous").click()
    expect(details.get_by_role("button", name="Next")).to_be_enabled()
    opened.locator(".timeline").get_by_role("button", name="Withdraw grant").click()
    expect(opened.get_by_role("region", name="State Withdraw grant")).to_be_visible()
    state(opened, "Copy project version").press(" ")
    expect(opened.get_by_role("heading", name="Copy project version")).to_be_focused()
    start(opened, "small_model")
    expect(opened.locator("#view")).to_contain_text("to small_model")
    advance(opened)
    expect(opened.get_by_role("region", name="State Copy project version")).to_have_count(0)


def test_a_failed_state_is_opened_and_redriven(opened: Page) -> None:
    inject(opened, "CopyProjectVersionFunction", "crashed", "always")
    start(opened, "grant_beside_others")
    advance(opened, "+1 day")
    expect(opened.locator("#execution")).to_contain_text("Failed")

    state(opened, "Copy project version").click()
    expect(opened.get_by_role("region", name="State Copy project version")).to_contain_text("Runtime.ExitError")
    opened.get_by_role("button", name="Redrive").click()
    expect(opened.locator("#execution")).to_contain_text("Running")
    opened.get_by_role("button", name="Stop").click()
    expect(opened.locator("#execution")).to_contain_text("Stopped")


def test_a_promotion_is_a_table_whose_rows_lead_to_the_copies(opened: Page) -> None:
    start(opened, "promote_to_three")
    advance(opened)
    advance(opened)
    expect(opened.locator("#execution")).to_contain_text("Succeeded")

    opened.locator("#tab-promotions").click()
    expect(opened.get_by_text("3 destinations: 3 succeeded")).to_be_visible()
    rows = opened.get_by_role("table", name="Destinations").get_by_role("row")
    expect(rows).to_have_count(4)
    rows.nth(2).get_by_role("button").click()
    expect(opened.locator("#view")).to_contain_text("to promote_to_three (333333333333) as v3")


def test_the_projects_show_their_versions_and_policies(opened: Page) -> None:
    opened.locator("#tab-projects").click()
    opened.get_by_text(re.compile("grant_beside_others · account 111111111111")).click()

    expect(opened.get_by_role("table", name="Versions of grant_beside_others").first).to_contain_text("v3")
    expect(opened.get_by_role("region", name="Policy auditors")).to_contain_text("333333333333")


def test_what_cannot_be_started_is_a_sentence(opened: Page) -> None:
    event = opened.get_by_label("Input, which you can change")
    event.fill("{")
    opened.locator("#start-button").click()
    expect(opened.get_by_role("alert")).to_contain_text("The event is not JSON")

    event.fill("{}")
    inject(opened, "PutEvents", "dropped")
    opened.get_by_label("Behavior of AWS").select_option("copies_quota")
    opened.get_by_label("Value").fill("many")
    opened.get_by_role("button", name="Add the behavior").click()
    opened.locator("#start-button").click()
    expect(opened.get_by_role("alert")).to_contain_text("The setting copies_quota must be like 5; got many.")


def test_a_link_to_an_execution_that_is_gone_is_a_sentence(page: Page, endpoint: str) -> None:
    page.goto(f"{endpoint}/#{quote('arn:of:nothing', safe='')}")
    expect(page.get_by_role("status")).to_have_text("There is no execution arn:of:nothing.")

    start(page, "name_taken")
    expect(page.locator("#execution")).to_contain_text("Failed")
    expect(page.get_by_role("button", name="Redrive")).to_be_visible()


def test_another_tab_keeps_what_was_opened(opened: Page) -> None:
    start(opened, "name_taken")
    opened.locator("#input summary").click()
    advance(opened, "+1 min")

    expect(opened.get_by_role("region", name="Input of the execution")).to_be_visible()
    opened.reload()
    expect(opened.locator("#execution")).to_contain_text("Failed")


@pytest.mark.parametrize("tab", ["start", "executions", "promotions", "projects", "messages"])
def test_nothing_serious_bars_anybody(opened: Page, tab: str) -> None:
    start(opened, "name_taken")
    opened.locator(f"#tab-{tab}").click()

    assert violations(opened) == []
