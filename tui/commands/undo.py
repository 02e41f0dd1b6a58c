"""`mcp-doctor undo`: takes back the last (or the named) recovery operation."""

from tui import terminal
from tui.arguments import Call
from tui.commands.check import session_of


def run(call: Call) -> int:
    """Out: 0 when it was taken back, 1 when it could not be."""
    from recovery.journal import Journal
    from recovery.runner import undo

    session = session_of(call)
    outcome = undo(call.extra["operation"], session.open_world(session.host), Journal(session.host))
    terminal.say(f"Taken back: {outcome.title}" if outcome.ok else outcome.error, *outcome.notes)
    return 0 if outcome.ok else 1
