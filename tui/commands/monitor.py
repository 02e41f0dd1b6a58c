"""`mcp-doctor monitor`: rounds of checks by this host's own timer, which speak up only where something is new."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.host import Host
from diagnostics.text import clean
from recovery.model import RecoveryError, Remedy
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnostics.context import Context
    from diagnostics.model import Finding
    from diagnostics.monitor.changes import Limits
    from recovery.model import Change
    from recovery.monitor.plan import Plan

_GRACE = 30.0
"""Seconds for reading and writing the history, beside the round's own limit."""


def run(call: Call) -> int:
    """Out: the exit code of the verb. Raises UsageError."""
    verbs = {
        "install": _install,
        "run": _run,
        "status": _status,
        "history": _history,
        "uninstall": _uninstall,
    }
    return verbs[call.extra["verb"]](call)


# ── one round ───────────────────────────────────────────────────────────────────────────────────────────────


def _run(call: Call) -> int:
    import dataclasses

    from diagnostics.discovery import ConfigFileError, UnknownClientError, UnknownServerError
    from recovery.monitor.rounds import DEADLINE, Wish, run_round

    session = session_of(call)
    places = dict(call.extra["env"])
    session = dataclasses.replace(
        session, host=dataclasses.replace(session.host, env={**session.host.env, **places})
    )
    wish = Wish(
        limits=_limits(call),
        timer=call.extra["timer"],
        seconds=call.extra["deadline"] or DEADLINE,
        prometheus=call.extra["prometheus"] or "",
    )

    def look(host: Host) -> "Context":
        return dataclasses.replace(session, host=host).look()

    def say(lines: tuple[str, ...]) -> None:
        terminal.say(*lines)
        sys.stdout.flush()

    _end_after(wish.seconds + _GRACE)
    try:
        outcome = run_round(session.host, look, _diagnosed, wish, say)
    except (UnknownServerError, UnknownClientError, ConfigFileError) as error:
        raise UsageError(str(error)) from error
    if not outcome.is_busy or sys.stderr.isatty():  # cron would send a mail of it
        from diagnostics.standard_error import tell

        for each in outcome.troubles:
            tell(f"mcp-doctor monitor: {each}")
    return outcome.code


def _end_after(seconds: float) -> None:
    """Ends this process where a disk that does not answer keeps even the history from being read or written.

    Whoever hangs would hold the lock, and all later rounds would be left to it in silence.
    """
    import os
    import threading

    def end() -> None:
        from diagnostics.standard_error import tell

        tell(f"mcp-doctor monitor: the round did not end within {seconds:g} seconds: a disk does not answer")
        os._exit(4)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _diagnosed(context: "Context") -> "list[Finding]":
    from diagnostics.runner import diagnose

    return list(diagnose(context))


def _limits(call: Call) -> "Limits":
    from diagnostics.monitor.changes import Limits

    days = call.extra["expiring"]
    steps = [each for each in (14, 7, 3, 1) if each < days]
    return Limits(days_ahead=(days, *steps) if days else (), backup_days=call.extra["backup_days"])


def _history(call: Call) -> int:
    from tui.commands.monitor_history import run

    return run(call)


# ── install, uninstall ──────────────────────────────────────────────────────────────────────────────────────


def _install(call: Call) -> int:
    import dataclasses

    from diagnostics.monitor.schedule import minutes_of
    from diagnostics.monitor.timers import Engine
    from recovery.monitor.plan import install

    try:
        minutes = minutes_of(call.extra["every"])
    except ValueError as error:
        raise UsageError(f"--every: {error}") from error
    notes = _notes_on_metrics(call)
    session = _settled(call)
    if session is None:
        return 1
    looked(session)  # a name or file that is not there is told now, not in a log at night
    wanted = Engine(call.extra["engine"]) if call.extra["engine"] else None
    try:
        plan = install(session.host, _arguments(call, session.host.cwd), minutes, wanted)
    except RecoveryError as error:
        terminal.say(str(error))
        return 1
    return _carry_out(session, call, dataclasses.replace(plan, notes=(*plan.notes, *notes)))


