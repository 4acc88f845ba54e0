"""Write the template as it is released, for the checkers."""

import sys
from pathlib import Path

from tools.release import as_yaml, released_template


def main(target: str) -> None:
    output = Path(target)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(as_yaml(released_template("functions.zip")))


if __name__ == "__main__":
    main(*sys.argv[1:])
