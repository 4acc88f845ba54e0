"""What a person can choose from to start an execution: the events of events/, and the faults."""

from functools import cache
from typing import Any

from moto.core.utils import get_service_model

from sandbox import faults, starting
from sandbox.aws.rekognition.settings import Settings
from sandbox.deployment import function_names
from sandbox.happenings import HAPPENINGS
from sandbox.stories import WORLDS, read_event, stories

SERVICES = ("rekognition", "sts", "stepfunctions", "sagemaker", "events", "sns", "s3")
OF_ALL = ("AccessDeniedException", "ThrottlingException", "InternalServerError")  # AWS's models seldom name them
OF_XML = ("AccessDenied", "Throttling", "InternalError")


@cache
def choices() -> dict[str, Any]:
    """Return the events, each with the world that it starts from, and the faults by place."""
    operations = {name: _faults_of(name) for name in faults.OPERATIONS}
    of_functions = [*_first(faults.OF_FUNCTIONS), *faults.invoke_errors()]
    functions = dict.fromkeys(function_names(), of_functions)
    return {
        "events": [_event(story) for story in stories()],
        "faults": {"operations": operations, "functions": functions, "settings": vars(Settings())},
    }


def _event(story: str) -> dict[str, Any]:
    event = read_event(story)
    about = (WORLDS / f"{story}.yaml").read_text().splitlines()[0].removeprefix("# ")
    return {"name": story, "about": about, "kind": starting.kind_of(event), "event": event}


def _faults_of(operation: str) -> list[str]:
    """Return the faults of an operation: those of the connection, the errors of AWS, and what others do."""
    own = faults.OF_PUT_EVENTS if operation == "PutEvents" else ()
    return [*_first(faults.OF_OPERATIONS), *own, *_errors_of(operation), *HAPPENINGS]


def _first(names: tuple[str, ...]) -> list[str]:
    """Return the names but ``none``, which is of use only in a list."""
    return [name for name in names if name != "none"]


def _errors_of(operation: str) -> list[str]:
    model = next(one for one in map(get_service_model, SERVICES) if operation in one.operation_names)
    shapes = model.operation_model(operation).error_shapes
    common = OF_ALL if "json" in model.metadata["protocol"] else OF_XML
    return sorted({*common, *(shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes)})
