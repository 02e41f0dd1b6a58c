"""`mcp-doctor emergency start|status|close`: a token that ends by itself, while the keychain can't be mended in time."""

import contextlib
import sys
from typing import TYPE_CHECKING

from diagnostics.emergency import left_in_words
from diagnostics.report.text import SIGNS
from diagnostics.secret import Secret
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.commands.emergency_closing import close_named
from tui.commands.emergency_status import incidents_of, status
from tui.commands.interrupted import settle
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from recovery.emergency.policy import Policy
    from recovery.emergency.target import Target

_LONGEST = 64 * 1024
"""Bytes of a token from a pipe."""


def run(call: Call) -> int:
    """Out: 0 done; 1 not done, or the incident stays open; 2 a wrong call, or a trail that can't be read."""
    verbs = {"start": _start, "status": status, "close": close_named}
    # What `--` starts has standard output to itself, from the first byte.
    words_go = contextlib.redirect_stdout(sys.stderr) if call.extra["launch"] else contextlib.nullcontext()
    with words_go:
        return verbs[call.extra["verb"]](call, session_of(call))


def _start(call: Call, session: DoctorSession) -> int:
    from recovery.core_dump import forbid
    from recovery.emergency.incident import start_remedy
    from recovery.emergency.opening import make_sure_others_get_it, step_for
    from recovery.emergency.policy import read_policy
    from recovery.journal import Journal
    from recovery.model import RecoveryError
    from recovery.runner import carry_out, preview

    forbid(session.host)
    policy = read_policy(session.host)
    if policy.notice:
        sys.stderr.write(f"{policy.notice}\n")
    try:
        if call.extra["extend"]:
            return _extend(call, session, policy)
        target = target_named(session, call.names[0], call.extra["field"])
        step = step_for(
            target,
            policy,
            session.host,
            reason=call.extra["reason"],
            ticket=call.extra["ticket"],
            ttl=call.extra["ttl"],
            alone=bool(call.extra["launch"]),
        )
    except RecoveryError as error:
        raise UsageError(str(error)) from error
    settled = _settled(session)
    if settled is None:
        return 1
    session = settled
    world = session.open_world(session.host)
    remedy = start_remedy(step, None)
    try:
        if not call.extra["launch"]:
            make_sure_others_get_it(step, session.host)
        changes = preview(remedy, world)
    except RecoveryError as error:
        terminal.say(str(error))
        return 1
    terminal.describe(remedy, changes)
    terminal.say(*(f"  {each}" for each in (*_of_others(session, target), *warnings(target))))
    token = _accepted_token(call, target, session)
    if token is None:
        return 1
    journal = Journal(session.host, reason=step.reason, ticket=step.ticket)
    outcome = carry_out(remedy, {"token": token}, world, journal)
    if not outcome.ok:
        terminal.say(f"  {outcome.error}", *(f"  {each}" for each in outcome.notes))
        return 1
    del token
    terminal.say(
        f"Incident {step.incident} is open: {step.server} gets this token for {left_in_words(step.seconds)}.",
        *(f"  {each}" for each in journal.told),
    )
    if step.held_by:
        from tui.commands.emergency_holding import stay

        return stay(step, target, call.extra["launch"], session)
    terminal.say(
        "Restart the server in its client. When the keychain works again:",
        f"$ mcp-doctor emergency close {step.incident}",
    )
    return 0


def _settled(session: DoctorSession) -> DoctorSession | None:
    """What was left half done never keeps an emergency from being begun: a half-begun one is taken back, and it is said."""
    from recovery.emergency.incident import START
    from recovery.journal import Journal
    from recovery.model import RecoveryError
    from recovery.runner import resume

    try:
        half = [each for each in Journal(session.host).interrupted() if each.remedy == START]
    except RecoveryError:
        half = []
    for each in half:
        outcome = resume(each.id, session.open_world(session.host), Journal(session.host), finish=False)
        begun = each.at[:16].replace("T", " ")
        said = "it was taken back" if outcome.ok else "; ".join((outcome.error, *outcome.notes))
        sys.stderr.write(f'"{each.title}", begun {begun} UTC, was cut off half-way: {said}.\n')
    return settle(session, harmless=True)


