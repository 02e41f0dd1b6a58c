"""A disk that does not answer: every look at it ends, the rest is looked at all the same."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics import deadline, discovery, runner
from diagnostics.configs import content
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Problem, Session, Status
from diagnostics.runner import diagnose
from tests.support.configured import HeldStore

Hang = Callable[[Path], None]


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hang]:
    """From the call on, whatever asks for something in that folder waits until the test is over."""
    over = threading.Event()
    dead: list[str] = []

    def slow(name: str) -> None:
        real = getattr(os, name)

        def call(path: Any, *args: Any, **more: Any) -> Any:
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(tuple(dead)):
                over.wait(60)
            return real(path, *args, **more)

        monkeypatch.setattr(os, name, call)

    for each in ("stat", "lstat", "open", "scandir", "listdir", "readlink", "access"):
        slow(each)
    monkeypatch.setattr(deadline, "DISK_SECONDS", 0.4)
    monkeypatch.setattr(content, "_PATIENCE", 0.4)
    monkeypatch.setattr(runner, "_OWN_SECONDS", 0.5)
    monkeypatch.setattr(discovery, "_INSTALLED_SECONDS", 0.5)
    monkeypatch.setattr(deadline, "_IMPATIENT", 0.05)
    yield lambda folder: dead.append(str(folder))
    over.set()


def looked(home: Path) -> tuple[float, Context, dict[str, set[Status]]]:
    host = Host(Platform.LINUX, Session.LOCAL, home, home, {"PATH": f"{home / 'dead/bin'}:/bin"})
    options = Options(offline=True, timeout=0.5)
    began = time.monotonic()
    files = discover(host, options)
    servers = [server for each in files for server in each.servers]
    context = Context(host, options, files, servers, HeldStore({}))
    found: dict[str, set[Status]] = {}
    for each in diagnose(context):
        found.setdefault(each.check, set()).add(each.status)
    return time.monotonic() - began, context, found


def configured(home: Path) -> None:
    dead = home / "dead"
    dead.mkdir()
    servers = {
        "dead": {"command": str(dead / "server"), "args": [str(dead / "x.js")], "cwd": str(dead)},
        "script": {"command": "node", "args": [str(dead / "index.js")], "envFile": str(dead / ".env")},
        "alive": {"command": "sh", "args": []},
    }
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": servers}))


def test_what_a_config_names_may_hang(hang: Hang, tmp_path: Path) -> None:
    configured(tmp_path)
    hang(tmp_path / "dead")
    seconds, context, found = looked(tmp_path)
    assert seconds < 12
    assert {each.name for each in context.servers} == {"dead", "script", "alive"}
    assert Status.UNKNOWN in found["start.command"]


@pytest.mark.parametrize("place", [".config", ".continue", ".claude", ".vscode", ".npm", ".local", ".bashrc"])
def test_a_part_of_the_home_may_hang(hang: Hang, tmp_path: Path, place: str) -> None:
    configured(tmp_path)
    hang(tmp_path / place)
    seconds, context, _ = looked(tmp_path)
    assert seconds < 12
    assert {each.name for each in context.servers} == {"dead", "script", "alive"}


def test_the_folder_of_the_config_itself_may_hang(hang: Hang, tmp_path: Path) -> None:
    configured(tmp_path)
    hang(tmp_path / ".cursor")
    seconds, context, found = looked(tmp_path)
    assert seconds < 12
    assert not context.servers
    assert Status.OK not in {each.status for each in context.files if each.client == "cursor"}
    assert found["config.readable"] & {Status.FAIL, Status.UNKNOWN}


def test_a_disk_that_answers_again_has_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(deadline, "_IMPATIENT", 0.01)
    with pytest.raises(deadline.DeadlineError):
        deadline.on_disk(lambda: over.wait(30), 0.05)
    assert deadline.patience(3.0) == pytest.approx(0.3)
    over.set()
    ends = time.monotonic() + 5
    while deadline.patience(3.0) != 3.0 and time.monotonic() < ends:
        time.sleep(0.01)
    assert deadline.patience(3.0) == 3.0


def test_it_is_said_how_long_was_waited(hang: Hang, tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    hang(tmp_path / "dead")
    said = [content.read_text(tmp_path / "dead" / name) for name in "ab"]
    assert [each.detail for each in said if isinstance(each, Problem)] == ["0.4", "0.05"]
