"""Tags of projects and versions."""

from mypy_boto3_rekognition import RekognitionClient

from tests.sandbox.rekognition.helpers import refused


def test_tags_are_added_replaced_and_removed(source: RekognitionClient, version: str) -> None:
    source.tag_resource(ResourceArn=version, Tags={"stage": "test", "equipe": "modèles"})
    source.tag_resource(ResourceArn=version, Tags={"stage": "live"})
    source.untag_resource(ResourceArn=version, TagKeys=["equipe", "none"])
    assert source.list_tags_for_resource(ResourceArn=version)["Tags"] == {"stage": "live"}


def test_a_resource_has_at_most_two_hundred_tags(source: RekognitionClient, version: str) -> None:
    source.tag_resource(ResourceArn=version, Tags={str(number): "" for number in range(200)})
    refused("ServiceQuotaExceededException", source.tag_resource, ResourceArn=version, Tags={"one more": ""})


def test_tags_need_a_resource(source: RekognitionClient, version: str) -> None:
    unknown = version + "0"
    refused("ResourceNotFoundException", source.tag_resource, ResourceArn=unknown, Tags={})
    refused("ResourceNotFoundException", source.untag_resource, ResourceArn=unknown, TagKeys=[])
    refused("ResourceNotFoundException", source.list_tags_for_resource, ResourceArn=unknown)
