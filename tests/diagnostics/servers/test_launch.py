"""Starting servers, real and hostile: what happened is told, in bounded time, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.servers.launch import Outcome, StartResult, handshake
from diagnostics.servers.resolve import Launch

Fake = Callable[[str], list[str]]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, env, os.getuid(), "labrat")


@pytest.fixture
def start(host: Host) -> Iterator[Callable[..., StartResult]]:
    """Starts a command; afterwards no process may be left that this test's servers brought into the world."""
    mark = f"T{time.monotonic_ns()}_{os.getpid()}"

    def run(command: list[str], seconds: float = 10.0, **env: str) -> StartResult:
        launch = Launch(command[0], tuple(command[1:]), {**host.env, **env, "TEST_MARK": mark}, str(host.cwd))
        return handshake(launch, host, seconds)

    yield run
    assert marked(mark) == []


def marked(mark: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


# ── real servers ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_real_server_without_a_token_still_answers_and_lists_its_tools(
    start: Callable[..., StartResult], npm_server: Fake
) -> None:
    result = start(npm_server("github"), 30)
    assert result.outcome is Outcome.ANSWERED
    assert result.name == "github-mcp-server"
    assert result.protocol == "2024-11-05"
    assert result.tools == 26


@pytest.mark.parametrize("name", ["slack", "brave"])
def test_a_real_server_that_insists_on_its_token_exits_and_says_so(
    start: Callable[..., StartResult], npm_server: Fake, name: str
) -> None:
    result = start(npm_server(name), 30)
    assert (result.outcome, result.exit_code) == (Outcome.EXITED, 1)
    assert {"slack": "SLACK_BOT_TOKEN", "brave": "BRAVE_API_KEY"}[name] in result.stderr


def test_a_real_server_with_its_token_answers(start: Callable[..., StartResult], npm_server: Fake) -> None:
    result = start(npm_server("slack"), 30, SLACK_BOT_TOKEN="anything", SLACK_TEAM_ID="T1")
    assert result.outcome is Outcome.ANSWERED
    assert result.tools


def test_a_real_python_server_answers(start: Callable[..., StartResult], pypi_server: list[str]) -> None:
    result = start(pypi_server, 30)
    assert result.outcome is Outcome.ANSWERED
    assert result.name == "mcp-time"
    assert result.tools == 2


# ── the protocol ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("protocol", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2099-01-01"])
def test_whatever_version_the_server_answers_with_is_accepted(
    start: Callable[..., StartResult], fake_server: Fake, protocol: str
) -> None:
    result = start(fake_server(f"initialize({protocol!r}); tools(3); wait()"))
    assert (result.outcome, result.protocol, result.tools) == (Outcome.ANSWERED, protocol, 3)


def test_a_server_without_a_handshake_is_asked_anew_in_a_process_of_its_own(
    start: Callable[..., StartResult], fake_server: Fake, tmp_path: Path
) -> None:
    count = tmp_path / "starts"
    server = fake_server(f"""
        open({str(count)!r}, "a").write("x")
        message = read()
        if message["method"] != "server/discover":
            write({{"jsonrpc": "2.0", "id": message["id"], "error": {{"code": -32022, "message": "no handshake"}}}})
            wait()
            sys.exit()
        assert message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        write({{"jsonrpc": "2.0", "id": message["id"], "result": {{
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {{}},
            "_meta": {{"io.modelcontextprotocol/serverInfo": {{"name": "modern", "version": "3"}}}}}}}})
        tools(1)
        wait()
    """)
    result = start(server)
    assert (result.outcome, result.name, result.protocol) == (Outcome.ANSWERED, "modern", "2026-07-28")
    assert result.tools == 1
    assert count.read_text() == "xx"


def test_a_server_that_refuses_both_is_told_as_such(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        message = read()
        write({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32000, "message": "licence is over"}})
        wait()
    """)
    result = start(server)
    assert result.outcome is Outcome.REFUSED
    assert "licence is over" in result.said


def test_pings_log_messages_and_batches_before_the_answer_are_no_hindrance(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        message = read()
        write({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "hello"}})
        write({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        pong = read()
        assert pong == {"jsonrpc": "2.0", "id": 1, "result": {}}, pong
        write([{"jsonrpc": "2.0", "method": "notifications/message", "params": {}},
               {"jsonrpc": "2.0", "id": message["id"], "result": {
                   "protocolVersion": "2025-03-26", "capabilities": {}, "serverInfo": {"name": "batch"}}}])
        tools(0)
        wait()
    """)
    result = start(server)
    assert (result.outcome, result.name, result.tools, result.noise) == (Outcome.ANSWERED, "batch", 0, ())


