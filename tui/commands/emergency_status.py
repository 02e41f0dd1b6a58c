"""`mcp-doctor emergency status`: which incidents are open, and how long their tokens are held."""

import sys
from typing import TYPE_CHECKING

from diagnostics.emergency import left_in_words
from tui import terminal
from tui.arguments import Call
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.emergency.incident import Incident


def status(call: Call, session: DoctorSession) -> int:
    """Prints the open incidents; with `--all` the closed ones too. Out: 0."""
    found = incidents_of(session)
    shown = [each for each in found if each.is_open or call.extra["all"]]
    if call.extra["format"] == "json":
        import json

        told = {"schema": "mcp-doctor.incidents/1", "incidents": [each.data() for each in shown]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return 0
    if not shown:
        terminal.say("No incident is open.")
    for number, each in enumerate(shown):
        terminal.say(*([""] if number else []), *_told(each))
    return 0


def _told(incident: "Incident") -> list[str]:
    left = incident.seconds_left
    if incident.closed:
        time = f"closed {_minute(incident.closed)} UTC"
    elif left > 0:
        where = ", by the window that began it, and gone with it" if incident.held_by_process else ""
        time = f"held for {left_in_words(left)} more{where}"
    elif incident.held_by_process:
        time = "gone: its time is up, or the process that held it has ended. The incident stays open until it is closed"
    else:
        time = "its time is up: it is gone. The incident stays open until it is closed"
    rows = [
        ("reason", incident.reason),
        ("ticket", incident.ticket),
        ("who", incident.who),
        ("since", f"{_minute(incident.began)} UTC"),
        ("token", time),
        ("served", "never" if not incident.served else f"{len(incident.served)}×"),
    ]
    lines = [f"Incident {incident.id}, {incident.state}: emergency access for {incident.server}"]
    lines += [f"  {name:<7} {value}" for name, value in rows if value]
    if incident.is_open:
        lines.append(f"  $ mcp-doctor emergency close {incident.id}")
    return lines


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")


def incidents_of(session: DoctorSession) -> "list[Incident]":
    """Every incident that the trail tells of. Raises UsageError where the trail can't be read."""
    from recovery.emergency.incident import incidents
    from recovery.journal import Journal
    from recovery.model import RecoveryError

    try:
        return incidents(session.host, Journal(session.host))
    except RecoveryError as error:
        raise UsageError(str(error)) from error
