"""The monitor's steps under faults: with stand-ins for the timers' programs, which keep what they hold in the home."""

from collections.abc import Callable
from pathlib import Path

from diagnostics.host import Host
from diagnostics.monitor.engines import cron, launchd, systemd, task_scheduler
from diagnostics.monitor.schedule import Job
from recovery.model import Step
from recovery.steps.crontab import SetCronBlock
from recovery.steps.monitor import SetTimerFile, SwitchLaunchAgent, SwitchSystemdTimer
from recovery.steps.scheduled_task import SetScheduledTask
from tests.recovery.faults.stage import Stage, with_env

JOB, EARLIER = Job(("/opt/mcp doctor", "monitor", "run"), 15, 4), Job(("/opt/old", "monitor", "run"), 60)
_PUT = 'put() { cat > "$HOME/$1.new" && mv "$HOME/$1.new" "$HOME/$1" || { rm -f "$HOME/$1.new"; false; }; }'
_PROGRAMS = {
    "crontab": """
        case "$1" in
            -l) cat "$HOME/held-crontab" 2>/dev/null || { echo "no crontab for labrat" >&2; exit 1; } ;;
            -r) rm "$HOME/held-crontab" ;;
            -) put held-crontab ;;
        esac""",
    "systemctl": """
        case "$2" in
            enable) [ -e "$HOME/.config/systemd/user/$4" ] && : > "$HOME/held-timer" ;;
            disable) rm -f "$HOME/held-timer" ;;
            is-enabled|is-active) [ -e "$HOME/held-timer" ] ;;
        esac""",
    "launchctl": """
        case "$1" in
            print) [ -e "$HOME/held-agent" ] ;;
            bootstrap) [ -e "$3" ] && : > "$HOME/held-agent" ;;
            bootout) rm "$HOME/held-agent" ;;
        esac""",
    "schtasks": """
        case "$1" in
            /Query) cat "$HOME/held-task" 2>/dev/null ;;
            /Create) put held-task < "$5" ;;
            /Delete) rm "$HOME/held-task" ;;
        esac""",
}


def stand_ins(home: Path) -> None:
    """Puts them into the home's folder `bin`."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    for name, text in _PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{_PUT}{text}\n")
        (folder / name).chmod(0o755)


def arranged(more: Callable[[Stage], None] = lambda _stage: None) -> Callable[[Stage], None]:
    """The stand-ins, a crontab of the person's own, and more."""

    def arrange(stage: Stage) -> None:
        stand_ins(stage.lab.home)
        (stage.lab.home / "held-crontab").write_bytes(b"# mine \xff\n* * * * * true\n")
        kept = stage.lab.host().state_dir / "monitor"
        kept.mkdir(parents=True)
        (kept / "crontab.before").touch(0o600)  # it is there from the first change on
        units(stage.lab.home).mkdir(parents=True)
        agents(stage.lab.home).mkdir(parents=True)
        more(stage)

    return arrange


def units(home: Path) -> Path:
    return home / ".config/systemd/user"


def agents(home: Path) -> Path:
    return home / "Library/LaunchAgents"


def host(stage: Stage) -> Host:
    """With the stand-ins before everything else."""
    made = stage.lab.host()
    return with_env(made, PATH=f"{stage.lab.home}/bin:{made.env['PATH']}")


def line_was_there(stage: Stage) -> None:
    path = stage.lab.home / "held-crontab"
    path.write_bytes(cron.with_block(path.read_bytes(), cron.block(EARLIER).encode()) + b"# after\n")


def timer_was_there(stage: Stage) -> None:
    (units(stage.lab.home) / systemd.SERVICE).write_text(systemd.service(EARLIER, 9))
    (units(stage.lab.home) / systemd.TIMER).write_text(systemd.timer(EARLIER))
    (stage.lab.home / "held-timer").touch()


def agent_was_there(stage: Stage) -> None:
    (agents(stage.lab.home) / launchd.FILE).write_text(launchd.agent(EARLIER, "log"))
    (stage.lab.home / "held-agent").touch()


def into_cron(_host: Host) -> list[Step]:
    return [SetCronBlock("", cron.block(JOB))]


def other_line_in_cron(_host: Host) -> list[Step]:
    return [SetCronBlock(cron.block(EARLIER), cron.block(JOB))]


def into_systemd(of: Host) -> list[Step]:
    folder = units(of.home)
    return [
        SetTimerFile(str(folder / systemd.SERVICE), "", systemd.service(JOB, 9)),
        SetTimerFile(str(folder / systemd.TIMER), "", systemd.timer(JOB)),
        SwitchSystemdTimer(on=True, was_on=False),
    ]


def out_of_systemd_into_cron(of: Host) -> list[Step]:
    folder = units(of.home)
    return [
        SwitchSystemdTimer(on=False, was_on=True),
        SetTimerFile(str(folder / systemd.TIMER), systemd.timer(EARLIER), ""),
        SetTimerFile(str(folder / systemd.SERVICE), systemd.service(EARLIER, 9), ""),
        SetCronBlock("", cron.block(JOB)),
    ]


def into_launchd(of: Host) -> list[Step]:
    path = agents(of.home) / launchd.FILE
    return [
        SetTimerFile(str(path), launchd.agent(EARLIER, "log"), launchd.agent(JOB, "log")),
        SwitchLaunchAgent(str(path), on=True, was_on=True),
    ]


def into_the_task_scheduler(_host: Host) -> list[Step]:
    return [SetScheduledTask("", task_scheduler.task(JOB, 9))]
