"""The command line of the sandbox: ``python -m sandbox COMMAND``."""

import os
import sys


def main() -> None:
    """Run a command; Ctrl-C and a reader that has seen enough end it quietly."""
    try:
        # Importing moto takes seconds, in which Ctrl-C should end the command as well.
        from sandbox.commands import run

        run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
