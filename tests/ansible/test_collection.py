"""The collection's parts by themselves: what the module makes of any program, and where the action writes."""

import importlib.util
import json
import os
import stat
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from tests.support import fleet as made

COLLECTION = Path(__file__).resolve().parents[2] / "ansible/ansible_collections/mcp_doctor/fleet"
REPORT = json.dumps(made.healthy("github"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ansible has no control node on Windows")


def loaded(path: str) -> ModuleType:
    """A plugin of the collection, as Ansible would load it."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, COLLECTION / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def check() -> ModuleType:
    return loaded("plugins/modules/mcp_doctor_check.py")


@pytest.fixture(scope="module")
def record() -> ModuleType:
    return loaded("plugins/action/mcp_doctor_record.py")


def program(tmp_path: Path, text: str) -> str:
    """Something that is called mcp-doctor."""
    path = tmp_path / "mcp-doctor"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exit 0", "mcp-doctor gave no report (exit code 0): it said nothing"),
        (
            "echo 'mcp-doctor: no such server' >&2; exit 2",
            "gave no report (exit code 2): mcp-doctor: no such server",
        ),
        (r"printf 'a\033[31mb' >&2; echo '{'; exit 4", "(exit code 4): a?[31mb"),
        ("echo '[1]'", "what came is no report of mcp-doctor: its schema is None"),
        ("""echo '{"schema": "other/1"}'""", "its schema is 'other/1'"),
        (f"echo '{REPORT}'; exit 4", "mcp-doctor broke off (exit code 4)"),
        ("head -c 9000000 /dev/zero", "the report is larger than 8 MB"),
        ("yes", "the report is larger than 8 MB"),
        ("yes >&2", "what it complained of is larger than 8 MB"),
        ("exec python3 -c \"print('[' * 100000)\"", "gave no report"),
    ],
)
def test_what_is_no_report_is_told(check: ModuleType, tmp_path: Path, text: str, words: str) -> None:
    def ask() -> None:
        code, raw, said = check.run([program(tmp_path, text)], 60)
        check.report_in(raw, code, said)

    with pytest.raises(check.NoReportError) as caught:
        ask()
    assert words in str(caught.value)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_report_is_taken_whatever_it_found(check: ModuleType, tmp_path: Path, code: int) -> None:
    answered, raw, said = check.run([program(tmp_path, f"echo '{REPORT}'; exit {code}")], 60)
    assert check.report_in(raw, answered, said) == json.loads(REPORT)
    assert answered == code


def test_after_the_deadline_nothing_of_it_is_left(check: ModuleType, tmp_path: Path) -> None:
    text = f"echo $$ > {tmp_path}/pids; sleep 600 & echo $! >> {tmp_path}/pids; trap '' TERM; wait"
    began = time.monotonic()
    with pytest.raises(check.NoReportError, match="did not end within 1 seconds"):
        check.run([program(tmp_path, text)], 1)
    assert time.monotonic() - began < 30
    pids = [int(each) for each in (tmp_path / "pids").read_text().split()]
    ends = time.monotonic() + 60
    while any(psutil.pid_exists(each) and psutil.Process(each).status() != "zombie" for each in pids):
        assert time.monotonic() < ends, pids
        time.sleep(0.02)


def test_where_the_program_is_looked_for(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(check, "BESIDE_THE_PATH", ("~/.local/bin",))
    with pytest.raises(check.NoReportError, match="is not installed for this user"):
        check.find(None)
    (tmp_path / ".local/bin").mkdir(parents=True)
    beside = program(tmp_path / ".local/bin", "true")
    assert check.find(None) == beside
    assert check.find("~/.local/bin/mcp-doctor") == beside
    with pytest.raises(check.NoReportError, match="there is no /opt/x"):
        check.find("/opt/x")


def test_the_call(check: ModuleType) -> None:
    given: dict[str, Any] = {
        "config": ["/a"], "client": "cursor", "offline": True, "check_timeout": 5, "servers": ["github", "my server"],
    }  # fmt: skip
    assert check.command_of(given, "mcp-doctor") == [
        "mcp-doctor", "check", "--format", "json", "--config", "/a", "--client", "cursor", "--offline", "--timeout", "5",
        "github", "my server",
    ]  # fmt: skip
    with pytest.raises(check.NoReportError, match="dash"):
        check.command_of(given | {"servers": ["--output=/etc/x"]}, "mcp-doctor")


@pytest.mark.parametrize(
    "host",
    [
        "web-01",
        "../../etc/cron.d/x",
        "/etc/passwd",
        ".",
        "..",
        ".ssh",
        "a b",
        "ünïcode",
        "x" * 400,
        "\x1b[2J",
        "",
    ],
)
def test_a_hosts_file_lies_in_the_folder_whatever_its_name(
    record: ModuleType, tmp_path: Path, host: str
) -> None:
    name = record.file_name(host)
    assert (tmp_path / name).resolve().parent == tmp_path
    assert name.isascii()
    assert name.endswith(".json")
    assert len(name) < 210
    if host:
        assert not name.startswith(".")


def test_two_long_names_have_two_files(record: ModuleType) -> None:
    assert record.file_name("x" * 300 + "a") != record.file_name("x" * 300 + "b")


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        ({"report": made.healthy("a")}, "reachable", None),
        ({"unreachable": True, "msg": "Task failed: timed\nout"}, "unreachable", "timed out"),
        ({"failed": True, "msg": "mcp-doctor is not installed"}, "failed", "mcp-doctor is not installed"),
        ({"failed": True}, "failed", "the host gave no report"),
        ({}, "failed", "the host gave no report"),
        ({"report": {"schema": "x"}}, "failed", "what the host gave is no report of mcp-doctor"),
        ({"report": made.healthy("a"), "failed": True, "msg": "x" * 9000}, "failed", "x" * 2000),
    ],
)
def test_what_is_kept_of_an_answer(
    record: ModuleType, tmp_path: Path, answer: dict[str, Any], status: str, error: str | None
) -> None:
    envelope = record.envelope_of("web-01", answer)
    assert (envelope["status"], envelope["error"]) == (status, error)
    record.write(tmp_path / "web-01.json", json.dumps(envelope).encode())
    assert stat.S_IMODE((tmp_path / "web-01.json").stat().st_mode) == 0o600
    found = made.fleet_of(tmp_path).host("web-01")
    assert found is not None
    assert found.reached.value == status
    assert os.listdir(tmp_path) == ["web-01.json"]  # noqa: PTH208 - nothing half written is left
