"""A request is copied exactly once, whatever fails, and the copy is followed to its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from model_copy import accounts, copying
from model_copy.errors import (
    AccessDeniedError,
    CopyDeadlineError,
    DestinationProjectNotFoundError,
    FailedBeforeError,
    GrantMissingError,
    ModelQuotaError,
    NoCopySlotError,
    PolicyDeniedError,
    RequestRejectedError,
    SourceNotCopyableError,
    SourceVersionNotFoundError,
    TransientError,
    VersionConflictError,
    VersionGoneError,
)
from model_copy.polling import Progress
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings

ROLE = "arn:aws:iam::222222222222:role/model-copy-destination"
OTHER_VERSION = "arn:aws:rekognition:eu-central-1:111111111111:project/cats/version/v2/1700000000009"
QUOTA_ERRORS = ["LimitExceededException", "ServiceQuotaExceededException"]


def policy(request: CopyRequest, effect: str = "Allow", principal: str = ROLE) -> dict[str, Any]:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": request.source_version.text,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def grant(world: Any, copy_request: CopyRequest) -> None:
    """A grant that has been there for an hour."""
    world.put_policy("grant", policy(copy_request))
    world.clock.sleep(3_600)


@pytest.fixture
def progress(world: Any) -> Progress:
    """A copy that was started just now."""
    held = world.hold("COPYING_IN_PROGRESS")
    return Progress(held.arn, "COPYING_IN_PROGRESS", "", now(world), adopted=False)


def now(world: Any) -> datetime:
    return datetime.fromtimestamp(world.clock.now, UTC)


def denied(destination: Any) -> None:
    """Let AWS deny the copy for a reason of IAM's."""
    destination.refuse("CopyProjectVersion", "AccessDeniedException", message="Not authorized.")


