"""Itself: the settings of the keyring library, read as they stand, also where the library itself is broken."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.check import Verdict, fail, ok, unknown, warn
from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store
from diagnostics.regular_file import NotRegularError, open_regular

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """What tells the library which store to use."""

    path: str
    """Of its keyringrc.cfg, whether it is there or not."""
    variable: str = ""
    """PYTHON_KEYRING_BACKEND."""
    text: str | None = None
    """The file's content; None = there is no file."""
    unreadable: str = ""
    """Why it can't be read."""
    open_to_others: bool = False
    """Other users may change it: it names code that is loaded."""


@about_itself(Stage.BACKEND)
def keyring_settings(context: Context, _store: Store) -> Iterator[Verdict]:
    """Do the settings of the keyring library fit together?"""
    return judge(look(context.host))


def settings_file(host: Host) -> Path:
    """Where the library looks for it (`keyring.util.platform_.config_root`)."""
    if host.platform is Platform.WINDOWS:
        folder = Path(host.env.get("LOCALAPPDATA") or host.home / "AppData/Local") / "Python Keyring"
    else:
        folder = Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config") / "python_keyring"
    return folder / "keyringrc.cfg"


def look(host: Host) -> SettingsFacts:
    """Reads one small file."""
    path = settings_file(host)
    variable = host.env.get("PYTHON_KEYRING_BACKEND", "")
    try:
        text, mode = on_disk(lambda: _read(path))
    except (FileNotFoundError, NotADirectoryError):
        return SettingsFacts(str(path), variable)
    except (OSError, DeadlineError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return SettingsFacts(str(path), variable, unreadable=said)
    is_open = host.platform is not Platform.WINDOWS and bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
    return SettingsFacts(str(path), variable, text, open_to_others=is_open)


def judge(facts: SettingsFacts) -> Iterator[Verdict]:
    """What is wrong with the settings; one `ok` where nothing is."""
    told = {"file": facts.path, "variable": facts.variable}
    if facts.unreadable:
        yield unknown(
            "unreadable",
            "file_permission_denied",
            evidence=(f"{facts.path}: {facts.unreadable}",),
            **told,
        )
        return
    if facts.text is None:
        yield ok("by-variable", **told) if facts.variable else ok("none", **told)
        return
    try:
        named, folder = _named(facts.text)
    except ValueError as error:
        yield fail("malformed", "keyring_backend_unloadable", evidence=(str(error),), **told)
        return
    told |= {"named": named, "folder": folder}
    found = False
    if facts.open_to_others:
        found = True
        yield warn("open-to-others", "config_writable_by_others", **told)
    if facts.variable and named and facts.variable != named:
        found = True
        yield warn("two-settings", "keyring_backend_unexpected", **told)
    if not named and not folder:
        found = True
        yield warn("names-nothing", "keyring_backend_unexpected", **told)
    if folder:
        found = True
        yield warn("loads-code", "keyring_backend_unexpected", **told)
    if not found:
        yield ok("named", **told)


def _named(text: str) -> tuple[str, str]:
    """`default-keyring` and `keyring-path` of the file's section `backend`. Raises ValueError saying where it is wrong."""
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(text, "keyringrc.cfg")
        name = parser.get("backend", "default-keyring", fallback="")
        return name.strip(), parser.get("backend", "keyring-path", fallback="").strip()
    except Error as error:
        raise ValueError(str(error).replace("\n", " ")) from error


def _read(path: Path) -> tuple[str, int]:
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            return file.read(_LARGEST).decode("utf-8", "replace"), stat.S_IMODE(mode)
    except NotRegularError as error:
        raise OSError(errno.EINVAL, str(error)) from error
