"""A request is copied exactly once, whatever fails."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from model_copy import copying
from model_copy.copying import SourceClient
from model_copy.errors import (
    DestinationProjectNotFoundError,
    ModelQuotaError,
    NoCopySlotError,
    RequestRejectedError,
    TransientError,
    VersionConflictError,
)
from model_copy.progress import Progress
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings
from tests.unit.world import DESTINATION, CopyOnce, Wire, World, nothing

QUOTA_ERRORS = ["LimitExceededException", "ServiceQuotaExceededException"]


@pytest.mark.usefixtures("grant")
def test_a_free_name_gets_the_copy(world: World, copy_request: CopyRequest, copy_once: CopyOnce) -> None:
    progress = copy_once()

    assert progress == Progress(world.copy.arn, "COPYING_IN_PROGRESS", "", world.now, adopted=False)
    assert world.copies == 1
    assert world.copy.source_arn == copy_request.source_version.text


@pytest.mark.usefixtures("grant")
def test_the_fields_of_the_request_are_those_of_the_copy(
    destination: Wire, world: World, copy_request: CopyRequest, source_client: SourceClient
) -> None:
    fields = {**copy_request.fields, "Tags": {"team": "cats"}, "KmsKeyId": "alias/models"}

    copying.copy_once(destination.client, replace(copy_request, fields=fields), source_client)

    copy = world.copy
    assert (copy.tags, copy.kms_key_id) == ({"team": "cats"}, "alias/models")
    assert copy.output_config == {"S3Bucket": "live-models", "S3KeyPrefix": "copies"}


@pytest.mark.usefixtures("grant")
def test_an_existing_copy_is_adopted(destination: Wire, world: World, copy_once: CopyOnce) -> None:
    version = world.add_version("COPYING_COMPLETED")

    progress = copy_once()

    assert progress == Progress(version.arn, "COPYING_COMPLETED", "The model is ready to run", world.now, adopted=True)
    assert "CopyProjectVersion" not in destination.calls


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_lost_response_never_copies_twice(destination: Wire, world: World, lost: int, copy_once: CopyOnce) -> None:
    destination.lose_responses("CopyProjectVersion", times=lost)

    progress = copy_once()

    assert progress.arn == world.copy.arn
    assert progress.adopted
    assert world.copies == 1


@pytest.mark.usefixtures("grant")
def test_the_copy_of_another_execution_of_the_same_request_is_adopted(
    destination: Wire, world: World, copy_once: CopyOnce
) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.add_version("COPYING_IN_PROGRESS"))

    progress = copy_once()

    assert progress.adopted
    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_name_that_another_model_takes_meanwhile_is_a_conflict(
    destination: Wire, world: World, copy_once: CopyOnce
) -> None:
    destination.meanwhile("CopyProjectVersion", lambda: world.add_version(source_arn=None))

    with pytest.raises(VersionConflictError, match="which is not a copy"):
        copy_once()


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("taken_name_error", ["ResourceInUseException", "ResourceAlreadyExistsException"])
def test_a_copy_that_is_not_visible_yet_is_retried_and_adopted(
    destination: Wire, world: World, taken_name_error: str, copy_once: CopyOnce
) -> None:
    settings.visibility_lag_seconds, settings.taken_name_error = 60, taken_name_error
    destination.lose_responses("CopyProjectVersion")

    with pytest.raises(TransientError, match=taken_name_error):
        copy_once()

    world.clock.sleep(60)
    assert copy_once().adopted
    assert world.copies == 1


@pytest.mark.usefixtures("grant")
def test_a_call_that_never_arrives_is_transient(destination: Wire, world: World, copy_once: CopyOnce) -> None:
    destination.break_connection("CopyProjectVersion", ReadTimeoutError(endpoint_url="https://rekognition"))

    with pytest.raises(TransientError, match="ReadTimeoutError"):
        copy_once()

    assert world.copies == 0


@pytest.mark.usefixtures("grant")
def test_a_name_that_is_being_deleted_is_transient(destination: Wire, world: World, copy_once: CopyOnce) -> None:
    world.add_version("DELETING")

    with pytest.raises(TransientError, match="Using the name v1 failed"):
        copy_once()

    assert "CopyProjectVersion" not in destination.calls


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("code", ["InvalidParameterException", "ResourceNotFoundException", "ValidationException"])
def test_a_request_that_aws_does_not_accept_is_refused(destination: Wire, code: str, copy_once: CopyOnce) -> None:
    destination.return_error("CopyProjectVersion", code, message="No such bucket.")

    with pytest.raises(
        RequestRejectedError, match=rf"did not accept CopyProjectVersion on \S+ \({code}\): No such bucket\. "
    ):
        copy_once()


@pytest.mark.usefixtures("grant")
def test_an_unknown_error_is_a_bug(destination: Wire, copy_once: CopyOnce) -> None:
    destination.return_error("CopyProjectVersion", "UnknownException")

    with pytest.raises(ClientError, match="UnknownException"):
        copy_once()


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("slot_error", QUOTA_ERRORS)
def test_full_copy_slots_are_retried_slowly(world: World, slot_error: str, copy_once: CopyOnce) -> None:
    settings.slot_error = slot_error
    for number in range(5):
        world.add_version("COPYING_IN_PROGRESS", name=f"other{number}")

    with pytest.raises(NoCopySlotError, match="Account 222222222222 has no free copy slot in eu-central-1"):
        copy_once()


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("versions_quota_error", QUOTA_ERRORS)
def test_a_full_project_is_refused(
    world: World, copy_request: CopyRequest, versions_quota_error: str, copy_once: CopyOnce
) -> None:
    settings.versions_quota_error = versions_quota_error
    for number in range(100):
        world.add_version(name=f"other{number}")

    with pytest.raises(ModelQuotaError, match=f"{copy_request.destination_project} has 100 model versions"):
        copy_once()


@pytest.mark.usefixtures("grant")
def test_a_project_with_room_for_one_more_is_not_full(destination: Wire, world: World, copy_once: CopyOnce) -> None:
    for number in range(99):
        world.add_version(name=f"other{number}")
    destination.return_error("CopyProjectVersion", "LimitExceededException")

    with pytest.raises(NoCopySlotError):
        copy_once()


def test_a_project_that_is_deleted_before_its_versions_are_counted_is_named(
    destination: Wire, world: World, copy_once: CopyOnce
) -> None:
    destination.return_error("CopyProjectVersion", "LimitExceededException")
    # The third call counts; the name is described before the copy and after it.
    destination.meanwhile("DescribeProjectVersions", nothing, nothing, world.backend(DESTINATION).projects.clear)

    with pytest.raises(DestinationProjectNotFoundError, match="Create the project in account 222222222222"):
        copy_once()
