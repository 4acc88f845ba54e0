"""The environment of the user, which the sandbox does not use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_aws_settings() -> Iterator[None]:
    """Hide the user's AWS settings inside the context: profile, endpoint, Region, credentials and their files."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    empty_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ.update(empty_files)
    try:
        yield
    finally:
        for name in empty_files:
            os.environ.pop(name, None)
        os.environ.update(before)
