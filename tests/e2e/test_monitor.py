"""The monitor begun by real timers, looking at a real keyring that is locked and unlocked, told to a real syslog."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.history import History, read_history
from diagnostics.monitor.engines.cron import BEGIN, END
from diagnostics.monitor.schedule import own_command
from tests.support.apart import Apart
from tests.support.lab import Lab, require
from tests.support.tokens import github

PASSWORD = "lab-password"
SERVER = {"command": "true", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}
_PATIENCE = 150.0
"""Seconds. cron looks at its tables once a minute."""

_CRON = """
mkdir -p "/run/user/$(id -u)" && mount --bind "$1/../run" "/run/user/$(id -u)"
mkdir -p "$1/crontabs" "$1/empty" "$1/work" && : > "$1/nothing"
chown root:crontab "$1/crontabs" && chmod 1730 "$1/crontabs"
mount --bind "$1/crontabs" /var/spool/cron/crontabs
mount --bind "$1/nothing" /etc/crontab
mount --bind "$1/empty" /etc/cron.d
mount -t tmpfs none "$1/work" && mkdir "$1/work/upper" "$1/work/work"
mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$1/work/upper,workdir=$1/work/work" none /usr/sbin
printf '#!/bin/sh\\ncat >> %s/mail\\n' "$1" > /usr/sbin/sendmail && chmod 755 /usr/sbin/sendmail
"""
"""cron with tables of its own, and a sendmail that puts all mail into a file. The lab's bus is where a login has it."""
_SYSTEMD = """
mkdir -p /run/systemd/system /run/systemd/journal
: > /dev/kmsg
mount -t cgroup2 none /sys/fs/cgroup
for each in dbus.socket gnome-keyring-daemon.socket; do
    for place in /usr/lib/systemd/user /etc/systemd/user; do
        [ ! -e "$place/$each" ] || mount --bind /dev/null "$place/$each"
    done
done
"""
"""systemd asks whether the computer was started by it, and sorts its processes into groups. The bus is the lab's own."""


class Scene:
    """A lab whose keychain holds the one credential that a server needs, in a part of the computer of its own."""

    def __init__(self, lab: Lab, apart: Apart, folder: Path) -> None:
        self.lab, self.apart, self.folder = lab, apart, folder
        self.syslog = lab.root / "syslog"
        self.token = github("monitor")
        lab.add_entry("github_token", self.token)
        (lab.home / ".cursor").mkdir()
        (lab.home / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"github": SERVER}}))

    def start_syslog(self) -> None:
        """A real rsyslogd at /dev/log."""
        config = self.lab.root / "rsyslog.conf"
        config.write_text(
            'module(load="imuxsock" SysSock.Name="/dev/log")\n'
            'template(name="plain" type="string" string="%syslogfacility-text%.%syslogseverity-text% '
            '%programname%:%msg%\\n")\n'
            f'action(type="omfile" file="{self.syslog}" template="plain")\n'
        )
        self.lab.spawn(self.apart.words("rsyslogd", "-n", "-f", config, "-i", self.lab.root / "pid"))
        self.lab.wait_for(lambda: self.ok("test", "-S", "/dev/log"), "rsyslogd listens")

    def start_journal(self) -> None:
        """A real journald, at its own socket alone."""
        self.lab.spawn(self.apart.words("/lib/systemd/systemd-journald"), log="journald.log")
        self.lab.wait_for(lambda: self.ok("test", "-S", "/run/systemd/journal/socket"), "journald listens")

    def in_the_journal(self, line: str) -> bool:
        """Whether the journal has it under our name."""
        return line in self.told(
            "journalctl", "--directory=/run/log/journal", "-o", "cat", "-t", "mcp-doctor"
        )

    def run(self, *words: str | Path, given: str | bytes | None = None) -> subprocess.CompletedProcess[str]:
        """A command in there, without the variables of a session."""
        env = {"DBUS_SESSION_BUS_ADDRESS": None, "SHELL": "/bin/sh"}
        return self.lab.run(self.apart.words(*words), given=given, env=env, fresh=True)

    def ok(self, *words: str | Path) -> bool:
        return self.run(*words).returncode == 0

    def told(self, *words: str | Path, given: str | bytes | None = None) -> str:
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def doctor(self, *words: str) -> str:
        return self.told(*own_command(sys.executable), "monitor", *words)

    @property
    def history(self) -> History:
        return read_history(self.lab.host())

    def logged(self, line: str) -> bool:
        return self.syslog.exists() and line in self.syslog.read_text()


