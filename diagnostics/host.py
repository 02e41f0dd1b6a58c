"""What this process is and where it runs. The only module that reads the ambient environment."""

import dataclasses
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from diagnostics.model import Platform, Session

BUS_VARIABLE = "DBUS_SESSION_BUS_ADDRESS"


@dataclass(frozen=True)
class Host:
    """The facts about this host and session that checks decide by; tests and the demo build their own.

    `env` is the environment that servers would be started from; nothing else reads `os.environ`.
    """

    platform: Platform
    session: Session
    home: Path
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    uid: int = 0
    user: str = ""
    root: Path | None = None
    """Below it are the system's own files that the audit trail also uses (machine id, logs); None = a sandbox."""
    shell_env: Mapping[str, str] | None = field(default=None, repr=False)
    """The environment of the shell that started us, where `env` has come to differ from it; None = it is `env`."""

    def on_bus(self, address: str | None) -> Self:
        """This host with another session bus in `env`. In: its address, None = no variable."""
        env = {name: value for name, value in self.env.items() if name != BUS_VARIABLE}
        if address is not None:
            env[BUS_VARIABLE] = address
        return dataclasses.replace(
            self, env=env, shell_env=self.env if self.shell_env is None else self.shell_env
        )

    @property
    def shell_bus(self) -> str | None:
        """The bus that the person's shell names, wherever we went since; None = it names none."""
        return (self.env if self.shell_env is None else self.shell_env).get(BUS_VARIABLE)

    @property
    def runtime_dir(self) -> Path:
        """Where a session bus of this user would have its socket: `/run/user/UID` unless the variable says else."""
        return Path(self.env.get("XDG_RUNTIME_DIR") or f"/run/user/{self.uid}")

    @property
    def data_home(self) -> Path:
        """`$XDG_DATA_HOME`, by default `~/.local/share`."""
        return Path(self.env.get("XDG_DATA_HOME") or self.home / ".local/share")

    @property
    def state_dir(self) -> Path:
        """Where the doctor keeps its audit trail and failure records (0700)."""
        if self.platform is Platform.WINDOWS:
            return Path(self.env.get("LOCALAPPDATA") or self.home / "AppData/Local") / "mcp-doctor"
        if self.platform is Platform.MACOS:
            return self.home / "Library/Application Support/mcp-doctor"
        return Path(self.env.get("XDG_STATE_HOME") or self.home / ".local/state") / "mcp-doctor"


def this_host() -> Host:
    """The host that this process runs on."""
    env = dict(os.environ)
    platform = platform_of(sys.platform)
    uid = os.getuid() if hasattr(os, "getuid") else 0
    return Host(
        platform=platform,
        session=session_of(env, platform, Path("/"), windows_session()),
        home=Path.home(),
        cwd=_cwd(),
        env=env,
        uid=uid,
        user=_user_of(env, platform) or str(uid),
        root=Path("/"),
    )


def _user_of(env: Mapping[str, str], platform: Platform) -> str:
    """The user's name, "" where what says it is none: it stands in commands that a person may copy."""
    name = env.get("USER") or env.get("LOGNAME") or env.get("USERNAME") or ""
    if platform is Platform.WINDOWS:
        return name
    return name if re.fullmatch(r"[\w.@+-]{1,64}\$?", name) and not name.startswith("-") else ""


def platform_of(name: str) -> Platform:
    """`sys.platform` as one of ours; anything unknown is treated as Linux (the BSDs have the same stores)."""
    if name == "darwin":
        return Platform.MACOS
    return Platform.WINDOWS if name in {"win32", "cygwin"} else Platform.LINUX


def session_of(
    env: Mapping[str, str], platform: Platform, root: Path, windows_session: int | None = None
) -> Session:
    """Which kind of session this is, from variables and marker files below `root`.

    SSH wins over the rest (a login into a container or WSL is worked on like any SSH login).
    In: `windows_session` = the number of the session on Windows, None = not told.
    """
    if env.get("SSH_CONNECTION") or env.get("SSH_TTY") or env.get("SSH_CLIENT"):
        return Session.SSH
    if platform is Platform.MACOS:
        return _session_of_mac(env)
    if platform is Platform.WINDOWS:
        # Session 0 has no desktop: services, WinRM and tasks that run whether somebody is logged on or not are in it.
        # No variable tells: a client hands its servers a few of them, and SESSIONNAME is not among those.
        return Session.SERVICE if windows_session == 0 else Session.LOCAL
    if env.get("WSL_DISTRO_NAME") or env.get("WSL_INTEROP"):
        return Session.WSL
    if env.get("container", "flatpak") != "flatpak" or env.get("KUBERNETES_SERVICE_HOST"):
        return Session.CONTAINER
    if any((root / marker).exists() for marker in (".dockerenv", "run/.containerenv")):
        return Session.CONTAINER
    if (root / "proc/sys/fs/binfmt_misc/WSLInterop").exists():
        return Session.WSL
    if env.get("INVOCATION_ID") and not (env.get("TERM") or env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return Session.SERVICE
    if not env.get("TERM") and not env.get("DISPLAY") and set(env) <= _CRON_ENV:
        return Session.CRON
    return Session.LOCAL


def _session_of_mac(env: Mapping[str, str]) -> Session:
    """launchd names the job in XPC_SERVICE_NAME; for a shell that is `0`, for an app `application.` and its name."""
    job = env.get("XPC_SERVICE_NAME", "0")
    if job not in {"", "0"} and not job.startswith("application.") and not env.get("TERM"):
        return Session.SERVICE
    # An app hands its servers as few variables as cron does its jobs, but not cron's shell and PATH (crontab(5)).
    few = set(env) <= _CRON_ENV | {"XPC_SERVICE_NAME", "XPC_FLAGS", "__CF_USER_TEXT_ENCODING"}
    if few and env.get("SHELL") == "/bin/sh" and env.get("PATH") == "/usr/bin:/bin":
        return Session.CRON
    return Session.LOCAL


def windows_session() -> int | None:
    """The number of this process's session on Windows, None elsewhere and where it is not told."""
    if sys.platform == "win32":
        import ctypes

        number = ctypes.c_ulong(0)
        if ctypes.windll.kernel32.ProcessIdToSessionId(ctypes.c_ulong(os.getpid()), ctypes.byref(number)):
            return int(number.value)
    return None


_CRON_ENV = {
    "HOME",
    "LOGNAME",
    "SHELL",
    "PATH",
    "USER",
    "PWD",
    "SHLVL",
    "_",
    "LANG",
    "MAILTO",
    "LC_ALL",
    "LC_CTYPE",
}


def _cwd() -> Path:
    try:
        return Path.cwd()
    except OSError:  # the folder was removed under us
        return Path("/")
