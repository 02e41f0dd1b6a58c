"""The bundle's `__main__`: unpacks the program into a folder of its own, runs it, and takes the folder away again.

Uses Python's own library alone. The folder is private (0700), below $TMPDIR; it is an environment, because the doctor
starts children of its own with the same packages.
"""

from __future__ import annotations  # an old Python is to be told so, not to stumble

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

UNUSABLE = 4
"""Exit code where the bundle does not fit this host."""
_HANDED_ON = ("SIGHUP", "SIGTERM")
"""A dropped line is told to us alone, because we lead the session; Ctrl+C reaches the program by itself."""


def main() -> int:
    """Runs the words of the command line. Out: the program's exit code."""
    with zipfile.ZipFile(sys.argv[0]) as bundle:
        made_for = json.loads(bundle.read("made_for.json"))
        trouble = what_is_wrong(made_for)
        if trouble:
            sys.stderr.write(f"mcp-doctor: {trouble}\n")
            return UNUSABLE
        for name in _HANDED_ON:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), end)
        folder = Path(tempfile.mkdtemp(prefix="mcp-doctor-"))
        try:
            return run(bundle, folder, sys.argv[1:])
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def end(number: int, _frame: object) -> None:
    """Ends us like an exit while we still unpack, so that the folder goes."""
    raise SystemExit(128 + number)


def what_is_wrong(made_for: dict[str, str]) -> str:
    """Why the bundle can't run here, "" = it can. In: `python` (3.11) and `platform` (linux-x86_64)."""
    here = {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", "platform": sysconfig.get_platform()}
    wrong = [
        f"{name} {made_for[name]}, here is {here[name]}" for name in here if made_for[name] != here[name]
    ]
    if not wrong:
        return ""
    return f"this bundle was made for {' and '.join(wrong)}. Make one on a host of that kind: ./dev bundle"


def run(bundle: zipfile.ZipFile, folder: Path, words: list[str]) -> int:
    """Unpacks into an environment and runs the program there. Out: its exit code."""
    import venv

    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    base = {"base": str(folder), "platbase": str(folder)}
    library = Path(sysconfig.get_path("purelib", "venv", base))
    packed = [each for each in bundle.namelist() if each.startswith("site-packages/")]
    for name in packed:
        target = library / name.removeprefix("site-packages/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bundle.read(name))
    python = Path(sysconfig.get_path("scripts", "venv", base)) / (
        "python.exe" if os.name == "nt" else "python"
    )
    code = wait_for(subprocess.Popen([str(python), "-m", "tui", *words]))
    return 128 - code if code < 0 else code


def wait_for(program: subprocess.Popen[bytes]) -> int:
    """Waits for its end, whatever is told to us meanwhile: it puts its house in order, and then we clean up."""
    signal.signal(signal.SIGINT, lambda *_: None)
    for name in _HANDED_ON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: program.send_signal(number))
    return program.wait()


if __name__ == "__main__":
    raise SystemExit(main())