def test_cron_reports_a_keyring_that_is_locked_and_unlocked(unlocked: Lab) -> None:
    """Takes up to a minute, cron's own step. The round before it and the one after are begun by hand."""
    require("cron", "crontab", "rsyslogd")
    folder = unlocked.root / "apart"
    folder.mkdir()
    with Apart(folder, _CRON) as apart:
        scene = Scene(unlocked, apart, folder)
        scene.start_syslog()
        mine = f"# mine: 100% äöü\n* * 31 2 * echo never\nHOME={unlocked.home}\nMAILTO=ops@example.org\n"
        scene.told("crontab", "-", given=mine)
        unlocked.spawn(apart.words("cron", "-f", "-L", "15"))
        unlocked.wait_for(lambda: scene.logged("cron: (CRON) INFO"), "cron runs")
        scene.doctor("install", "--every", "5m", "--offline", "--yes")
        with_ours = scene.told("crontab", "-l")
        assert with_ours.startswith(mine)
        assert "Started by cron (your crontab)\n  Next round: about" in scene.doctor("status")

        assert scene.doctor("run", "--offline") == "", "all is well: nothing to say"
        assert scene.logged(
            "user.info mcp-doctor: INFO: github credential healthy client=cursor field=env.GITHUB_TOKEN "
            "name=github_token\n"
        )
        unlocked.lock()
        every_minute = re.sub(rf"({re.escape(BEGIN.decode())}\n)[\d,]+ ", r"\1* ", with_ours)
        scene.told("crontab", "-", given=every_minute)
        mail = folder / "mail"
        unlocked.wait_for(lambda: mail.exists() and "unlock" in mail.read_text(), "a mail", _PATIENCE)
        scene.told("crontab", "-", given=with_ours)
        said = mail.read_text()
        assert "To: ops@example.org" in said
        assert "FAILING: The keychain login is locked [keyring_locked]" in said
        assert "Concerns: github (cursor, env.GITHUB_TOKEN)" in said
        assert scene.logged("user.err mcp-doctor: ERROR: github credential failed client=cursor")
        assert scene.logged("cause=keyring_locked")

        done = scene.run(*own_command(sys.executable), "monitor", "run", "--offline")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "nothing new"
        unlocked.unlock(PASSWORD)
        assert "RECOVERED: github (cursor, env.GITHUB_TOKEN)" in scene.doctor("run", "--offline")
        key = next(each for each in scene.history.credentials if "github_token" in each)
        told = [how.status.value for _, how in scene.history.of(key) if how]
        assert told[0] in {"ok", "warn"}
        assert told[1:-1] == ["fail"] * (len(told) - 2)
        assert told[-1] == told[0]
        timeline = scene.doctor("history", "github", "--span", "24h")
        assert "cursor:github, env.GITHUB_TOKEN, github_token\n  In order" in timeline
        assert re.search(r"  It was last broken today \d\d:\d\d\.\n", timeline)
        assert re.search(r"\d\d:\d\d  \w+ → broken: The keychain login is locked\n", timeline)

        written = [scene.syslog, mail, *(each for each in unlocked.home.rglob("*") if "monitor" in str(each))]
        assert not [
            each for each in written if each.is_file() and scene.token[:12].encode() in each.read_bytes()
        ]

        scene.doctor("uninstall", "--yes")
        assert scene.told("crontab", "-l") == mine
        scene.told(*own_command(sys.executable), "undo")
        assert scene.told("crontab", "-l") == with_ours
        assert END.decode() in with_ours


