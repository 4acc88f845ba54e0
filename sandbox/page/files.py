"""The files of the page."""

from pathlib import Path

FILES = Path(__file__).parent
ROOT = FILES.parent.parent
DAGRE = ROOT / "build" / "page" / "node_modules" / "@dagrejs" / "dagre" / "dist" / "dagre.esm.js"


def dagre() -> Path:
    """Return the path of the library that lays out graphs.

    Raises FileNotFoundError, with what to do, if it is not installed.
    """
    if not DAGRE.exists():
        raise FileNotFoundError(
            f"{DAGRE.relative_to(ROOT)} is missing. Run: make {DAGRE.relative_to(ROOT).parents[4]}/.stamp"
        )
    return DAGRE
