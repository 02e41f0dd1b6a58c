"""What a terminal is known to do with links (OSC 8) and with its clipboard (OSC 52). What is not known is not used.

Terminals name themselves by variables; over SSH most of those stay behind, and TERM alone tells. Sources: the lists of
the two sequences' adopters, and each terminal's own documentation; inside tmux its manual (set-clipboard,
allow-passthrough, hyperlinks since 3.4).
"""

import base64
import re
from dataclasses import dataclass

from diagnostics.host import Host

_NO_SCREEN = {"", "dumb", "linux", "vt100", "vt220", "ansi", "cons25"}
_BY_TERM = ("kitty", "ghostty", "alacritty", "foot", "wezterm", "contour", "rio")
"""Parts of TERM by which terminals that do both name themselves, also over SSH."""
_LINKS = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "WarpTerminal", "rio", "Tabby", "mintty"}
_CLIPBOARD = {"iTerm.app", "WezTerm", "vscode", "ghostty", "WarpTerminal", "rio", "mintty"}
"""By TERM_PROGRAM. Apple's Terminal does neither."""
_VTE_LINKS = 5000
"""VTE_VERSION of 0.50, the first in which links are sound. VTE takes nothing for the clipboard."""
_KONSOLE_LINKS = 201200
_TMUX_LINKS = (3, 4)
_SECONDS = 1.0
_MOST = 8192
"""Characters for the clipboard: some terminals take no more in one sequence."""


def has_links(host: Host) -> bool:
    """Whether the terminal is known to show OSC 8 links, or to drop them without a trace (tmux 3.4)."""
    env, term = host.env, host.env.get("TERM", "")
    if term in _NO_SCREEN and not env.get("WT_SESSION"):
        return False
    if env.get("TMUX"):
        version = env.get("TERM_PROGRAM_VERSION", "") if env.get("TERM_PROGRAM") == "tmux" else ""
        return _version(version) >= _TMUX_LINKS
    if _in_other_multiplexer(host):
        return False
    return (
        _named(host, _LINKS)
        or _number(env.get("VTE_VERSION")) >= _VTE_LINKS
        or _number(env.get("KONSOLE_VERSION")) >= _KONSOLE_LINKS
    )


@dataclass(frozen=True, slots=True)
class Clipboard:
    """The way of a text to the clipboard of the person's own terminal."""

    begins: str = ""
    """What stands before the text in base64; "" = there is no way."""
    ends: str = ""
    why_not: str = ""
    """Why there is none, and what to do."""

    def sequence(self, text: str) -> str:
        """What to send. In: a text that is no credential; at most some thousand characters are taken."""
        return self.begins + base64.b64encode(text[:_MOST].encode()).decode("ascii") + self.ends


_PLAIN = Clipboard("\x1b]52;c;", "\x07")
_THROUGH_TMUX = Clipboard("\x1bPtmux;\x1b\x1b]52;c;", "\x07\x1b\\")
_NOT_KNOWN = Clipboard(
    why_not="This terminal is not known to take it: select it with the mouse (Shift held down) and copy it there."
)
_IN_TMUX = Clipboard(why_not="tmux keeps it from your terminal. To change that: tmux set -g set-clipboard on")
_IN_SCREEN = Clipboard(
    why_not="screen and zellij are not asked to hand it on: select it with their own keys."
)


def clipboard_of(host: Host) -> Clipboard:
    """The way to the clipboard. Asks tmux, where we are in it, within a second."""
    if host.env.get("TMUX"):
        return _through_tmux(host)
    if _in_other_multiplexer(host):
        return _IN_SCREEN
    return _PLAIN if _named(host, _CLIPBOARD) else _NOT_KNOWN


def _through_tmux(host: Host) -> Clipboard:
    """`on`: tmux takes it and hands it on. Else only its passthrough could, where that is allowed."""
    if _tmux_says(host, "show-options", "-sv", "set-clipboard") == "on":
        return _PLAIN
    if _tmux_says(host, "show-options", "-Apv", "allow-passthrough") in {"on", "all"}:
        return _THROUGH_TMUX
    return _IN_TMUX


def _tmux_says(host: Host, *words: str) -> str:
    from diagnostics.child import ChildTimeoutError, run_child

    try:
        result = run_child(["tmux", *words], env=host.env, seconds=_SECONDS)
    except (OSError, ChildTimeoutError):
        return ""
    return result.output.decode("utf-8", "replace").strip()


def _named(host: Host, programs: set[str]) -> bool:
    env, term = host.env, host.env.get("TERM", "")
    return (
        any(each in term for each in _BY_TERM)
        or env.get("TERM_PROGRAM") in programs
        or env.get("LC_TERMINAL") in programs | {"iTerm2"}  # iTerm2 sends it along over SSH
        or bool(env.get("WT_SESSION"))
    )


def _in_other_multiplexer(host: Host) -> bool:
    return bool(host.env.get("STY") or host.env.get("ZELLIJ")) or host.env.get("TERM", "").startswith(
        ("screen", "tmux")
    )


def _version(text: str) -> tuple[int, ...]:
    """`3.4a` as (3, 4)."""
    return tuple(int(each) for each in re.findall(r"\d+", text)[:2])


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
