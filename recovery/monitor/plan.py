"""Which steps put the monitor into an engine of this host, or take it out of all that have it. Only looks."""

import platform
import re
import shlex
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics import catalog as catalogue
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.monitor import timers
from diagnostics.monitor.engines import cron, launchd, systemd, task_scheduler
from diagnostics.monitor.programs import ProgramError, crontab_of
from diagnostics.monitor.schedule import Job, UnfitError, in_words, may_vanish, own_command
from diagnostics.monitor.timers import NAMES, Engine, Installed, lingers
from diagnostics.stores.choice import FILE_STORE_VARIABLE
from diagnostics.text import clean
from recovery.model import RecoveryError, Remedy, Step
from recovery.monitor.rounds import LIMIT
from recovery.steps.crontab import SetCronBlock
from recovery.steps.monitor import SetTimerFile, SwitchLaunchAgent, SwitchSystemdTimer, is_ours, text_at
from recovery.steps.scheduled_task import SetScheduledTask

INSTALL, UNINSTALL = "install-monitor", "uninstall-monitor"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, and what the person should know besides."""

    remedy: Remedy
    """Without steps where there is nothing to do."""
    notes: tuple[str, ...] = ()
    """Lines to say; commands begin with `$ `."""
    is_end: bool = False
    """Whether no rounds are begun any more afterwards."""


def install(host: Host, arguments: Sequence[str], minutes: int, wanted: Engine | None) -> Plan:
    """The plan for putting the monitor into an engine; what other engines have of it is taken out in the same go.

    In: `arguments` = what each round is called with; `wanted` = the engine, None = the best one of this host.

    Raises:
        RecoveryError: no engine works here, or the wanted one does not; the text says why and what to do.
    """
    if host.uid == 0 and host.env.get("SUDO_UID"):
        raise RecoveryError(
            "as root it would look after root's credentials, not yours: run this without sudo (nothing of it needs root)"
        )
    engine = wanted or timers.best(host)
    if engine is None:
        raise RecoveryError(
            f"nothing here could start the monitor: {_why_not(host)}. Have `mcp-doctor monitor run` called by "
            "whatever starts jobs on this host"
        )
    trouble = timers.trouble_of(engine, host)
    if trouble:
        raise RecoveryError(f"{NAMES[engine]} can't run the monitor here: {trouble}")
    program = own_command(silent=engine is Engine.TASKS)
    words = (*program, "monitor", "run", "--timer", *_places(host), *arguments)
    job = Job(words, minutes, zlib.crc32(f"{platform.node()} {host.uid}".encode()) % 60)
    found = timers.installed(host)
    others = [each for each in found if each.engine is not engine]
    mine = next((each for each in found if each.engine is engine), None)
    try:
        steps = [*_taking_out(host, others), *_putting_in(host, engine, job, mine)]
    except UnfitError as error:
        raise RecoveryError(f"{NAMES[engine]} can't start the monitor: {error}") from error
    remedy = Remedy(
        INSTALL,
        f"Look after the credentials {in_words(minutes)}, started by {NAMES[engine]}",
        (
            "Each round checks without asking or unlocking anything, writes one line a credential to the system's log, "
            f"keeps a small history for you alone, and says something only where something is new. {_SPEAKS[engine]}"
        ),
        "",
        tuple(steps),
    )
    return Plan(remedy, tuple(_notes(host, engine, words, is_change=bool(steps))))


def uninstall(host: Host) -> Plan:
    """The plan for taking the monitor out of every engine that has it. The history stays.

    Raises:
        RecoveryError: an engine's state can't be understood.
    """
    found = timers.installed(host)
    notes: list[str] = []
    if not any(each.engine is Engine.CRON for each in found):
        notes += _unreadable_crontab(host)
    if notes and not found:
        raise RecoveryError(f"it is not known whether the monitor is installed. {notes[0]}")
    steps = _taking_out(host, found)
    if any(each.engine is Engine.SYSTEMD and each.trouble for each in found) and timers.trouble_of(
        Engine.SYSTEMD, host
    ):
        link = timers.units_folder(host) / "timers.target.wants" / systemd.TIMER
        notes += [
            "No systemd of yours runs right now to forget the timer; a link to it may stay:",
            f"$ rm -f {shlex.quote(str(link))}",
        ]
    where = " and ".join(NAMES[each.engine] for each in found)
    remedy = Remedy(
        UNINSTALL,
        f"Stop looking after the credentials: out of {where}" if found else "The monitor is not installed",
        "No more rounds are begun. The history stays, so that the app can still tell when something broke.",
        "",
        tuple(steps),
    )
    return Plan(remedy, tuple(notes), is_end=True)


def _places(host: Host) -> list[str]:
    """The variables that lead this call to folders of its own, for a timer does not have them: paths, nothing else."""
    names = {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", FILE_STORE_VARIABLE}
    for each in catalogue.names("clients"):
        names.update(re.findall(r"\$\{([A-Z_]+)", catalogue.text_of(f"clients/{each}.toml")))
    told = {name: host.env.get(name, "") for name in names - {"APPDATA", "LOCALAPPDATA", "VAR"}}
    return [f"--env={name}={path}" for name, path in sorted(told.items()) if Path(path).is_absolute()]


def _why_not(host: Host) -> str:
    of_here = {
        Platform.LINUX: (Engine.SYSTEMD, Engine.CRON),
        Platform.MACOS: (Engine.LAUNCHD, Engine.CRON),
        Platform.WINDOWS: (Engine.TASKS,),
    }
    return "; ".join(timers.trouble_of(each, host) for each in of_here[host.platform])


def _putting_in(host: Host, engine: Engine, job: Job, mine: Installed | None) -> list[Step]:
    was_on = mine is not None and mine.active is not False
    match engine:
        case Engine.SYSTEMD:
            folder = timers.units_folder(host)
            texts = {systemd.SERVICE: systemd.service(job, LIMIT), systemd.TIMER: systemd.timer(job)}
            files = _files(folder, texts)
            is_so = not files and mine is not None and mine.active is True
            return [] if is_so else [*files, SwitchSystemdTimer(on=True, was_on=was_on)]
        case Engine.CRON:
            before, after = mine.text if mine else "", cron.block(job)
            return [SetCronBlock(before, after)] if before != after else []
        case Engine.LAUNCHD:
            path = timers.agent_path(host)
            log = str(host.home / "Library/Logs/mcp-doctor-monitor.log")
            steps = _files(path.parent, {launchd.FILE: launchd.agent(job, log)})
            is_so = not steps and mine is not None and mine.active is True
            return [] if is_so else [*steps, SwitchLaunchAgent(str(path), on=True, was_on=was_on)]
        case Engine.TASKS:
            return [SetScheduledTask(mine.text if mine else "", task_scheduler.task(job, LIMIT))]


def _taking_out(host: Host, found: Sequence[Installed]) -> list[Step]:
    steps: list[Step] = []
    for each in found:
        match each.engine:
            case Engine.SYSTEMD:
                if not timers.trouble_of(Engine.SYSTEMD, host):
                    steps.append(SwitchSystemdTimer(on=False, was_on=each.active is True))
                steps += _files(timers.units_folder(host), {systemd.TIMER: "", systemd.SERVICE: ""})
            case Engine.CRON:
                steps.append(SetCronBlock(each.text, ""))
            case Engine.LAUNCHD:
                path = timers.agent_path(host)
                steps.append(SwitchLaunchAgent(str(path), on=False, was_on=each.active is True))
                steps += _files(path.parent, {launchd.FILE: ""})
            case Engine.TASKS:
                steps.append(SetScheduledTask(each.text, ""))
    return steps


def _files(folder: Path, texts: Mapping[str, str]) -> list[Step]:
    """The steps for files whose text is another now. Raises RecoveryError where somebody else's stands there."""
    steps: list[Step] = []
    for name, text in texts.items():
        path = folder / name
        before = text_at(path) or ""
        if before and not is_ours(before):
            raise RecoveryError(
                f"{clean(str(path))} is there already, and is not mcp-doctor's: move it aside"
            )
        if before != text:
            steps.append(SetTimerFile(str(path), before, text))
    return steps


