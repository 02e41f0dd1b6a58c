"""Itself: the language settings, which decide whether names and signs survive on their way to a screen or a file."""

import locale
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.check import Verdict, ok, warn
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.itself import about_itself
from diagnostics.model import Platform, Stage, Store


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    """What was asked for and what is in use."""

    platform: Platform
    asked: str
    """The value of LC_ALL, LC_CTYPE or LANG, the first that is set; "" = none is."""
    asked_by: str
    """That variable's name."""
    in_use: str
    """What the C library made of it (`en_GB.UTF-8`, `C`)."""
    output: str
    """Encoding of standard output; "" where there is none."""
    files: str
    """Encoding of file names."""
    utf8_mode: bool = False


@about_itself(Stage.START)
def language(context: Context, _store: Store) -> Iterator[Verdict]:
    """Can every character be written and shown here?"""
    return judge(look(context.host))


def look(host: Host) -> LanguageFacts:
    """The facts of this process."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    by = next((each for each in names if host.env.get(each)), "")
    return LanguageFacts(
        platform=host.platform,
        asked=host.env.get(by, "") if by else "",
        asked_by=by,
        in_use=locale.setlocale(locale.LC_CTYPE),
        output=getattr(sys.stdout, "encoding", None) or "",
        files=sys.getfilesystemencoding(),
        utf8_mode=bool(sys.flags.utf8_mode),
    )


def judge(facts: LanguageFacts) -> Iterator[Verdict]:
    """What gets lost; one `ok` where nothing does."""
    told = {
        "asked": facts.asked,
        "asked_by": facts.asked_by,
        "output": facts.output,
        "files": facts.files,
    }
    seen = (
        f"{facts.asked_by}={facts.asked}" if facts.asked else "LC_ALL, LC_CTYPE and LANG are not set",
        f"in use: {facts.in_use}; output {facts.output or 'none'}, file names {facts.files}",
    )
    found = False
    if not _is_utf8(facts.files):
        found = True
        yield warn("file-names", "locale_unsuitable", evidence=seen, **told)
    if facts.output and not _is_utf8(facts.output):
        found = True
        if facts.platform is Platform.WINDOWS:
            yield warn("code-page", "locale_unsuitable", evidence=seen, **told)
        else:
            yield warn("output", "locale_unsuitable", evidence=seen, **told)
    plain = {"C", "POSIX", "C.UTF-8", "C.utf8"}
    wants_more = facts.platform is not Platform.WINDOWS and facts.asked not in {"", *plain}
    if wants_more and facts.in_use in plain and not found:
        found = True
        yield warn("not-installed", "locale_unsuitable", evidence=seen, **told)
    if not found:
        yield ok("sound", evidence=seen, **told)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "").startswith("utf8")
