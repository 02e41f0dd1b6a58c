"""Closing an incident: the token goes first, the usual path is asked, then the record, then the report."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.model import Finding, Status
from recovery.emergency.incident import Incident, close_remedy, end_token_remedy, incidents
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.outcome import Outcome
from recovery.ports import RecoveryWorld
from recovery.runner import carry_out

if TYPE_CHECKING:
    from diagnostics.context import Context

OWN_CHECK = "backend.emergency"
"""It speaks of the incident itself, not of the path."""


def end_token(incident: Incident, world: RecoveryWorld, journal: Journal) -> Outcome:
    """Takes the token away. The incident stays open."""
    return carry_out(end_token_remedy(incident.id), {}, world, journal)


def normal_path(findings: Iterable[Finding]) -> list[str]:
    """What keeps the server from its credential on the usual path; [] = nothing. What nobody knows counts too."""
    found = []
    for each in findings:
        if each.check == OWN_CHECK:
            continue
        if each.status is Status.FAIL:
            found.append(each.title)
        elif each.status is Status.UNKNOWN and each.stage.value in {"backend", "permission", "lookup"}:
            found.append(f"could not find out: {each.title}")
    return list(dict.fromkeys(found))


def rotation_page(incident: Incident, context: "Context") -> str:
    """Where the credential's provider lets tokens be revoked, "" = not known."""
    from diagnostics.catalog.providers import provider
    from diagnostics.servers.command_line import command_line
    from diagnostics.tokens.token_format import identify
    from recovery.emergency.target import name_of

    for server in context.servers:
        for each in server.references:
            if name_of(each) in incident.names and each.field.startswith("env."):
                found = identify("", each.field.removeprefix("env."), command_line(server))
                if found is not None:
                    return provider(found).rotation_url
    return ""


def finish(
    incident: Incident,
    path: str,
    world: RecoveryWorld,
    journal: Journal,
    place: Path | None = None,
    *,
    token_revoked: bool,
) -> tuple[Outcome, tuple[Path, Path] | str]:
    """Closes, and writes the report. In: `path` = `ok`, or what is wrong with the usual path.

    Out: what became of closing; the report's two files, or why they were not written.
    """
    from recovery.emergency.report import folder, write

    outcome = carry_out(close_remedy(incident, path, token_revoked=token_revoked), {}, world, journal)
    if not outcome.ok:
        return outcome, "the incident is not closed"
    try:
        closed = next(each for each in incidents(world.host, journal) if each.id == incident.id)
        return outcome, write(closed, journal.examine(), place or folder(world.host), world.files)
    except StopIteration:
        return outcome, "the audit trail does not tell of it"
    except RecoveryError as error:
        return outcome, str(error)
