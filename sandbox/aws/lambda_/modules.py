"""The modules of the functions, of which each execution environment has its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from sandbox.aws.clock import replaced
from sandbox.deployment import ROOT

CODE = ROOT / "functions"


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_bytes(), path, "exec")


@contextmanager
def own_modules(own: dict[str, ModuleType]) -> Iterator[None]:
    """Let these be the functions' modules, and add those that are imported; leave those of others as they are."""
    names = {path.stem for path in CODE.iterdir()}

    def taken_out() -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}

    before = taken_out()
    sys.modules.update(own)
    sys.path.insert(0, str(CODE))
    try:
        with replaced(SourceFileLoader, "get_code", lambda self, name: _compiled(self.path)):
            yield
    finally:
        sys.path.remove(str(CODE))
        own.update(taken_out())
        sys.modules.update(before)