def _accepted_token(call: Call, target: "Target", session: DoctorSession) -> Secret | None:
    """The token, looked at; None = it is not to be used, which has been said."""
    from recovery.emergency.opening import judge, make_sure_it_can_be_sent
    from recovery.model import RecoveryError

    token = _token(call)
    try:
        make_sure_it_can_be_sent(token)
    except RecoveryError as error:
        terminal.say(str(error))
        return None
    judgement = judge(token, target, session.host, session.options)
    terminal.say(*(f"  {SIGNS[each.status.value]} {each.words}" for each in judgement.remarks))
    if judgement.is_bad and not call.extra["yes"]:
        if not terminal.can_ask():
            terminal.say("Nothing was done. To take it all the same, add --yes.")
            return None
        if not terminal.agreed("Use it all the same?"):
            terminal.say("Nothing was done.")
            return None
    return token


def _extend(call: Call, session: DoctorSession, policy: "Policy") -> int:
    """More time for the token of an open incident. Raises RecoveryError where the call does not do."""
    from recovery.emergency.incident import extend_remedy, find
    from recovery.emergency.opening import extension_for
    from recovery.journal import Journal
    from recovery.model import RecoveryError
    from recovery.runner import carry_out, preview

    incident = find(incidents_of(session), call.names[0])
    if incident.shown is None:
        raise RecoveryError(f"incident {incident.id} is {incident.state}: its token can't be given more time")
    step = extension_for(incident.shown, policy, reason=call.extra["reason"], ttl=call.extra["ttl"])
    remedy, world = extend_remedy(step), session.open_world(session.host)
    try:
        terminal.describe(remedy, preview(remedy, world))
    except RecoveryError as error:
        terminal.say(str(error))
        return 1
    ticket = call.extra["ticket"] or incident.ticket
    outcome = carry_out(remedy, {}, world, Journal(session.host, reason=step.reason, ticket=ticket))
    if not outcome.ok:
        terminal.say(f"  {outcome.error}", *(f"  {each}" for each in outcome.notes))
        return 1
    terminal.say(
        f"Incident {incident.id}: {incident.server} gets the token for {left_in_words(step.seconds)} more."
    )
    return 0


def _of_others(session: DoctorSession, target: "Target") -> list[str]:
    """Open incidents of the same servers: the newest one's token is what they get."""
    mine = {each.id for each in target.servers}
    return [
        f"! incident {each.id} is open for {each.server} already: from now on it gets the new token. For more time "
        "with the same one there is --extend"
        for each in incidents_of(session)
        if each.is_open and mine.intersection(each.servers)
    ]


def target_named(session: DoctorSession, name: str, field: str | None) -> "Target":
    """What the token is for.

    Raises:
        UsageError: no such server, client or file.
        RecoveryError: the server has no credential that could be stood in for, or several.
    """
    import dataclasses

    from recovery.emergency.target import target_of

    context = looked(dataclasses.replace(session, names=(name,)))
    everything = [server for file in context.files for server in file.servers]
    return target_of(name, context.servers, everything, field)


def warnings(target: "Target") -> list[str]:
    """What the person should know before the token is given."""
    found = []
    if target.not_launched:
        found.append(
            f"! {', '.join(target.not_launched)}: its client starts it without `mcp-doctor run`, so it does not get the "
            f"token there. Let the entry start `mcp-doctor run -- COMMAND …`, or start it by mcp-doctor run {target.name}"
        )
    if target.shared_with:
        found.append(
            f"! {', '.join(target.shared_with)} is started by the very same command with the same reference: where its "
            "client calls `mcp-doctor run -- COMMAND`, it gets the token too"
        )
    return found


def _token(call: Call) -> Secret:
    if not call.extra["token_stdin"]:
        return terminal.hidden("Emergency token: ")
    content = sys.stdin.buffer.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise UsageError("--token-stdin: that is too long for a token")
    text = content.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError("--token-stdin: standard input is empty")
    return Secret(text)
