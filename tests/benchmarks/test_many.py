"""Many entries, many tokens, many servers."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from diagnostics.catalog.clients import GENERIC, Client, clients
from diagnostics.configs.location import paths_of
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.stores.secret_service import SecretService
from tests.benchmarks.conftest import PROGRAMS, Figures, medians, plain_env, timed
from tests.support.lab import Lab
from tests.support.terminal import Terminal
from tui.demo.token import made_up

pytestmark = pytest.mark.bench

_ENTRIES = 1000
_SERVERS = 1000
_TOKENS = 20
_SERVERS_A_CLIENT = 6
_PROVIDER_SECONDS = 0.3

_ONE_BY_ONE = f"""
import keyring, time
began = time.perf_counter()
for number in range({_ENTRIES}):
    assert keyring.get_password("mcp-secrets", f"token_{{number}}") == f"value {{number}}"
print(time.perf_counter() - began)
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab().start("bench")
    yield lab
    lab.close()


def test_bulk_read_against_a_call_an_entry(figures: Figures, lab: Lab) -> None:
    for number in range(_ENTRIES):
        lab.add_entry(f"token_{number}", f"value {number}")

    def bulk() -> float:
        store = SecretService(lab.host())
        began = time.perf_counter()
        values = {entry.account: entry.secret for entry in store.entries()}
        spent = time.perf_counter() - began
        assert len(values) == _ENTRIES
        assert all(values.values())
        return spent

    one_by_one = float(lab.python(_ONE_BY_ONE, seconds=300))
    (ours,) = medians(3, bulk)
    figures.compare(f"bulk read of {_ENTRIES} entries", ours, one_by_one, f"{_ENTRIES} get_password", 0.04)


class _Patient(ThreadingHTTPServer):
    """Takes twenty connections at once; with the default of five the kernel lets the rest try again after 1 s."""

    request_queue_size = 64


class _Slow(BaseHTTPRequestHandler):
    """A provider that thinks for 300 ms and then knows everyone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        time.sleep(_PROVIDER_SECONDS)
        payload = b'{"login": "demo-user", "id": 1}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-OAuth-Scopes", "repo")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_words: object) -> None:
        pass


def test_all_providers_are_asked_at_once(figures: Figures, lab: Lab, tmp_path: Path) -> None:
    servers = {}
    for number in range(_TOKENS):
        lab.add_entry(f"token_{number}", made_up("github", f"number {number}"))
        servers[f"server-{number}"] = {
            "command": "true",
            "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": f"${{SECRET:token_{number}}}"},
        }
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": servers}))
    provider = _Patient(("127.0.0.1", 0), _Slow)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{provider.server_address[1]}"
    command: list[str | Path] = [
        PROGRAMS / "mcp-doctor",
        "check",
        "--config",
        config,
        "--provider-url",
        f"github={url}",
    ]

    def check(*more: str) -> float:
        began = time.perf_counter()
        report = tmp_path / "report.json"
        done = lab.run([*command, "--format", "json", "--output", report, *more], seconds=60)
        spent = time.perf_counter() - began
        assert done.returncode in {0, 1}, done.stderr
        asked = [each for each in json.loads(report.read_text())["findings"] if each["stage"] == "validity"]
        wanted = "skip" if more else "ok"
        assert len([each for each in asked if each["status"] == wanted]) >= _TOKENS
        return spent

    try:
        offline, online = medians(3, lambda: check("--offline"), check)
    finally:
        provider.shutdown()
        provider.server_close()
    allowed = 2 * _PROVIDER_SECONDS + offline
    figures.compare(
        f"{_TOKENS} tokens at a 300 ms provider", online, allowed, "2 x 300 ms + offline run", 1.0
    )


@pytest.fixture
def big_config(tmp_path: Path) -> Path:
    """A thousand servers, each with its own secret and a variable."""
    config = tmp_path / "mcp.json"
    servers = {
        f"server-{number:04}": {
            "command": "true",
            "args": ["--flag", f"value-{number}"],
            "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": f"${{SECRET:token_{number}}}", "REGION": "eu"},
        }
        for number in range(_SERVERS)
    }
    config.write_text(json.dumps({"mcpServers": servers}))
    return config


def test_a_thousand_servers_offline(figures: Figures, lab: Lab, big_config: Path, tmp_path: Path) -> None:
    for number in range(10):
        lab.add_entry(f"token_{number}", made_up("github", f"number {number}"))
    report = tmp_path / "report.json"
    options = ["--offline", "--config", str(big_config), "--format", "json", "--output", str(report)]
    began = time.perf_counter()
    child = subprocess.Popen([str(PROGRAMS / "mcp-doctor"), "check", *options], env=lab.env, cwd=lab.home)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    spent = time.perf_counter() - began
    assert child.returncode == 1
    assert len(json.loads(report.read_text())["servers"]) == _SERVERS
    figures.limit(f"check --offline of {_SERVERS} servers", spent, 3.0, "s")
    figures.limit("its memory at most", usage.ru_maxrss / 1024, 150.0, "MB")


def _plain_file(one: Client, home: Path) -> Path | None:
    """The user's file of a client that writes its servers as most do; None for the others."""
    host = Host(Platform.LINUX, Session.LOCAL, home, home, {})
    is_plain = one.format == "json" and len(one.servers[0]) == 1 and not one.fields.command_is_list
    places = (each for each in one.places if each.scope == "user" and not each.foreign and not each.apart)
    paths = [path for place in places for path in paths_of(place, host)[:1] if path.suffix == ".json"]
    return paths[0] if is_plain and paths and one.id != GENERIC else None