def test_systemd_begins_the_rounds(unlocked: Lab) -> None:
    """And a real journald takes what they log, and what they say."""
    require("systemctl", "journalctl")
    folder = unlocked.root / "apart"
    folder.mkdir()
    with Apart(folder, _SYSTEMD) as apart:
        scene = Scene(unlocked, apart, folder)
        scene.start_journal()
        group = f'group=/sys/fs/cgroup/{unlocked.root.name}; mkdir -p $group; echo $$ > $group/cgroup.procs; exec "$@"'
        manager = unlocked.spawn(
            apart.words("sh", "-c", group, "sh", "/lib/systemd/systemd", "--user"), log="systemd.log"
        )
        try:
            running = ("systemctl", "--user", "list-units")
            unlocked.wait_for(lambda: manager.poll() is not None or scene.ok(*running), "systemd runs")
            if manager.poll() is not None:
                pytest.skip(f"systemd does not run in here: {unlocked.log()[-300:]}")
            odd = unlocked.home / 'it\'s 100% $HOME "mine".json'
            odd.write_text(json.dumps({"mcpServers": {"from-there": SERVER}}))
            words = ("--every", "5m", "--offline", "--yes")
            said = scene.doctor("install", f"--config={odd}", "--client=cursor", *words)
            assert "started by a timer of your own systemd" in said
            assert "$ loginctl enable-linger labrat" in said
            assert scene.told("systemctl", "--user", "is-enabled", "mcp-doctor-monitor.timer") == "enabled\n"

            unlocked.lock()
            soon = unlocked.home / ".config/systemd/user/mcp-doctor-monitor.timer.d/soon.conf"
            soon.parent.mkdir()
            soon.write_text("[Timer]\nOnActiveSec=0\nRandomizedDelaySec=0\nAccuracySec=1\n")
            scene.told("systemctl", "--user", "daemon-reload")
            scene.told("systemctl", "--user", "restart", "mcp-doctor-monitor.timer")
            unlocked.wait_for(lambda: len(scene.history.rounds) == 1, "a round by the timer")
            failed = "ERROR: from-there credential failed client=cursor"
            assert scene.in_the_journal(failed), "the odd name came through"
            unlocked.wait_for(
                lambda: scene.in_the_journal("FAILING: The keychain login is locked [keyring_locked]"),
                "what the round says is in the journal",
            )
            status = scene.doctor("status")
            assert "Started by a timer of your own systemd" in status
            assert "Next round: about" in status
            assert "fails since" in status

            unlocked.unlock(PASSWORD)
            state = ("systemctl", "--user", "is-active", "mcp-doctor-monitor.service")
            unlocked.wait_for(lambda: "activating" not in scene.run(*state).stdout, "the first round is over")
            scene.run("systemctl", "--user", "start", "mcp-doctor-monitor.service")
            assert [kind for kind, _ in scene.history.rounds[-1].said] == ["recovered", "recovered"]
            assert scene.in_the_journal("INFO: from-there credential healthy client=cursor")

            scene.doctor("uninstall", "--yes")
            assert not (unlocked.home / ".config/systemd/user/mcp-doctor-monitor.timer").exists()
            assert not scene.ok("systemctl", "--user", "is-active", "mcp-doctor-monitor.timer")
            scene.told(*own_command(sys.executable), "undo")
            assert scene.ok("systemctl", "--user", "is-active", "mcp-doctor-monitor.timer")
        finally:
            manager.terminate()
            manager.wait(30)
            scene.run(
                "find",
                f"/sys/fs/cgroup/{unlocked.root.name}",
                "-depth",
                "-type",
                "d",
                "-exec",
                "rmdir",
                "{}",
                ";",
            )
