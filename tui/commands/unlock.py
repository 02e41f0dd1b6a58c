"""`mcp-doctor unlock`: whatever stands between here and an open default keychain, also with no display."""

import sys

from diagnostics.model import Stage, Status
from diagnostics.secret import Secret
from tui import terminal
from tui.arguments import Call
from tui.commands.check import session_of
from tui.usage import UsageError

_NAMES = ("password", "new-password")


def run(call: Call) -> int:
    """Asks only the store's checks and applies the one remedy that leads to an open keychain.

    Out: 0 = open now, 1 = not. The consent is the command itself; the password is asked for, or read from
    standard input up to its end (one line break at the end is not part of it).
    """
    from diagnostics.check import all_checks
    from diagnostics.context import Context
    from diagnostics.runner import diagnose
    from recovery.journal import Journal
    from recovery.planner import remedies_for
    from recovery.runner import carry_out, preview

    session = session_of(call)
    given = _from_stdin() if call.extra["password_stdin"] else None
    context = Context(session.host, session.options, [], [], session.open_store(session.host))
    checks = [each for each in all_checks() if each.stage in {Stage.BACKEND, Stage.PERMISSION}]
    broken = [each for each in diagnose(context, checks) if each.status is Status.FAIL]
    if not broken:
        terminal.say("The keychain is open: nothing to do.")
        return 0
    for finding in broken:
        for remedy in remedies_for(finding, context):
            if not remedy.steps:
                continue
            if "create" in remedy.id and not call.extra["create"]:
                raise UsageError("there is no keychain yet; to create one: mcp-doctor unlock --create")
            world = session.open_world(session.host)
            terminal.describe(remedy, preview(remedy, world))
            answers = terminal.ask_all(remedy.asks, dict.fromkeys(_NAMES, given) if given else None)
            outcome = carry_out(remedy, answers, world, Journal(session.host))
            terminal.say(f"  {'The keychain is open.' if outcome.ok else outcome.error}", *outcome.notes)
            return 0 if outcome.ok else 1
        terminal.say(finding.title, f"  {finding.detail}", *(f"  {line}" for line in finding.fix))
        return 1
    return 1


def _from_stdin() -> Secret:
    text = sys.stdin.buffer.read(4096).decode("utf-8", "surrogateescape")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError("--password-stdin: standard input is empty; an empty password is never sent")
    return Secret(text)
