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


@cache
def _names() -> list[str]:
    """Return the names that the modules of the functions can have."""
    paths = (path.relative_to(CODE).with_suffix("") for path in CODE.rglob("*.py"))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@contextmanager
def own_modules(own: dict[str, ModuleType]) -> Iterator[None]:
    """Use these modules of the functions for a while, and add each one that is imported to them."""

    def taken_out() -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in _names() if name in sys.modules}

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
