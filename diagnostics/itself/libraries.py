"""Itself: the libraries that it rests on, tried in a child, because a broken binary may take its process with it."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostics.check import Verdict, fail, ok, unknown
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.itself.requirement import Requirement, requirement
from diagnostics.model import Stage, Store
from diagnostics.text import Words

DISTRIBUTION = "mcp-credential-doctor"
_SECONDS = 15.0
_INDIRECT = {
    "linux": {"secretstorage": "cryptography"},  # a binary for one processor and C library
    "win32": {"keyring": "pywin32-ctypes"},
}
"""A library -> what it rests on and breaks with, by system."""
_MODULES = {
    "cryptography": "cryptography.hazmat.primitives.ciphers.aead",
    "pyyaml": "yaml",
    "keyring": "keyring.backend",
    "pywin32-ctypes": "win32ctypes.pywin32.win32cred",
    "jeepney": "jeepney.io.blocking",
    "textual": "textual.app",
}
"""A package -> the module to try, where it is not named alike, or its top alone proves little."""

# Prints a line before and a line after each, so that one that ends the process is known by name.
_PROGRAM = """
import importlib, json, sys
for name, module in json.loads(sys.argv[1]):
    print(json.dumps([name, None]), flush=True)
    try:
        importlib.import_module(module)
        said = ""
    except BaseException as error:
        said = type(error).__name__ + ": " + str(error)
    print(json.dumps([name, said]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Library:
    """One library as it is installed."""

    wanted: Requirement
    version: str = ""
    """"" = it is not installed."""
    trouble: str | None = ""
    """What its import said; "" = it can be imported; None = it was not tried."""


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """All of them."""

    libraries: Sequence[Library]
    installed_by: str
    """`uv`, `pipx` or `pip`, told by where it lies."""
    executable: str
    described: bool = True
    """Whether anything says what is needed."""


@about_itself(Stage.BACKEND, within=_SECONDS + 5)
def libraries(context: Context, _store: Store) -> Iterator[Verdict]:
    """Are the libraries there that mcp-doctor needs, and can they be loaded?"""
    return judge(look(context.host))


def look(host: Host) -> LibraryFacts:
    """Reads what the installed packages say of themselves, and tries to import them in a child."""
    lines = required()
    wanted = [each for each in (requirement(line, sys.platform) for line in lines) if each is not None]
    names = {each.name for each in wanted}
    below = _INDIRECT.get(sys.platform, {})
    wanted += [Requirement(below[each]) for each in sorted(names & set(below)) if below[each] not in names]
    present = [(each, version_of(each.name)) for each in wanted]
    needed = [(each, version) for each, version in present if version or not each.extra]
    tried = _imports([each.name for each, version in needed if version], host)
    found = [Library(each, version, tried.get(each.name)) for each, version in needed]
    by = installed_by(sys.prefix)
    return LibraryFacts(found, by, sys.executable or "python", described=bool(lines))


def judge(facts: LibraryFacts) -> Iterator[Verdict]:
    """What is missing, of a wrong version or broken, one verdict each; one `ok` where nothing is."""
    if not facts.described:
        yield unknown("undescribed")
        return
    sound = True
    for each in facts.libraries:
        for verdict in _of(each, facts):
            sound = False
            yield verdict
    if sound:
        seen = [f"{each.wanted.name} {each.version}" for each in facts.libraries]
        yield ok("sound", evidence=seen, count=len(seen))


def _of(one: Library, facts: LibraryFacts) -> Iterator[Verdict]:
    told = {
        "library": one.wanted.name,
        "wanted": one.wanted.words,
        "version": one.version,
        "mend": mend(facts, one.wanted),
    }
    if not one.version:
        yield fail("missing", "dependency_not_installed", **told)
    elif one.trouble:
        seen = (f"{one.wanted.name} {one.version}: {one.trouble}",)
        yield fail("broken", "dependency_broken", evidence=seen, **told)
    elif not one.wanted.admits(one.version):
        if one.wanted.is_older(one.version):
            yield fail("too-old", "dependency_version_wrong", **told)
        else:
            yield fail("too-new", "dependency_version_wrong", **told)
    elif one.trouble is None:
        yield unknown("untried", **told)


def mend(facts: LibraryFacts, one: Requirement) -> Words:
    """The command that installs it anew, by whatever installed the doctor."""
    import shlex

    if facts.installed_by == "uv":
        return Words(f"uv tool upgrade --reinstall {DISTRIBUTION}")
    if facts.installed_by == "pipx":
        return Words(f"pipx reinstall {DISTRIBUTION}")
    asked = one.name + ",".join(f"{sign}{version}" for sign, version in one.bounds)
    words = (facts.executable, "-m", "pip", "install", "--force-reinstall", asked)
    return Words(shlex.join(words))


def installed_by(prefix: str) -> str:
    """Who made the environment that the doctor lies in. In: its folder."""
    place = prefix.replace("\\", "/")
    if "/uv/tools/" in place:
        return "uv"
    return "pipx" if "/pipx/" in place else "pip"


def required() -> Sequence[str]:
    """The lines that say what is needed: the installed package's own, else those of the source beside us."""
    from importlib import metadata

    try:
        return metadata.requires(DISTRIBUTION) or ()
    except Exception:  # no such package, or what it says of itself is damaged
        return _of_the_source(Path(__file__).parents[2] / "pyproject.toml")


def _of_the_source(path: Path) -> Sequence[str]:
    import tomllib

    try:
        project: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        return tuple(map(str, project["dependencies"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def version_of(name: str) -> str:
    """The installed version, "" for none that can be told."""
    from importlib import metadata

    try:
        return metadata.version(name) or ""
    except Exception:  # none is installed, or its description is damaged
        return ""


def _imports(names: Sequence[str], host: Host) -> Mapping[str, str | None]:
    """What each import said. One that ends its process is noted, and the rest tried in another."""
    from diagnostics.child import ChildTimeoutError, run_child

    found: dict[str, str | None] = {}
    until = time.monotonic() + _SECONDS
    while left := [each for each in names if each not in found]:
        asked = json.dumps([(each, _MODULES.get(each, each.replace("-", "_"))) for each in left])
        command = [sys.executable, "-P", "-c", _PROGRAM, asked]
        try:
            done = run_child(command, env=host.env, seconds=max(until - time.monotonic(), 0.1))
        except (ChildTimeoutError, OSError):
            break
        told = answers(done.output.decode("utf-8", "replace"), done.code)
        if not told:
            break
        found.update(told)
    return found


def answers(output: str, code: int) -> Mapping[str, str | None]:
    """What each import said. In: the child's lines, and how it ended; the last one begun ended it."""
    found: dict[str, str | None] = {}
    begun = ""
    for line in output.splitlines():
        try:
            name, said = json.loads(line)
        except (ValueError, TypeError):
            continue  # a library that prints
        begun = "" if said is not None else str(name)
        if said is not None:
            found[str(name)] = str(said)
    if begun:
        found[begun] = f"loading it ended the whole process (code {code})"
    return found
