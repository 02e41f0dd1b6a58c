"""`mcp-doctor fix`: the remedies of the findings, without the app."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from diagnostics import report
from diagnostics.context import Context
from diagnostics.model import Status
from diagnostics.secret import Secret
from diagnostics.tokens.remark import Remark
from recovery.model import Ask, AskKind, RecoveryError, Remedy
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.commands.interrupted import settle
from tui.session import DoctorSession
from tui.usage import UsageError

if TYPE_CHECKING:
    from diagnostics.model import Finding
    from recovery.outcome import Outcome

_TROUBLE = {Status.FAIL, Status.WARN, Status.UNKNOWN}


def run(call: Call) -> int:
    """Mends what can be mended, one broken link after the other. Out: the exit code of the findings at the end."""
    session, only = _split(session_of(call), call.names)
    if call.extra["dry_run"]:
        terminal.warn_of_interrupted(session.host)
        return _plan(session, only)
    settled = settle(session)
    return 1 if settled is None else mend(settled, only, yes=call.extra["yes"])


def mend(session: DoctorSession, only: Sequence[str], *, yes: bool) -> int:
    """Offers remedies until none is left that was not tried; after each one it looks again from the start.

    In: `only` these findings (ids or checks; none = all); `yes` = consent is given.
    """
    from recovery.backups.advice import advice_before
    from recovery.journal import Journal
    from recovery.outcome import Result
    from recovery.runner import carry_out, preview
    from tui.signing_in import at_terminal

    tried: set[str] = set()
    while True:
        look = _Look(session, only, first=not tried)
        remedy = look.next_remedy(tried)
        if remedy is None:
            return _with_emergency(session, only, look, mended=bool(tried), yes=yes)
        tried.add(_key(remedy))
        if not yes:
            from tui.commands.rotating import narrowed

            remedy = narrowed(remedy, look.about(remedy), look.context)
        world = session.open_world(session.host)
        try:
            changes = preview(remedy, world)
        except RecoveryError as error:
            terminal.say("", remedy.title, f"  Not possible as things stand: {error}")
            continue
        terminal.describe(remedy, changes, advice_before(remedy, session.host))
        if not yes and not terminal.consent(remedy):
            terminal.say("  Left as it is.")
            continue
        try:
            asks = _with_answers(remedy, session)
            answers = terminal.ask_all(asks, judge=look.judge_of(remedy), log_in=at_terminal(world))
        except RecoveryError as error:
            terminal.say(f"  {error}")
            return 1
        outcome = carry_out(remedy, answers, world, Journal(session.host))
        _tell(outcome)
        while (
            _has_login(remedy) and not outcome.ok and terminal.agreed("The login is not kept yet. Try again?")
        ):
            outcome = carry_out(remedy, answers, world, Journal(session.host))
            _tell(outcome)
        if outcome.result is Result.NOTHING_CHANGED and look.has_other(remedy, tried):
            continue
        if not outcome.ok:
            return 1
        session = dataclasses.replace(session, host=outcome.host or session.host)
        if remedy.id == "rotate-token" and not yes:
            from tui.commands.rotating import see_it_start

            see_it_start(session, outcome.operation)
        elif remedy.id.startswith("move-") and not yes:
            from tui.commands import migrating

            migrating.see_it_start(session, remedy)


def _plan(session: DoctorSession, only: Sequence[str]) -> int:
    from recovery.backups.advice import advice_before
    from recovery.planner import best_for
    from recovery.runner import preview

    look = _Look(session, only, first=True)
    plan = best_for(look.findings, look.context)
    for remedy in plan:
        try:
            changes = preview(remedy, session.open_world(session.host))
        except RecoveryError as error:
            terminal.say("", remedy.title, f"  Not possible as things stand: {error}")
            continue
        terminal.describe(remedy, changes, advice_before(remedy, session.host))
    return report.exit_code(look.findings) if plan else look.leave(mended=False)


class _Look:
    """One look at the host: what is broken among what was asked about."""

    def __init__(self, session: DoctorSession, only: Sequence[str], *, first: bool) -> None:
        from diagnostics.runner import diagnose

        self.context: Context = looked(session)
        found = list(diagnose(self.context))
        self.findings = [each for each in found if not only or {each.id, each.check} & set(only)]
        unknown = [name for name in only if not any(name in {each.id, each.check} for each in found)]
        if unknown and first:  # later on it may be gone because it was mended
            raise UsageError(
                f"there is no finding {unknown[0]}: mcp-doctor check --format json lists them by id"
            )

    def next_remedy(self, tried: set[str]) -> Remedy | None:
        """The first remedy, in the order of the path, that was not tried and does something."""
        from recovery.planner import remedies_for

        for finding in self.findings:
            if finding.status in _TROUBLE:
                for remedy in remedies_for(finding, self.context):
                    if remedy.steps and remedy.id != "close-emergency" and _key(remedy) not in tried:
                        return remedy
        return None  # an emergency is closed last, when all else is mended

    def has_other(self, failed: Remedy, tried: set[str]) -> bool:
        """Whether another remedy for the same finding is left."""
        from recovery.planner import remedies_for

        mended = [each for each in self.findings if each.id == failed.finding]
        others = [each for finding in mended for each in remedies_for(finding, self.context) if each.steps]
        return any(_key(each) not in tried for each in others)

    def about(self, remedy: Remedy) -> "Finding | None":
        """The finding that the remedy mends."""
        return next((each for each in self.findings if each.id == remedy.finding), None)

    def judge_of(self, remedy: Remedy) -> terminal.Judge:
        """What is known of a new token before it replaces the old one: offline, then its provider's word."""
        mended = self.about(remedy)
        variable = (mended.reference or "").partition(".")[2] if mended else ""
        server = self.context.server(mended.server) if mended and mended.server else None

        def judge(ask: Ask, value: Secret) -> Sequence[Remark]:
            from diagnostics.tokens.new_token import ask_about, ask_in_place_of, look_at
            from diagnostics.tokens.succession import predecessor, same_again

            old = predecessor(mended, self.context)
            if old is not None and (again := same_again(value, old)):
                return [again]
            token = look_at(value, ask.provider, variable or None)
            if token.provider is None or any(each.status is Status.FAIL for each in token.remarks):
                return token.remarks
            host, options = self.context.host, self.context.options
            if old is not None:
                found = ask_in_place_of(value, token.provider, server, host, options, old)
                return [*token.remarks, *found]
            return [*token.remarks, ask_about(value, token.provider, server, host, options)]

        return judge

    @property
    def emergency(self) -> "Finding | None":
        """That an emergency is open, if it was asked about."""
        return next((each for each in self.findings if each.check == "backend.emergency"), None)

    def last_way(self) -> list[str]:
        """The lines about emergency access, where something that is broken still may not be mended in time."""
        from recovery.planner import remedies_for

        broken = (each for each in self.findings if each.status is Status.FAIL)
        offered = (remedy for each in broken for remedy in remedies_for(each, self.context))
        if all(each.id != "emergency-access" for each in offered):
            return []
        return [
            "",
            "Where it can't be mended in time, as the last way, a token for a limited time:",
            "$ mcp-doctor emergency start SERVER --reason TEXT",
        ]

    def leave(self, *, mended: bool) -> int:
        """Says what is left. Out: the exit code of the findings."""
        broken = [each for each in self.findings if each.status in _TROUBLE]
        if not broken:
            terminal.say("Everything that was asked about holds now." if mended else "Nothing is broken.")
        for finding in broken:
            terminal.say(
                "", f"{finding.status.value}: {finding.title}", *(f"  {line}" for line in finding.fix)
            )
        terminal.say(*self.last_way())
        return report.exit_code(self.findings)


