"""Which engines this host has, which of them runs the monitor, and when next. Looks only."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.monitor.engines import cron, launchd, systemd, task_scheduler
from diagnostics.monitor.programs import ProgramError, ask, crontab_of, on_path, told
from diagnostics.monitor.schedule import LABEL, UnfitError
from diagnostics.presence import is_there
from diagnostics.text import clean

_CRONS = {"cron", "crond", "fcron", "busybox-crond"}
_LARGEST = 64 * 1024


class Engine(StrEnum):
    """What starts the monitor, by its name on the command line. The better ones come first."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    TASKS = "task-scheduler"
    CRON = "cron"


NAMES: Mapping[Engine, str] = {
    Engine.SYSTEMD: "a timer of your own systemd",
    Engine.CRON: "cron",
    Engine.LAUNCHD: "launchd",
    Engine.TASKS: "the Task Scheduler",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """The monitor in one engine."""

    engine: Engine
    where: str
    """The file or the place, safe to show."""
    text: str
    """What stands there."""
    active: bool | None = None
    """Whether it is switched on; None = could not find out."""
    trouble: str = ""
    """Why it won't run, or what could not be found out."""
    next: datetime | None = None
    """When it runs next, None = the engine does not tell."""


def trouble_of(engine: Engine, host: Host) -> str:
    """Why this engine can't run anything here, "" = it can."""
    return _TROUBLE[engine](host)


def best(host: Host) -> Engine | None:
    """The engine for this host, None = there is none that works."""
    return next((each for each in Engine if not trouble_of(each, host)), None)


def installed(host: Host) -> list[Installed]:
    """The monitor in every engine that has it; usually one. An engine that can't be asked is left out."""
    return looked(host)[0]


def looked(host: Host) -> tuple[list[Installed], list[str]]:
    """The monitor in every engine that has it, and what could not be found out: a line an engine, safe to show."""
    found: list[Installed] = []
    unclear: list[str] = []
    for engine, look in _LOOKS.items():
        try:
            found += look(host)
        except (ProgramError, UnfitError) as error:
            unclear.append(f"whether {NAMES[engine]} has it could not be found out: {error}")
    return found, unclear


# ── systemd ─────────────────────────────────────────────────────────────────────────────────────────────────


def units_folder(host: Host) -> Path:
    """Where this user's own units are."""
    return Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config") / "systemd/user"


def has_systemd(host: Host) -> bool:
    """Whether systemd started this computer: only then is there one of the user's own, and lingering."""
    return (
        host.platform is Platform.LINUX
        and host.root is not None
        and is_there(host.root / "run/systemd/system")
    )


def lingers(host: Host) -> bool:
    """Whether this user's systemd, with the session bus, goes on after the last logout."""
    if host.root is None:
        return False
    folder = host.root / "var/lib/systemd/linger"
    return any(is_there(folder / each) for each in {host.user, _name_of(host.uid)} - {""})


def _name_of(uid: int) -> str:
    """By the list of users: a variable may say something else."""
    if sys.platform == "win32":
        return ""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _trouble_of_systemd(host: Host) -> str:
    from diagnostics.stores.bus import is_listening

    if host.platform is not Platform.LINUX:
        return "systemd is for Linux"
    if not on_path(host, "systemctl"):
        return "systemctl is not there"
    if not is_listening(str(host.runtime_dir / "systemd/private")):
        return (
            f"no systemd of your own runs (nobody listens at {clean(str(host.runtime_dir))}/systemd/private)"
        )
    return ""


def _in_systemd(host: Host) -> Iterable[Installed]:
    if host.platform is not Platform.LINUX:
        return
    folder = units_folder(host)
    text = "".join(_text(folder / each) or "" for each in (systemd.SERVICE, systemd.TIMER))
    if not text:
        return
    where = clean(str(folder / systemd.TIMER))
    trouble = _trouble_of_systemd(host)
    if trouble:
        yield Installed(Engine.SYSTEMD, where, text, None, trouble)
        return
    names = ("ActiveState", "UnitFileState", "NextElapseUSecMonotonic", "NextElapseUSecRealtime")
    try:
        said = told(
            host, "systemctl", "--user", "show", systemd.TIMER, *(f"--property={each}" for each in names)
        )
    except ProgramError as error:  # its files are there, so it may well run
        yield Installed(Engine.SYSTEMD, where, text, None, str(error))
        return
    values = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    active = values.get("ActiveState") == "active"
    is_on = active and values.get("UnitFileState") == "enabled"
    trouble = "" if is_on else "it is not switched on" if not active else "it won't start at the next login"
    yield Installed(Engine.SYSTEMD, where, text, is_on, trouble, _next_of(values))


def _next_of(values: Mapping[str, str]) -> datetime | None:
    """systemd tells a span since the start of the computer, as Python's clock on Linux counts: `1h 2min 3.5s`, or `infinity`."""
    import time

    span = values.get("NextElapseUSecMonotonic", "")
    sizes = {
        "y": 31557600.0,
        "month": 2629800.0,
        "w": 604800.0,
        "d": 86400.0,
        "h": 3600.0,
        "min": 60.0,
        "s": 1.0,
        "ms": 1e-3,
        "us": 1e-6,
    }
    seconds = 0.0
    for word in span.split():
        number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
        try:
            seconds += float(number) * sizes[word[len(number) :]]
        except (ValueError, KeyError):
            return None
    left = seconds - time.monotonic() if seconds else -1.0
    return datetime.now(UTC) + timedelta(seconds=left) if left > -60 else None


# ── cron ────────────────────────────────────────────────────────────────────────────────────────────────────


def _trouble_of_cron(host: Host) -> str:
    if host.platform is Platform.WINDOWS:
        return "Windows has no cron"
    if not on_path(host, "crontab"):
        return "crontab is not there"
    if host.platform is Platform.LINUX and not _cron_runs(host):
        return "no cron daemon runs"
    try:
        crontab_of(host)
    except ProgramError as error:
        return str(error)
    return ""


def _cron_runs(host: Host) -> bool:
    root = host.root or Path("/")
    folder = root / "proc"
    try:
        numbers = [each for each in folder.iterdir() if each.name.isdigit()]
    except OSError:
        return False
    for each in numbers:
        with contextlib.suppress(OSError):
            if (each / "comm").read_text().strip() in _CRONS:
                return True
    if any(each.name == "1" for each in numbers):
        return False
    # Other users' processes are hidden here: what cron leaves while it runs has to tell.
    return any(is_there(root / "run" / each) for each in ("crond.pid", "cron.pid", "crond.reboot"))


def _in_cron(host: Host) -> Iterable[Installed]:
    if host.platform is Platform.WINDOWS or not on_path(host, "crontab"):
        return
    ours = cron.take_apart(crontab_of(host) or b"").block
    if not ours:
        return
    runs = host.platform is not Platform.LINUX or _cron_runs(host)
    trouble = "" if runs else "no cron daemon runs"
    text = ours.decode("utf-8", "replace")
    yield Installed(
        Engine.CRON, "your crontab", text, runs, trouble, cron.next_of(text, datetime.now().astimezone())
    )


# ── launchd ─────────────────────────────────────────────────────────────────────────────────────────────────


def agent_path(host: Host) -> Path:
    """Where this user's own agent is."""
    return host.home / "Library/LaunchAgents" / launchd.FILE


def agent_target(host: Host) -> str:
    """What launchctl calls it."""
    return f"gui/{host.uid}/{LABEL}"


def _trouble_of_launchd(host: Host) -> str:
    return "" if host.platform is Platform.MACOS else "launchd is for macOS"


def _in_launchd(host: Host) -> Iterable[Installed]:
    if host.platform is not Platform.MACOS:
        return
    text = _text(agent_path(host))
    if text is None:
        return
    loaded = ask(host, "launchctl", "print", agent_target(host)).code == 0
    yield Installed(
        Engine.LAUNCHD,
        clean(str(agent_path(host))),
        text,
        loaded,
        "" if loaded else "launchd has not loaded it",
    )


# ── Windows ─────────────────────────────────────────────────────────────────────────────────────────────────


def _trouble_of_tasks(host: Host) -> str:
    return "" if host.platform is Platform.WINDOWS else "the Task Scheduler is for Windows"


def task_of(host: Host) -> str | None:
    """The task as the scheduler keeps it, None where there is none.

    Raises:
        ProgramError: it can't be asked.
    """
    done = ask(host, "schtasks", "/Query", "/TN", task_scheduler.TASK, "/XML")
    if done.code != 0:
        return None
    codec = "utf-16" if done.output[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    return done.output.decode(codec, "replace")


def _in_tasks(host: Host) -> Iterable[Installed]:
    if host.platform is not Platform.WINDOWS:
        return
    text = task_of(host)
    if text is not None:
        on = "<Enabled>false" not in text
        yield Installed(Engine.TASKS, task_scheduler.TASK, text, on, "" if on else "it is switched off")


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


_TROUBLE: Mapping[Engine, Callable[[Host], str]] = {
    Engine.SYSTEMD: _trouble_of_systemd,
    Engine.CRON: _trouble_of_cron,
    Engine.LAUNCHD: _trouble_of_launchd,
    Engine.TASKS: _trouble_of_tasks,
}

_LOOKS: Mapping[Engine, Callable[[Host], Iterable[Installed]]] = {
    Engine.SYSTEMD: _in_systemd,
    Engine.CRON: _in_cron,
    Engine.LAUNCHD: _in_launchd,
    Engine.TASKS: _in_tasks,
}
