"""Itself: the Python that runs it."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.check import Verdict, ok, warn
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What this Python is."""

    platform: Platform
    version: tuple[int, int, int]
    executable: str
    prefix: str
    base_prefix: str
    release: str = "final"
    """`alpha`, `beta`, `candidate` or `final`."""
    implementation: str = "CPython"
    machine: str = ""
    """The processor that it was built for, as far as the system tells."""
    translated: bool = False
    """It runs in an emulation of another processor (Rosetta, or 32 bits on 64)."""
    made_for: str = ""
    """The version (`3.11`) that the virtual environment was made with; "" = it is none, or does not say."""
    module_path: str = ""
    """PYTHONPATH, as far as it takes effect."""
    home_variable: str = ""
    """PYTHONHOME, as far as it takes effect."""

    @property
    def words(self) -> str:
        """`3.12.1`."""
        return ".".join(map(str, self.version))


@about_itself(Stage.BACKEND)
def python(context: Context, _store: Store) -> Iterator[Verdict]:
    """Is the Python that runs mcp-doctor sound?"""
    return judge(look(context.host))


def look(host: Host) -> PythonFacts:
    """The facts of this process."""
    effective = not sys.flags.ignore_environment
    return PythonFacts(
        platform=host.platform,
        version=sys.version_info[:3],
        release=sys.version_info.releaselevel,
        implementation=platform.python_implementation(),
        executable=sys.executable or "",
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        machine=platform.machine(),
        translated=_is_translated(host),
        made_for=_made_for(Path(sys.prefix)),
        module_path=host.env.get("PYTHONPATH", "") if effective else "",
        home_variable=host.env.get("PYTHONHOME", "") if effective else "",
    )


def judge(facts: PythonFacts) -> Iterator[Verdict]:
    """What speaks against this Python; one `ok` where nothing does."""
    place = facts.executable.replace("\\", "/")
    told = {"version": facts.words, "executable": facts.executable, "machine": facts.machine}
    found = list(_troubles(facts, place, told))
    if found:
        yield from found
        return
    kind = "virtual environment" if facts.prefix != facts.base_prefix else "no virtual environment"
    seen = (
        f"{facts.implementation} {facts.words}, {facts.machine or 'processor unknown'}",
        f"{facts.executable or 'its own place is unknown'} ({kind}: {facts.prefix})",
    )
    yield ok("sound", evidence=seen, **told)


def _troubles(facts: PythonFacts, place: str, told: dict[str, str]) -> Iterator[Verdict]:
    running = ".".join(map(str, facts.version[:2]))
    if facts.release != "final":
        yield warn("prerelease", "python_version_incompatible", release=facts.release, **told)
    if facts.implementation != "CPython":
        yield warn(
            "another-implementation",
            "python_version_incompatible",
            implementation=facts.implementation,
            **told,
        )
    if facts.made_for and facts.made_for != running:
        yield warn(
            "environment-of-another",
            "python_version_incompatible",
            made_for=facts.made_for,
            running=running,
            prefix=facts.prefix,
            **told,
        )
    if facts.translated:
        yield warn("translated", "binary_incompatible", **told)
    if "/AppTranslocation/" in place:
        yield warn("translocated", "wrong_user_context", **told)
    if facts.platform is Platform.WINDOWS and "/WindowsApps/" in place:
        yield warn("store-package", "path_redirected", **told)
    if facts.home_variable:
        yield warn("home-variable", "python_environment_altered", value=facts.home_variable, **told)
    if facts.module_path:
        yield warn("module-path", "python_environment_altered", value=facts.module_path, **told)


def made_for(settings: str) -> str:
    """The Python (`3.11`) that a virtual environment was made with. In: the text of its `pyvenv.cfg`."""
    for line in settings.splitlines():
        name, _, value = line.partition("=")
        if name.strip() in {"version", "version_info"}:
            return ".".join(value.strip().split(".")[:2])
    return ""


def _made_for(prefix: Path) -> str:
    try:
        return made_for((prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")[:65536])
    except OSError:
        return ""


def _is_translated(host: Host) -> bool:
    if host.platform is Platform.WINDOWS:
        return bool(host.env.get("PROCESSOR_ARCHITEW6432"))  # set for 32-bit programs on a 64-bit system
    if sys.platform == "darwin":
        import ctypes

        value = ctypes.c_int(0)
        size = ctypes.c_size_t(ctypes.sizeof(value))
        try:
            ask = ctypes.CDLL(None).sysctlbyname
        except (OSError, AttributeError):
            return False
        failed = ask(b"sysctl.proc_translated", ctypes.byref(value), ctypes.byref(size), None, 0)
        return bool(failed == 0 and value.value == 1)
    return False