def test_tools_are_counted_over_all_pages(start: Callable[..., StartResult], fake_server: Fake) -> None:
    server = fake_server("""
        initialize()
        read()
        for page in range(3):
            message = read()
            assert message["params"].get("cursor") == (None if page == 0 else str(page)), message
            more = {"nextCursor": str(page + 1)} if page < 2 else {}
            write({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": [{"name": "a"}, {"name": "b"}], **more}})
        wait()
    """)
    assert start(server).tools == 6


def test_an_error_for_the_tools_does_not_undo_the_answer(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        initialize()
        read()
        message = read()
        write({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": "API says 401"}})
        wait()
    """)
    result = start(server)
    assert (result.outcome, result.tools) == (Outcome.ANSWERED, None)
    assert "API says 401" in result.tools_error


# ── hostile output ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("print('Server is starting', flush=True)", "Server is starting"),
        ('print(\'{"level": "info"}\', flush=True)', '{"level": "info"}'),
        ("os.write(1, b'\\xff\\xfe broken\\n')", "broken"),
        ("print('[' * 100000, flush=True)", "[[["),
        ("print('\\x1b]0;title\\x07\\x1b[31mred', flush=True)", "red"),
    ],
)
def test_other_text_on_stdout_is_kept_and_the_answer_still_found(
    start: Callable[..., StartResult], fake_server: Fake, before: str, kept: str
) -> None:
    result = start(fake_server(f"{before}; initialize(); tools(); wait()"))
    assert result.outcome is Outcome.ANSWERED
    assert kept in result.noise[0]
    assert len(result.noise[0]) <= 4096


def test_text_on_stdout_and_no_answer(start: Callable[..., StartResult], fake_server: Fake) -> None:
    result = start(fake_server("print('listening on port 3333', flush=True); wait()"), 2)
    assert result.outcome is Outcome.POLLUTED
    assert result.noise == ("listening on port 3333",)


def test_a_line_without_an_end(start: Callable[..., StartResult], fake_server: Fake) -> None:
    before = psutil.Process().memory_info().rss
    server = fake_server("""
        try:
            while True:
                os.write(1, b"x" * 65536)
        except OSError:
            pass
    """)
    began = time.monotonic()
    result = start(server, 6)
    assert result.endless
    assert result.outcome is Outcome.POLLUTED
    assert time.monotonic() - began < 10
    assert psutil.Process().memory_info().rss - before < 100 * 1024 * 1024


@pytest.mark.parametrize("stream", [1, 2])
def test_a_flood_is_survived(start: Callable[..., StartResult], fake_server: Fake, stream: int) -> None:
    server = fake_server(f"""
        import threading
        def flood():
            try:
                while True:
                    os.write({stream}, b"\\x1b[31mnoise\\n" * 4000)
            except OSError:
                pass
        threading.Thread(target=flood, daemon=True).start()
        if {stream} == 2:
            initialize(); tools()
        wait()
    """)
    began = time.monotonic()
    before = psutil.Process().memory_info().rss
    result = start(server, 4)
    assert result.outcome is (Outcome.ANSWERED if stream == 2 else Outcome.POLLUTED)
    assert len(result.stderr) < 100_000
    assert len(result.noise) <= 20
    assert time.monotonic() - began < 9
    assert psutil.Process().memory_info().rss - before < 100 * 1024 * 1024


def test_endless_pings_to_which_nobody_listens_do_not_block_us(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        number = 0
        try:
            while True:
                number += 1
                write({"jsonrpc": "2.0", "id": "i" * 200 + str(number), "method": "ping"})
        except OSError:
            pass
    """)
    began = time.monotonic()
    assert start(server, 3).outcome is not Outcome.ANSWERED
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "answer",
    [
        '{"jsonrpc":"2.0","id":1,"result":[]}',
        '{"jsonrpc":"2.0","id":1,"result":{"serverInfo":7}}',
        '{"jsonrpc":"2.0","id":1,"error":3}',
    ],
)
def test_an_answer_without_sense_is_a_refusal(
    start: Callable[..., StartResult], fake_server: Fake, answer: str
) -> None:
    assert start(fake_server(f"read(); print({answer!r}, flush=True); wait()")).outcome is Outcome.REFUSED


# ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit(0)", 0),
        ("os.kill(os.getpid(), 11)", -11),
        ("os.close(0); sys.stderr.write('no credential'); sys.exit(5)", 5),
    ],
)
def test_a_server_that_ends_is_told_with_its_code(
    start: Callable[..., StartResult], fake_server: Fake, body: str, code: int
) -> None:
    result = start(fake_server(body))
    assert (result.outcome, result.exit_code) == (Outcome.EXITED, code)


