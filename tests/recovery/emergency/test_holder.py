"""Where the kernel can't hold a token, the guiding process does: who gets it, how it ends, and that nothing of it is left."""

import base64
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.emergency import open_incidents
from diagnostics.secret import Secret
from recovery.emergency import holder
from recovery.journal import Journal
from tests.recovery.emergency.conftest import Desk

Canary = Callable[[], str]
NO_KERNEL = (
    "from recovery.emergency import kernel_keyring as k\n"
    "def no(*_): raise OSError(1, 'Operation not permitted')\n"
    "k._call = no\n"
)
"""A container whose seccomp profile denies add_key and keyctl."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder whose name leaves room for a socket's."""
    made = Path(f"/tmp/mcpd-{secrets.token_hex(4)}")
    made.mkdir(mode=0o700)
    yield made
    for each in made.iterdir():
        each.unlink()
    made.rmdir()


class Holding:
    """`emergency start` on a host without a kernel keyring, which stays in the foreground."""

    def __init__(self, desk: Desk, runtime: Path, token: str, *words: str, before: str = "") -> None:
        desk.env["XDG_RUNTIME_DIR"] = str(runtime)
        code = f"import sys\n{before}{NO_KERNEL}from tui.cli import main\nsys.exit(main(sys.argv[1:]))"
        asked = ["emergency", "start", "github", "--reason", "no keychain here", "--token-stdin", "--offline"]
        self.out = desk.home / "said"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *asked, "--config", str(desk.config), *words],
            env=desk.env,
            cwd=desk.home,
            stdin=subprocess.PIPE,
            stdout=self.out.open("wb"),
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(token.encode() + b"\n")
        self.process.stdin.close()

    @property
    def said(self) -> str:
        return self.out.read_text()

    def until(self, words: str) -> None:
        end = time.monotonic() + 20
        while words not in self.said:
            assert time.monotonic() < end, self.said
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(20)


@pytest.fixture
def begin(desk: Desk, folder: Path) -> Iterator[Callable[..., Holding]]:
    made: list[Holding] = []

    def begin(token: str, *words: str, before: str = "") -> Holding:
        made.append(Holding(desk, folder, token, *words, before=before))
        return made[-1]

    yield begin
    for each in made:
        each.process.kill()
        each.process.wait()


def launch(desk: Desk, server: str = "github") -> subprocess.CompletedProcess[bytes]:
    entry = json.loads(desk.config.read_text())["mcpServers"][server]
    return desk.doctor(*entry["args"], before=NO_KERNEL, **entry["env"])


def test_it_is_served_while_it_is_held_extended_and_gone_when_the_incident_is_closed(
    desk: Desk, folder: Path, begin: Callable[..., Holding], canary: Canary
) -> None:
    token = canary()
    held = begin(token)
    held.until("Leave it running")
    (place,) = folder.iterdir()
    assert place.stat().st_mode & 0o777 == 0o600
    assert launch(desk).stdout.decode() == f"github={token}\n"
    assert launch(desk, "linear").returncode == 78

    (opened,) = open_incidents(desk.host)
    more = ("--extend", "--reason", "still no keychain", "--ttl", "2h", "--config", str(desk.config))
    done = desk.doctor("emergency", "start", "github", *more, before=NO_KERNEL)
    assert done.returncode == 0, done.stdout
    assert 7100 < open_incidents(desk.host)[0].seconds_left() <= 7200
    status = desk.doctor("emergency", "status", before=NO_KERNEL).stdout.decode()
    assert "held for 120 minutes more, by the window that began it" in status

    closing = ("emergency", "close", "--offline", "--anyway", "--revoked", "--config", str(desk.config))
    assert desk.doctor(*closing, before=NO_KERNEL).returncode == 0
    assert held.end() == 0
    assert list(folder.iterdir()) == []
    assert launch(desk).returncode == 78
    report = (desk.host.state_dir / "incidents" / f"incident-{opened.id}.md").read_text()
    assert "still no keychain" in report
    assert Journal(desk.host).verify() == []
    forms = (token, base64.b64encode(token.encode()).decode()[:32], token.encode().hex())
    for file in desk.home.rglob("*"):
        assert not file.is_file() or all(form.encode() not in file.read_bytes() for form in forms), file


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_when_its_process_ends_the_token_is_gone_and_the_incident_open(
    desk: Desk, begin: Callable[..., Holding], canary: Canary, number: signal.Signals
) -> None:
    held = begin(canary())
    held.until("Leave it running")
    held.process.send_signal(number)
    assert held.end() in {128 + number, -number}
    done = launch(desk)
    assert done.returncode == 78
    assert b"not held any more" in done.stderr
    status = desk.doctor("emergency", "status", before=NO_KERNEL).stdout.decode()
    assert "gone" in status
    assert "stays open until it is closed" in status
    refused = desk.doctor(
        "emergency",
        "start",
        "github",
        "--extend",
        "--reason",
        "more",
        "--config",
        str(desk.config),
        before=NO_KERNEL,
    )
    assert refused.returncode == 1
    assert b"begin another emergency" in refused.stdout


