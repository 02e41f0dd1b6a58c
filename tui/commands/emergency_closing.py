"""`mcp-doctor emergency close`: the way back to the usual path, and the report."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked
from tui.commands.emergency_status import incidents_of
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.context import Context
    from recovery.emergency.incident import Incident


def close_named(call: Call, session: DoctorSession) -> int:
    """Closes the incident that the call names. Out: as `close`."""
    place = Path(call.extra["output"]).expanduser().absolute() if call.extra["output"] else None
    return close(
        session,
        _first(call.names),
        revoked=call.extra["revoked"],
        anyway=call.extra["anyway"],
        start=call.options.start,
        place=place,
    )


def close(
    session: DoctorSession,
    wanted: str | None,
    *,
    revoked: bool = False,
    anyway: bool = False,
    start: bool = False,
    place: Path | None = None,
) -> int:
    """The walk: the token goes, the usual path is asked, the token is revoked, the report is written.

    In: `wanted` = the incident, by its id or server; None = the only one; `start` = the server is started for a
    handshake too. Out: 0 closed, 1 it stays open. Raises UsageError where it is not clear which one is meant.
    """
    from diagnostics.runner import diagnose
    from recovery.emergency.closing import end_token, finish, normal_path, rotation_page
    from recovery.emergency.incident import find
    from recovery.journal import Journal
    from recovery.model import RecoveryError

    try:
        incident = find(incidents_of(session), wanted)
    except RecoveryError as error:
        raise UsageError(str(error)) from error
    world, journal = session.open_world(session.host), Journal(session.host)
    terminal.say(f"Closing incident {incident.id}: emergency access for {incident.server}", "")
    outcome = end_token(incident, world, journal)
    if not outcome.ok:
        terminal.say(f"  {outcome.error}", *(f"  {each}" for each in outcome.notes))
        return 1
    terminal.say("1. The emergency token is gone from this computer.")
    context = _look(session, incident, start=start)
    broken = normal_path(diagnose(context))
    if broken:
        terminal.say("2. The usual path does not work yet:", *(f"   ✗ {each}" for each in broken))
        terminal.say(f"   $ mcp-doctor fix {incident.server}")
    else:
        how = "it was started, and it answers" if start else "every check was asked again"
        terminal.say(f"2. The usual path of {incident.server} works: {how}.")
        if not start:
            terminal.say("   To see that it also starts: mcp-doctor check --start")
    page = rotation_page(incident, context)
    terminal.say("3. Whoever saw the emergency token can still use it: revoke it at its provider.")
    terminal.say(*([f"   {page}"] if page else []))
    if not revoked and terminal.can_ask():
        revoked = terminal.agreed("   Was it revoked?")
    if broken and not anyway:
        if not terminal.can_ask():
            terminal.say("The incident stays open. Mend the path, or add --anyway.")
            return 1
        if not terminal.agreed("Close the incident although the usual path does not work?"):
            terminal.say("The incident stays open.")
            return 1
    outcome, written = finish(
        incident, "; ".join(broken) or "ok", world, journal, place, token_revoked=revoked
    )
    if not outcome.ok:
        terminal.say(f"  {outcome.error}", *(f"  {each}" for each in outcome.notes))
        return 1
    terminal.say(
        "4. The incident is closed."
        if revoked
        else "4. The incident is closed; the revocation is NOT confirmed."
    )
    if isinstance(written, str):
        terminal.say(f"   The report was not written: {written}")
        return 1
    terminal.say(*(f"   Report: {each}" for each in written))
    return 0


def _look(session: DoctorSession, incident: "Incident", *, start: bool) -> "Context":
    options = dataclasses.replace(session.options, start=start or session.options.start)
    try:
        return looked(
            dataclasses.replace(session, names=incident.servers or (incident.server,), options=options)
        )
    except UsageError as error:
        raise UsageError(f"{error}. Name the config with --config, as at the start") from error


def _first(names: Sequence[str]) -> str | None:
    if len(names) > 1:
        raise UsageError("name one incident, by its id or its server")
    return names[0] if names else None
