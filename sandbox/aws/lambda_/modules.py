"""The modules of the functions; each execution environment has its own copies."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType

from sandbox.aws.patches import applied
from sandbox.deployment import ROOT

CODE = ROOT / "functions"


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_bytes(), path, "exec")


@contextmanager
def own_modules(own: dict[str, ModuleType]) -> Iterator[None]:
    """Import the functions' modules from ``modules`` inside the context, and add each new one to it."""
    names = {path.stem for path in CODE.iterdir()}

    def taken_out() -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}

    before = taken_out()
    sys.modules.update(own)
    sys.path.insert(0, str(CODE))
    try:
        with applied("modules", {"SourceFileLoader.get_code": lambda self, name: _compiled(self.path)}):
            yield
    finally:
        sys.path.remove(str(CODE))
        own.update(taken_out())
        sys.modules.update(before)