def test_a_command_that_it_starts_gets_it_and_is_ended_in_time(
    desk: Desk, begin: Callable[..., Holding], canary: Canary
) -> None:
    token = canary()
    script = "echo seen $SERVER ${#TOKEN}; exec sleep 60"
    held = begin(token, "--ttl", "3s", "--", "sh", "-c", script)
    held.until(f"seen github {len(token)}")
    alone = launch(desk)
    assert alone.returncode == 78
    assert b"only what its own process starts can have it" in alone.stderr
    assert held.end() == 1
    assert "the command was ended, and the token is gone" in held.said
    assert token not in held.said
    assert len(desk.incidents()[0].served) == 1


def test_a_commands_own_exit_code_is_handed_on(begin: Callable[..., Holding], canary: Canary) -> None:
    assert begin(canary(), "--", "sh", "-c", "exit 7").end() == 7


def test_without_any_way_to_others_nothing_is_asked_for(desk: Desk, canary: Canary) -> None:
    no_socket = "from recovery.emergency import holder\nholder.place_for = lambda *_: None\n"
    done = desk.start(canary(), before=NO_KERNEL + no_socket)
    assert done.returncode == 1
    assert b"closed to this process" in done.stdout
    assert b"-- COMMAND" in done.stdout
    assert not desk.host.state_dir.exists()


def test_another_users_process_is_answered_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(folder / "s")
    holder.hold("x", Secret("mine"), 60, place)
    mine = holder._here.pop("x")
    try:
        assert holder.read("x", place) == Secret("mine")
        if os.getuid() == 0:
            folder.chmod(0o755)
            Path(place).chmod(0o666)
            code = (
                "import os, socket\nos.setuid(65534)\nasking = socket.socket(socket.AF_UNIX)\n"
                f"asking.connect({place!r})\nasking.sendall(b'r')\nprint(asking.recv(99))"
            )
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
            assert "mine" not in done.stdout
            assert done.stdout == "b''\n" or "BrokenPipe" in done.stderr or "ConnectionReset" in done.stderr
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        assert holder.read("x", place) is None
    finally:
        mine.end()
    assert not Path(place).exists()


def test_its_time_is_kept_by_a_clock_that_runs_while_the_computer_sleeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder.hold("y", Secret("mine"), 60, "")
    try:
        assert holder.held_here() == ["y"]
        real = holder._now()
        monkeypatch.setattr(holder, "_now", lambda: real + 61)
        assert holder.read("y", "") is None
        assert not holder.extend("y", 60, "")
    finally:
        holder.let_go("y", "")


# ── no core ─────────────────────────────────────────────────────────────────────────────────────────────────

_CORES = "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (-1, -1))\n"


def cores(place: Path) -> list[Path]:
    return [each for each in place.iterdir() if each.name.startswith("core")]


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_CORE)[1] != -1, reason="no cores are allowed here")
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or "/" in Path("/proc/sys/kernel/core_pattern").read_text(),
    reason="cores go elsewhere here",
)
def test_a_crash_leaves_no_core(
    desk: Desk, begin: Callable[..., Holding], canary: Canary, tmp_path: Path
) -> None:
    token = canary()
    control = f"{_CORES}import os\ntext = '{token}' * 2\nos.abort()"
    subprocess.run([sys.executable, "-c", control], cwd=tmp_path, check=False)
    (core,) = cores(tmp_path)
    assert token.encode() in core.read_bytes()
    core.unlink()

    held = begin(token, before=_CORES)
    held.until("Leave it running")
    held.process.send_signal(signal.SIGABRT)
    assert held.end() == -signal.SIGABRT
    entry = json.loads(desk.config.read_text())["mcpServers"]["github"]
    desk.env.pop("XDG_RUNTIME_DIR")
    assert desk.start(token).returncode == 0
    code = f"{_CORES}import os, sys\nfrom tui.cli import main\nos.execvpe = lambda *_: os.abort()\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *entry["args"]],
        env={**desk.env, **entry["env"]},
        cwd=desk.home,
        check=False,
    )
    assert done.returncode == -signal.SIGABRT
    assert cores(desk.home) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_the_server_is_as_traceable_as_ever(desk: Desk, canary: Canary) -> None:
    assert desk.start(canary()).returncode == 0
    asks = f": github; {sys.executable} -c 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))'"
    env = {"TOKEN": "${SECRET:github_token}"}
    done = desk.doctor("run", "--", "sh", "-c", asks, TOKEN=env["TOKEN"])
    assert done.returncode == 78  # another command is another server: it gets nothing
    desk.config.write_text(
        json.dumps(
            {
                "mcpServers": {
                    "x": {"command": "mcp-doctor", "args": ["run", "--", "sh", "-c", asks], "env": env}
                }
            }
        )
    )
    assert desk.start(canary(), server="x").returncode == 0
    done = desk.doctor("run", "--", "sh", "-c", asks, TOKEN=env["TOKEN"])
    assert done.stdout == b"1\n", done.stderr
