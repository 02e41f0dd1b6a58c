"""Itself: what the terminal can show."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.check import Verdict, ok, skip, warn
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store

_COLUMNS, _LINES = 80, 24
_STANDARD_OUTPUT = -11
_VIRTUAL_TERMINAL = 0x0004
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING of Windows' consoles."""


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """What stands at the ends of this call."""

    platform: Platform
    output_is_terminal: bool
    input_is_terminal: bool
    term: str = ""
    columns: int = 0
    lines: int = 0
    colours: str = ""
    """COLORTERM: `truecolor` or `24bit` where it says so."""
    no_colour: bool = False
    """NO_COLOR is set."""
    within: str = ""
    """`tmux`, `screen`, or ""."""
    understands_sequences: bool = True
    """False for a Windows console that shows escape sequences as they are."""


@about_itself(Stage.START)
def terminal(context: Context, _store: Store) -> Iterator[Verdict]:
    """Can this terminal show the full-screen app?"""
    return judge(look(context.host))


def look(host: Host) -> TerminalFacts:
    """The facts of this process."""
    env = host.env
    output = sys.stdout is not None and sys.stdout.isatty()
    try:
        size = os.get_terminal_size(sys.stdout.fileno()) if output else os.terminal_size((0, 0))
    except (OSError, ValueError):
        size = os.terminal_size((0, 0))
    return TerminalFacts(
        platform=host.platform,
        output_is_terminal=output,
        input_is_terminal=sys.stdin is not None and sys.stdin.isatty(),
        term=env.get("TERM", ""),
        columns=size.columns,
        lines=size.lines,
        colours=env.get("COLORTERM", ""),
        no_colour=bool(env.get("NO_COLOR")),
        within="tmux" if env.get("TMUX") else "screen" if env.get("STY") else "",
        understands_sequences=_understands_sequences(host),
    )


def judge(facts: TerminalFacts) -> Iterator[Verdict]:
    """What the app would miss; one `ok` where it misses nothing."""
    told = {"term": facts.term, "columns": facts.columns, "lines": facts.lines}
    if not facts.output_is_terminal:
        yield skip("none", **told)
        return
    seen = [f"TERM={facts.term or '(not set)'}, {facts.columns} × {facts.lines}"]
    seen += [f"inside {facts.within}"] if facts.within else []
    if facts.no_colour:
        seen.append("NO_COLOR is set: no colours")
    elif facts.colours in {"truecolor", "24bit"}:
        seen.append(f"COLORTERM={facts.colours}: all colours")
    found = False
    if facts.term == "dumb" or (not facts.term and facts.platform is not Platform.WINDOWS):
        found = True
        yield warn("dumb", "terminal_unsuitable", evidence=seen, **told)
    if not facts.understands_sequences:
        found = True
        yield warn("old-console", "terminal_unsuitable", evidence=seen, **told)
    if not facts.input_is_terminal:
        found = True
        yield warn("no-keyboard", "terminal_unsuitable", evidence=seen, **told)
    if 0 < facts.columns < _COLUMNS or 0 < facts.lines < _LINES:
        found = True
        yield warn("small", "terminal_unsuitable", evidence=seen, **told)
    if not found:
        yield ok("sound", evidence=seen, **told)


def _understands_sequences(host: Host) -> bool:
    """Asks a Windows console for its mode (Windows 10 1511 and later can; Windows Terminal always does)."""
    if sys.platform == "win32":
        import ctypes

        try:
            kernel = ctypes.windll.kernel32
            mode = ctypes.c_ulong(0)
            if host.env.get("WT_SESSION") or not kernel.GetConsoleMode(
                kernel.GetStdHandle(_STANDARD_OUTPUT), ctypes.byref(mode)
            ):
                return True  # no console of the old kind: a pipe, or another terminal
            return bool(mode.value & _VIRTUAL_TERMINAL) or sys.getwindowsversion().build >= 10586
        except (OSError, AttributeError):
            return True
    return True
