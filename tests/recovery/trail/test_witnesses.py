"""Copies, clocks, who it was, and the logs out of this user's reach."""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.host import Host, this_host
from recovery.journal import Event, Journal
from recovery.trail import actor, clock
from recovery.trail.anchor import anchor_files
from recovery.trail.sinks import shared_log
from recovery.trail.verify import begin_anew
from tests.recovery.trail.conftest import anchor_of, computer, edited, kinds, operate
from tests.support.platforms import IS_ROOT, lacking

# ── copies ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trail_copied_to_another_home_is_found(trail: Journal, host: Host, tmp_path: Path) -> None:
    other = computer(tmp_path / "other", tmp_path / "root2", "b" * 32)
    shutil.copytree(trail.folder, Journal(other).folder)
    found = Journal(other).examine()
    assert {each.kind for each in found.troubles} >= {"copied"}
    operate(other, "0c")  # writing there does not make it that home's own
    assert not Journal(other).examine().holds


def test_a_whole_home_that_was_copied_is_found_by_its_place(
    trail: Journal, host: Host, tmp_path: Path
) -> None:
    shutil.copytree(host.home, tmp_path / "copy")
    copy = dataclasses.replace(host, home=tmp_path / "copy", env={"HOME": str(tmp_path / "copy")})
    (found,) = Journal(copy).examine().troubles
    assert found.kind == "copied"
    assert str(trail.path) in found.what


def test_a_trail_that_this_computer_never_wrote_to_is_a_copy(
    trail: Journal, host: Host, tmp_path: Path
) -> None:
    (tmp_path / "root/etc/machine-id").write_text("c" * 32)
    (found,) = trail.examine().troubles
    assert found.kind == "copied"
    assert "another computer" in found.what


def test_a_home_that_two_computers_share_is_no_copy(trail: Journal, host: Host, tmp_path: Path) -> None:
    (tmp_path / "root/etc/machine-id").write_text("c" * 32)
    operate(host, "0c")
    found = trail.examine()
    assert found.holds
    assert "share this home" in found.notices[0].what


def test_another_users_records_are_named(trail: Journal, host: Host) -> None:
    other = Journal(dataclasses.replace(host, uid=host.uid + 1))
    assert kinds(other) == {"copied"}
    assert "uid" in other.examine().troubles[0].what


def test_an_older_state_of_the_trail_is_found(trail: Journal, host: Host) -> None:
    older = trail.path.read_bytes()
    operate(host, "0c")
    trail.path.write_bytes(older)
    assert kinds(trail) == {"cut-off"}


def test_what_to_do_puts_the_broken_trail_aside_and_a_new_one_holds(trail: Journal, host: Host) -> None:
    edited(trail, lambda lines: lines[1:])
    operate(host, "0c")
    for _ in range(2):
        commands = begin_anew(host, trail.path)
        assert len(commands) == 2
        for each in commands:
            _, _, old, new = each.split(" ")
            assert not Path(new).exists()
            Path(old).rename(new)
        operate(host, "0d")
        assert trail.examine().holds
        assert [each["n"] for each in trail.records()] == [1, 2, 3, 4, 5]


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("minutes", "words"), [(-90, "set back by 90 minutes"), (3 * 24 * 60, "set forward by 3 days"), (0, "")]
)
def test_a_clock_that_is_set_between_two_records_is_noticed(
    trail: Journal, host: Host, monkeypatch: pytest.MonkeyPatch, minutes: int, words: str
) -> None:
    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Set":
            at = datetime.now(UTC) + timedelta(minutes=minutes)
            return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, UTC)

    monkeypatch.setattr("recovery.trail.writing.datetime", Set)
    operate(host, "0c")
    found = trail.examine()
    assert found.holds
    at = [("clock", 11)] if words else []
    still_to_come = [("clock", 15)] if minutes > 0 else []
    assert [(each.kind, each.line) for each in found.notices] == at + still_to_come
    assert all(words in each.what for each in found.notices[:1])
    assert all("3 days from now" in each.what for each in found.notices[1:])


