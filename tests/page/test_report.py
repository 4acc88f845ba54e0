"""The report is one file that opens from disk, and shows what happened."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.aws.clock import VirtualClock
from sandbox.aws.stepfunctions.executions import stop
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.page import report
from sandbox.page.document import document_of
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.page.accessibility import violations

Known = dict[str, Any]
Open = Callable[[Known], Page]

LARGEST = 1_000_000
FAULTS = "CopyProjectVersion: lost_answer; DescribeProjectVersionFunction: throttled, crashed"
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as made:
        yield made


@pytest.fixture
def known(aws: Sandbox) -> Callable[..., Known]:
    """What is known of an execution after its end."""

    def run(story: str, faults: str = "", **changes: object) -> Known:
        aws.reset()
        aws.records.recording = True
        aws.seed(story)
        request = {**read_event(story), **changes}
        aws.follow(faults, read_event(story))
        machine = aws.deployment.promotion_machine_arn if "Destinations" in request else None
        execution = aws.start(request, machine=machine)
        aws.finish()
        return document_of(aws, execution, "../docs/errors.md")

    return run


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Open:
    """Opens the report of an execution from a file, without a network."""

    def open_(known: Known) -> Page:
        report.write(known, tmp_path / "report.html")
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url.partition(":")[0]))
        page.goto((tmp_path / "report.html").as_uri())
        expect(page.locator("html[data-shown]")).to_be_attached()
        assert set(requested) <= {"file", "data"}
        assert (tmp_path / "report.html").stat().st_size < LARGEST
        return page

    return open_


def state(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^{re.escape(name)} .*state"))


def test_each_state_has_its_fate(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts", FAULTS))

    expect(page.get_by_role("heading", level=2)).to_contain_text("Succeeded in 1 h")
    expect(state(page, "Describe project version")).to_have_accessible_name(
        re.compile("Task state passed after 2 retries, visited .. times$")
    )
    expect(state(page, "Copy project version")).to_have_accessible_name(re.compile("Task state passed$"))
    expect(state(page, "Read approval")).to_have_accessible_name("Read approval Task, Task state not reached")
    used, arrows = page.locator(".graph .arrow.used").count(), page.locator(".graph .arrow").count()
    assert 10 < used < arrows


def test_each_retried_error_says_what_came_of_it(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts", FAULTS))

    errors = page.get_by_role("table", name="Errors").get_by_role("row")
    expect(errors.nth(1)).to_contain_text("Lambda.TooManyRequestsException")
    expect(errors.nth(2)).to_contain_text(re.compile(r"Runtime\.ExitError.*Retried after [\d.]+ s\."))


def test_the_polls_are_one_row_that_opens(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts"))

    loop = page.get_by_text(re.compile("rounds, .* to .* apart"))
    expect(loop).to_have_count(1)
    assert page.locator(".timeline tbody tr").count() < 20
    loop.click()
    expect(page.locator(".rounds li").first).to_contain_text("What is its status?")


def test_a_failed_execution_says_what_to_do(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_fails"))

    ending = page.get_by_role("note")
    expect(ending).to_contain_text("The bucket models-222222222222 is not accessible.")
    expect(ending).to_contain_text("Fix the reason, then delete the failed version or choose another VersionName.")
    expect(ending).to_contain_text("Then start a new execution.")
    expect(page.locator("#errors")).to_have_count(0)
    link = ending.get_by_role("link", name="CopyFailedError")
    assert str(link.get_attribute("href")).startswith("../docs/errors.md#")
    expect(page.get_by_role("region", name="State Copy failed")).to_contain_text("✗ failed")


def test_a_function_that_failed_is_told_by_its_sentence(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts", "CopyProjectVersionFunction.AssumeRole: AccessDenied"))

    expect(page.get_by_role("note")).to_contain_text("AssumeRole on arn:aws:iam::222222222222:role/")
    expect(page.get_by_role("note")).not_to_contain_text("stackTrace")


def test_a_state_opens_by_keyboard_and_shows_its_data(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts"))

    state(page, "Ensure project policy").focus()
    page.keyboard.press("Enter")

    details = page.get_by_role("region", name="State Ensure project policy")
    expect(page.get_by_role("heading", name="Ensure project policy")).to_be_focused()
    expect(details).to_contain_text('"PolicyName": "rekognition-model-copy-1"')
    details.get_by_text("Input", exact=True).click()
    expect(details.get_by_role("region", name="Input")).to_contain_text('"SourceProjectArn"')


def test_a_written_policy_is_a_difference(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts"))

    state(page, "Ensure project policy").click()
    added = page.get_by_role("region", name="Project policies before and after").locator("ins")
    expect(added.filter(has_text="role/rekognition-model-copy-destination")).to_have_count(1)
    expect(page.get_by_text(re.compile("Policies of copy_between_accounts .*: the same"))).to_be_visible()


def test_an_injected_fault_is_shown_at_its_call(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts", FAULTS))

    state(page, "Copy project version").click()
    expect(page.get_by_text(re.compile("CopyProjectVersion.*injected: lost_answer"))).to_be_visible()
    state(page, "Describe project version").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Calls to AWS: \d$"))).to_be_visible()


def test_a_stopped_execution_shows_where(aws: Sandbox, opened: Open) -> None:
    aws.reset()
    aws.seed("copy_between_accounts")
    execution = aws.start(read_event("copy_between_accounts"))
    aws.clock.after(600, lambda: stop(execution, "Ops", "Stopped by hand"))
    aws.finish()

    page = opened(document_of(aws, execution, "../docs/errors.md"))

    expect(page.get_by_role("heading", level=2)).to_contain_text("Stopped in 10 min")
    expect(page.get_by_role("note")).to_contain_text("Stopped by hand")
    expect(state(page, "Wait for copy")).to_have_accessible_name(re.compile("Wait state stopped here"))


def test_a_redriven_execution_shows_the_failure_before(aws: Sandbox, opened: Open) -> None:
    aws.reset()
    aws.seed("copy_between_accounts")
    aws.follow("CopyProjectVersionFunction.AssumeRole: AccessDenied", read_event("copy_between_accounts"))
    execution = aws.run(read_event("copy_between_accounts"))
    redrive(execution)
    aws.finish()

    page = opened(document_of(aws, execution, "../docs/errors.md"))

    expect(page.get_by_text("redriven 1 time")).to_be_visible()
    expect(state(page, "Copy project version")).to_have_accessible_name(re.compile("Task state passed after 1 retry"))
    expect(page.get_by_role("table", name="Errors")).to_contain_text("The execution failed here.")


def test_a_promotion_has_a_row_for_each_destination(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("promote_to_three"))

    rows = page.get_by_role("table", name="Destinations").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.nth(3)).to_contain_text(re.compile(r"promote_to_three \(444444444444\).*Succeeded"))


def test_data_never_becomes_markup(known: Callable[..., Known], opened: Open) -> None:
    page = opened(known("copy_between_accounts", VersionName=HOSTILE))

    expect(page.get_by_role("note")).to_contain_text("VersionName")
    page.locator("#input summary").click()
    expect(page.get_by_role("region", name="Input of the execution")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("story", ["copy_fails", "promote_to_three"])
def test_nothing_serious_bars_anybody(known: Callable[..., Known], opened: Open, story: str, scheme: Any) -> None:
    found = known(story, "DescribeProjectVersionFunction: throttled")
    opened_page = opened(found)
    opened_page.emulate_media(color_scheme=scheme)

    assert violations(opened_page) == []


def test_the_history_of_aws_is_enough(known: Callable[..., Known], opened: Open) -> None:
    whole = known("copy_fails")
    only_aws = {**whole, "calls": None, "policies": None, "missing": ["the calls to AWS."]}

    page = opened(json.loads(json.dumps(only_aws)))

    expect(page.get_by_text("Not in this report: the calls to AWS.")).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_contain_text("Failed in 10 min")
