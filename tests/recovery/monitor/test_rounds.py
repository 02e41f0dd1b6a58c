"""One round: what it logs, says, remembers and ends with; and what it does when something is in its way."""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics import emergency
from diagnostics.context import Context, Options
from diagnostics.history import history_path, read_history
from diagnostics.host import Host
from diagnostics.model import ClientFile, Finding, Platform, Reference, Server, Session, Stage, Status, Syntax
from diagnostics.monitor.changes import Limits
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.lock import locked
from recovery.monitor import rounds
from recovery.monitor.rounds import Outcome, Wish, run_round
from recovery.new_file import make_folder


@pytest.fixture
def computer() -> Iterator[Host]:
    """A computer with a system log: sockets' paths may be short only."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for each in ("home", "dev", "run/user"):
            (root / each).mkdir(parents=True)
        env = {"HOME": str(root / "home"), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(root / "run/user")}
        yield Host(
            Platform.LINUX, Session.CRON, root / "home", root / "home", env, os.getuid(), "me", root=root
        )


@pytest.fixture
def log(computer: Host) -> Iterator[socket.socket]:
    assert computer.root is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(computer.root / "dev/log"))
        channel.settimeout(60)
        yield channel


def lines_in(log: socket.socket) -> list[str]:
    found = []
    log.setblocking(False)
    while True:
        try:
            found.append(log.recv(8192).decode())
        except BlockingIOError:
            return found


def server(name: str = "github") -> Server:
    one = f"cursor:{name}"
    reference = Reference(one, "env.TOKEN", Syntax.SECRET, f"{name}_token", Secret("${SECRET:x}"))
    return Server(one, name, "cursor", Path("/mcp.json"), "stdio", "true", references=(reference,))


class World:
    """What the checks find, by server."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.how = {"github": Status.OK}
        self.title = "The keychain is locked"
        self.fix: tuple[str, ...] = ("Unlock it:", "$ mcp-doctor unlock")
        self.takes = 0.0
        self.said: list[tuple[str, ...]] = []

    def look(self, host: Host) -> Context:
        servers = tuple(server(each) for each in self.how)
        file = ClientFile("cursor", Path("/mcp.json"), "user", Status.OK, servers=servers)
        return Context(host, Options(), [file], servers, open_store(host))

    def diagnose(self, context: Context) -> list[Finding]:
        time.sleep(self.takes)
        return [
            Finding(
                f"lookup.entry:{each.key}", "lookup.entry", Stage.LOOKUP, self.how[each.server_id.partition(":")[2]],
                "found", self.title, fix=self.fix, server=each.server_id,
                cause="keyring_locked", reference=each.field, subject=each.key,
            )
            for each in context.references
        ]  # fmt: skip

    def round(self, **how: Status) -> Outcome:
        self.how.update(how)
        return run_round(self.host, self.look, self.diagnose, self.wish, self.said.append)

    wish = Wish()


@pytest.fixture
def world(computer: Host) -> World:
    return World(computer)


def test_it_says_only_what_is_new(world: World, log: socket.socket) -> None:
    first = world.round()
    assert (first.code, first.lines, first.troubles) == (0, (), ())
    broken = world.round(github=Status.FAIL)
    assert broken.code == 1
    assert broken.lines[:2] == (
        "FAILING: The keychain is locked [keyring_locked]",
        "  Concerns: github (cursor, env.TOKEN)",
    )
    assert broken.lines[2].startswith("  It was last seen well at 20")
    assert broken.lines[-1] == "  $ mcp-doctor unlock"
    assert world.round().code == 0
    mended = world.round(github=Status.WARN)
    assert mended.code == 0
    assert mended.lines[0] == "RECOVERED: github (cursor, env.TOKEN)"
    assert world.said == [broken.lines, mended.lines]
    said = [each.partition("]: ")[2] for each in lines_in(log)]
    assert [each for each in said if "github" in each] == [
        "INFO: github credential healthy client=cursor field=env.TOKEN name=github_token",
        *["ERROR: github credential failed client=cursor field=env.TOKEN name=github_token cause=keyring_locked check=lookup.entry"] * 2,
        "INFO: github credential healthy client=cursor field=env.TOKEN name=github_token",
    ]  # fmt: skip


