"""The page's part of the served sandbox: what it shows and what a person can do."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import report
from sandbox.aws.fast_clock import FastClock
from sandbox.aws.rekognition.settings import Settings, settings
from sandbox.deployment import REGION
from sandbox.happenings import HAPPENINGS
from sandbox.page.server import Page
from sandbox.plans import Plan
from sandbox.records import Call, Records
from sandbox.serve import SPEED, served
from sandbox.stories import read_event, stories
from sandbox.world import sandbox
from tests.sandbox.served import HOUR, Served

STORY = "copy_between_accounts"
WORLDS = (STORY, "copy_fails", "small_model", "promote_to_three", "approved_by_tag", "already_copied", "name_taken")


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    clock = FastClock(SPEED)
    with sandbox(clock) as aws:
        aws.announces = aws.records.recording = True
        for story in WORLDS:
            aws.seed(story)
        with served(wrap=partial(Page, aws, clock)) as endpoint:
            yield Served(aws, clock, int(endpoint.rpartition(":")[2]))


def test_a_browser_gets_the_page_and_an_sdk_gets_its_buckets(page: Served) -> None:
    answer = page.ask("GET", "/", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    make: Any = boto3.client
    s3 = make("s3", region_name=REGION, endpoint_url=f"http://127.0.0.1:{page.port}", **keys)

    assert answer.status == 200
    assert '<script type="module" src="/_sandbox/files/page.js">' in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_the_page_may_load_nothing_from_elsewhere(page: Served) -> None:
    for answer in (page.ask("GET", "/", Accept="text/html"), page.get("state")):
        policy = answer.headers["content-security-policy"]

        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")


def test_its_files_have_the_types_that_a_browser_wants(page: Served) -> None:
    found = {name: page.get(name) for name in ("files/page.js", "files/style.css", "docs/errors.md")}

    assert [answer.status for answer in found.values()] == [200, 200, 200]
    types = [answer.headers["content-type"].partition(";")[0] for answer in found.values()]
    assert types == ["text/javascript", "text/css", "text/plain"]
    assert found["docs/errors.md"].text.startswith("# Errors")


@pytest.mark.parametrize(
    "path",
    ["files/server.py", "files/dagre.d.ts", "files/../server.py", "files/%2e%2e/serve.py", "files/no.js", "files/", ""],
)
def test_nothing_else_is_a_file(page: Served, path: str) -> None:
    assert page.get(path).status == 404


def test_no_file_outside_of_the_page_is_served(page: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "inside.js").touch()
    (tmp_path / "outside.js").touch()
    monkeypatch.setattr("sandbox.page.server.FILES", tmp_path / "page")

    assert page.get("files/inside.js").status == 200
    assert page.get("files/../outside.js").status == page.get("files/%2e%2e/outside.js").status == 404


def test_the_layout_library_is_a_file_and_what_to_do_is_said_if_it_is_missing(
    page: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "build" / "page" / "1" / "2" / "3" / "4" / "dagre.js"
    monkeypatch.setattr("sandbox.page.files.DAGRE", library)
    monkeypatch.setattr("sandbox.page.files.ROOT", tmp_path)
    missing = page.get("files/dagre.js")
    library.parent.mkdir(parents=True)
    library.write_text("export {}")

    assert missing.status == 404
    assert "is missing. Run: make build/page/" in missing.json["error"]
    assert page.get("files/dagre.js").text == "export {}"


def test_a_copy_is_started_watched_and_ends_as_time_passes(page: Served) -> None:
    arn = page.start(STORY, "CopyProjectVersion: lost_answer")
    page.advance(60)
    request, running, begun = read_event(STORY), page.listed(arn), page.known(arn)
    page.advance()
    ended, rest = page.listed(arn), page.known(arn, begun["events"][-1]["id"])

    assert (running["status"], running["machine"], running["stopped"]) == ("RUNNING", "copy", None)
    assert (running["source"], running["destination"]) == (
        request["SourceProjectArn"],
        request["DestinationProjectArn"],
    )
    assert (ended["status"], ended["redrivable"]) == ("SUCCEEDED", False)
    ids = [event["id"] for event in begun["events"] + rest["events"]]
    assert ids == list(range(1, len(ids) + 1))
    assert rest["events"][-1]["type"] == "ExecutionSucceeded"
    assert [call["operation"] for call in rest["calls"] if call["fault"] == "lost_answer"] == ["CopyProjectVersion"]
    assert rest["docs"] == "/_sandbox/docs/errors.md"


def test_a_report_of_the_served_sandbox_has_what_only_the_sandbox_knows(page: Served) -> None:
    arn = page.start("name_taken", "CopyProjectVersionFunction.AssumeRole: AccessDenied")
    page.advance(60)
    known, reported = page.known(arn), report.read(arn, f"http://127.0.0.1:{page.port}/")

    assert reported["missing"] == []
    assert {call["execution"] for call in reported["calls"]} == {arn}
    assert {name: reported[name] for name in ("calls", "policies", "rows")} == {
        name: known[name] for name in ("calls", "policies", "rows")
    }


def test_projects_have_their_versions_and_policies(page: Served) -> None:
    page.aws.seed("copy_in_progress")
    arn = page.start("copy_in_progress")
    request = read_event("copy_in_progress")
    page.advance(60)
    projects = {project["arn"]: project for project in page.get("state").json["projects"]}
    page.post("stop", {"arn": arn})

    copy = next(one for one in projects[request["DestinationProjectArn"]]["versions"] if one["name"] == "v3")
    source = projects[request["SourceProjectArn"]]
    assert (copy["status"], copy["source"]) == ("COPYING_IN_PROGRESS", request["SourceProjectVersionArn"])
    assert (source["account"], source["region"], source["name"]) == ("111111111111", REGION, "copy_in_progress")
    assert source["versions"][0]["f1Score"] == 0.9
    assert {name for policy in source["policies"] for name in policy} <= {"name", "document", "revision"}


def test_each_copy_names_its_promotion_and_each_destination_is_a_row(page: Served) -> None:
    arn = page.start("promote_to_three")
    page.advance()
    state = page.get("state").json
    (promotion,) = state["promotions"]

    assert (promotion["arn"], promotion["status"]) == (arn, "SUCCEEDED")
    assert [row["status"] for row in promotion["rows"]] == ["SUCCEEDED"] * 3
    copies = {one["arn"] for one in state["executions"] if one["promotion"] == arn}
    assert copies == {row["execution"] for row in promotion["rows"]}
    assert page.listed(arn)["machine"] == "promotion"
    assert page.known(arn)["rows"] == promotion["rows"]


def test_an_approval_is_put_on_the_bus_and_its_request_is_listed(page: Served) -> None:
    started = page.post("start", {"event": read_event("approved_by_tag")}).json
    page.advance(60)

    assert started["sentence"] == "A rule of the event bus matches the event from account 111111111111."
    assert page.listed(started["executions"][0])["versionName"] == "v3"


def test_outcomes_and_mails_are_listed_with_their_times(page: Served) -> None:
    begun = page.clock.time()
    arn = page.start("already_copied")
    page.advance(60)
    state = page.get("state").json

    (outcome,) = [one for one in state["outcomes"] if one["detail"]["ExecutionArn"] == arn]
    assert (outcome["detail-type"], outcome["bus"]) == ("Model Copied", "default")
    assert state["mails"][-1]["subject"].startswith("Model Copied: already_copied v3")
    assert begun <= page.aws.mails[-1].time <= page.clock.time()
    times = [datetime.fromisoformat(at) for at in (outcome["time"], state["mails"][-1]["time"], state["now"])]
    assert times == sorted(times)


def test_an_idle_state_is_not_sent_twice_but_an_advanced_one_is(page: Served) -> None:
    page.advance(24 * HOUR)
    tag = page.get("state").headers["etag"]
    again = page.get("state", If_None_Match=tag)
    page.advance(60)
    advanced = page.get("state", If_None_Match=tag)

    assert (again.status, again.text) == (304, "")
    assert advanced.status == 200


def test_a_state_in_which_something_runs_has_the_time(page: Served) -> None:
    arn = page.start("copy_fails")
    tag = page.get("state").headers["etag"]
    again = page.get("state", If_None_Match=tag)
    page.post("stop", {"arn": arn})

    assert again.status == 200


def test_an_execution_is_stopped_and_redriven_once_each(page: Served) -> None:
    arn = page.start("small_model")
    too_early = page.post("redrive", {"arn": arn})
    page.post("stop", {"arn": arn})
    stopped, too_late = page.listed(arn), page.post("stop", {"arn": arn})
    page.post("redrive", {"arn": arn})
    page.advance()

    assert too_early.json == {"error": "An execution that is RUNNING cannot be redriven."}
    assert (stopped["status"], stopped["redrivable"]) == ("ABORTED", True)
    assert (too_late.status, too_late.json) == (400, {"error": "An execution that is ABORTED cannot be stopped."})
    assert page.listed(arn)["status"] == "SUCCEEDED"
    assert page.known(arn)["execution"]["redriveCount"] == 1


@pytest.mark.parametrize(
    ("action", "body", "sentence"),
    [
        ("start", {"event": "nonsense"}, "There is no event named 'nonsense' in events/."),
        ("start", {"event": 5}, "event must be a JSON object, or the name of a file in events/ without .json."),
        (
            "start",
            {"event": {"x": "y" * 262_144}},
            "event must have at most 262144 bytes, the limit of Step Functions.",
        ),
        ("start", {"event": {}, "faults": 5}, "faults must be a string: a plan of faults."),
        ("start", {"event": {}, "faults": "nowhere: crashed"}, "There is no place 'nowhere'. "),
        (
            "start",
            {"event": {"source": "x", "detail-type": "y", "account": "1", "region": "z", "detail": {}}},
            "account must be the 12 digits of an AWS account; got '1'.",
        ),
        ("stop", {"arn": "nonsense"}, "There is no execution nonsense."),
        ("redrive", {}, "There is no execution None."),
        ("advance", {"seconds": 0}, "seconds must be a number from 1 to 2592000, which is 30 days; got 0."),
        ("advance", {"seconds": 2_592_001}, "seconds must be a number from 1 to 2592000, which is 30 days; "),
        ("advance", {"seconds": True}, "seconds must be a number from 1 to 2592000, which is 30 days; got True."),
        ("start", [], "The body must be a JSON object."),
    ],
)
def test_a_sentence_says_why_something_cannot_be_done(page: Served, action: str, body: object, sentence: str) -> None:
    answer = page.post(action, body)

    assert answer.status in (400, 404)
    assert answer.json["error"].startswith(sentence)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_can_send_is_refused(page: Served, kind: str) -> None:
    answer = page.ask("POST", "/_sandbox/advance", '{"seconds": 60}', Content_Type=kind)

    assert (answer.status, answer.json) == (403, {"error": "The Content-Type must be application/json."})


def test_the_server_keeps_other_sites_away(page: Served) -> None:
    posted = page.post("advance", {"seconds": 60}, Origin="http://evil.example")
    operation = page.ask("GET", "/", Origin=f"http://127.0.0.1:{page.port}")

    assert page.get("state", Host="evil.example").status == posted.status == 403
    assert operation.status == 200
    assert not [name for name in operation.headers if name.startswith("access-control-")]


def test_a_body_that_is_not_json_or_too_long_is_refused(page: Served) -> None:
    bodies = ("{", "[" * 200_000, '"' + "x" * 1_000_000 + '"')
    answers = [page.ask("POST", "/_sandbox/start", body, Content_Type="application/json") for body in bodies]

    assert [answer.status for answer in answers] == [400, 400, 413]
    assert answers[0].json["error"].startswith("The body is not JSON: ")


def test_paths_of_an_execution_are_checked(page: Served) -> None:
    assert page.get("execution?arn=nonsense").json == {"error": "There is no execution nonsense."}
    assert page.get("execution?arn=x&after=-1").json == {"error": "after must be the id of an event; got '-1'."}
    assert page.ask("POST", "/_sandbox/state").status == 405
    assert page.get("start").status == 404


def test_a_start_replaces_the_faults_and_settings_of_the_start_before(page: Served) -> None:
    arns = [page.start({}, "copies_quota = 1; CopyProjectVersion: ThrottlingException always")]
    quota = settings.copies_quota
    arns.append(page.start({}))
    page.advance(60)

    assert quota == 1
    assert vars(settings) == vars(Settings())
    assert page.aws.plan.next_fault("CopyProjectVersion") is None
    assert [page.listed(arn)["error"] for arn in arns] == ["NotARequestError"] * 2


def test_all_events_and_faults_can_be_chosen(page: Served) -> None:
    choices = page.get("choices").json
    faults = choices["faults"]

    assert [event["name"] for event in choices["events"]] == stories()
    assert {event["kind"] for event in choices["events"]} == {
        "request",
        "approval",
        "promotion",
        "status change",
        "audit",
    }
    assert choices["events"][0]["event"] == read_event(stories()[0])
    assert all(event["about"] for event in choices["events"])
    assert {"ReadApprovalFunction", "WithdrawGrantFunction"} < set(faults["functions"])
    assert "LimitExceededException" in faults["operations"]["CopyProjectVersion"]
    for place, names in chain(faults["operations"].items(), faults["functions"].items()):
        Plan(f"{place}: {', '.join(names)}", dict.fromkeys(HAPPENINGS, lambda: None))
    assert faults["settings"] == json.loads(json.dumps(vars(Settings())))


def test_the_state_can_be_read_while_executions_start_and_end(page: Served) -> None:
    arns = [page.start("already_copied") for _ in range(10)]
    statuses = [page.get("state").status for _ in range(50)]
    page.advance()

    assert set(statuses) == {200}
    listed = page.get("state").json["executions"]
    assert {one["status"] for one in listed if one["arn"] in arns} == {"SUCCEEDED"}
    assert [one["started"] for one in listed] == sorted((one["started"] for one in listed), reverse=True)


def test_the_oldest_records_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.records.MOST_CALLS", 2)
    records = Records(recording=True)
    for at in range(4):
        records.add(Call(at, None, "Function", "lambda", "Invoke"))

    assert [call.at for call in records.calls] == [2, 3]
