"""`mcp-doctor cleanup`: looks at every entry of the service, mends what is certain, and asks about the rest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diagnostics.secret import Secret
from diagnostics.text import entry_count
from diagnostics.tokens.remark import Remark
from recovery.model import Ask, RecoveryError, Remedy
from tui import terminal
from tui.arguments import Call
from tui.commands.check import looked, session_of
from tui.commands.interrupted import settle
from tui.session import DoctorSession

if TYPE_CHECKING:
    from diagnostics.survey import Survey
    from recovery.cleanup import Item
    from recovery.ports import RecoveryWorld
    from recovery.twins import Asked


def run(call: Call) -> int:
    """Out: 0 when nothing is wrong (any more), 1 when something is left, or the keychain can't be read."""
    session = session_of(call)
    if call.extra["dry_run"]:
        terminal.warn_of_interrupted(session.host)
        return clean_up(session, dry_run=True)
    settled = settle(session)
    return 1 if settled is None else clean_up(settled, yes=call.extra["yes"])


def clean_up(session: DoctorSession, *, dry_run: bool = False, yes: bool = False) -> int:
    """As `run`. In: `yes` = what is certain is agreed to, and nothing else is done."""
    world = session.open_world(session.host)
    try:
        found, items = _look(session, world)
    except RecoveryError as error:
        terminal.say(f"The entries can't be looked at: {error}.")
        return 1
    _list(found, items)
    if dry_run or not items:
        return 1 if items else 0
    if not _do_what_is_certain(session, world, items, yes=yes):
        return 1
    if not yes:
        left = [each for each in items if each.certain is None]
        for number, item in enumerate(left, 1):
            _decide(session, world, item, f"{number} of {len(left)}")
    _, left = _look(session, world, quiet=True)
    names = ", ".join(dict.fromkeys(each.name for each in left))
    terminal.say("", f"Left as it is: {names}" if left else "Nothing is wrong with any entry now.")
    return 1 if left else 0


def _look(
    session: DoctorSession, world: "RecoveryWorld", *, quiet: bool = False
) -> "tuple[Survey, list[Item]]":
    from recovery.cleanup import items_of, look

    found = look(world, looked(session))
    return found, items_of(found, None if quiet or session.options.offline else asked_of(session))


def asked_of(session: DoctorSession) -> "Asked":
    """Asks a provider about a value, within its deadline."""

    def ask(value: Secret, provider: str) -> Remark:
        from diagnostics.tokens.new_token import ask_about

        return ask_about(value, provider, None, session.host, session.options)

    return ask


def _list(found: "Survey", items: "Sequence[Item]") -> None:
    count = len(found.entries)
    terminal.say(f"{entry_count(count)} looked at.")
    from diagnostics.survey import plan_words

    words = plan_words()
    for item in items:
        terminal.say("", f"  {item.name}", *(f"    {fault}" for fault in item.faults))
        way = "ask" if item.certain is None else "merge" if item.certain.kind == "merge-alike" else "repair"
        terminal.say(f"    → {words[way]}")
    wrong = {each.name for each in items}
    noted = [each for each in found.entries if each.notes and each.name not in wrong]
    if noted:
        terminal.say("", *(f"  {each.name}: {' '.join(each.notes)}" for each in noted))
    if found.quarantined:
        terminal.say("", f"Set aside earlier ({len(found.quarantined)}):")
        for each in found.quarantined:
            when, why = each.attributes.get("when", "")[:10], each.attributes.get("why", "")
            terminal.say(f"  {each.label.removeprefix('Set aside: ')}, {when}: {why}")
    if not items:
        terminal.say("Nothing is wrong with any of them.")


def _do_what_is_certain(
    session: DoctorSession, world: "RecoveryWorld", items: "Sequence[Item]", *, yes: bool
) -> bool:
    """Out: whether to go on."""
    from recovery.backups.advice import advice_before
    from recovery.cleanup import together
    from recovery.runner import preview

    for remedy in together(items):
        try:
            terminal.describe(remedy, preview(remedy, world), advice_before(remedy, world.host))
        except RecoveryError as error:
            terminal.say(f"  Not possible as things stand: {error}")
            return False
        if not yes and not terminal.consent(remedy):
            terminal.say("  Left as it is.")
        elif not _carry_out(session, world, remedy):
            return False
    return True


def _decide(session: DoctorSession, world: "RecoveryWorld", item: "Item", place: str) -> None:
    from recovery.backups.advice import advice_before
    from recovery.runner import preview

    terminal.say("", f"{item.name} ({place})", *(f"  {fault}" for fault in item.faults))
    for number, remedy in enumerate(item.remedies, 1):
        terminal.say(f"  {number}. {remedy.title}")
    terminal.say("  Enter leaves it as it is.")
    picked = terminal.typed(f"What shall be done? [1-{len(item.remedies)}] ")
    if not picked.isdigit() or not 1 <= int(picked) <= len(item.remedies):
        return
    remedy = item.remedies[int(picked) - 1]
    try:
        terminal.describe(remedy, preview(remedy, world), advice_before(remedy, world.host))
    except RecoveryError as error:
        terminal.say(f"  Not possible as things stand: {error}")
        return
    if terminal.consent(remedy):
        _carry_out(session, world, remedy)


def _carry_out(session: DoctorSession, world: "RecoveryWorld", remedy: Remedy) -> bool:
    from recovery.journal import Journal
    from recovery.runner import carry_out

    answers = terminal.ask_all(remedy.asks, judge=_judge_of(session))
    outcome = carry_out(remedy, answers, world, Journal(session.host))
    terminal.say(f"  {'Done.' if outcome.ok else outcome.error}", *(f"  {note}" for note in outcome.notes))
    return outcome.ok


def _judge_of(session: DoctorSession) -> terminal.Judge:
    def judge(ask: Ask, value: Secret) -> Sequence[Remark]:
        from diagnostics.model import Status
        from diagnostics.tokens.new_token import ask_about, look_at

        token = look_at(value, ask.provider)
        if token.provider is None or any(each.status is Status.FAIL for each in token.remarks):
            return token.remarks
        return [*token.remarks, ask_about(value, token.provider, None, session.host, session.options)]

    return judge
