"""New Python processes without the wait for Python: a server that has imported everything forks for each call.

A call gets its own process, session, environment, folder, standard streams and, where asked, controlling terminal; it
ends as Python ends. What it does not get is an interpreter of its own age: tests about imports, start-up or the
environment's effect on Python itself start a real one (`fits` refuses what the server can't be true to).
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
_PACKAGES = ("diagnostics", "recovery", "tui")
_ALSO = (
    "cryptography.hazmat.primitives.ciphers.aead", "keyring.backends.SecretService", "keyring.backends.chainer",
    "keyring.backends.fail", "pytest", "pyrage", "requests", "secretstorage", "textual.widgets",
    "tests.recovery.conftest", "tests.support.lab",
)  # fmt: skip
_READ_ONCE = {
    "diagnostics.catalog.clients": ["clients"],
    "diagnostics.catalog.providers": ["catalogue", "provider_ids"],
    "diagnostics.catalog.servers": ["known_servers"],
    "diagnostics.catalog.signatures": ["signatures", "harmless"],
    "diagnostics.catalog.wording": ["wording"],
    "diagnostics.check": ["all_checks"],
    "diagnostics.connections.kind": ["kinds"],
    "recovery.planner": ["all_remedies"],
    "recovery.steps": ["step_kinds"],
}
"""The project's own tables, which no test changes on disk: each process would read the very same."""
_HARMLESS = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")
_CODE = struct.Struct("=q")