def _write_servers(path: Path, key: str, names: Sequence[str]) -> None:
    env = {"GITHUB_PERSONAL_ACCESS_TOKEN": "${SECRET:github_token}", "REGION": "eu"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: {each: {"command": "true", "env": env} for each in names}}))
    path.chmod(0o600)


def _cpu_of_check(home: Path, servers: int) -> float:
    """Seconds of computing that `check --offline` takes in this home."""
    report = home / "report.json"
    options = ["--offline", "--format", "json", "--output", str(report)]
    child = subprocess.Popen([str(PROGRAMS / "mcp-doctor"), "check", *options], env=plain_env(home), cwd=home)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert len(json.loads(report.read_text())["servers"]) == servers
    return usage.ru_utime + usage.ru_stime


def test_many_clients_against_one(figures: Figures, tmp_path: Path) -> None:
    """What breadth costs: each client's own rules, files and state, beside the servers, which are the same.

    A third more is measured at most. Once every file was held against every other, and it was three times as much.
    """
    spread, together = tmp_path / "spread", tmp_path / "together"
    together.mkdir()
    files = {path: each for each in clients().values() if (path := _plain_file(each, spread)) is not None}
    assert len(files) > 20
    names = {
        each.id: [f"{each.id}-{number}" for number in range(_SERVERS_A_CLIENT)] for each in files.values()
    }
    for path, each in files.items():
        _write_servers(path, each.servers[0][0], names[each.id])
    every = [name for listed in names.values() for name in listed]
    _write_servers(together / ".cursor/mcp.json", "mcpServers", every)
    many, one = medians(
        5, lambda: _cpu_of_check(spread, len(every)), lambda: _cpu_of_check(together, len(every))
    )
    figures.compare(
        f"{len(every)} servers in the files of {len(files)} clients", many, one, "in one client's file", 1.5
    )


def _chosen(terminal: Terminal) -> str:
    """The server whose path is shown."""
    found = re.search(r"╭─ (server-\d+) ·", terminal.text)
    return found[1] if found else ""


def _slowest_key(config: Path, lab: Lab) -> float:
    """Moves up and down the list until all checks have answered. Out: seconds of the slowest move."""
    env = {**plain_env(lab.home), **lab.env, "TERM": "xterm-256color"}
    # Nothing listens there: no benchmark asks a real provider.
    command = [
        str(PROGRAMS / "mcp-doctor"),
        "--config",
        str(config),
        "--provider-url",
        "github=http://127.0.0.1:9",
    ]
    slowest, moves, keys = 0.0, 0, ["up", "down"]
    with Terminal(command, env) as terminal:
        terminal.wait_for(r"╭─ server-\d+ ·", 30)
        terminal.press(
            "down"
        )  # until somebody moves, the worst server is chosen, whichever that is at the time
        settled = time.perf_counter() + 0.3
        while time.perf_counter() < settled:
            terminal.read(0.01)
        while "All " not in terminal.lines[-2]:
            before = _chosen(terminal)
            terminal.press(keys[moves % 2])
            began = time.perf_counter()
            while _chosen(terminal) == before and "All " not in terminal.lines[-2]:
                terminal.read(0.005)
                assert time.perf_counter() - began < 10, terminal.text
            slowest = max(slowest, time.perf_counter() - began)
            moves += 1
    assert moves > 2, "the checks were over before keys could be pressed"
    return slowest


@pytest.mark.parametrize("daemon", ["healthy", "hung"])
def test_keys_are_answered_while_checks_run(
    figures: Figures, lab: Lab, big_config: Path, daemon: str
) -> None:
    if daemon == "hung":
        lab.suspend_daemon()
    slowest = min(_slowest_key(big_config, lab) for _ in range(3))
    figures.limit(f"slowest key while checks run, daemon {daemon}", slowest * 1000, 100.0, "ms")


def test_what_checks_without_servers_cost(figures: Figures, tmp_path: Path) -> None:
    env = plain_env(tmp_path)
    version, check = medians(
        5,
        lambda: timed([PROGRAMS / "mcp-doctor", "--version"], env),
        lambda: timed([PROGRAMS / "mcp-doctor", "clients"], env),
    )
    figures.show("mcp-doctor clients", check, version, "mcp-doctor --version")
