"""A part of this computer with mounts of its own: its own /run, /dev/log, crontabs. Nobody outside of it sees any of it.

Real daemons that insist on fixed places (cron, systemd) can then run in a test beside others.
"""

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.platforms import IS_ROOT, lacking

_DEVICES = "null zero full random urandom tty"
_SCRIPT = """
set -e
mount -t tmpfs -o mode=755 none /run
mkdir -p "$1/dev" && mount -t tmpfs -o mode=755 none "$1/dev"
for each in {devices}; do : > "$1/dev/$each"; mount --bind "/dev/$each" "$1/dev/$each"; done
ln -s /proc/self/fd "$1/dev/fd"
mkdir "$1/dev/pts" "$1/dev/shm" && mount --rbind /dev/pts "$1/dev/pts" && mount -t tmpfs none "$1/dev/shm"
mount --rbind "$1/dev" /dev
{more}
echo ready
exec sleep 1000000
"""


class Apart:
    """Its mounts last as long as it does. In: a folder of its own, and lines of sh that mount more; `$1` is the folder."""

    def __init__(self, folder: Path, more: str = "") -> None:
        if not IS_ROOT:
            pytest.skip("only root may have mounts of its own")
        for each in ("unshare", "nsenter"):
            if shutil.which(each) is None:
                lacking(f"{each} is not there")
        script = _SCRIPT.format(devices=_DEVICES, more=more)
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stderr is not None
        if self._holder.stdout.readline() != b"ready\n":
            said = self._holder.stderr.read().decode()
            self.close()
            pytest.skip(f"mounts of its own can't be had here: {said}")

    def words(self, *command: str | Path) -> list[str]:
        """The command so that it runs in there."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--", *map(str, command)]

    def close(self) -> None:
        """Lets go of the mounts; they last until the processes in there have ended."""
        self._holder.kill()
        self._holder.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
