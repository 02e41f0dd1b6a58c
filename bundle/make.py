"""Makes the bundle: `python -m bundle.make [FILE]`, by default dist/mcp-doctor.pyz.

It holds the project and the packages that it needs, as they are installed in the environment that runs this: some of
them are compiled, so that the bundle runs where Python's version and the system are the same.
"""

import importlib.metadata
import json
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTION = "mcp-credential-doctor"
PACKAGES = ("diagnostics", "recovery", "tui")
_DAY = (2026, 1, 1, 0, 0, 0)
"""Of every file in it: the same content makes the same bundle."""


def make(target: Path, *, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """Writes the bundle. In: `kind` of compression, as zipfile numbers them. Out: its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made_for = {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "platform": sysconfig.get_platform(),
    }
    with target.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", kind) as bundle:
            _add(bundle, "__main__.py", (Path(__file__).with_name("start.py")).read_bytes())
            _add(bundle, "made_for.json", json.dumps(made_for).encode())
            for name, path in sorted({**dict(_own()), **dict(_needed_files())}.items()):
                _add(bundle, f"site-packages/{name}", path.read_bytes())
    target.chmod(0o755)
    return target


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DAY)
    entry.compress_type = bundle.compression
    bundle.writestr(entry, content)


def _own() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path
    # The entry points, by which the keyring library finds the encrypted file.
    for file in importlib.metadata.files(DISTRIBUTION) or ():
        if file.parts[0].endswith(".dist-info") and file.name in {"METADATA", "entry_points.txt"}:
            yield file.as_posix(), Path(str(file.locate()))


def _needed_files() -> Iterator[tuple[str, Path]]:
    for name in needed(DISTRIBUTION):
        for file in importlib.metadata.files(name) or ():
            path = Path(str(file.locate()))
            if ".." not in file.parts and path.suffix != ".pyc" and path.is_file():
                yield file.as_posix(), path


def needed(name: str) -> set[str]:
    """The distributions that one needs on this host, itself left out.

    Raises:
        PackageNotFoundError: one of them is not installed here.
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            need = Requirement(line)
            if need.name not in found and (need.marker is None or need.marker.evaluate({"extra": ""})):
                importlib.metadata.distribution(need.name)
                found.add(need.name)
                waiting.append(need.name)
    return found


if __name__ == "__main__":
    made = make(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "mcp-doctor.pyz")
    sys.stdout.write(f"{made} ({made.stat().st_size / 1e6:.1f} MB)\n")