def test_a_clock_that_goes_back_over_a_restart_is_noticed_and_a_restart_is_not() -> None:
    def record(at: str, boot: str, since: float) -> dict[str, object]:
        return {"at": f"2026-11-23T{at}:00+00:00", "boot": boot, "since_boot": since, "machine": "m"}

    first = record("12:00", "one", 90_000.0)
    assert clock.jump(first, record("12:10", "two", 20.0)) == ""
    assert "set back" in clock.jump(first, record("11:00", "two", 20.0))
    assert clock.jump(first, record("13:00", "one", 93_600.0)) == ""
    assert clock.jump(first, record("13:00", "one", 93_601.5)) == ""
    assert "forward by 60 minutes" in clock.jump(first, record("13:00", "one", 90_000.5))
    for odd in ({}, {"at": "x"}, {"at": 1, "since_boot": "y", "boot": "one"}):
        assert clock.jump(first, odd) == ""
        assert clock.jump(odd, first) == ""


# ── who ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_record_says_who_it_was_behind_sudo_and_ssh(host: Host) -> None:
    env = {
        **host.env,
        "SUDO_USER": "bob",
        "SUDO_UID": "1001",
        "SSH_CONNECTION": "203.0.113.7 51234 10.0.0.1 22",
        "XDG_SESSION_ID": "c4\x1b[31m",
    }
    journal = Journal(dataclasses.replace(host, env=env), reason="the token leaked", ticket="OPS-7")
    journal.append(Event.NOTE, "0a")
    (record,) = journal.records()
    who = record["who"]
    assert who["sudo"] == {"user": "bob", "uid": "1001"}
    assert who["ssh"] == "203.0.113.7 51234"
    assert who["seat"] == "c4"
    assert who["euid"] == os.geteuid()
    assert (record["reason"], record["ticket"]) == ("the token leaked", "OPS-7")
    assert record["since_boot"] > 0
    assert record["machine"]
    assert "a" * 32 not in json.dumps(record)
    told = actor.told(who, record["user"], record["uid"])
    assert "by sudo from bob" in told
    assert "over SSH from 203.0.113.7" in told


