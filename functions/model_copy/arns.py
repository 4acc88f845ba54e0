"""The ARNs of projects, model versions and model packages, taken apart."""

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
_PACKAGE = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):sagemaker:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":model-package/[a-zA-Z0-9-]{1,63}(/[0-9]{1,9})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Arn:
    """The ARN of a project, of a version when it has a version name, or of SageMaker's when it has no project."""

    text: str
    partition: str
    region: str
    account: str
    project: str = ""
    version: str = ""

    @classmethod
    def of_project(cls, text: object) -> Self | None:
        """Read a project's ARN; None where it is none."""
        return cls._read(_PROJECT, text)

    @classmethod
    def of_version(cls, text: object) -> Self | None:
        """Read a model version's ARN; None where it is none."""
        return cls._read(_VERSION, text)

    @classmethod
    def of_package(cls, text: object) -> Self | None:
        """Read the ARN of a model package of SageMaker; None where it is none."""
        return cls._read(_PACKAGE, text)

    @classmethod
    def _read(cls, form: re.Pattern[str], text: object) -> Self | None:
        match = form.fullmatch(text) if isinstance(text, str) else None
        return cls(text=match.string, **match.groupdict()) if match else None

    def __str__(self) -> str:
        return self.text
