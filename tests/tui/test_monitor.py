"""`mcp-doctor monitor` as a program: what is previewed is what is written, and what it says of itself is so."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.history import History, Round, history_path
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.monitor.engines import cron, launchd, systemd
from diagnostics.monitor.standing import as_data, lines_of, standing
from diagnostics.monitor.timers import Engine, best, trouble_of
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.monitor.plan import install, uninstall
from recovery.runner import carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.faults.monitor_operations import stand_ins
from tests.support.lab import REPO, Lab


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A computer whose timers are stand-ins; cron runs on it, systemd does not."""
    home, root = tmp_path / "home", tmp_path / "root"
    stand_ins(home)
    (root / "proc/77").mkdir(parents=True)
    (root / "proc/77/comm").write_text("cron\n")
    env = {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return Host(Platform.LINUX, Session.LOCAL, home, home, env, os.getuid(), "me", root=root)


def carried_out(host: Host, *, with_: Engine | None = None, minutes: int = 15, out: bool = False) -> str:
    plan = uninstall(host) if out else install(host, ["--offline"], minutes, with_)
    outcome = carry_out(plan.remedy, {}, LocalWorld(host), Journal(host))
    assert outcome.ok, outcome.error
    return outcome.operation


def crontab(host: Host) -> bytes:
    path = host.home / "held-crontab"
    return path.read_bytes() if path.exists() else b""


def test_cron_is_chosen_where_systemd_does_not_run(host: Host) -> None:
    assert best(host) is Engine.CRON
    assert "nobody listens" in trouble_of(Engine.SYSTEMD, host)
    carried_out(host)
    assert crontab(host).count(b"monitor run --timer --offline\n") == 1
    (found,) = standing(host).engines
    assert (found.engine, found.active, found.trouble) == (Engine.CRON, True, "")
    assert found.next is not None


def test_another_interval_replaces_the_line_and_undo_brings_the_first_back(host: Host) -> None:
    (host.home / "held-crontab").write_bytes(b"# mine\n")
    carried_out(host)
    first = crontab(host)
    carried_out(host, minutes=60)
    assert crontab(host).startswith(b"# mine\n")
    assert crontab(host) != first
    assert undo(None, LocalWorld(host), Journal(host)).ok
    assert crontab(host) == first


def test_what_another_engine_has_is_taken_out_in_the_same_go(host: Host) -> None:
    units = host.home / ".config/systemd/user"
    units.mkdir(parents=True)
    for name in (systemd.SERVICE, systemd.TIMER):
        (units / name).write_text(f"{systemd.MARK}\n[Unit]\n")
    carried_out(host)
    assert list(units.iterdir()) == []
    assert b"monitor run" in crontab(host)
    assert undo(None, LocalWorld(host), Journal(host)).ok
    assert len(list(units.iterdir())) == 2
    assert crontab(host) == b""


def test_uninstall_finds_what_every_engine_has(host: Host) -> None:
    carried_out(host)
    units = host.home / ".config/systemd/user"
    units.mkdir(parents=True)
    (units / systemd.TIMER).write_text(f"{systemd.MARK}\n")
    plan = uninstall(host)
    assert "cron" in plan.remedy.title
    assert "systemd" in plan.remedy.title
    assert any(each.startswith("$ rm -f ") for each in plan.notes)
    carried_out(host, out=True)
    assert standing(host).engines == ()
    assert crontab(host) == b""
    assert not uninstall(host).remedy.steps


def test_a_units_file_of_somebody_else_is_left_alone(host: Host) -> None:
    units = host.home / ".config/systemd/user"
    units.mkdir(parents=True)
    (units / systemd.TIMER).write_text("[Timer]\nOnCalendar=daily\n")
    with pytest.raises(RecoveryError, match="is not mcp-doctor's"):
        uninstall(host)


def test_marks_that_are_no_pair_stop_it_with_the_line(host: Host) -> None:
    (host.home / "held-crontab").write_bytes(b"# mine\n" + cron.BEGIN + b"\n")
    with pytest.raises(RecoveryError, match=r"not one pair \(line 2\)"):
        uninstall(host)
    remedy = install(host, [], 15, Engine.CRON).remedy
    with pytest.raises(RecoveryError, match=r"not one pair \(line 2\)"):
        preview(remedy, LocalWorld(host))


def test_lines_of_ours_that_were_spoilt_by_hand_can_still_be_taken_out(host: Host) -> None:
    ours = cron.BEGIN + b"\n* * * * * x \xff\x1b[31m\n" + cron.END + b"\n"
    (host.home / "held-crontab").write_bytes(b"# mine \xff\n" + ours + b"# after\n")
    carried_out(host, out=True)
    assert crontab(host) == b"# mine \xff\n# after\n"


def test_a_job_that_a_person_put_between_the_marks_is_not_taken_out_with_ours(host: Host) -> None:
    carried_out(host)
    theirs = crontab(host).replace(cron.END, b"5 5 * * * mine\n" + cron.END)
    (host.home / "held-crontab").write_bytes(theirs)
    words = r"between the marks of mcp-doctor \(line 3\): move it below"
    with pytest.raises(RecoveryError, match=words):
        uninstall(host)
    plan = install(host, [], 30, None)
    with pytest.raises(RecoveryError, match=words):
        preview(plan.remedy, LocalWorld(host))
    assert not standing(host).is_well
    assert "between the marks" in "\n".join(lines_of(standing(host)))
    assert crontab(host) == theirs


def test_no_engine_and_the_wrong_engine_are_told_with_the_reason(host: Host) -> None:
    (host.root or Path()).joinpath("proc/77/comm").write_text("init\n")
    with pytest.raises(RecoveryError, match=r"no cron daemon runs.*mcp-doctor monitor run"):
        install(host, [], 15, None)
    with pytest.raises(RecoveryError, match="launchd is for macOS"):
        install(host, [], 15, Engine.LAUNCHD)


def test_what_is_so_already_is_not_done_again(host: Host) -> None:
    carried_out(host)
    assert not install(host, ["--offline"], 15, None).remedy.steps
    assert install(host, [], 15, None).remedy.steps


def test_a_timer_is_led_to_the_folders_of_this_call(host: Host, tmp_path: Path) -> None:
    env = {
        **host.env,
        "XDG_STATE_HOME": "/my state",
        "CODEX_HOME": "/codex",
        "XDG_DATA_HOME": "relative",
        "GITHUB_TOKEN": "/x",
    }
    (step,) = install(replace(host, env=env), [], 15, None).remedy.steps
    assert "--timer '--env=XDG_STATE_HOME=/my state'" in step.preview(LocalWorld(host))[0].after.replace(
        "--env=CODEX_HOME=/codex ", ""
    )
    assert "GITHUB_TOKEN" not in str(step)
    assert "relative" not in str(step)
    done = doctor(tmp_path / "h", "run", "--timer", f"--env=XDG_STATE_HOME={tmp_path / 'own'}", "--offline")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "own/mcp-doctor/monitor/history.jsonl").exists()
    assert not (tmp_path / "h/.local/state").exists()


