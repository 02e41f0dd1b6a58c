"""`mcp-doctor fix`: the remedies of the findings, without the app."""

import dataclasses
from collections.abc import Sequence

from diagnostics import report
from diagnostics.context import Context
from diagnostics.model import Finding, Status
from diagnostics.new_token import Remark
from diagnostics.secret import Secret
from recovery.model import Ask, Remedy
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.session import DoctorSession
from tui.usage import UsageError


def run(call: Call) -> int:
    """Mends what can be mended, one broken link after the other, and answers with what is left."""
    session, only = _split(session_of(call), call.names)
    if call.extra["dry_run"]:
        return _plan(session, only)
    return mend(session, only, yes=call.extra["yes"])


def mend(
    session: DoctorSession, only: Sequence[str], *, yes: bool, given: dict[str, Secret] | None = None
) -> int:
    """Offers remedies until none is left that was not tried. Out: the exit code of the findings at the end.

    In: `only` these findings (ids or checks; none = all); `yes` = consent is given; `given` answers by ask name.
    """
    from diagnostics.runner import diagnose
    from recovery.journal import Journal
    from recovery.runner import carry_out, preview

    tried: set[str] = set()
    while True:
        context = looked(session)
        findings = [each for each in diagnose(context) if _wanted(each, only)]
        remedy = _next(findings, context, tried)
        if remedy is None:
            _leave(findings, tried)
            return report.exit_code(findings)
        tried.add(_key(remedy))
        world = session.open_world(session.host)
        terminal.describe(remedy, preview(remedy, world))
        if not yes and not terminal.consent(remedy):
            terminal.say("  Left as it is.")
            continue
        answers = terminal.ask_all(
            remedy.asks, given, lambda ask, value: _judge(ask, value, remedy, findings, context)
        )
        outcome = carry_out(remedy, answers, world, Journal(session.host))
        terminal.say(
            f"  {'Done.' if outcome.ok else outcome.error}", *(f"  {note}" for note in outcome.notes)
        )
        if outcome.host is not None:
            session = dataclasses.replace(session, host=outcome.host)
        if not outcome.ok:
            return 1


def _judge(
    ask: Ask, value: Secret, remedy: Remedy, findings: Sequence[Finding], context: Context
) -> Sequence[Remark]:
    """What is known of a new token before it replaces the old one: offline, then its provider's word."""
    from diagnostics.new_token import ask_about, look_at

    mended = next((each for each in findings if each.id == remedy.finding), None)
    variable = (mended.reference or "").partition(".")[2] if mended else ""
    token = look_at(value, ask.provider, variable or None)
    if token.provider is None or any(each.status is Status.FAIL for each in token.remarks):
        return token.remarks
    server = context.server(mended.server) if mended and mended.server else None
    return [*token.remarks, ask_about(value, token.provider, server, context.host, context.options)]


def _plan(session: DoctorSession, only: Sequence[str]) -> int:
    from diagnostics.runner import diagnose
    from recovery.planner import best_for
    from recovery.runner import preview

    context = looked(session)
    findings = [each for each in diagnose(context) if _wanted(each, only)]
    plan = best_for(findings, context)
    for remedy in plan:
        terminal.describe(remedy, preview(remedy, session.open_world(session.host)))
    if not plan:
        _leave(findings, set())
    return report.exit_code(findings)


def _leave(findings: Sequence[Finding], tried: set[str]) -> None:
    broken = [each for each in findings if each.status in {Status.FAIL, Status.WARN, Status.UNKNOWN}]
    if not broken:
        terminal.say("Nothing is broken." if not tried else "Everything that was asked about holds now.")
    for finding in broken:
        terminal.say("", f"{finding.status.value}: {finding.title}", *(f"  {line}" for line in finding.fix))


def _next(
    findings: Sequence[Finding], context: Context, tried: set[str], remedies_for: object
) -> Remedy | None:
    for finding in findings:
        if finding.status in {Status.FAIL, Status.WARN, Status.UNKNOWN}:
            for remedy in remedies_for(finding, context):
                if remedy.steps and _key(remedy) not in tried:
                    return remedy
    return None


def _key(remedy: Remedy) -> str:
    return f"{remedy.id} {remedy.finding}"


def _wanted(finding: Finding, only: Sequence[str]) -> bool:
    return not only or any(each in {finding.id, finding.check} for each in only)


def _split(session: DoctorSession, names: Sequence[str]) -> tuple[DoctorSession, Sequence[str]]:
    """Names are servers or findings: what no server is called is a finding, if its check exists."""
    from diagnostics.check import all_checks
    from diagnostics.discovery import UnknownServerError, choose, discover

    files = discover(session.host, session.options)
    servers, findings = [], []
    for name in names:
        try:
            choose(files, [name])
            servers.append(name)
        except UnknownServerError as error:
            if name.partition(":")[0] not in {each.id for each in all_checks()}:
                raise UsageError(f"{name} is neither a server nor a finding. {error}") from error
            findings.append(name)
    return dataclasses.replace(session, names=servers), findings
