"""How a state looks: glyph, word and style, always together, so that colour alone never tells."""

from dataclasses import dataclass

from diagnostics.host import Host
from diagnostics.model import Platform, Status


@dataclass(frozen=True, slots=True)
class Face:
    """One state's look. `style` names a variable of the theme."""

    glyph: str
    plain: str
    """The glyph where the terminal has few characters."""
    word: str
    name: str
    """Suffix of the style classes: `ok`, `fail`, …"""
    style: str


FACES: dict[Status | None, Face] = {
    Status.OK: Face("✓", "+", "ok", "ok", "$text-success"),
    Status.WARN: Face("▲", "!", "warning", "warn", "$text-warning"),
    Status.FAIL: Face("✗", "x", "broken", "fail", "$text-error"),
    Status.UNKNOWN: Face("?", "?", "unclear", "unknown", "$text-secondary"),
    Status.SKIP: Face("○", "-", "not asked", "skip", "$foreground-muted"),
    None: Face("·", ".", "waiting", "pending", "$foreground-muted"),
}
ASKING = Face("◌", "~", "asking", "asking", "$text-primary")


def has_few_characters(host: Host) -> bool:
    """Whether check marks and circles can't be counted on: the Linux console, or a locale without UTF-8."""
    if host.env.get("TERM") in {"linux", "vt100", "vt220", "ansi"}:
        return True
    if host.platform is not Platform.LINUX:
        return False
    locale = host.env.get("LC_ALL") or host.env.get("LC_CTYPE") or host.env.get("LANG") or ""
    return bool(locale) and "utf" not in locale.lower() and locale not in {"C", "POSIX"}


def has_few_colours(host: Host) -> bool:
    """Whether the terminal names only 16 colours, so that a theme must keep to the terminal's own."""
    env = host.env
    if env.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return False
    term = env.get("TERM", "")
    return bool(term) and not any(hint in term for hint in ("256", "direct", "kitty", "ghostty", "alacritty"))