@pytest.mark.usefixtures("grant")
def test_a_free_name_is_copied_to(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    progress = copying.copy_once(destination.client, copy_request)

    assert progress == Progress(
        world.destination.versions["v1"].arn, "COPYING_IN_PROGRESS", "", now(world), adopted=False
    )
    assert world.copies == 1
    assert world.destination.versions["v1"].source_arn == copy_request.source_version.text


@pytest.mark.usefixtures("grant")
def test_what_the_request_says_reaches_the_copy(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    members = {**copy_request.members, "Tags": {"team": "cats"}, "KmsKeyId": "alias/models"}

    copying.copy_once(destination.client, replace(copy_request, members=members))

    copy = world.destination.versions["v1"]
    assert (copy.tags, copy.kms_key_id) == ({"team": "cats"}, "alias/models")
    assert copy.output_config == {"S3Bucket": "live-models", "S3KeyPrefix": "copies"}


@pytest.mark.usefixtures("grant")
def test_a_copy_that_is_there_is_adopted(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    held = world.hold("COPYING_COMPLETED")

    progress = copying.copy_once(destination.client, copy_request)

    assert progress == Progress(held.arn, "COPYING_COMPLETED", "", now(world), adopted=True)
    assert "CopyProjectVersion" not in destination.calls


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lost_answer_never_copies_twice(destination: Any, world: Any, copy_request: CopyRequest, lost: int) -> None:
    destination.lose_answers("CopyProjectVersion", times=lost)

    progress = copying.copy_once(destination.client, copy_request)

    assert progress.arn == world.destination.versions["v1"].arn
    assert progress.adopted
    assert world.copies == 1


@pytest.mark.usefixtures("grant")
def test_a_twin_that_copied_meanwhile_is_adopted(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.hold("COPYING_IN_PROGRESS"))

    progress = copying.copy_once(destination.client, copy_request)

    assert progress.adopted
    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_name_that_another_model_took_meanwhile_is_a_conflict(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.hold(source_arn=None))

    with pytest.raises(VersionConflictError, match="which is no copy"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("taken_name_error", ["ResourceInUseException", "ResourceAlreadyExistsException"])
def test_a_copy_that_is_not_visible_yet_is_waited_for(
    destination: Any, world: Any, copy_request: CopyRequest, taken_name_error: str
) -> None:
    settings.visibility_lag_seconds, settings.taken_name_error = 60, taken_name_error
    destination.lose_answers("CopyProjectVersion")

    with pytest.raises(TransientError, match=taken_name_error):
        copying.copy_once(destination.client, copy_request)

    world.clock.sleep(60)
    assert copying.copy_once(destination.client, copy_request).adopted
    assert world.copies == 1


@pytest.mark.usefixtures("grant")
def test_a_call_that_never_arrived_is_tried_again(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    destination.cut("CopyProjectVersion", ReadTimeoutError(endpoint_url="https://rekognition"))

    with pytest.raises(TransientError, match="ReadTimeoutError"):
        copying.copy_once(destination.client, copy_request)

    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_name_that_is_being_deleted_is_waited_for(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    world.hold("DELETING")

    with pytest.raises(TransientError, match="Taking the name v1 did not succeed"):
        copying.copy_once(destination.client, copy_request)

    assert "CopyProjectVersion" not in destination.calls


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("slot_error", QUOTA_ERRORS)
def test_full_copy_slots_are_waited_for(
    destination: Any, world: Any, copy_request: CopyRequest, slot_error: str
) -> None:
    settings.slot_error = slot_error
    for number in range(5):
        world.hold("COPYING_IN_PROGRESS", name=f"other{number}")

    with pytest.raises(NoCopySlotError, match="Account 222222222222 has no free copy slot in eu-central-1"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("versions_quota_error", QUOTA_ERRORS)
def test_a_full_project_is_refused(
    destination: Any, world: Any, copy_request: CopyRequest, versions_quota_error: str
) -> None:
    settings.versions_quota_error = versions_quota_error
    for number in range(100):
        world.hold(name=f"other{number}")

    with pytest.raises(ModelQuotaError, match=f"{copy_request.destination_project} holds 100 model versions"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
def test_a_project_with_room_for_one_more_is_not_full(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    for number in range(99):
        world.hold(name=f"other{number}")
    destination.refuse("CopyProjectVersion", "LimitExceededException")

    with pytest.raises(NoCopySlotError):
        copying.copy_once(destination.client, copy_request)


def test_a_project_that_goes_before_its_versions_are_counted_is_said(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    destination.refuse("CopyProjectVersion", "LimitExceededException")
    asked: list[None] = []

    def go() -> None:
        asked.append(None)
        if len(asked) == 3:  # after the name was looked for before the copy, and after it
            world.backend("222222222222").projects.clear()

    destination.meanwhile("DescribeProjectVersions", go, times=3)

    with pytest.raises(DestinationProjectNotFoundError, match="Create it in account 222222222222"):
        copying.copy_once(destination.client, copy_request)


def test_a_grant_that_went_missing_is_said(destination: Any, copy_request: CopyRequest) -> None:
    with pytest.raises(GrantMissingError, match=f"allows {ROLE} to copy {copy_request.source_version}"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
def test_a_deny_is_a_refusal(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    world.put_policy("lockdown", policy(copy_request, "Deny", "*"))

    with pytest.raises(PolicyDeniedError, match="The project policy lockdown"):
        copying.copy_once(destination.client, copy_request)


def test_a_grant_that_is_not_everywhere_yet_is_waited_for(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    settings.propagation_seconds = 240
    world.put_policy("grant", policy(copy_request))
    world.clock.sleep(120)

    with pytest.raises(TransientError, match=r"not authorized.*, and project policy grant may be too new"):
        copying.copy_once(destination.client, copy_request)

    world.clock.sleep(120)
    assert not copying.copy_once(destination.client, copy_request).adopted


@pytest.mark.parametrize(("age", "error"), [(299, TransientError), (300, AccessDeniedError)])
def test_a_grant_is_new_for_five_minutes(
    destination: Any, world: Any, copy_request: CopyRequest, age: int, error: type[Exception]
) -> None:
    world.put_policy("grant", policy(copy_request))
    world.clock.sleep(age)
    denied(destination)

    with pytest.raises(error) as caught:
        copying.copy_once(destination.client, copy_request)

    assert caught.type is error


@pytest.mark.usefixtures("grant")
def test_a_permission_that_lacks_fails_at_its_task(destination: Any, copy_request: CopyRequest) -> None:
    denied(destination)

    with pytest.raises(AccessDeniedError, match=r"CopyProjectVersion on \S+ was denied: Not authorized\. Let the"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
def test_a_new_policy_that_grants_another_copy_does_not_make_the_grant_new(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.put_policy("somebody-elses", policy(copy_request, principal="444444444444"))
    denied(destination)

    with pytest.raises(AccessDeniedError):
        copying.copy_once(destination.client, copy_request)


@pytest.fixture
def own_request(copy_request: CopyRequest) -> CopyRequest:
    """A request within the source account."""
    account = copy_request.source_project.account
    return replace(copy_request, destination_project=replace(copy_request.destination_project, account=account))


@pytest.mark.usefixtures("world")
def test_within_one_account_no_grant_is_missing(destination: Any, own_request: CopyRequest) -> None:
    denied(destination)

    with pytest.raises(AccessDeniedError):
        copying.copy_once(destination.client, own_request)


def test_within_one_account_too_a_deny_explains_a_denial(
    destination: Any, world: Any, own_request: CopyRequest
) -> None:
    world.put_policy("frozen", policy(own_request, "Deny", "*"))
    denied(destination)

    with pytest.raises(PolicyDeniedError, match="policy frozen of"):
        copying.copy_once(destination.client, own_request)


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("code", ["InvalidParameterException", "ResourceNotFoundException", "ValidationException"])
def test_a_request_that_aws_does_not_accept_is_refused(destination: Any, copy_request: CopyRequest, code: str) -> None:
    destination.refuse("CopyProjectVersion", code, message="No such bucket.")

    with pytest.raises(
        RequestRejectedError, match=rf"did not accept CopyProjectVersion on \S+ \({code}\): No such bucket\. "
    ):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.usefixtures("grant")
def test_an_error_that_nobody_knows_is_a_bug(destination: Any, copy_request: CopyRequest) -> None:
    destination.refuse("CopyProjectVersion", "NobodyKnowsException")

    with pytest.raises(ClientError, match="NobodyKnowsException"):
        copying.copy_once(destination.client, copy_request)


@pytest.mark.parametrize("step", ["copy_once", "look", "check_both"])
def test_a_destination_project_that_does_not_exist_is_said(
    source: Any, destination: Any, world: Any, copy_request: CopyRequest, step: str
) -> None:
    world.backend("222222222222").projects.clear()
    before = Progress("", "COPYING_IN_PROGRESS", "", now(world), adopted=True)
    steps = {
        "copy_once": lambda: copying.copy_once(destination.client, copy_request),
        "look": lambda: copying.look(destination.client, copy_request, before),
        "check_both": lambda: copying.check_both(source.client, destination.client, copy_request),
    }

    with pytest.raises(DestinationProjectNotFoundError, match="Create it in account 222222222222 or"):
        steps[step]()


def test_a_look_tells_the_status_and_keeps_since_when(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(600)
    world.destination.versions["v1"].forced_status = "COPYING_FAILED"
    world.destination.versions["v1"].forced_message = "No bucket."

    after = copying.look(destination.client, copy_request, progress)

    assert after == replace(progress, status="COPYING_FAILED", message="No bucket")


def test_a_copy_may_be_missing_ten_times_in_a_row(destination: Any, world: Any, copy_request: CopyRequest) -> None:
    seen = Progress("the-copy", "COPYING_IN_PROGRESS", "", now(world), adopted=False)

    for times in range(1, 11):
        seen = copying.look(destination.client, copy_request, seen)
        assert (seen.status, seen.times_missing) == ("COPYING_IN_PROGRESS", times)
    with pytest.raises(VersionGoneError, match="The copy the-copy was not to be found 11 times in a row"):
        copying.look(destination.client, copy_request, seen)


def test_a_copy_that_was_seen_again_is_not_missing(
    destination: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    assert copying.look(destination.client, copy_request, replace(progress, times_missing=10)) == progress


def test_a_copy_that_another_model_replaced_is_a_conflict(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    world.hold("TRAINING_COMPLETED", source_arn=None)

    with pytest.raises(VersionConflictError, match="which is no copy"):
        copying.look(destination.client, copy_request, progress)


def test_a_copy_that_a_copy_of_another_version_replaced_is_a_conflict(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    world.hold(source_arn=OTHER_VERSION)

    with pytest.raises(VersionConflictError, match=f"copied from {OTHER_VERSION}"):
        copying.look(destination.client, copy_request, progress)


@pytest.mark.parametrize("facts", [{}, {"output_config": {"S3Bucket": "old-models"}, "kms_key_id": "a-key"}], ids=str)
@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_FAILED", "DELETING"])
def test_a_copy_that_another_copy_of_the_same_replaced_is_followed(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress, status: str, facts: dict[str, Any]
) -> None:
    world.clock.sleep(60)
    held = world.hold(status, **facts)

    seen = copying.look(destination.client, copy_request, progress)

    assert held.arn != progress.arn
    assert (seen.arn, seen.status) == (held.arn, status)


@pytest.fixture
def secretive(world: Any) -> None:
    """An AWS whose copies report their source only when they are complete."""
    settings.copy_reports_source = "when_complete"


@pytest.mark.usefixtures("secretive")
def test_a_copy_in_progress_that_reports_no_source_is_followed_until_it_does(
    source: Any, destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    held = world.hold("COPYING_IN_PROGRESS")

    found = copying.check_both(source.client, destination.client, copy_request)
    seen = copying.copy_once(destination.client, copy_request)
    assert found is not None
    assert found.arn == seen.arn == held.arn
    assert copying.look(destination.client, copy_request, seen) == seen

    held.forced_status = "COPYING_COMPLETED"
    assert copying.look(destination.client, copy_request, seen).status == "COPYING_COMPLETED"


@pytest.mark.usefixtures("grant", "secretive")
def test_a_lost_answer_is_not_refused_though_the_copy_reports_no_source(
    destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    destination.lose_answers("CopyProjectVersion", times=3)

    seen = copying.copy_once(destination.client, copy_request)

    assert (seen.adopted, seen.status) == (True, "COPYING_IN_PROGRESS")
    assert world.copies == 1


@pytest.mark.usefixtures("secretive")
@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("COPYING_COMPLETED", f"copied from {OTHER_VERSION}"),
        ("RUNNING", f"copied from {OTHER_VERSION}"),
    ],
)
def test_a_stranger_s_copy_that_was_followed_is_a_conflict_when_it_has_ended(
    destination: Any, world: Any, copy_request: CopyRequest, status: str, what: str
) -> None:
    held = world.hold("COPYING_IN_PROGRESS", source_arn=OTHER_VERSION)
    seen = copying.copy_once(destination.client, copy_request)
    seen = copying.look(destination.client, copy_request, seen)

    held.forced_status, held.forced_message = status, "No bucket."
    with pytest.raises(VersionConflictError, match=f"{held.arn}, with status {status}, {what}"):
        copying.look(destination.client, copy_request, seen)


@pytest.mark.usefixtures("secretive")
@pytest.mark.parametrize("source_arn", [None, OTHER_VERSION])
def test_a_followed_copy_that_fails_without_a_source_is_called_nobody_s(
    destination: Any, world: Any, copy_request: CopyRequest, source_arn: str | None
) -> None:
    held = world.hold("COPYING_IN_PROGRESS", **({"source_arn": source_arn} if source_arn else {}))
    seen = copying.copy_once(destination.client, copy_request)

    held.forced_status, held.forced_message = "COPYING_FAILED", "No bucket."
    seen = copying.look(destination.client, copy_request, seen)

    assert seen.status == "COPYING_FAILED"
    assert seen.message == "No bucket (it reports no source, so it may be somebody else's copy)"


@pytest.mark.usefixtures("secretive")
def test_a_copy_that_a_stranger_s_replaced_is_a_conflict_when_that_is_complete(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    world.clock.sleep(60)
    held = world.hold("COPYING_IN_PROGRESS", source_arn=OTHER_VERSION)

    seen = copying.look(destination.client, copy_request, progress)
    assert seen.adopted

    held.forced_status = "COPYING_COMPLETED"
    with pytest.raises(VersionConflictError, match=f"copied from {OTHER_VERSION}"):
        copying.look(destination.client, copy_request, seen)


@pytest.mark.usefixtures("secretive")
def test_the_copy_that_was_started_here_is_ours_though_it_never_reports_its_source(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress
) -> None:
    held = world.destination.versions["v1"]
    held.forced_status, held.forced_message = "COPYING_FAILED", "No bucket."

    seen = copying.look(destination.client, copy_request, progress)

    assert (seen.status, seen.message) == ("COPYING_FAILED", "No bucket")


@pytest.mark.parametrize(("hours", "name"), [("24", "24 hours"), ("0.5", "0.5 hours")])
def test_a_copy_past_the_deadline_is_left_to_the_next_request(
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    progress: Progress,
    monkeypatch: pytest.MonkeyPatch,
    hours: str,
    name: str,
) -> None:
    monkeypatch.setenv("DEADLINE_HOURS", hours)
    world.clock.sleep(float(hours) * 3_600)
    assert copying.look(destination.client, copy_request, progress) == progress

    world.clock.sleep(1)
    with pytest.raises(CopyDeadlineError, match=f"still in progress {name} after it was first seen"):
        copying.look(destination.client, copy_request, progress)


@pytest.mark.parametrize("status", ["COPYING_COMPLETED", "RUNNING", "COPYING_FAILED", "DELETING"])
def test_a_copy_that_has_ended_past_the_deadline_has_ended(
    destination: Any, world: Any, copy_request: CopyRequest, progress: Progress, status: str
) -> None:
    world.clock.sleep(timedelta(hours=25).total_seconds())
    world.destination.versions["v1"].forced_status = status

    assert copying.look(destination.client, copy_request, progress).status == status


def test_a_request_that_can_be_copied_passes_both_checks(
    source: Any, destination: Any, copy_request: CopyRequest
) -> None:
    assert copying.check_both(source.client, destination.client, copy_request) is None

    assert (source.calls, destination.calls) == (["DescribeProjectVersions"], ["DescribeProjectVersions"])


@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_COMPLETED", "RUNNING"])
@pytest.mark.parametrize("gone", ["nothing", "version", "project"])
def test_a_copy_that_is_there_already_needs_no_source(
    source: Any, destination: Any, world: Any, copy_request: CopyRequest, status: str, gone: str
) -> None:
    held = world.hold(status)
    if gone == "version":
        world.source.versions.clear()
    elif gone == "project":
        world.backend("111111111111").projects.clear()

    found = copying.check_both(source.client, destination.client, copy_request)

    assert found is not None
    assert (found.arn, found.status) == (held.arn, status)
    assert source.calls == []


def test_a_name_that_is_being_deleted_is_waited_for_before_the_source_is_checked(
    source: Any, destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.source.versions.clear()
    world.hold("DELETING")

    with pytest.raises(TransientError, match="Taking the name v1 did not succeed"):
        copying.check_both(source.client, destination.client, copy_request)

    assert source.calls == []


def no_version(world: Any) -> None:
    world.source.versions.clear()


def in_training(world: Any) -> None:
    world.source.versions["v1"].forced_status = "TRAINING_IN_PROGRESS"


def no_destination(world: Any) -> None:
    world.backend("222222222222").projects.clear()


SOURCE_REFUSALS = [
    (no_version, SourceVersionNotFoundError, "There is no model version"),
    (in_training, SourceNotCopyableError, "its status is TRAINING_IN_PROGRESS"),
]
DESTINATION_REFUSALS = [
    (no_destination, "There is no project arn:aws:rekognition:eu-central-1:222222222222"),
    (lambda world: world.hold("COPYING_FAILED"), "An earlier copy of this model version"),
    (lambda world: world.hold(source_arn=None), "already has a version named v1"),
]


@pytest.mark.parametrize(("no_source", "error", "first"), SOURCE_REFUSALS)
@pytest.mark.parametrize(("no_room", "second"), DESTINATION_REFUSALS)
def test_both_checks_say_together_what_speaks_against_the_copy_and_the_source_s_part_first(
    source: Any,
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    no_source: Any,
    error: type[Exception],
    first: str,
    no_room: Any,
    second: str,
) -> None:
    no_source(world)
    no_room(world)

    with pytest.raises(error) as caught:
        copying.check_both(source.client, destination.client, copy_request)

    assert 0 <= str(caught.value).find(first) < str(caught.value).find(second)


@pytest.mark.parametrize(("no_source", "error", "words"), SOURCE_REFUSALS)
def test_a_source_that_cannot_be_copied_is_refused_at_once(
    source: Any,
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    no_source: Any,
    error: type[Exception],
    words: str,
) -> None:
    no_source(world)

    with pytest.raises(error, match=words):
        copying.check_both(source.client, destination.client, copy_request)


def test_a_failed_copy_of_before_is_refused_at_once(
    source: Any, destination: Any, world: Any, copy_request: CopyRequest
) -> None:
    world.hold("COPYING_FAILED")

    with pytest.raises(FailedBeforeError, match="AWS gives no reason"):
        copying.check_both(source.client, destination.client, copy_request)


@pytest.fixture
def second_look(source: Any, copy_request: CopyRequest) -> Any:
    """The wire on which the source is looked at for what its copy may inherit."""
    return type(source)(accounts.source(copy_request, "rekognition:DescribeProjectVersions"))


@pytest.fixture
def as_source(world: Any) -> dict[str, Any]:
    """The output location and key of the source, as facts of a copy."""
    world.source.versions["v1"].kms_key_id = "a-key-of-the-source"
    return {"output_config": {"S3Bucket": "training", "S3KeyPrefix": "output"}, "kms_key_id": "a-key-of-the-source"}


def adopt(destination: Any, request: CopyRequest) -> None:
    """Adopt what holds the name."""
    held = copying.find_held(destination.client, request)
    assert held is not None
    copying.adopt(held, request)


def test_a_copy_that_is_described_as_asked_is_adopted_without_a_look_at_the_source(
    destination: Any, world: Any, copy_request: CopyRequest, second_look: Any
) -> None:
    world.hold()

    adopt(destination, copy_request)

    assert second_look.calls == []


def test_a_copy_that_is_described_as_its_source_is_adopted(
    source: Any,
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    second_look: Any,
    as_source: dict[str, Any],
) -> None:
    held = world.hold("COPYING_IN_PROGRESS", **as_source)

    adopt(destination, copy_request)
    assert second_look.calls == ["DescribeProjectVersions"]

    found = copying.check_both(source.client, destination.client, copy_request)
    assert found is not None
    assert found.arn == copying.copy_once(destination.client, copy_request).arn == held.arn
    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_lost_copy_that_is_described_as_its_source_is_not_made_twice(
    destination: Any, world: Any, copy_request: CopyRequest, as_source: dict[str, Any]
) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.hold("COPYING_IN_PROGRESS", **as_source))

    assert copying.copy_once(destination.client, copy_request).adopted


def test_a_failed_copy_that_is_described_as_its_source_has_failed_before(
    destination: Any, world: Any, copy_request: CopyRequest, as_source: dict[str, Any]
) -> None:
    world.hold("COPYING_FAILED", **as_source)

    with pytest.raises(FailedBeforeError):
        adopt(destination, copy_request)


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({"output_config": {"S3Bucket": "a-third", "S3KeyPrefix": "copies"}}, "with its output at s3://a-third/copies"),
        ({"kms_key_id": "a-third-key"}, "with the KMS key a-third-key, not a key that AWS owns"),
    ],
)
def test_a_copy_that_is_described_neither_as_asked_nor_as_its_source_is_a_conflict(
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    second_look: Any,
    as_source: dict[str, Any],
    facts: dict[str, Any],
    difference: str,
) -> None:
    world.hold(**{**as_source, **facts})

    with pytest.raises(VersionConflictError, match=difference):
        adopt(destination, copy_request)

    assert second_look.calls == ["DescribeProjectVersions"]


@pytest.mark.parametrize("gone", ["version", "project"])
def test_a_conflict_stays_one_when_the_source_has_gone(
    destination: Any, world: Any, copy_request: CopyRequest, as_source: dict[str, Any], gone: str
) -> None:
    world.hold(**as_source)
    if gone == "version":
        world.source.versions.clear()
    else:
        world.backend("111111111111").projects.clear()

    with pytest.raises(VersionConflictError, match="with its output at s3://training/output, not at"):
        adopt(destination, copy_request)


def test_a_conflict_is_told_only_when_the_source_could_be_looked_at(
    destination: Any, world: Any, copy_request: CopyRequest, second_look: Any, as_source: dict[str, Any]
) -> None:
    world.hold(**as_source)
    second_look.refuse("DescribeProjectVersions", "ThrottlingException")

    with pytest.raises(TransientError, match="ThrottlingException"):
        adopt(destination, copy_request)


@pytest.mark.parametrize("source_arn", [OTHER_VERSION, None])
def test_a_copy_of_another_source_conflicts_without_a_look_at_ours(
    destination: Any,
    world: Any,
    copy_request: CopyRequest,
    second_look: Any,
    as_source: dict[str, Any],
    source_arn: str | None,
) -> None:
    world.hold(source_arn=source_arn, **as_source)

    with pytest.raises(VersionConflictError):
        adopt(destination, copy_request)

    assert second_look.calls == []


def test_a_source_version_that_exists_is_found(source: Any, copy_request: CopyRequest) -> None:
    found = copying.find_source(source.client, copy_request)

    assert (found.arn, found.status) == (copy_request.source_version.text, "TRAINING_COMPLETED")
    assert (found.bucket, found.prefix) == ("training", "output")


@pytest.mark.parametrize("unknown_version_error", [None, "ResourceNotFoundException"])
def test_a_source_version_that_does_not_exist_is_said(
    source: Any, world: Any, copy_request: CopyRequest, unknown_version_error: str | None
) -> None:
    settings.unknown_version_error = unknown_version_error
    world.source.versions.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"no model version {copy_request.source_version}. Correct"):
        copying.find_source(source.client, copy_request)


def test_a_source_version_with_another_number_is_named(source: Any, world: Any, copy_request: CopyRequest) -> None:
    text = copy_request.source_version.text.replace("1700000000001", "1700000000099")
    wanted = replace(copy_request.source_version, text=text)

    with pytest.raises(SourceVersionNotFoundError, match=r"the version named v1 is arn:\S+/1700000000001\. Correct"):
        copying.find_source(source.client, replace(copy_request, source_version=wanted))


def test_a_source_project_that_does_not_exist_is_said(source: Any, world: Any, copy_request: CopyRequest) -> None:
    world.backend("111111111111").projects.clear()

    with pytest.raises(SourceVersionNotFoundError, match=f"because there is no project {copy_request.source_project}"):
        copying.find_source(source.client, copy_request)