def _notes_on_metrics(call: Call) -> tuple[str, ...]:
    """What to say of the place for metrics. Raises UsageError where nothing can be written there."""
    place = call.extra["prometheus"]
    if not place:
        return ()
    from tui.output import refuse

    refuse(place, "--prometheus")
    if place.endswith(".prom"):
        return ()
    return (f"{clean(place)}: node_exporter's textfile collector reads only names that end in .prom",)


def _uninstall(call: Call) -> int:
    from recovery.monitor.plan import uninstall

    session = _settled(call)
    if session is None:
        return 1
    try:
        plan = uninstall(session.host)
    except RecoveryError as error:
        terminal.say(str(error))
        return 1
    return _carry_out(session, call, plan)


def _settled(call: Call) -> DoctorSession | None:
    """The session, once what was left half done is dealt with; a preview needs nothing of that."""
    from tui.commands.interrupted import settle

    session = session_of(call)
    return session if call.extra["dry_run"] else settle(session)


def _arguments(call: Call, here: Path) -> list[str]:
    """What each round is called with: the options of this call, with full paths, for a timer stands elsewhere."""
    words = [f"--config={here / path}" for path in call.options.config]
    if call.options.client:
        words.append(f"--client={call.options.client}")
    words += [f"--provider-url={name}={url}" for name, url in call.options.provider_urls.items()]
    if call.options.offline:
        words.append("--offline")
    if call.extra["prometheus"]:
        words.append(f"--prometheus={here / call.extra['prometheus']}")
    if call.extra["expiring"] != 14:
        words.append(f"--expiring={call.extra['expiring']}")
    if call.extra["backup_days"] != 30:
        words.append(f"--backup-days={call.extra['backup_days']}")
    return [*words, *(("--", *call.names) if call.names else ())]


def _carry_out(session: DoctorSession, call: Call, plan: "Plan") -> int:
    from recovery.journal import Journal
    from recovery.runner import carry_out, preview

    remedy = plan.remedy
    if not remedy.steps:
        terminal.say(f"{remedy.title}: nothing to do.")
        terminal.say_prose(*plan.notes)
        return 0
    world = session.open_world(session.host)
    try:
        _describe(remedy, plan, preview(remedy, world))
    except RecoveryError as error:
        terminal.say(f"Not possible as things stand: {error}")
        return 1
    if call.extra["dry_run"]:
        terminal.say("Nothing was done (--dry-run).")
        return 0
    if not call.extra["yes"] and not terminal.consent(remedy):
        terminal.say("Left as it is.")
        return 1
    outcome = carry_out(remedy, {}, world, Journal(session.host))
    done = "Done." if plan.is_end else "Done. To see how it goes: mcp-doctor monitor status"
    terminal.say(done if outcome.ok else outcome.error, *outcome.notes)
    return 0 if outcome.ok else 1


def _describe(remedy: Remedy, plan: "Plan", changes: "Sequence[Change]") -> None:
    terminal.say("", remedy.title)
    terminal.say_prose(remedy.why, lead="  ")
    for change in changes:
        if "\n" not in change.before + change.after:
            terminal.say(f"  - {change.what}: {change.before} → {change.after}")
            continue
        for text, words in ((change.before, "so far"), (change.after, "from now on")):
            if text == "none":
                terminal.say(f"  - {change.what}, {words}: nothing")
                continue
            terminal.say(f"  - {change.what}, {words}:")
            terminal.say(*(f"      | {line}" for line in text.split("\n")))
    terminal.say("  This can be taken back with: mcp-doctor undo")
    terminal.say_prose(*plan.notes, lead="  ")


# ── status ──────────────────────────────────────────────────────────────────────────────────────────────────


def _status(call: Call) -> int:
    from diagnostics.monitor.standing import as_data, lines_of, standing

    found = standing(session_of(call).host)
    if call.extra["format"] == "json":
        import json

        sys.stdout.write(json.dumps(as_data(found), indent=2, ensure_ascii=False) + "\n")
    else:
        terminal.say(*lines_of(found))
    return 0 if found.is_well else 1