def _with_emergency(
    session: DoctorSession, only: Sequence[str], look: _Look, *, mended: bool, yes: bool
) -> int:
    """The end of mending: where an emergency is open it is closed, if the person wants that, or goes on."""
    found = look.emergency
    incident = found.facts.get("incident", "") if found is not None else ""
    if found is None or not incident:
        return look.leave(mended=mended)
    wanted = {found.id, found.check} & set(only) if yes else None
    if wanted is None and terminal.can_ask():
        terminal.say("", found.title, f"  {found.detail}")
        wanted = {found.id} if terminal.agreed("Close it now? (no = it goes on)") else set()
    if not wanted:
        return look.leave(mended=mended)
    from tui.commands.emergency_closing import close

    close(session, incident)
    return _Look(session, only, first=False).leave(mended=True)


def _with_answers(remedy: Remedy, session: DoctorSession) -> list[Ask]:
    """The remedy's questions; where it is which of several values is right, their provider is asked first.

    Raises:
        RecoveryError: the keychain can't be read any more.
    """
    from recovery.twins import is_about_twins, with_answers
    from tui.commands.cleanup import asked_of

    if session.options.offline:
        return list(remedy.asks)
    world = session.open_world(session.host)
    return [
        with_answers(each, world, asked_of(session)) if is_about_twins(each) else each for each in remedy.asks
    ]


def _tell(outcome: "Outcome") -> None:
    terminal.say(f"  {'Done.' if outcome.ok else outcome.error}", *(f"  {note}" for note in outcome.notes))


def _has_login(remedy: Remedy) -> bool:
    return any(each.kind is AskKind.LOGIN for each in remedy.asks)


def _key(remedy: Remedy) -> str:
    return f"{remedy.id} {remedy.finding}"


def _split(session: DoctorSession, names: Sequence[str]) -> tuple[DoctorSession, Sequence[str]]:
    """Names are servers or findings: what no server is called is a finding, if its check exists."""
    from diagnostics.check import all_checks
    from diagnostics.discovery import (
        ConfigFileError,
        UnknownClientError,
        UnknownServerError,
        choose,
        discover,
    )

    try:
        files = discover(session.host, session.options)
    except (ConfigFileError, UnknownClientError) as error:
        raise UsageError(str(error)) from error
    checks: Mapping[str, object] = {each.id: each for each in all_checks()}
    servers, findings = [], []
    for name in names:
        try:
            choose(files, [name])
            servers.append(name)
        except UnknownServerError as error:
            if name.partition(":")[0] not in checks:
                raise UsageError(f"{name} is neither a server nor a finding. {error}") from error
            findings.append(name)
    return dataclasses.replace(session, names=servers), findings
