"""Itself: which `mcp-doctor` a client would start. Other programs of that name exist; none is started to find out."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.catalog import read
from diagnostics.check import Verdict, fail, ok, warn
from diagnostics.context import Context
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Session, Stage, Store

NAME = "mcp-doctor"
OTHER_NAME = "mcp-credential-doctor"
_LARGEST = 4 << 20
_SIGNS = (b"tui.cli", b"mcp_credential_doctor")
"""What our launcher's file holds: a script's import, or the same in the archive at the end of a Windows program."""


@dataclass(frozen=True, slots=True)
class Found:
    """A program of our name on the PATH."""

    path: str
    ours: bool | None
    """None = the file could not be read."""
    this: bool = False
    """It belongs to the installation that runs now."""


@dataclass(frozen=True, slots=True)
class LauncherFacts:
    """What is found by our name."""

    found: Sequence[Found]
    """On this call's PATH, in its order."""
    of_a_desktop: Sequence[Found] | None
    """On the PATH that a program started from the desktop has; None where there is no desktop, or it is not known."""
    desktop_path: str = ""
    own: str = ""
    """This installation's launcher, "" where it has none."""


@about_itself(Stage.START)
def launcher(context: Context, _store: Store) -> Iterator[Verdict]:
    """Would a client start this mcp-doctor?"""
    return judge(look(context.host))


def look(host: Host) -> LauncherFacts:
    """Looks through the folders of the PATH, and into the files of our name there."""
    suffixes = (".exe", ".cmd", ".bat") if host.platform is Platform.WINDOWS else ("",)
    scripts = Path(sysconfig.get_path("scripts"))
    own = next(
        (str(scripts / f"{NAME}{each}") for each in suffixes if (scripts / f"{NAME}{each}").is_file()), ""
    )
    desktop = _desktop_path(host)
    return LauncherFacts(
        found=_on(host.env.get("PATH", ""), suffixes, own),
        of_a_desktop=None if desktop is None else _on(desktop, suffixes, own),
        desktop_path=desktop or "",
        own=own,
    )


def judge(facts: LauncherFacts) -> Iterator[Verdict]:
    """Which program a client gets; one `ok` where it is this one."""
    told = {
        "own": facts.own or f"{sys.executable} -m tui",
        "first": facts.found[0].path if facts.found else "",
        "other_name": OTHER_NAME,
        "desktop_path": facts.desktop_path,
    }
    seen = [f"{each.path}: {_whose(each)}" for each in facts.found]
    if not facts.found:
        yield warn("not-on-path", "command_not_found", **told)
        return
    first = facts.found[0]
    if first.ours is False:
        yield fail("another-program", "command_shadowed", evidence=seen, **told)
        return
    if not first.this:
        yield warn("another-installation", "command_shadowed", evidence=seen, **told)
        return
    if facts.of_a_desktop is not None and not any(each.this for each in facts.of_a_desktop[:1]):
        yield warn("not-for-the-desktop", "command_not_found", evidence=seen, **told)
        return
    yield ok("found", evidence=seen, **told)


def _whose(one: Found) -> str:
    if one.this:
        return "this one"
    return {True: "another installation of mcp-doctor", False: "another program", None: "can't be read"}[
        one.ours
    ]


def _on(path: str, suffixes: Sequence[str], own: str) -> Sequence[Found]:
    found: dict[str, Found] = {}
    for folder in path.split(os.pathsep):
        for suffix in suffixes:
            file = Path(folder) / f"{NAME}{suffix}" if folder else None
            if file is None or str(file) in found:
                continue
            try:
                one = on_disk(lambda file=file: _found(file, own))  # type: ignore[misc]
            except (OSError, DeadlineError, ValueError):
                continue
            if one is not None:
                found[str(file)] = one
    return tuple(found.values())


def _found(file: Path, own: str) -> Found | None:
    if not file.is_file() or not os.access(file, os.X_OK):
        return None
    this = bool(own) and file.samefile(own)
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST)
    except OSError:
        return Found(str(file), True if this else None, this)
    return Found(str(file), this or any(sign in content for sign in _SIGNS), this)


def _desktop_path(host: Host) -> str | None:
    """What a program has on its PATH that was not started from a shell; None where that is not the question."""
    if host.session is not Session.LOCAL or host.platform is Platform.WINDOWS:
        return None
    if host.platform is Platform.LINUX and not (host.env.get("DISPLAY") or host.env.get("WAYLAND_DISPLAY")):
        return None
    paths: Mapping[str, str] = read("programs.toml")["desktop_path"]
    return paths[host.platform.value].replace("~", str(host.home))