def test_a_silent_server_is_hung_after_the_limit_and_not_later(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    began = time.monotonic()
    assert start(fake_server("wait()"), 1.5).outcome is Outcome.HUNG
    assert time.monotonic() - began < 6


def test_a_server_that_ignores_eof_and_sigterm_is_killed(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        initialize(); tools()
        while True:
            time.sleep(60)
    """)
    assert start(server).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("leave", ["", "start_new_session=True"])
def test_grandchildren_go_too_also_those_that_left_the_group(
    start: Callable[..., StartResult], fake_server: Fake, leave: str
) -> None:
    server = fake_server(f"""
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], {leave})
        initialize(); tools()
    """)
    assert start(server).outcome is Outcome.ANSWERED


def test_grandchildren_of_a_server_that_ended_at_once_go_too(
    start: Callable[..., StartResult], fake_server: Fake
) -> None:
    server = fake_server("""
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
        sys.exit(4)
    """)
    result = start(server, 4)
    assert (result.outcome, result.exit_code) == (Outcome.EXITED, 4)


@pytest.mark.parametrize("how", ["interrupt", "exit"])
def test_nothing_is_left_when_the_doctor_itself_ends_in_the_middle(
    fake_server: Fake, tmp_path: Path, how: str
) -> None:
    mark = f"I{time.monotonic_ns()}_{os.getpid()}"
    ready = tmp_path / "ready"
    server = fake_server(f"""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
        open({str(ready)!r}, "w").close()
        while True:
            time.sleep(60)
    """)
    doctor = f"""
import os, sys, threading, time
from pathlib import Path
from diagnostics.host import this_host
from diagnostics.servers.launch import handshake
from diagnostics.servers.resolve import Launch
def go():
    handshake(Launch({server[0]!r}, {tuple(server[1:])!r}, dict(os.environ)), this_host(), 60)
if {how!r} == "interrupt":
    go()
threading.Thread(target=go, daemon=True).start()
while not Path({str(ready)!r}).exists():
    time.sleep(0.01)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", doctor],
        env={**os.environ, "TEST_MARK": mark, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 20
    while not ready.exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    if how == "interrupt":
        process.send_signal(signal.SIGINT)
    process.wait(20)
    assert marked(mark) == []


# ── what can't be started ───────────────────────────────────────────────────────────────────────────────────


def test_a_missing_command_tells_the_path_and_where_it_is_instead(host: Host, tmp_path: Path) -> None:
    place = tmp_path / ".nvm/versions/node/v22.1.0/bin"
    place.mkdir(parents=True)
    (place / "npx-of-the-test").write_text("#!/bin/sh\n")
    (place / "npx-of-the-test").chmod(0o755)
    result = handshake(Launch("npx-of-the-test", (), {"PATH": "/nowhere:/usr/bin"}), host, 5)
    assert result.outcome is Outcome.NO_COMMAND
    assert result.program is not None
    assert result.program.searched == "/nowhere:/usr/bin"
    assert result.program.elsewhere == (place / "npx-of-the-test",)


@pytest.mark.parametrize(
    ("content", "mode", "outcome"),
    [
        ("#!/bin/sh\n", 0o644, Outcome.NOT_EXECUTABLE),
        ("#!/no/such/interpreter\n", 0o755, Outcome.NO_INTERPRETER),
        ("#!/usr/bin/env no-such-program\n", 0o755, Outcome.NO_INTERPRETER),
        ("#!/bin/sh\r\n", 0o755, Outcome.NO_INTERPRETER),
        ("MZ windows program", 0o755, Outcome.WRONG_FORMAT),
        ("", 0o755, Outcome.WRONG_FORMAT),
    ],
)
def test_a_file_that_can_not_be_started_tells_why(
    start: Callable[..., StartResult], tmp_path: Path, content: str, mode: int, outcome: Outcome
) -> None:
    file = tmp_path / "server"
    file.write_text(content, newline="")
    file.chmod(mode)
    assert start([str(file)]).outcome is outcome


def test_a_missing_working_directory(host: Host) -> None:
    launch = Launch(sys.executable, (), {"PATH": "/usr/bin"}, str(host.cwd / "gone"))
    assert handshake(launch, host, 5).outcome is Outcome.NO_FOLDER
