"""CustomLabelsResponse: parse the request, call the backend, return JSON."""

import json
from functools import cache
from typing import Any

from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.rekognition.responses import RekognitionResponse

from .exceptions import InvalidParameterException, error
from .identity import Caller, caller_of
from .models import RekognitionBackend, rekognition_backends
from .settings import settings
from .validation import sentence, violations


class CustomLabelsResponse(RekognitionResponse):
    """moto's Rekognition with the Custom Labels operations."""

    @property
    def custom_labels_backend(self) -> RekognitionBackend:
        return rekognition_backends[self.current_account][self.region]

    def create_project(self) -> str:
        project = self.custom_labels_backend.create_project(**self._checked_request())
        return json.dumps({"ProjectArn": project.arn})

    def describe_projects(self) -> str:
        projects, token = self.custom_labels_backend.describe_projects(**self._checked_request())
        return _page("ProjectDescriptions", projects, token)

    def delete_project(self) -> str:
        status = self.custom_labels_backend.delete_project(**self._checked_request())
        return json.dumps({"Status": status})

    def create_project_version(self) -> str:
        version = self.custom_labels_backend.create_project_version(**self._checked_request())
        return json.dumps({"ProjectVersionArn": version.arn})

    def describe_project_versions(self) -> str:
        versions, token = self.custom_labels_backend.describe_project_versions(**self._checked_request())
        return _page("ProjectVersionDescriptions", versions, token)

    def put_project_policy(self) -> str:
        policy = self.custom_labels_backend.put_project_policy(**self._checked_request())
        return json.dumps({"PolicyRevisionId": policy.revision_id})

    def list_project_policies(self) -> str:
        policies, token = self.custom_labels_backend.list_project_policies(**self._checked_request())
        return _page("ProjectPolicies", policies, token)

    def delete_project_policy(self) -> str:
        self.custom_labels_backend.delete_project_policy(**self._checked_request())
        return "{}"

    def copy_project_version(self) -> str:
        request = self._checked_request()
        arn = self.custom_labels_backend.copy_project_version(**request, caller=self._custom_labels_caller())
        return json.dumps({"ProjectVersionArn": arn})

    def delete_project_version(self) -> str:
        status = self.custom_labels_backend.delete_project_version(**self._checked_request())
        return json.dumps({"Status": status})

    def start_project_version(self) -> str:
        status = self.custom_labels_backend.start_project_version(**self._checked_request())
        return json.dumps({"Status": status})

    def stop_project_version(self) -> str:
        status = self.custom_labels_backend.stop_project_version(**self._checked_request())
        return json.dumps({"Status": status})

    def tag_resource(self) -> str:
        self.custom_labels_backend.tag_resource(**self._checked_request())
        return "{}"

    def untag_resource(self) -> str:
        self.custom_labels_backend.untag_resource(**self._checked_request())
        return "{}"

    def list_tags_for_resource(self) -> str:
        tags = self.custom_labels_backend.list_tags_for_resource(**self._checked_request())
        return json.dumps({"Tags": tags})

    def _get_action(self) -> str:
        """Return the operation in the header; moto would also read one from a body that looks like a query string."""
        return str(self.headers["X-Amz-Target"]).rpartition(".")[2]

    def _custom_labels_caller(self) -> Caller:
        return caller_of(self.access_key, self.current_account, self.partition)

    def _checked_request(self) -> dict[str, Any]:
        """Return the request's parameters by the argument names of the backend's method."""
        operation = self._get_action()
        self.custom_labels_backend.throttle(operation)
        request = _parsed(self.body)
        if broken := violations(operation, request):
            raise error(settings.invalid_request_error, sentence(broken))
        names = _argument_names(operation)
        return {names[key]: value for key, value in request.items() if key in names and value is not None}


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidParameterException("The request is not valid JSON.") from None


@cache
def _argument_names(operation: str) -> dict[str, str]:
    shape = get_service_model("rekognition").operation_model(operation).input_shape
    return {name: camelcase_to_underscores(name) for name in getattr(shape, "members", {})}


def _page(name: str, items: list[dict[str, Any]], token: str | None) -> str:
    return json.dumps({name: items} | ({"NextToken": token} if token else {}))
