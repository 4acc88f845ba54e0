"""Upgrade every lock, and keep the upgrade only if what proves it passes (``make update``)."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

FAILED = Path("build") / "failed-locks"
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)
Contents = dict[Path, bytes]
# A make that runs this passes on its own options, which another make would take for its own.
OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def locks() -> Contents:
    """Return the contents of all locks."""
    paths = [
        Path("functions") / "requirements.txt",
        *sorted(Path("requirements").glob("*.txt")),
        Path("package-lock.json"),
    ]
    return {path: path.read_bytes() for path in paths}


def pins(path: Path, content: bytes) -> dict[str, str]:
    """Return the version of each package in a lock."""
    if path.suffix != ".json":
        return dict(PIN.findall(content.decode()))
    packages = json.loads(content)["packages"]
    return {name.rpartition("node_modules/")[2]: one.get("version", "") for name, one in packages.items() if name}


def changes(before: Contents, after: Contents) -> list[str]:
    """Return a line for each package that changed, with the locks in which it did."""
    found: dict[str, list[str]] = {}
    for path, content in after.items():
        old, new = pins(path, before[path]), pins(path, content)
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                change = f"{name} {old.get(name, '(new)')} -> {new.get(name, '(gone)')}"
                found.setdefault(change, []).append(path.as_posix())
    return [f"{change}: {', '.join(paths)}" for change, paths in sorted(found.items())]


def by_hand() -> list[str]:
    """Return the packages whose versions people choose, and which this does not upgrade."""
    lists = sorted(Path("requirements").glob("*.in"))
    chosen = {f"{name}=={version}" for path in lists for name, version in PIN.findall(path.read_text())}
    package = json.loads(Path("package.json").read_text())
    for kind in ("dependencies", "devDependencies"):
        chosen |= {f"{name}@{version}" for name, version in package.get(kind, {}).items()}
    return sorted(chosen)


def run(command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    subprocess.run(shlex.split(command), check=True, env=environment)


def restore(before: Contents) -> None:
    """Write the old locks back, and keep the new ones for a look."""
    for path, content in before.items():
        if path.read_bytes() != content:
            kept = FAILED / path
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(path.read_bytes())
            path.write_bytes(content)


def main(upgrade: str, proof: str) -> None:
    before = locks()
    command = upgrade
    try:
        run(upgrade)
        changed = changes(before, locks())
        print("\n".join(["", *changed]) if changed else "\nNo package has a newer version.", flush=True)
        print(f"Chosen by hand, and not upgraded: {', '.join(by_hand())}.", flush=True)
        if not changed:
            restore(before)
            return
        command = proof
        run(proof)
    except (subprocess.CalledProcessError, KeyboardInterrupt) as error:
        restore(before)
        what = "was interrupted" if isinstance(error, KeyboardInterrupt) else f"failed with status {error.returncode}"
        sys.exit(f"\n{command} {what}, so the locks are as they were. The new ones are in {FAILED}.")
    print(f"\n{proof} passed. Look at git diff, and commit the locks.")


if __name__ == "__main__":
    main(*sys.argv[1:])