def test_a_directory_service_that_does_not_answer_delays_a_record_and_no_more(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    release = threading.Event()
    monkeypatch.setattr(actor, "_names", lambda: release.wait(30) and {})
    monkeypatch.setattr(actor, "_SECONDS", 0.05)
    Journal(host).append(Event.NOTE, "0a")
    release.set()
    assert len(Journal(host).records()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_the_terminal_is_named(host: Host) -> None:
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    code = (
        "from recovery.trail.actor import actor; from tests.recovery.conftest import a_host; from pathlib import Path\n"
        "print(actor(a_host(Path('/nowhere')))['tty'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=theirs, capture_output=True, text=True, timeout=60, check=False,
        cwd=Path(__file__).parents[3], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.stdout.strip() == os.ttyname(theirs), done.stderr
    os.close(ours)
    os.close(theirs)


# ── other logs ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def system_log(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A real datagram socket where the system's log has its own."""
    assert host.root is not None
    monkeypatch.chdir(host.root / "dev")  # a socket's path may be short only
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind("log")
        log.settimeout(60)
        yield log


def provided(host: Host, mode: int = 0o660) -> Path:
    log = shared_log(host)
    assert log is not None
    log.write_bytes(b"")
    log.chmod(mode)
    return log


def emergency(host: Host, operation: str = "ee") -> Journal:
    journal = Journal(host, reason="the keychain is broken", ticket="INC-1")
    journal.append(Event.NOTE, operation, what="emergency access", emergency=True)
    journal.append(Event.NOTE, operation, what="closed")
    return journal


def test_the_system_log_gets_what_matters_with_number_and_digest(
    host: Host, system_log: socket.socket
) -> None:
    journal = operate(host, "0a")
    said = [system_log.recv(4096).decode() for _ in range(2)]
    first, last = journal.records()[0], journal.records()[-1]
    assert said[0].startswith(f"<85>mcp-doctor[{os.getpid()}]: planned 0a user=tester")
    assert 'title="Unlock"' in said[0]
    assert said[0].endswith(f"record=1 hash={first['hash']}")
    assert said[1].endswith(f"record=5 hash={last['hash']}")
    system_log.setblocking(False)
    with pytest.raises(BlockingIOError):
        system_log.recv(4096)
    assert journal.told == []


def fill() -> None:
    """Until the system's log takes nothing more. A sender has its own bounds, which may be reached sooner."""
    taken = True
    while taken:
        taken = False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filling:
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    filling.sendto(b"x", "log")
                    taken = True


def test_a_system_log_that_takes_nothing_is_told_and_waited_for_only_so_long(
    host: Host, system_log: socket.socket
) -> None:
    fill()
    journal = operate(host, "0a")
    assert len(journal.records()) == 5
    assert len(journal.told) == 1
    assert "system log" in journal.told[0]


def test_a_system_log_that_nobody_reads_any_more_is_told(host: Host, system_log: socket.socket) -> None:
    system_log.close()
    assert "system log" in operate(host, "0a").told[0]


@pytest.fixture
def short() -> Iterator[Host]:
    """A computer whose sockets have short paths."""
    with tempfile.TemporaryDirectory() as folder:
        yield computer(Path(folder) / "home", Path(folder) / "root", "a" * 32)


def test_a_real_syslog_daemon_files_it_under_authpriv(short: Host) -> None:
    program = shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        lacking("rsyslog is not installed")
    root = short.root
    assert root is not None
    log, config = root / "secret", root / "rsyslog.conf"
    config.write_text(
        'module(load="imuxsock" SysSock.Use="off")\n'
        f'input(type="imuxsock" Socket="{root / "dev/log"}")\n'
        'template(name="plain" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname%:%msg%\\n")\n'
        f'action(type="omfile" file="{log}" template="plain")\n'
    )
    words = [program, "-n", "-f", str(config), "-i", str(root / "pid")]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as daemon:
        try:
            until(lambda: (root / "dev/log").is_socket())
            journal = operate(short, "0a")
            emergency(short)
            until(lambda: log.exists() and log.read_text().count("\n") == 4)
        finally:
            daemon.terminate()
    lines = log.read_text().splitlines()
    hashes = [each["hash"] for each in journal.records()]
    assert lines[0].startswith("authpriv.notice mcp-doctor: planned 0a user=tester")
    assert lines[2].startswith("authpriv.warning mcp-doctor: note ee user=tester")
    assert [line.rpartition("hash=")[2] for line in lines] == [hashes[each] for each in (0, 4, 5, 6)]
    assert journal.told == []


def test_journald_is_told_where_there_is_no_syslog(short: Host) -> None:
    assert short.root is not None
    place = short.root / "run/systemd/journal/socket"
    place.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(place))
        log.settimeout(60)
        journal = operate(short, "0a")
        fields = dict(line.split("=", 1) for line in log.recv(4096).decode().splitlines())
    assert (fields["SYSLOG_FACILITY"], fields["PRIORITY"]) == ("10", "5")
    assert fields["MESSAGE"].endswith(f"record=1 hash={journal.records()[0]['hash']}")


def test_a_system_log_that_takes_a_stream_gets_it_too(short: Host) -> None:
    assert short.root is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as log:
        log.bind(str(short.root / "dev/log"))
        log.listen()
        log.settimeout(60)
        assert operate(short, "0a").told == []
        with log.accept()[0] as channel:
            assert channel.recv(4096).endswith(b"\0")


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_emergencies_also_go_to_the_log_that_an_administrator_provides(
    host: Host, system_log: socket.socket
) -> None:
    log = provided(host)
    operate(host, "0a")
    assert log.read_bytes() == b""
    journal = emergency(host)
    lines = log.read_bytes().splitlines()
    assert lines == journal.path.read_bytes().splitlines()[-2:]
    assert stat.S_IMODE(log.stat().st_mode) == 0o660
    said = [system_log.recv(4096).decode() for _ in range(4)]
    assert said[2].startswith("<84>")
    assert 'reason="the keychain is broken" ticket="INC-1"' in said[2]
    assert journal.told == []
    assert journal.examine().holds


def test_a_remedy_for_emergencies_needs_no_mark(host: Host) -> None:
    log = provided(host)
    journal = Journal(host)
    journal.append(Event.PLANNED, "ee", remedy="emergency-start", title="t", steps=[])
    journal.append(Event.DONE, "ee")
    assert len(log.read_bytes().splitlines()) == 2
    Journal(host).append(Event.UNDOING, "ee")  # taken back by another process
    Journal(host).append(Event.UNDOING, "other")
    assert len(log.read_bytes().splitlines()) == 3


def test_that_log_remembers_what_was_taken_from_the_trail_with_its_anchor(host: Host) -> None:
    """Who can read this user's files can restore an older trail and anchor: only a log out of their reach tells."""
    provided(host)
    operate(host, "0a")
    kept = {path: path.read_bytes() for path in (Journal(host).path, anchor_of(host))}
    journal = emergency(host)
    for path, content in kept.items():
        path.write_bytes(content)
    found = journal.examine()
    assert [each.kind for each in found.troubles] == ["emergency-log", "emergency-log"]
    assert found.troubles[0].operation == "ee"
    # what others write there, in our name but without our key, proves nothing
    log = shared_log(host)
    assert log is not None
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(each.replace(b"closed", b"opened") for each in lines) + b"rubbish\n\xff\n")
    assert len(journal.examine().troubles) == 1


def link_to(log: Path, hard: bool) -> None:
    other = log.with_name("other")
    log.rename(other)
    (log.hardlink_to if hard else log.symlink_to)(other)


def pipe_for(log: Path) -> None:
    log.unlink()
    os.mkfifo(log)


@pytest.mark.parametrize("what", ["everyone's", "link", "hard link", "pipe", "folder", "read pipe"])
def test_an_unfit_log_gets_nothing_and_that_is_told(host: Host, what: str) -> None:
    log = provided(host, 0o666 if what == "everyone's" else 0o660)
    reader = -1
    match what:
        case "link" | "hard link":
            link_to(log, what == "hard link")
        case "pipe" | "read pipe":
            pipe_for(log)
            reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK) if what == "read pipe" else -1
        case "folder":
            log.unlink()
            log.mkdir()
    journal = emergency(host)
    assert len(journal.records()) == 2
    assert len(journal.told) == 1
    assert str(log) in journal.told[0]
    if what in {"link", "hard link"}:
        assert log.with_name("other").read_bytes() == b""
    if reader >= 0:
        assert os.read(reader, 10) == b""
        os.close(reader)