def test_lingering_is_known_by_the_users_own_name(host: Host) -> None:
    import pwd

    assert host.root is not None
    mark = host.root / "var/lib/systemd/linger" / pwd.getpwuid(host.uid).pw_name
    carried_out(host)
    assert "linger" not in "\n".join(lines_of(standing(host))), "no systemd, no lingering"
    (host.root / "run/systemd/system").mkdir(parents=True)
    assert "  $ loginctl enable-linger me" in lines_of(standing(host))
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert "lingering is on" in "\n".join(lines_of(standing(host)))


def test_a_hidden_cron_is_known_by_its_file(host: Host) -> None:
    assert host.root is not None
    (host.root / "proc/77/comm").unlink()
    assert trouble_of(Engine.CRON, host) == "no cron daemon runs"
    (host.root / "run").mkdir()
    (host.root / "run/crond.pid").touch()
    assert trouble_of(Engine.CRON, host) == ""


def test_a_round_on_a_dead_disk_is_ended(tmp_path: Path) -> None:
    code = "import time; from tui.commands.monitor import _end_after; _end_after(0.05); time.sleep(60)"
    env = {"PYTHONPATH": str(REPO), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, "a disk does not answer" in done.stderr) == (4, True)


def test_a_timer_that_cannot_be_asked_is_not_called_absent(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host.home / "bin/crontab").write_text(
        "#!/bin/sh\necho you are not allowed to use this program >&2; exit 1\n"
    )
    found = standing(host)
    assert not found.is_well
    assert "It is not known whether the monitor is installed:" in lines_of(found)
    assert "  whether cron has it could not be found out: crontab said: you are not" in "\n".join(
        lines_of(found)
    )
    assert as_data(found)["not_known"]
    with pytest.raises(RecoveryError, match=r"not known whether .* you are not allowed"):
        uninstall(host)
    unit = host.home / ".config/systemd/user" / systemd.TIMER
    unit.parent.mkdir(parents=True)
    unit.write_text(systemd.MARK)
    monkeypatch.setattr("diagnostics.stores.bus.is_listening", lambda _path: True)
    (host.home / "bin/systemctl").write_text(
        "#!/bin/sh\necho Transport endpoint is not connected >&2; exit 1\n"
    )
    (one,) = standing(host).engines
    assert (one.engine, one.active) == (Engine.SYSTEMD, None), "its files are there: it may well run"
    assert "Transport endpoint" in one.trouble


