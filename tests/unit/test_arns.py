"""An ARN is parsed as a whole or not at all."""

import pytest

from model_copy.arns import Arn

PROJECT = "arn:aws-cn:rekognition:cn-north-1:111111111111:project/cats.and_dogs-2/1700000000000"
VERSION = "arn:aws-cn:rekognition:cn-north-1:111111111111:project/cats.and_dogs-2/version/v1.0_b-3/1700000000001"


def test_the_arn_of_a_project_has_its_parts() -> None:
    assert Arn.parse_project(PROJECT) == Arn(PROJECT, "aws-cn", "cn-north-1", "111111111111", "cats.and_dogs-2")


def test_the_arn_of_a_version_has_its_parts() -> None:
    assert Arn.parse_version(VERSION) == Arn(
        VERSION, "aws-cn", "cn-north-1", "111111111111", "cats.and_dogs-2", "v1.0_b-3"
    )


def test_an_arn_is_printed_as_it_was_parsed() -> None:
    assert str(Arn.parse_project(PROJECT)) == PROJECT
    assert str(Arn.parse_version(VERSION)) == VERSION


def test_a_project_is_not_a_version_and_a_version_is_not_a_project() -> None:
    assert Arn.parse_project(VERSION) is None
    assert Arn.parse_version(PROJECT) is None


@pytest.mark.parametrize("package", ["cats/7", "Cats-2"])
def test_the_arn_of_a_model_package_has_its_partition_region_and_account(package: str) -> None:
    text = f"arn:aws-cn:sagemaker:cn-north-1:111111111111:model-package/{package}"

    assert Arn.parse_model_package(text) == Arn(text, "aws-cn", "cn-north-1", "111111111111")


@pytest.mark.parametrize("package", ["", "cats/7/8", "cats/v7", "c*ts/7", "cats/7 ", "c" * 64])
def test_anything_but_the_arn_of_a_model_package_is_none(package: str) -> None:
    assert Arn.parse_model_package(f"arn:aws:sagemaker:eu-central-1:111111111111:model-package/{package}") is None
    assert Arn.parse_model_package(PROJECT) is None
    assert Arn.parse_project(f"arn:aws:sagemaker:eu-central-1:111111111111:model-package/{package}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        5,
        [PROJECT],
        PROJECT + "\n",
        " " + PROJECT,
        PROJECT.replace("111111111111", "11111111111"),
        PROJECT.replace("111111111111", "11111111111١"),
        PROJECT.replace("cats", "kätzchen"),
        PROJECT.replace("cats.and_dogs-2", "c" * 256),
        PROJECT.replace("rekognition", "s3"),
        PROJECT.rpartition("/")[0],
        PROJECT.upper(),
    ],
)
def test_anything_but_the_arn_of_a_project_or_version_is_none(text: object) -> None:
    assert Arn.parse_project(text) is None
    assert Arn.parse_version(text) is None
