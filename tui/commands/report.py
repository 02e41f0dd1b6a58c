"""`mcp-doctor report`: the support bundle. Gathers, shows what is in it, asks, and only then writes."""

from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.standard_error import tell
from diagnostics.text import clean
from tui.arguments import Call
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.context import Context
    from diagnostics.model import Finding
    from diagnostics.support.bundle import Bundle

ENDINGS = {"zip": ".zip", "text": ".txt", "folder": ""}
_BROKE = 4


def run(call: Call) -> int:
    """Out: 0; 2 where nothing could be asked or written; 4 where the last look found what must not leave.

    Raises:
        UsageError: a server or file that is not there, a place that can't be written to, nobody to ask.
    """
    from tui.commands.check import session_of

    return hand_over(session_of(call), call)


def hand_over(session: DoctorSession, call: Call) -> int:
    """`report` on a given session."""
    from recovery.support import LeakError, Wanted, gather
    from tui.terminal import can_ask, say

    form = call.extra.get("format", "zip")
    output = call.extra.get("output")
    shows = bool(call.extra.get("show"))
    if not (shows or call.extra.get("yes") or can_ask()):
        raise UsageError(
            "nothing was written: there is no terminal to ask at; --show shows the bundle, --yes writes it"
        )
    if output is not None:
        _refuse(Path(output))
    wanted = Wanted(bool(call.extra.get("keep_names")), bool(call.extra.get("with_reasons")))
    tell("Gathering, and taking names and secrets out …")
    context, findings = examined(session)
    try:
        bundle = gather(context, findings, wanted)
    except LeakError as error:
        tell(f"mcp-doctor: {clean(str(error))}")
        return _BROKE
    say(*(bundle.as_text() if shows else bundle.index()).splitlines())
    place = Path(output) if output is not None else session.host.cwd / f"{bundle.name}{ENDINGS[form]}"
    if not call.extra.get("yes"):
        if not can_ask():
            return 0
        if not _agreed(bundle, place, shown=shows):
            say("Nothing was written.")
            return 0
    return _write(bundle, place, form)


def examined(session: DoctorSession) -> "tuple[Context, list[Finding]]":
    """The session's view and its findings; where the checks break off, those that were made before.

    Raises:
        UsageError: a server, client or named file that is not there.
    """
    from diagnostics.runner import diagnose
    from tui.commands.check import looked

    try:
        context = looked(session)
    except UsageError:
        raise
    except Exception as error:
        from diagnostics.itself.questions import examined as examined_itself

        tell(f"The configs can't be looked at ({type(error).__name__}); the bundle has what is left.")
        return examined_itself(session.host, session.options)[0], []
    findings: list[Finding] = []
    try:
        findings.extend(diagnose(context))
    except Exception as error:  # a broken host is what such a bundle is about: what there is must come out
        tell(f"The checks broke off ({type(error).__name__}); the bundle has what was found before.")
    return context, findings


def _agreed(bundle: "Bundle", place: Path, *, shown: bool) -> bool:
    from tui.terminal import say, typed

    say("", f"It would be written to {clean(str(place))}")
    while True:
        choice = "[y/N]" if shown else "[y/N, s = show all of it]"
        given = typed(f"Write it there? {choice} ").strip().lower()
        if given != "s" or shown:
            return given in {"y", "yes"}
        say(*bundle.as_text().splitlines())
        shown = True


def _write(bundle: "Bundle", place: Path, form: str) -> int:
    from recovery.model import RecoveryError
    from recovery.support import write
    from tui.terminal import say

    try:
        write(bundle, place, form)
    except RecoveryError as error:
        raise UsageError(f"the report was not written: {error}") from error
    say(f"Written: {clean(str(place))} (only you can read it)")
    return 0


def _refuse(place: Path) -> None:
    import os

    if os.path.lexists(place):
        raise UsageError(f"--output {clean(str(place))}: this is there already, and is left as it is")
    if not place.parent.is_dir():
        raise UsageError(f"--output {clean(str(place))}: there is no such folder")