def fits(command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a fork can stand for this command: this Python with `-c` or `-m`, or a program of its folder."""
    odd = [name for name in env if name.startswith("PYTHON") and name not in _HARMLESS]
    locale = next((env[name] for name in _LOCALES if env.get(name)), "C.UTF-8")
    if odd or not locale.upper().endswith("UTF-8") or env.get("PYTHONPATH", str(REPO)) != str(REPO):
        return False
    return command[0] == sys.executable and len(command) > 2 and command[1] in {"-c", "-m"}


class Forked:
    """A process that the server made. It is the server's child: `returncode` comes from there."""

    def __init__(self, pid: int, ends: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ends = ends

    def poll(self) -> int | None:
        """As of `subprocess.Popen`: None while it runs, a negative number for a signal."""
        return self._look(0)

    def wait(self, seconds: float) -> int:
        """Waits for its end. Raises TimeoutExpired."""
        code = self._look(seconds)
        if code is None:
            raise subprocess.TimeoutExpired(f"fork {self.pid}", seconds)
        return code

    def kill(self) -> None:
        """Ends it with everything in its session's first group; done when it is gone."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # it may not have become its group's leader yet
                os.killpg(self.pid, signal.SIGKILL)
            self.wait(10)

    def _look(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._ends], [], [], seconds)[0]:
            raw = os.read(self._ends, _CODE.size)
            os.close(self._ends)
            self.returncode = os.waitstatus_to_exitcode(_CODE.unpack(raw)[0]) if raw else -signal.SIGKILL
        return self.returncode


def start(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: str | Path,
    streams: tuple[int, int, int],
    *,
    terminal: bool = False,
) -> Forked:
    """Starts a command that `fits`. In: open descriptors of stdin, stdout, stderr; whether stdin's terminal controls it."""
    told, tell = os.pipe()
    try:
        job = {"command": list(command), "env": dict(env), "cwd": str(cwd), "terminal": terminal}
        socket.send_fds(_server(), [json.dumps(job).encode()], [*streams, tell])
    finally:
        os.close(tell)
    raw = os.read(told, _CODE.size)
    assert raw, "the fork server is gone"
    return Forked(_CODE.unpack(raw)[0], told)


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: str | Path,
    given: bytes | None = None,
    seconds: float = 60.0,
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command that `fits` to its end. Raises TimeoutExpired when its seconds are over; its group is killed."""
    ins, outs, errs = os.pipe(), os.pipe(), os.pipe()
    if given is None:
        os.close(ins[0])
        ins = (os.open(os.devnull, os.O_RDONLY), ins[1])
    child = None
    try:
        child = start(command, env, cwd, (ins[0], outs[1], errs[1]))
    finally:
        for each in (ins[0], outs[1], errs[1], *(() if child is not None and given else (ins[1],))):
            os.close(each)
        if child is None:
            os.close(outs[0])
            os.close(errs[0])
    try:
        output, errors = _converse(ins[1] if given else None, given or b"", outs[0], errs[0], seconds)
        code = child.wait(seconds)
    except TimeoutError:
        raise subprocess.TimeoutExpired(list(command), seconds) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(10)
    return subprocess.CompletedProcess(list(command), code, output, errors)


def python(
    *words: str, env: Mapping[str, str], cwd: str | Path, given: str | None = None, seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Runs Python with `-c` or `-m`, forked where that fits. Raises TimeoutExpired, and UnicodeError for no UTF-8."""
    command = [sys.executable, *words]
    raw = None if given is None else given.encode()
    if fits(command, env):
        done = run(command, env, cwd, raw, seconds)
    else:
        done = subprocess.run(
            command, env=dict(env) | {"PYTHONPATH": str(REPO)}, cwd=cwd, input=raw or b"", capture_output=True,
            timeout=seconds, check=False,
        )  # fmt: skip
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def _converse(
    into: int | None, given: bytes, output: int, errors: int, seconds: float
) -> tuple[bytes, bytes]:
    """Writes and reads until all ends are closed. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    taken: dict[int, bytes] = {output: b"", errors: b""}
    reading = [output, errors]
    try:
        while reading or into is not None:
            left = ends - time.monotonic()
            ready, free, _ = select.select(reading, [] if into is None else [into], [], max(left, 0))
            if not ready and not free:
                raise TimeoutError
            for each in ready:
                chunk = os.read(each, 65536)
                taken[each] += chunk
                if not chunk:
                    reading.remove(each)
            if into is not None and free:
                try:
                    given = given[os.write(into, given[:4096]) :]
                except BrokenPipeError:
                    given = b""
                if not given:
                    os.close(into)
                    into = None
    finally:
        for end in (output, errors, *(() if into is None else (into,))):
            os.close(end)
    return taken[output], taken[errors]


@cache
def _server() -> socket.socket:
    """The way to this process's own server, started at the first call; it ends when this end is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"PYTHONPATH": str(REPO), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    with theirs:
        subprocess.Popen(
            [sys.executable, "-c", "from tests.support.forking import serve; serve()", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd=REPO, env=env, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    return ours


# ── in the server ───────────────────────────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Imports, then forks for each job until its socket closes."""
    _import_all()
    way = socket.socket(fileno=int(sys.argv[1]))
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([way.fileno(), woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            _tell_ends(told)
        if way.fileno() not in ready:
            continue
        raw, fds, _, _ = socket.recv_fds(way, 1 << 21, 4)
        if not raw:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (way.detach(), woken, wake, *told.values()):
                os.close(each)
            os.close(fds.pop())
            job = json.loads(raw)
            _become(job, fds)
            _end(_code_of(job["command"]))
        *streams, told[pid] = fds
        for each in streams:
            os.close(each)
        with contextlib.suppress(BrokenPipeError):
            os.write(told[pid], _CODE.pack(pid))


def _tell_ends(told: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in told:
                way = told.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(way, _CODE.pack(status))
                os.close(way)


def _import_all() -> None:
    import gc
    import importlib
    import pkgutil

    for name in _PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                with contextlib.suppress(ImportError):  # what another platform has
                    importlib.import_module(module.name)
    for name in _ALSO:
        importlib.import_module(name)
    for module_name, functions in _READ_ONCE.items():
        for function in functions:
            getattr(importlib.import_module(module_name), function)()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a module starts threads when it is imported"
    gc.freeze()


def _become(job: Mapping[str, Any], streams: Sequence[int]) -> None:
    """Turns this fork into the process that the job describes."""
    import fcntl
    import io
    import termios

    os.setsid()
    if job["terminal"]:
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for target, source in enumerate(streams):
        os.dup2(source, target)
        os.close(source)
    os.chdir(job["cwd"])
    env: dict[str, str] = job["env"]
    coerced = not any(env.get(name) for name in _LOCALES)  # PEP 538: Python moves from C to C.UTF-8
    os.environ.clear()
    os.environ.update(env | ({"LC_CTYPE": "C.UTF-8"} if coerced else {}))
    time.tzset()
    errors = "surrogateescape" if coerced else "strict"
    for name, mode, how in (
        ("stdin", "r", errors),
        ("stdout", "w", errors),
        ("stderr", "w", "backslashreplace"),
    ):
        number = ("stdin", "stdout", "stderr").index(name)
        raw = open(number, f"{mode}b", closefd=False)  # noqa: SIM115
        lines = mode == "w" and (name == "stderr" or os.isatty(number))
        stream = io.TextIOWrapper(raw, encoding="utf-8", errors=how, line_buffering=lines)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in env


def _code_of(command: Sequence[str]) -> int:
    """Runs the command. Out: its exit code, as Python makes it of how the main module ends."""
    try:
        _run_main(command)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return -signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> None:
    """Ends as Python does: threads, exit functions, streams. Only the modules are not taken apart, which takes 40 ms."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 120
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def _run_main(command: Sequence[str]) -> None:
    import runpy
    import types

    how, what, *words = command[1:]
    if how == "-m":
        sys.argv[:] = [what, *words]
        sys.path[0] = str(Path.cwd())
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    sys.argv[:] = ["-c", *words]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(what, "<string>", "exec"), main.__dict__)
