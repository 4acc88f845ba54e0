"""The modules of the functions; each execution environment has its own copies."""

import io
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, ModuleType

from moto.awslambda.models import LambdaFunction

from sandbox.aws.patches import applied
from sandbox.deployment import CODE_BUCKET, CODE_KEY, ROOT

CODE = ROOT / "functions"


def code_of(function: LambdaFunction) -> Path:
    """Return the folder of a function's code: that of the project, or the package that was uploaded for it."""
    if function.code == {"S3Bucket": CODE_BUCKET, "S3Key": CODE_KEY}:
        return CODE
    return Path(_unpacked(function.code_bytes).name)


@cache
def _unpacked(package: bytes) -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory(prefix="functions-")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(folder.name)
    return folder


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_bytes(), path, "exec")


@cache
def _names(code: Path) -> list[str]:
    """Return the names of the functions' own modules. They share the packages that they use with the sandbox."""
    own = (*code.glob("*.py"), *code.glob("model_copy/**/*.py"))
    paths = (path.relative_to(code).with_suffix("") for path in own)
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@contextmanager
def own_modules(own: dict[str, ModuleType], code: Path) -> Iterator[None]:
    """Import the functions' modules from ``own`` inside the context, and add each new one of the folder to it."""

    def taken_out() -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in _names(code) if name in sys.modules}

    before = taken_out()
    sys.modules.update(own)
    sys.path.insert(0, str(code))
    try:
        with applied("modules", {"SourceFileLoader.get_code": lambda self, name: _compiled(self.path)}):
            yield
    finally:
        sys.path.remove(str(code))
        own.update(taken_out())
        sys.modules.update(before)