@pytest.mark.skipif(not IS_ROOT, reason="only root can be someone else for a moment")
@pytest.mark.parametrize(("mode", "said"), [(0o660, ""), (0o640, "Permission denied")])
def test_a_log_is_written_by_its_group_and_told_of_where_it_may_not_be(mode: int, said: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        host = computer(Path(folder) / "admin", Path(folder) / "root", "a" * 32)
        log = provided(host, mode)
        shutil.chown(log, 0, 65534)
        child = os.fork()
        if not child:
            status = 1
            with contextlib.suppress(BaseException):
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                home = Path(folder) / "nobody"
                home.mkdir()
                told = emergency(
                    dataclasses.replace(host, home=home, uid=65534, env={"HOME": str(home)})
                ).told
                status = 0 if (said in told[0] if said else not told) else 2
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert len(log.read_bytes().splitlines()) == (0 if said else 2)


def test_a_sandbox_touches_nothing_of_the_system(host: Host, system_log: socket.socket) -> None:
    log = provided(host)
    sandbox = dataclasses.replace(host, root=None)
    journal = emergency(sandbox)
    assert log.read_bytes() == b""
    assert journal.records()[0]["machine"] == ""
    system_log.setblocking(False)
    with pytest.raises(BlockingIOError):
        system_log.recv(10)
    assert this_host().root == Path("/")
    assert anchor_files(sandbox)[0].exists()
