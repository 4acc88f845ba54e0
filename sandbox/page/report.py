"""The report: one file with an execution and all that shows it; it loads nothing."""

import base64
import gzip
import html
import json
import re
from pathlib import Path
from typing import Any

from sandbox.page.files import FILES, dagre

ONLY_SERVED = ("api", "bars", "lists", "page", "start")
MODULES = tuple(path.stem for path in FILES.glob("*.js") if path.stem not in ONLY_SERVED)
IMPORT = re.compile(r'"\./(\w+\.js)"')  # a module in a data: URL cannot import by a relative path


def write(known: dict[str, Any], path: Path) -> None:
    """Write the report of an execution; ``known`` is in the form of document.py."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(known))


def report(known: dict[str, Any]) -> str:
    """Return the report of an execution as HTML."""
    execution = known["execution"]
    packed = gzip.compress(json.dumps(known, separators=(",", ":")).encode(), mtime=0)
    parts = {
        "TITLE": html.escape(f"{execution['name']}: {execution['status']}"),
        "STYLE": (FILES / "style.css").read_text(),
        "MODULES": json.dumps({"imports": _modules()}),
        "KNOWN": base64.b64encode(packed).decode(),
    }
    return re.sub("|".join(parts), lambda part: parts[part[0]], (FILES / "report.html").read_text())


def _modules() -> dict[str, str]:
    texts = {f"{name}.js": (FILES / f"{name}.js").read_text() for name in MODULES}
    texts["dagre.js"] = dagre().read_text()
    return {name: _as_url(IMPORT.sub(r'"\1"', text)) for name, text in texts.items()}


def _as_url(module: str) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(module.encode()).decode()}"
