"""Write the template as SAM expands it, so that cfn-lint sees the resources that CloudFormation makes."""

import json
import sys
from pathlib import Path

from sandbox.deployment import expanded_template


def main(target: str) -> None:
    output = Path(target)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(expanded_template(), indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
