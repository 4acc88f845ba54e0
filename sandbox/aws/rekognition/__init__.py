"""Amazon Rekognition Custom Labels for moto: projects, versions, project policies and copies between accounts."""

from typing import Any

from moto.rekognition.responses import RekognitionResponse

from .models import rekognition_backends
from .responses import CustomLabelsResponse
from .settings import settings

__all__ = ["install", "rekognition_backends", "settings"]


def install() -> None:
    """Add the operations to moto's Rekognition, under mock_aws and in moto's server; repeating this is safe."""
    members: dict[str, Any] = dict(vars(CustomLabelsResponse))
    for name, member in members.items():
        if not name.startswith("__"):
            setattr(RekognitionResponse, name, member)
