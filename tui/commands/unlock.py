"""`mcp-doctor unlock`: whatever stands between here and an open default keychain, also with no display."""

import sys

from diagnostics.model import Platform
from diagnostics.secret import Secret
from diagnostics.stores.choice import choice_of
from recovery.model import AskKind
from tui import terminal
from tui.arguments import Call
from tui.commands.check import session_of
from tui.commands.interrupted import settle
from tui.usage import UsageError


def run(call: Call) -> int:
    """Applies the one remedy that leads from this host's state to an open keychain.

    Out: 0 = open now, 1 = not. The consent is the command itself, unless a step can't be taken back; the password
    is asked for, or read from standard input up to its end (one line break at the end is not part of it).
    """
    from recovery.backups.advice import advice_before
    from recovery.journal import Journal
    from recovery.model import RecoveryError, Risk
    from recovery.planner import unlock_remedy
    from recovery.runner import carry_out, preview

    session = settle(session_of(call), harmless=True)  # taking something back needs an open keychain, too
    if session is None:
        return 1
    if session.host.platform is Platform.WINDOWS:
        raise UsageError("Windows opens its Credential Manager when you log in: there is nothing to unlock")
    choice = choice_of(session.host)
    if choice is not None:
        raise UsageError(
            f"the encrypted store is in use (chosen by {choice.by}), which has no password; "
            "its state: mcp-doctor check"
        )
    from diagnostics.stores.secret_service import probe

    try:
        world = session.open_world(session.host)
        state = world.keychain.state() if session.host.platform is Platform.MACOS else probe(session.host)
        remedy = unlock_remedy(session.host, state, probe)
        changes = preview(remedy, world)
    except RecoveryError as error:
        terminal.say(str(error))
        return 1
    if not remedy.steps:
        terminal.say("The keychain is open: nothing to do.")
        return 0
    creates = any(ask.kind is AskKind.NEW_PASSWORD for ask in remedy.asks)
    if creates and not call.extra["create"]:
        raise UsageError("there is no keychain yet; to create one: mcp-doctor unlock --create")
    terminal.describe(remedy, changes, advice_before(remedy, session.host))
    given = _from_stdin() if call.extra["password_stdin"] else None
    if remedy.risk is Risk.FINAL and given is None and not terminal.consent(remedy):
        terminal.say("  Left as it is.")
        return 1
    answers = terminal.ask_all(remedy.asks, {ask.name: given for ask in remedy.asks} if given else None)
    outcome = carry_out(remedy, answers, world, Journal(session.host))
    terminal.say(f"  {'The keychain is open.' if outcome.ok else outcome.error}", *outcome.notes)
    return 0 if outcome.ok else 1


def _from_stdin() -> Secret:
    text = sys.stdin.buffer.read(4096).decode("utf-8", "surrogateescape")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError("--password-stdin: standard input is empty; an empty password is never sent")
    return Secret(text)
