"""All names of other packages that the sandbox replaces or reads exist and are in two tables."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from sandbox.aws.names import Name
from sandbox.aws.patches import ADDED, REPLACED, applied
from sandbox.aws.reads import READ

SANDBOX = Path(__file__).parents[2] / "sandbox"
TABLE, READS = "sandbox/aws/patches.py", "sandbox/aws/reads.py"
# Names of the sandbox itself, which the table leaves out.
OWN_REPLACED = {("clock.py", "utcnow"), ("enforcement.py", "_checked_request")}
USES = [
    *(
        (f"{module}.py replaces it; the replacement {one.reason}", one)
        for module, ones in REPLACED.items()
        for one in ones
    ),
    *((one.reason, one) for one in READ),
]


def package(name: Name) -> str:
    """Return the package that a name belongs to, with its version."""
    top = re.split("[.:]", name.owner)[0]
    return " ".join(f"{one} {version(one)}" for one in packages_distributions().get(top, ())) or "Python"


def exists(name: Name) -> bool:
    """Return whether a module or class has the name, or a class sets it in ``__init__``."""
    try:
        owner: Any = resolve_name(name.owner)
    except (ImportError, AttributeError):
        return False
    makers = [vars(one).get("__init__") for one in getattr(owner, "__mro__", ())]
    set_in_init = any(name.name in one.__code__.co_names for one in makers if inspect.isfunction(one))
    return hasattr(owner, name.name) or set_in_init


@pytest.mark.parametrize(("use", "name"), USES, ids=[f"{one.owner}.{one.name}-{use.split()[0]}" for use, one in USES])
def test_each_name_in_the_table_exists(use: str, name: Name) -> None:
    assert exists(name), (
        f"{package(name)} has no {name.name} in {name.owner}. What it is for: {use}. "
        f"Find its new name in the package's source, change the sandbox, and correct the entry in {TABLE} or {READS}."
    )


@pytest.mark.parametrize("name", ADDED, ids=[one.short for one in ADDED])
def test_operations_that_the_sandbox_adds_are_still_missing(name: Name) -> None:
    assert f"def {name.name}(" not in inspect.getsource(resolve_name(name.owner)), (
        f"{package(name)} has {name.short} itself now, and the sandbox has its own: {name.reason}. "
        f"Try moto's; if it is good enough, remove the sandbox's and the entry in {TABLE}."
    )


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SANDBOX.rglob("*.py"):
        yield path, ast.parse(path.read_text())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(node: ast.AST) -> list[str]:
    """Return the private names that a node reads, calls, sets or imports."""
    if isinstance(node, ast.Attribute) and is_private(node.attr):
        return [node.attr]
    if isinstance(node, ast.ImportFrom) and any(is_private(part) for part in (node.module or "").split(".")):
        return [one.name for one in node.names]
    return [one.name for one in node.names if is_private(one.name)] if isinstance(node, ast.ImportFrom) else []


def own_names() -> set[str]:
    """Return the names that the sandbox defines, as functions, classes or attributes of its own classes."""
    nodes = [node for _, tree in trees() for node in ast.walk(tree)]
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    methods = [
        (one, inner)
        for cls in nodes
        if isinstance(cls, ast.ClassDef)
        for one in cls.body
        for inner in ast.walk(one)
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
    ]
    return defined | {inner.attr for _, inner in methods}


def test_each_private_name_of_another_package_is_in_the_table() -> None:
    known = own_names() | {one.name for ones in (*REPLACED.values(), READ, ADDED) for one in ones}
    unknown = {
        f"{path.relative_to(SANDBOX.parent)}:{node.lineno} uses {name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.ImportFrom)
        for name in private_names(node)
        if name not in known
    }
    assert not unknown, f"Add these private names to {READS}, with the reason: {sorted(unknown)}"


def test_no_name_of_another_package_is_replaced_outside_the_table() -> None:
    replaced = {
        (path.name, node.args[1].value)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "replaced"
        if isinstance(node.args[1], ast.Constant)
    }
    assert replaced == OWN_REPLACED, f"Replace names of other packages with applied(), and list them in {TABLE}."


def test_the_table_is_in_the_order_of_installation() -> None:
    installed = re.findall(r"\b(\w+)\.install\(", (SANDBOX / "aws" / "services.py").read_text())

    assert [one for one in installed if one in REPLACED] == [one for one in REPLACED if one in installed]


def test_a_replacement_that_the_table_lacks_is_refused() -> None:
    differ = r"sns.py and the table .* differ in SNSBackend.publish, Topic.publish"
    with pytest.raises(ValueError, match=differ), applied("sns", {"Topic.publish": print}):
        pass


def test_a_replaced_name_is_restored() -> None:
    (name,) = REPLACED["sns"]
    before = resolve_name(f"{name.owner}.{name.name}")

    with applied("sns", {name.short: print}):
        assert resolve_name(f"{name.owner}.{name.name}") is print

    assert resolve_name(f"{name.owner}.{name.name}") is before