def test_a_long_fix_ends_with_a_whole_step(world: World) -> None:
    world.fix = (*("Try this:", "$ true") * 2, "Then this.", "At last:", "$ mcp-doctor unlock")
    lines = world.round(github=Status.FAIL).lines
    assert lines[-3:] == ("  Then this.", "  More ways, and why:", "  $ mcp-doctor check")


def test_what_has_one_reason_is_said_once(world: World) -> None:
    names = {f"s{number}": Status.FAIL for number in range(12)}
    lines = world.round(github=Status.OK, **names).lines
    assert sum(each.startswith("FAILING") for each in lines) == 1
    assert "and 4 more" in lines[1]


def test_severities_and_facility_are_those_of_the_users_messages(world: World, log: socket.socket) -> None:
    world.round(github=Status.FAIL, slack=Status.OK, jira=Status.UNKNOWN)
    assert sorted(each.partition("mcp-doctor")[0] for each in lines_in(log) if "credential" in each) == [
        "<11>",
        "<12>",
        "<14>",
    ]


def test_a_hostile_name_forges_no_line(world: World, log: socket.socket) -> None:
    world.round(**{"x\nERROR: slack credential failed\x1b[2J": Status.FAIL, "a healthy": Status.OK})
    lines = lines_in(log)
    assert all("\n" not in each and "\x1b" not in each for each in lines)
    names = [each.partition("]: ")[2].split(" credential")[0] for each in lines]
    assert 'ERROR: "x ERROR: slack' in names[1]
    assert 'INFO: "a healthy"' in names
    assert all("\n" not in each and "\x1b" not in each for lines in world.said for each in lines)


def test_the_second_of_two_leaves_it_to_the_first(world: World, log: socket.socket) -> None:
    path = history_path(world.host)
    make_folder(path.parent)
    with locked(path.with_suffix(".lock"), 1):
        outcome = world.round(github=Status.FAIL)
    assert (outcome.code, outcome.is_busy, world.said) == (0, True, [])
    assert "another monitor" in outcome.troubles[0]
    assert "another monitor" in lines_in(log)[0]
    assert read_history(world.host).rounds == ()


def test_a_monitor_that_hangs_for_ever_does_not_keep_the_others_silent(world: World) -> None:
    lock = history_path(world.host).with_suffix(".lock")
    make_folder(lock.parent)
    with locked(lock, 1):
        os.utime(lock, (0, time.time() - 7200))
        outcome = world.round()
    assert (outcome.code, outcome.is_busy) == (4, False)
    assert "for 2 hours: it hangs" in outcome.troubles[0]
    assert world.round().code == 0


def test_a_round_that_takes_too_long_finds_nothing_out_and_says_so(world: World) -> None:
    world.round(github=Status.OK)
    world.takes, world.wish = 60, Wish(seconds=0.05)
    outcomes = [world.round() for _ in range(4)]
    assert [each.code for each in outcomes] == [4] * 4
    assert "took longer than 0.05 seconds" in outcomes[0].troubles[0]
    assert [bool(each.lines) for each in outcomes] == [False, False, True, False]
    world.takes, world.wish = 0, Wish()
    assert world.round().lines[0].startswith("KNOWN AGAIN")


def test_no_history_can_be_written(world: World) -> None:
    folder = history_path(world.host).parent
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    outcome = world.round(github=Status.FAIL)
    assert outcome.code == 4
    assert str(folder) in outcome.troubles[0]


def test_a_disk_that_fills_up_is_told_with_what_is_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.round()
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    outcome = world.round(github=Status.FAIL)
    assert outcome.code == 4
    assert "no space left" in outcome.troubles[0]
    assert world.said[0][0].startswith("FAILING")
    monkeypatch.undo()
    assert world.round().lines[0].startswith("FAILING"), (
        "what could not be noted is told once more, never left out"
    )
    assert world.round().lines == ()


def test_a_damaged_history_is_told_and_the_round_goes_on(world: World) -> None:
    world.round(github=Status.FAIL)
    with history_path(world.host).open("ab") as file:
        file.write(b"\x00\x00\n")
    outcome = world.round(github=Status.OK)
    assert outcome.code == 4
    assert "set aside as" in outcome.troubles[0]
    assert outcome.lines[0].startswith("RECOVERED"), "what was told before is still known"
    assert len(read_history(world.host).rounds) == 2


