"""What a function keeps from one invocation to the next is in one module, which the sandbox starts anew."""

import ast
from pathlib import Path

import pytest

from sandbox.aws.lambda_.functions import CLIENTS
from sandbox.aws.lambda_.modules import CODE

MODULES = [path for path in sorted(CODE.rglob("*.py")) if path != CODE / f"{CLIENTS.replace('.', '/')}.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_other_module_caches_or_collects(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    collected = [
        ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.List)
        if not (node.value.keys if isinstance(node.value, ast.Dict) else node.value.elts)
    ]

    assert not names & {"cache", "lru_cache", "cached_property"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    assert collected == []
