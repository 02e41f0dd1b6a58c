"""Keeps what a drill starts, and ends it when the drill is over, however the drill ends. A program of its own.

Called as `python watchdog.py ROOT BUS_CONFIG`, with a pipe from the drill as standard input. Prints `ready`, then
waits until the pipe closes: the kernel closes it for a drill that was killed, too. Then every process below this one
is ended, tokens that the drill's emergency left in the kernel's keyring are let go of, and ROOT is removed (unless
`keep` came through the pipe: the drill removes it itself). Should this one be killed, the kernel ends the bus, and the
keyring daemon ends with its bus.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_START_SECONDS = 5.0
_END_SECONDS = 3.0


def main(arguments: list[str]) -> int:
    """Out: 0, or 1 when the bus did not come up (said on standard error)."""
    if sys.platform == "win32":
        return 1
    root, config = arguments
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    _prctl(_SET_CHILD_SUBREAPER, 1)  # a daemon that forks away stays below this process
    keep = False
    try:
        _start_bus(config)
        print("ready", flush=True)
        keep = _wait_for_the_end()
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        _end_all_below()
        _empty_kernel_keyring(Path(root))
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def below(pid: int) -> set[int]:
    """Every living process below this one, by its parents."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(folder.name)] = int(parent)
    found: set[int] = set()
    newest = {pid}
    while newest:
        newest = {child for child, parent in parents.items() if parent in newest} - found
        found |= newest
    return found


def _start_bus(config: str) -> None:
    if sys.platform == "win32":
        return
    try:
        bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: _prctl(_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - there is one thread
        )
    except OSError as error:
        raise RuntimeError(f"dbus-daemon can't be started: {error.strerror}") from error
    readable = bus.stdout is not None and select.select([bus.stdout], [], [], _START_SECONDS)[0]
    if not readable or not os.read(readable[0].fileno(), 4096):
        raise RuntimeError("dbus-daemon did not come up")


def _wait_for_the_end() -> bool:
    """Until the pipe closes. Out: whether the folder stays."""
    said = b""
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable:
            more = os.read(sys.stdin.fileno(), 64)
            if not more:
                return said.startswith(b"keep")
            said = (said + more)[:64]
        _reap()


def _end_all_below() -> None:
    if sys.platform == "win32":
        return
    until = time.monotonic() + _END_SECONDS
    while (rest := below(os.getpid())) and time.monotonic() < until:
        for pid in rest:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.005)


def _reap() -> None:
    if sys.platform == "win32":
        return
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _empty_kernel_keyring(root: Path) -> None:
    """By the incidents that the drill's state folder names; each has a name of its own in the user's keyring."""
    incidents = [each.stem for each in root.glob("state/mcp-doctor/emergency/*.json")]
    if not incidents:
        return
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    with contextlib.suppress(Exception):
        from recovery.emergency.kernel_keyring import let_go

        for each in incidents:
            let_go(f"mcp-doctor:{each}")


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
