"""All use of boto3 is in model_copy/aws, and one module has all state that a function keeps between invocations."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.aws.lambda_.environments import CLIENTS
from sandbox.aws.lambda_.modules import CODE

AWS = "model_copy/aws/"
SDK = ("boto3", "botocore", "s3transfer", "urllib3", "requests")
# The service model describes the request; it calls nothing.
SERVICE_MODEL, CHECKS_THE_REQUEST = "botocore.model", "model_copy/validation.py"
STUBS = "mypy_boto3"
MAKERS = {"client", "resource", "Session", "get_session", "create_client", "assume_role", "import_module", "__import__"}

MODULES = {path.relative_to(CODE).as_posix(): path.read_text() for path in sorted(CODE.rglob("*.py"))}
OUTSIDE_AWS = [module for module in MODULES if not module.startswith(AWS)]
KEEPS_CLIENTS = f"{CLIENTS.replace('.', '/')}.py"

Problems = Callable[[str, str], list[str]]


def imports(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Yield the line of each import, the full name, and whether only a type checker imports it."""
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for one in node.body
        for inner in ast.walk(one)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name, node in for_types) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{one.name}", node in for_types) for one in node.names)


def sdk_imports(module: str, source: str) -> list[str]:
    """Report each import of the SDK that belongs into model_copy/aws."""
    found = []
    for line, name, is_for_types in imports(ast.parse(source)):
        is_model = f"{name}.".startswith(f"{SERVICE_MODEL}.") and (is_for_types or module == CHECKS_THE_REQUEST)
        is_stub = name.startswith(STUBS) and is_for_types
        if name.startswith((*SDK, STUBS)) and not (is_model or is_stub):
            found.append(f"functions/{module}:{line} imports {name}; move what needs it to functions/{AWS}")
    return found


def made_clients(module: str, source: str) -> list[str]:
    """Report each call that makes a client, or that imports a module by name and so could make one."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        f"functions/{module}:{call.lineno} calls {ast.unparse(call.func)}; take a client as an argument"
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] in MAKERS
    ]


def found_clients(module: str, source: str) -> list[str]:
    """Report each import of the module that makes clients, in a module that is not a handler."""
    return [
        f"functions/{module}:{line} imports {name}; take a client as an argument"
        for line, name, _ in imports(ast.parse(source))
        if name.startswith(CLIENTS)
    ]


def kept_state(module: str, source: str) -> list[str]:
    """Report each cache, global and empty collection at the top of a module."""
    tree = ast.parse(source)
    found = [(node.lineno, "has a global") for node in ast.walk(tree) if isinstance(node, ast.Global)]
    caches = {"cache", "lru_cache", "cached_property"}
    found += [
        (node.lineno, f"uses {ast.unparse(node)}")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2] in caches
    ]
    found += [
        (node.lineno, f"collects in {ast.unparse(node)}")
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and ast.unparse(node.value) in ("{}", "[]", "set()", "dict()", "list()")
    ]
    return [f"functions/{module}:{line} {what}; only functions/{KEEPS_CLIENTS} may keep state" for line, what in found]


@pytest.mark.parametrize("module", OUTSIDE_AWS)
def test_nothing_outside_aws_imports_the_sdk(module: str) -> None:
    assert sdk_imports(module, MODULES[module]) == []


@pytest.mark.parametrize("module", [module for module in MODULES if module != KEEPS_CLIENTS])
def test_no_other_module_makes_a_client(module: str) -> None:
    assert made_clients(module, MODULES[module]) == []


@pytest.mark.parametrize("module", [module for module in MODULES if "/" in module])
def test_only_handlers_get_clients_and_pass_them_on(module: str) -> None:
    assert found_clients(module, MODULES[module]) == []


@pytest.mark.parametrize("module", [module for module in MODULES if module != KEEPS_CLIENTS])
def test_no_other_module_keeps_anything_between_invocations(module: str) -> None:
    assert kept_state(module, MODULES[module]) == []


@pytest.mark.parametrize(
    ("problems", "source", "words"),
    [
        (sdk_imports, "import boto3", ":1 imports boto3; "),
        (sdk_imports, "\nfrom botocore.exceptions import ClientError", ":2 imports botocore.exceptions.ClientError"),
        (sdk_imports, "from botocore.model import Shape", ":1 imports botocore.model.Shape"),
        (sdk_imports, "def copy():\n    import boto3", ":2 imports boto3"),
        (sdk_imports, "if TYPE_CHECKING:\n    from botocore.client import BaseClient", ":2 imports botocore.client"),
        (sdk_imports, "from mypy_boto3_rekognition import RekognitionClient", ":1 imports mypy_boto3_rekognition"),
        (made_clients, "def copy(session):\n    return session.client('sns')", ":2 calls session.client"),
        (made_clients, "importlib.import_module('boto3')", ":1 calls importlib.import_module"),
        (found_clients, "from model_copy.aws import clients", ":1 imports model_copy.aws.clients"),
        (found_clients, "from model_copy.aws.clients import own", ":1 imports model_copy.aws.clients.own"),
        (kept_state, "seen = []", ":1 collects in seen = []"),
        (kept_state, "seen: dict[str, int] = {}", ":1 collects in seen: "),
        (kept_state, "@functools.cache\ndef shape(): ...", ":1 uses functools.cache"),
        (kept_state, "def count():\n    global number", ":2 has a global"),
    ],
)
def test_a_problem_is_reported_with_file_and_line(problems: Problems, source: str, words: str) -> None:
    [problem] = problems("model_copy/copying.py", source)

    assert problem.startswith(f"functions/model_copy/copying.py{words}")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (CHECKS_THE_REQUEST, "from botocore.model import Shape"),
        ("model_copy/copying.py", "if TYPE_CHECKING:\n    from botocore.model import Shape"),
        ("model_copy/copying.py", "if TYPE_CHECKING:\n    from mypy_boto3_rekognition import RekognitionClient"),
    ],
)
def test_the_service_model_and_types_may_be_imported(module: str, source: str) -> None:
    assert sdk_imports(module, source) == []


def test_the_modules_are_found() -> None:
    assert {KEEPS_CLIENTS, CHECKS_THE_REQUEST, "copy_project_version.py"} <= set(MODULES)
    assert all(Path(CODE, module).is_file() for module in MODULES)
