"""The permissions that each operation needs."""

from typing import Any


def needed(operation: str, request: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the actions that an operation needs, each with its resource.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrekognition.html
    """
    if operation != "CopyProjectVersion":
        named = [str(request[key]) for key in ("ProjectArn", "ProjectVersionArn", "ResourceArn") if key in request]
        return [(operation, named[0] if named else "*")]
    project = str(request.get("DestinationProjectArn"))
    version = f"{project.rpartition('/')[0]}/version/{request.get('VersionName')}/0"
    return [
        *((operation, str(request.get(name))) for name in ("SourceProjectArn", "SourceProjectVersionArn")),
        (operation, project),
        ("CreateProjectVersion", project),
        *([("TagResource", version)] if request.get("Tags") else []),
    ]
