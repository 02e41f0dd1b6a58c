"""What `mcp-doctor run` does while an incident is open: says so at every start, and serves the token to its server."""

from collections.abc import Sequence

from diagnostics.emergency import OpenIncident, left_in_words, open_incidents
from diagnostics.host import Host
from diagnostics.model import Reference, Server
from diagnostics.secret import Secret
from diagnostics.standard_error import tell
from diagnostics.text import clean
from diagnostics.tokens.masking import mask_pasted

_SECONDS = 1.5
"""Limit of waiting for the audit trail: a server's start waits for it."""


class Serving:
    """One start. Making it prints the line on standard error."""

    def __init__(self, server: Server, host: Host) -> None:
        self._host = host
        self._server = server
        self._token: dict[str, Secret | None] = {}
        found = open_incidents(host)
        self._mine = [each for each in found if _is_for(each, server)]
        if found:
            tell(mask_pasted(clean(_line(found, self._mine), 1000)))

    def value(self, reference: Reference) -> Secret | None:
        """The emergency token, where this reference of this server is to get it; None = look where it always is."""
        from recovery.emergency.target import SERVED, name_of

        if reference.syntax not in SERVED:
            return None
        wanted = name_of(reference)
        for each in reversed(self._mine):
            if wanted in each.names:
                if each.id not in self._token:
                    self._token[each.id] = self._fetch(each, wanted)
                if self._token[each.id] is not None:
                    return self._token[each.id]
        return None

    def _fetch(self, incident: OpenIncident, name: str) -> Secret | None:
        """The token, once it is on record that it is handed out. No record, no token."""
        from recovery.emergency import keeping
        from recovery.journal import Event, Journal
        from recovery.model import RecoveryError

        if incident.seconds_left() <= 0:
            return None
        try:
            token = keeping.read(incident)
            if token is None:
                alone = incident.held_by == keeping.PROCESS and not incident.socket
                why = "only what its own process starts can have it" if alone else "it is not held any more"
                tell(f"mcp-doctor: the emergency token is not served: {why}; the usual store is asked")
                return None
            journal = Journal(self._host, _SECONDS, reason=incident.reason, ticket=incident.ticket)
            journal.append(
                Event.NOTE,
                incident.id,
                emergency=True,
                deed="served",
                title=f"Emergency token served to {clean(incident.server, 100)}",
                server=self._server.id or incident.server,
                name=name,
                token=journal.fingerprint(token),
            )
        except RecoveryError as error:
            why = mask_pasted(clean(str(error), 400))
            tell(f"mcp-doctor: the emergency token is not served: {why}; the usual store is asked")
            return None
        return token


def _is_for(incident: OpenIncident, server: Server) -> bool:
    """By the entry's id; a launcher that is given a command has none and is told by that command."""
    from recovery.emergency.target import start_of

    return server.id in incident.servers if server.id else start_of(server) in incident.starts


def _line(found: Sequence[OpenIncident], mine: Sequence[OpenIncident]) -> str:
    told = mine[-1] if mine else found[-1]
    left = told.seconds_left()
    time = f"its token is held for {left_in_words(left)} more" if left > 0 else "the time of its token is up"
    here = "" if mine else "; not for this start"
    more = f" ({len(found)} incidents are open)" if len(found) > 1 else ""
    return (
        f"mcp-doctor: emergency access is open for {told.server}: {time}{here}{more}. "
        f"Close it: mcp-doctor emergency close {told.id}"
    )