def _unreadable_crontab(host: Host) -> list[str]:
    if host.platform is Platform.WINDOWS or timers.trouble_of(Engine.CRON, host).startswith("crontab is not"):
        return []
    try:
        cron.take_apart(crontab_of(host) or b"")
    except UnfitError as error:
        raise RecoveryError(str(error)) from error
    except ProgramError as error:
        return [f"Your crontab could not be looked at: {error}"]
    return []


_SPEAKS: Mapping[Engine, str] = {
    Engine.SYSTEMD: "That goes to the journal: journalctl --user -u mcp-doctor-monitor.",
    Engine.CRON: "cron sends that by mail, to whom MAILTO in your crontab names.",
    Engine.LAUNCHD: "That goes to ~/Library/Logs/mcp-doctor-monitor.log.",
    Engine.TASKS: "Its end shows in the Task Scheduler's history, and all of it in `mcp-doctor monitor status`.",
}

_LINGER = (
    "Your systemd ends with your last logout, and the timer, the session bus and the keychain with it. On a host where "
    "servers are to work while you are away, let it linger (you, or an administrator):"
)


def _notes(host: Host, engine: Engine, words: Sequence[str], *, is_change: bool) -> list[str]:
    notes = []
    if engine is Engine.SYSTEMD and not lingers(host):
        notes += [
            _LINGER,
            f"$ loginctl enable-linger {shlex.quote(host.user)}",
        ]
    if engine is Engine.CRON:
        notes.append(
            "While nobody of this user is logged in, there is no keychain to look at. That is no failure to the "
            "monitor, unless your systemd lingers."
        )
    if engine is Engine.CRON and is_change:
        kept = clean(str(host.state_dir / "monitor/crontab.before"))
        notes.append(f"A copy of your crontab as it is now stays in {kept}, for you alone.")
    if may_vanish(words):
        notes.append(
            f"{clean(words[0])} lies where its installer may throw it away at any time, and the monitor would stop in "
            "silence: install mcp-doctor for good first (uv tool install, or pipx install)."
        )
    return notes