def test_killed_before_the_history_knows_it_is_told_again(world: World) -> None:
    world.round()

    def killed(lines: tuple[str, ...]) -> None:
        world.said.append(lines)
        raise SystemExit(137)

    world.how["github"] = Status.FAIL
    with pytest.raises(SystemExit):
        run_round(world.host, world.look, world.diagnose, world.wish, killed)
    assert world.round().lines[0].startswith("FAILING")


def test_a_clock_that_was_set_is_told_with_what_is_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.round()

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Later":
            at = datetime.now(UTC) - timedelta(days=500)
            return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, 0, UTC)

    monkeypatch.setattr(rounds, "datetime", Later)
    lines = world.round(github=Status.FAIL).lines
    assert "set back by 500 days since the round before" in lines[-1]
    found = read_history(world.host)
    assert [each.number for each in found.rounds] == [1, 2]
    assert found.rounds[1].at < found.rounds[0].at
    assert found.rounds[1].clock


def test_an_open_emergency_and_an_old_backup_are_told(world: World) -> None:
    began = datetime.now(UTC)
    folder = emergency.folder(world.host)
    folder.mkdir(parents=True)
    one = emergency.OpenIncident(
        "ee01", "github", ("cursor:github",), (), (), "why", "", "me", began.isoformat(), (began + timedelta(hours=1)).isoformat()
    )  # fmt: skip
    import json

    (folder / "ee01.json").write_text(json.dumps(one.to_json()))
    backups = world.host.data_home / "mcp-doctor/backups"
    backups.mkdir(parents=True)
    (backups / "mcp-secrets-20200101T000000Z.age").write_bytes(b"x")
    outcome = world.round()
    assert outcome.code == 1
    assert any(each.startswith("BACKUP TOO OLD: the newest one was made 20") for each in outcome.lines)
    assert any(each.startswith("EMERGENCY STILL OPEN: ee01 for github, since") for each in outcome.lines)
    assert "  $ mcp-doctor emergency close ee01" in outcome.lines
    assert world.round().lines == ()


def test_metrics_are_written_where_another_user_can_read_them(world: World, tmp_path: Path) -> None:
    world.wish = Wish(prometheus=str(tmp_path / "mcp.prom"), limits=Limits())
    assert world.round().code == 0
    text = (tmp_path / "mcp.prom").read_text()
    assert text.startswith("# HELP mcp_doctor_")
    assert (tmp_path / "mcp.prom").stat().st_mode & 0o777 == 0o644
    world.wish = Wish(prometheus="/nowhere/mcp.prom")
    outcome = world.round()
    assert outcome.code == 4
    assert "metrics were not written" in outcome.troubles[0]


def test_metrics_never_take_a_links_place(world: World, tmp_path: Path) -> None:
    """`/dev/stdout` is one: root's metrics would take it away from everybody."""
    link = tmp_path / "mcp.prom"
    link.symlink_to(tmp_path / "elsewhere.prom")
    world.wish = Wish(prometheus=str(link))
    outcome = world.round()
    assert outcome.code == 4
    assert "is a link" in outcome.troubles[0]
    assert link.is_symlink()
    assert not (tmp_path / "elsewhere.prom").exists()


def test_metrics_on_a_disk_that_does_not_answer_leave_the_history_whole(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told is remembered before: else the same news would come with every round."""
    from diagnostics import deadline

    world.wish = Wish(prometheus=str(tmp_path / "mcp.prom"))
    kept: list[int] = []

    def dead(path: Path) -> bool:
        if path.suffix != ".prom":
            return False
        kept.append(len(read_history(world.host).rounds))
        raise deadline.DeadlineError(3)

    monkeypatch.setattr(Path, "is_symlink", dead)
    outcome = world.round()
    assert "its disk gave no answer" in outcome.troubles[0]
    assert kept[-1] == 1


def test_nobody_logged_in_is_no_failure_unless_this_users_systemd_lingers(
    world: World, log: socket.socket
) -> None:
    world.wish = Wish(timer=True)
    world.diagnose = lambda context: [  # type: ignore[method-assign]
        Finding(
            "backend.session-bus", "backend.session-bus", Stage.BACKEND, Status.FAIL, "unset-cron", "No bus",
            cause="dbus_no_session_bus", subject="store:secret-service",
        )
    ]  # fmt: skip
    assert world.round().lines == ()
    assert "unknown" in lines_in(log)[0]
    assert world.host.root is not None
    mark = world.host.root / "var/lib/systemd/linger/me"
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert world.round().lines[0] == "FAILING: No bus [dbus_no_session_bus]"
