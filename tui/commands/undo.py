"""`mcp-doctor undo`: takes back the last (or the named) recovery operation."""

from typing import TYPE_CHECKING

from tui import terminal
from tui.arguments import Call
from tui.commands.check import session_of

if TYPE_CHECKING:
    from recovery.journal import Journal


def run(call: Call) -> int:
    """Out: 0 when it was taken back, 1 when it could not be."""
    from recovery.journal import Journal
    from recovery.runner import asks_to_undo, undo

    session = session_of(call)
    journal = Journal(session.host)
    wanted = call.extra["operation"] or _cut_off(journal)
    answers = terminal.ask_all(asks_to_undo(wanted, journal))
    outcome = undo(wanted, session.open_world(session.host), journal, answers=answers)
    terminal.say(f"Taken back: {outcome.title}" if outcome.ok else outcome.error, *outcome.notes)
    return 0 if outcome.ok else 1


def _cut_off(journal: "Journal") -> str | None:
    """The newest operation that was left half done comes before those that are finished, and that is said."""
    from recovery.model import RecoveryError

    try:
        found = journal.interrupted()
    except RecoveryError:
        return None  # `undo` says why the trail can't be read
    if not found:
        return None
    terminal.say(f'"{found[-1].title}" was left half done: that is taken back first.')
    return found[-1].id
