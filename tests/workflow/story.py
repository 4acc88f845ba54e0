"""The parts of AWS that the tests of stories read."""

from sandbox.aws.rekognition.project import Project, ProjectPolicy
from sandbox.aws.rekognition.project_version import ProjectVersion
from sandbox.stories import backend_of, read_event

STORY = "copy_between_accounts"  # the one of most tests
REQUEST = read_event(STORY)
SOURCE, DESTINATION = "111111111111", "222222222222"


def version(story: str = STORY) -> ProjectVersion:
    """Return the version v3 in the destination project."""
    return _project(story, DESTINATION).versions["v3"]


def policies(story: str = STORY) -> dict[str, ProjectPolicy]:
    """Return the policies of the source project by name."""
    return _project(story, SOURCE).policies


def source_project() -> Project:
    """Return the source project."""
    return _project(STORY, SOURCE)


def _project(story: str, account: str) -> Project:
    projects = backend_of(f"arn:aws:rekognition:us-east-1:{account}:project/").projects.values()
    return next(project for project in projects if project.name == story)
