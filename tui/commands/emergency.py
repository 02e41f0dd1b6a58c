"""`mcp-doctor emergency start|status|close`: a token that ends by itself, while the keychain can't be mended in time."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.emergency import left_in_words
from diagnostics.report.text import SIGNS
from diagnostics.secret import Secret
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.commands.interrupted import settle
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.context import Context
    from recovery.emergency.incident import Incident
    from recovery.emergency.policy import Policy
    from recovery.emergency.target import Target

_LONGEST = 64 * 1024
"""Bytes of a token from a pipe."""


def run(call: Call) -> int:
    """Out: 0 done; 1 not done, or the incident stays open; 2 a wrong call, or a trail that can't be read."""
    verbs = {"start": _start, "status": _status, "close": _close}
    # What `--` starts has standard output to itself, from the first byte.
    words_go = contextlib.redirect_stdout(sys.stderr) if call.extra["launch"] else contextlib.nullcontext()
    with words_go:
        return verbs[call.extra["verb"]](call, session_of(call))


# ── start ───────────────────────────────────────────────────────────────────────────────────────────────────


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

    incident = find(_incidents(session), call.names[0])
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
        for each in _incidents(session)
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


# ── status ──────────────────────────────────────────────────────────────────────────────────────────────────


def _status(call: Call, session: DoctorSession) -> int:
    found = _incidents(session)
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


# ── close ───────────────────────────────────────────────────────────────────────────────────────────────────


def _close(call: Call, session: DoctorSession) -> int:
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
        incident = find(_incidents(session), wanted)
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
    import dataclasses

    options = dataclasses.replace(session.options, start=start or session.options.start)
    try:
        return looked(
            dataclasses.replace(session, names=incident.servers or (incident.server,), options=options)
        )
    except UsageError as error:
        raise UsageError(f"{error}. Name the config with --config, as at the start") from error


def _incidents(session: DoctorSession) -> "list[Incident]":
    from recovery.emergency.incident import incidents
    from recovery.journal import Journal
    from recovery.model import RecoveryError

    try:
        return incidents(session.host, Journal(session.host))
    except RecoveryError as error:
        raise UsageError(str(error)) from error


def _first(names: Sequence[str]) -> str | None:
    if len(names) > 1:
        raise UsageError("name one incident, by its id or its server")
    return names[0] if names else None
