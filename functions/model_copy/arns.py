"""ARNs of projects, model versions and model packages."""

import re
from dataclasses import dataclass
from typing import Self

_PROJECT = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":project/(?P<project>[a-zA-Z0-9_.\-]{1,255})/[0-9]+",
    re.ASCII,
)
_VERSION = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":project/(?P<project>[a-zA-Z0-9_.\-]{1,255})/version/(?P<version>[a-zA-Z0-9_.\-]{1,255})/[0-9]+",
    re.ASCII,
)
_MODEL_PACKAGE = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):sagemaker:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":model-package/[a-zA-Z0-9-]{1,63}(/[0-9]{1,9})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN and its parts; only a version's ARN has ``version``, and a model package's has no ``project``."""

    text: str
    partition: str
    region: str
    account: str
    project: str = ""
    version: str = ""

    @classmethod
    def parse_project(cls, value: object) -> Self | None:
        """Parse the ARN of a project; None if it is not one."""
        return cls._parse(_PROJECT, value)

    @classmethod
    def parse_version(cls, value: object) -> Self | None:
        """Parse the ARN of a model version; None if it is not one."""
        return cls._parse(_VERSION, value)

    @classmethod
    def parse_model_package(cls, value: object) -> Self | None:
        """Parse the ARN of a SageMaker model package; None if it is not one."""
        return cls._parse(_MODEL_PACKAGE, value)

    @classmethod
    def of_projects(cls, partition: str, region: str, account: str) -> Self:
        """Return the ARN of all projects of an account in a Region."""
        return cls(f"arn:{partition}:rekognition:{region}:{account}:project/*", partition, region, account)

    @classmethod
    def _parse(cls, pattern: re.Pattern[str], value: object) -> Self | None:
        match = pattern.fullmatch(value) if isinstance(value, str) else None
        return cls(text=match.string, **match.groupdict()) if match else None

    def __str__(self) -> str:
        return self.text