@pytest.mark.parametrize("days", [3, -3])
def test_a_last_round_far_from_now_is_no_sign_of_life(host: Host, days: int) -> None:
    """Ahead of now it lies where the clock was set back since: a monitor that stopped then would look well for so long."""
    carried_out(host)
    now = datetime.now(UTC)
    last = Round(1, now - timedelta(days=days), "", 0, 0, {})
    found = replace(standing(host), history=History((last,)), now=now)
    assert found.is_late
    assert not found.is_well
    assert any("long ago" in each for each in lines_of(found))


def test_a_units_file_that_a_person_changed_comes_back_byte_for_byte(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diagnostics.stores.bus.is_listening", lambda _path: True)
    first = carried_out(host, with_=Engine.SYSTEMD)
    unit = host.home / ".config/systemd/user" / systemd.TIMER
    made = unit.read_bytes()
    theirs = made.replace(b"\n", b"\r\n") + b"OnCalendar=daily"
    unit.write_bytes(theirs)
    assert not undo(first, LocalWorld(host), Journal(host)).ok, "what somebody changed since is theirs"
    assert unit.read_bytes() == theirs
    taken_out = carried_out(host, out=True)
    assert not unit.exists()
    assert undo(taken_out, LocalWorld(host), Journal(host)).ok
    assert unit.read_bytes() == theirs
    unit.write_bytes(made + b"# caf\xe9\n")
    with pytest.raises(RecoveryError, match="is not UTF-8 text: move it aside"):
        uninstall(host)


def test_root_by_sudo_is_refused(host: Host) -> None:
    by_sudo = replace(host, uid=0, env={**host.env, "SUDO_UID": "1000"})
    with pytest.raises(RecoveryError, match="without sudo"):
        install(by_sudo, [], 15, None)


def test_a_mac_gets_an_agent(host: Host) -> None:
    mac = replace(host, platform=Platform.MACOS)
    carried_out(mac)
    path = mac.home / "Library/LaunchAgents" / launchd.FILE
    assert launchd.is_ours(path.read_text())
    assert standing(mac).is_well
    carried_out(mac, out=True)
    assert not path.exists()


def test_windows_gets_a_task(host: Host) -> None:
    windows = replace(
        host, platform=Platform.WINDOWS, env={**host.env, "LOCALAPPDATA": str(host.home / "local")}
    )
    carried_out(windows)
    assert (host.home / "held-task").read_bytes().decode("utf-16").count("<Command>") == 1
    assert standing(windows).is_well
    carried_out(windows, out=True)
    assert not (host.home / "held-task").exists()


def test_status_tells_what_is_not_so(host: Host) -> None:
    assert lines_of(standing(host))[:2] == [
        "The monitor is not installed. To have credentials looked after:",
        "$ mcp-doctor monitor install",
    ]
    assert as_data(standing(host))["installed"] == []
    carried_out(host)
    history_path(host).write_text("broken\n")
    lines = lines_of(standing(host))
    assert "Whether a round was done is not known." in lines
    assert lines[-1].endswith("is damaged: its first line is not that of a history")
    (host.root or Path()).joinpath("proc/77/comm").write_text("init\n")
    assert lines_of(standing(host))[0] == "Started by cron (your crontab): no cron daemon runs"
    assert not standing(host).is_well


# ── as a program ────────────────────────────────────────────────────────────────────────────────────────────


def doctor(home: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-P", "-m", "tui", "monitor", *words],
        env={"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "PYTHONPATH": str(REPO), "XDG_RUNTIME_DIR": str(home / "run")},
        cwd=home, input=given, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_round_and_what_status_says_of_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    config = home / "mcp.json"
    home.mkdir()
    entry = {"command": "true", "env": {"SLACK_BOT_TOKEN": "${SLACK_BOT_TOKEN}"}}
    config.write_text(json.dumps({"mcpServers": {"slack": entry}}))
    words = ("run", "--offline", f"--config={config}", "--client=cursor")
    first, second = doctor(home, *words), doctor(home, *words)
    assert (first.returncode, first.stderr) == (1, "")
    assert first.stdout.startswith("FAILING: Cursor does not replace ${SLACK_BOT_TOKEN}")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    status = doctor(home, "status", "--format", "json")
    told = json.loads(status.stdout)
    assert status.returncode == 1
    assert told["schema"] == "mcp-doctor.monitor/1"
    assert told["rounds"] == 2
    assert told["last"]["credentials"][0]["server"] == "cursor:slack"
    assert told["last"]["summary"]["fail"] == 1
    config.write_text("{")
    broken = doctor(home, *words)
    assert broken.returncode == 1
    assert "FAILING: " in broken.stdout
    assert "mcp.json" in broken.stdout
    config.unlink()
    assert doctor(home, *words).returncode == 2, "whoever calls by hand has named a wrong file"
    by_timer = doctor(home, *words, "--timer")
    assert (by_timer.returncode, by_timer.stderr) == (1, "")
    assert str(config) in by_timer.stdout
    assert doctor(home, *words, "--timer").returncode == 0, "to a timer it is news once, not a mail each time"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("install", "--every", "7m"), "--every: expected one of 5m"),
        (("install", "--with", "at"), "invalid choice"),
        (("run", "--expiring", "-1"), "expected days"),
        (("run", "--expiring", "\u0663"), "expected days"),
        (("run", "--prometheus="), "expected the name of a file"),
        (
            ("install", "--dry-run", "--prometheus", "/nowhere/at/all.prom"),
            "--prometheus /nowhere/at/all.prom: there is no",
        ),
        (("run", "nothing-like-it"), "nothing-like-it"),
        ((), "the following arguments are required: VERB"),
    ],
)
def test_a_wrong_call_says_what_was_expected(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = doctor(tmp_path / "home", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_help_tells_the_exit_codes(tmp_path: Path) -> None:
    done = doctor(tmp_path / "home", "run", "--help")
    assert "0 nothing new" in " ".join(done.stdout.split())
    assert "--timer" not in done.stdout


def test_a_round_starts_no_daemon_and_opens_nothing(lab: Lab) -> None:
    """A bus that could start a keyring daemon, and a variable that does not name it, as with cron."""
    lab.start_bus()
    entry = {"command": "true", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}
    (lab.home / ".cursor").mkdir()
    (lab.home / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"github": entry}}))
    before = lab.names()
    command = [sys.executable, "-P", "-m", "tui", "monitor", "run", "--timer", "--offline"]
    done = lab.run(command, env={"DBUS_SESSION_BUS_ADDRESS": None, "PYTHONPATH": str(REPO)})
    assert done.returncode == 1
    assert "Concerns: github (cursor, env.GITHUB_TOKEN)" in done.stdout
    assert "backend.provider" in history_path(lab.host()).read_text(), "it found the bus by its place"
    assert lab.names() == before
