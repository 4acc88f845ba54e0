"""The size of each function's package."""

import io
import zipfile
from collections import Counter
from pathlib import Path

from benchmarks.tables import table
from sandbox import built

LARGEST = 1_300_000
DEPENDENCIES = ("aws_lambda_powertools", "jmespath", "typing_extensions")


def sizes() -> tuple[str, str, list[str]]:
    """Zip each function as SAM does; return two tables, and a sentence for each exceeded limit."""
    archives = {name: _pack(folder) for name, folder in built.functions().items()}
    missed = [f"The zip of {name} has {len(one):,} bytes." for name, one in archives.items() if len(one) > LARGEST]
    parts = _parts(next(iter(archives.values())))
    return (
        table(("Function", "zip, bytes"), [(name, len(one)) for name, one in archives.items()]),
        table(("Part of each zip", "adds, bytes"), parts.most_common()),
        missed,
    )


def _pack(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return archive.getvalue()


def _parts(archive: bytes) -> Counter[str]:
    """Add up the bytes of each part's files, with their headers and directory entries."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        for one in packed.infolist():
            part = next((name for name in DEPENDENCIES if name in one.filename), "the functions and model_copy")
            parts[part] += one.compress_size + 76 + 2 * len(one.filename)
    return parts
