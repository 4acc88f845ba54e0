"""A user's own event gets a world that is made from its ARNs, or read from a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.commands import run
from sandbox.own_stories import SCHEMA, story_of
from sandbox.stories import StoryError, read_event, read_world, stories

Write = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes an event or a world into a file."""

    def write(content: Any, name: str = "mine.json") -> str:
        path = tmp_path / name
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def moved(event: str) -> Any:
    """Return an event of events/ in accounts that the sandbox does not know."""
    text = json.dumps(read_event(event))
    return json.loads(text.replace("111111111111", "777777777777").replace("222222222222", "888888888888"))


def told(path: str, capsys: pytest.CaptureFixture[str], world: str = "") -> str:
    run(["demo", path, "--world", world])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("event", "ending"),
    [
        ("copy_between_accounts", "Model Copied: copy_between_accounts v3, to copy_between_accounts in 888888888888"),
        ("approved_by_own_event", "Model Copied: approved_by_own_event v3, to approved_by_own_event in 888888888888"),
        ("approved_by_tag", "Model Copied: approved_by_tag v3, to approved_by_tag in 222222222222"),
        ("promote_to_three", "Model Promoted: promote_to_three v3, to 3 of 3 destinations"),
    ],
)
def test_an_own_event_runs_in_a_world_made_from_its_arns(
    written: Write, capsys: pytest.CaptureFixture[str], event: str, ending: str
) -> None:
    printed = told(written(moved(event)), capsys)

    assert printed.startswith("mine: Its world is made from its ARNs.\n")
    assert "No rule" not in printed
    assert f"  Mail   {ending}" in printed.splitlines()


def test_an_event_of_another_region_is_moved_to_the_stack(written: Write, capsys: pytest.CaptureFixture[str]) -> None:
    event = json.loads(json.dumps(moved("copy_between_accounts")).replace("us-east-1", "eu-west-1"))

    printed = told(written(event), capsys)

    assert printed.startswith("mine: Its ARNs were moved to us-east-1, to the stack.\n")
    assert "SUCCEEDED after" in printed


def test_an_approval_of_another_region_is_moved_whole_and_a_repeated_arn_is_one_version(written: Write) -> None:
    event = json.loads(json.dumps(read_event("approved_by_tag")).replace("us-east-1", "eu-west-1"))
    event["resources"] = [event["detail"]["requestParameters"]["resourceArn"]]

    story = story_of(written(event))

    assert story.event["region"] == "us-east-1"
    assert sum(len(project.get("versions", ())) for project in story.world["projects"]) == 1


def test_a_world_can_be_given(written: Write, capsys: pytest.CaptureFixture[str]) -> None:
    event = moved("promote_from_manifest")
    world = json.loads(json.dumps(read_world("promote_from_manifest")).replace("1" * 12, "7" * 12))

    path = written(world, "world.yaml")
    printed = told(written(event), capsys, path)

    assert "  Mail   Model Promoted: promote_from_manifest v3, to 3 of 3 destinations" in printed.splitlines()
    assert "7" * 12 in story_of("copy_between_accounts", path).accounts


def test_a_file_may_begin_with_a_byte_order_mark(written: Write) -> None:
    assert story_of(written("\ufeff{}")).event == {}


def test_an_arn_with_an_impossible_time_is_in_no_world(written: Write) -> None:
    event = json.loads(json.dumps(moved("copy_between_accounts")).replace("1710000000000", "9" * 18))

    assert [one["arn"].split(":")[4] for one in story_of(written(event)).world["projects"]] == ["777777777777"]


def test_the_metadata_in_an_approval_make_its_package(written: Write) -> None:
    event = read_event("approved_in_sagemaker")
    event["detail"]["CustomerMetadataProperties"] = {"SourceProjectArn": "arn"}

    assert story_of(written(event)).world["packages"] == [
        {
            "arn": "arn:aws:sagemaker:us-east-1:111111111111:model-package/approved-in-sagemaker/1",
            "status": "Approved",
            "properties": {"SourceProjectArn": "arn"},
        }
    ]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ("", "EVENT is empty. Name one of make events, or a file: make demo EVENT=path/to/request.json"),
        ("copy_fail", "There is no event 'copy_fail'. Did you mean copy_fails? make events lists all"),
        ("nowhere.json", "EVENT=nowhere.json cannot be read: No such file or directory."),
    ],
)
def test_an_event_that_is_not_there_is_a_sentence(event: str, sentence: str) -> None:
    with pytest.raises(StoryError) as raised:
        story_of(event)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "mine.json is empty."),
        ("{", "mine.json is not JSON: Expecting property name"),
        ("[" * 100_000, "mine.json is not JSON: maximum recursion depth exceeded"),
        ({"A": "arn:aws-cn:rekognition:cn-north-1:1"}, "The sandbox has the partition aws only; "),
        (b"\xff", "mine.json cannot be read: it is not text in UTF-8."),
        (read_event("promote_from_manifest"), "DestinationsFrom names a manifest in S3. Give a world"),
        (read_event("approved_in_sagemaker"), "The event names a model package. Give a world with this package"),
    ],
)
def test_a_file_that_is_not_an_event_is_a_sentence(written: Write, content: Any, sentence: str) -> None:
    with pytest.raises(StoryError) as raised:
        story_of(written(content))
    assert sentence in str(raised.value)


def test_each_error_of_a_world_is_named(written: Write) -> None:
    world = {"projects": [{"arn": "cats", "version": []}], "later": [{"after": "soon"}]}

    with pytest.raises(StoryError) as raised:
        story_of("copy_between_accounts", written(world, "world.yaml"))

    sentences = str(raised.value).splitlines()
    extra = "projects[0]: Additional properties are not allowed ('version' was unexpected)"
    for part in (
        extra,
        "later[0].after: 'soon' is not of type 'number'",
        "later[0]: 'withdraw' is a required property",
    ):
        assert any(one.endswith(part) for one in sentences), part
    assert any("projects[0].arn: 'cats' does not match" in one for one in sentences)
    assert any(
        "projects[0]: Additional properties are not allowed ('version' was unexpected)" in one for one in sentences
    )


def test_a_world_that_is_not_yaml_is_a_sentence(written: Write) -> None:
    with pytest.raises(StoryError, match="is not YAML: while parsing a flow node"):
        story_of("copy_between_accounts", written("projects: [", "world.yaml"))


@pytest.mark.parametrize("story", stories())
def test_each_world_has_the_described_form(story: str) -> None:
    jsonschema.validate(read_world(story), json.loads(SCHEMA.read_text()))
