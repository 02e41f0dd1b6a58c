"""Rotation: everything that holds or uses a token, and the remedy that replaces it everywhere at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.context import SERVICE, Context
from diagnostics.model import Finding, Server, Stage, Syntax
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreError
from diagnostics.text import clean, listed
from recovery.model import Remedy
from recovery.retention import KEPT_FOR

if TYPE_CHECKING:
    from diagnostics.tokens.remark import Remark
    from recovery.model import Step
    from recovery.ports import RecoveryWorld
    from recovery.remainder import Remainder

_MOST = 12
"""Lines of one kind that are shown."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where one token is, by names and places: the value itself is not in here."""

    names: tuple[str, ...]
    """The entries of our service that hold it, the one that was asked about first."""
    twins: frozenset[str] = frozenset()
    """Those of them whose name several entries have, all with this value (or the one that was asked about)."""
    elsewhere: tuple[str, ...] = ()
    """Entries that hold it too and are left alone: another program's, and names whose entries differ."""
    users: tuple[Server, ...] = ()
    """The servers, of any client, that refer to one of the names."""
    copies: tuple[str, ...] = ()
    """Files and variables in which it stands in plain text."""
    left_out: tuple[str, ...] = ()
    """Entries of our service that hold it too, and that the person wants to keep as they are."""


def spread_of(finding: Finding, context: Context, without: Collection[str] = ()) -> Spread | None:
    """Where the token that the finding is about is used. None where our keychain has no value for it.

    In: `without` = names of entries that are to keep it; the one that the finding is about is never left out.
    """
    from diagnostics.stores.similar import UNDO_SERVICE
    from recovery.entry_remedies import entries_of, reference_of

    found = reference_of(finding, context)
    if found is None:
        return None
    _, name = found
    value = next((each.secret for each in entries_of(name, context) if each.secret), None)
    if value is None:
        return None
    try:
        entries = [each for each in context.store.entries() if each.service != UNDO_SERVICE]
    except StoreError:
        return None
    holding = [each for each in entries if each.secret == value]
    mine = dict.fromkeys([name, *(each.account for each in holding if _is_ours(each))])
    certain = tuple(each for each in mine if each == name or _all_hold(entries_of(each, context), value))
    left = [each for each in holding if not (_is_ours(each) and each.account in certain)]
    chosen = tuple(each for each in certain if each == name or each not in without)
    return Spread(
        chosen,
        frozenset(each for each in chosen if len(entries_of(each, context)) > 1),
        tuple(dict.fromkeys(clean(f"{each.account or each.label} ({each.service})", 80) for each in left)),
        tuple(_users(set(chosen), context)),
        tuple(dict.fromkeys(clean(each, 160) for each in _copies(value, context))),
        tuple(each for each in certain if each not in chosen),
    )


def choices_of(finding: Finding, context: Context) -> list[tuple[str, str]]:
    """The entries that a rotation would replace, the one that it is about first, and who uses each, in words."""
    spread = spread_of(finding, context)
    found = []
    for name in spread.names if spread is not None else ():
        users = [f"{clean(each.name, 60)} in {_client(each)}" for each in _users({name}, context)]
        found.append(
            (name, f"used by {', '.join(users[:_MOST])}" if users else "used by no server that is configured")
        )
    return found


def rotation(finding: Finding, context: Context, without: Collection[str] = ()) -> Remedy | None:
    """The remedy that replaces the token that the finding is about. None where there is none to replace.

    In: `without` = names of entries that are to keep the old token.
    """
    from diagnostics.check import checks_from
    from diagnostics.tokens.succession import predecessor
    from recovery.entries import new_undo_id
    from recovery.entry_remedies import ask_token, reference_of
    from recovery.model import Ask
    from recovery.steps.rotation import RotateEntry

    found, spread = reference_of(finding, context), spread_of(finding, context, without)
    if found is None or spread is None:
        return None
    reference, name = found
    last = len(spread.names) - 1
    steps = tuple(
        RotateEntry(
            SERVICE,
            each,
            new_undo_id(),
            one=each in spread.twins,
            affected=tuple(_affected(spread)) if number == last else (),
            afterwards=tuple(_afterwards(spread, finding)) if number == last else (),
        )
        for number, each in enumerate(spread.names)
    )
    asked = ask_token(reference, name, context, finding)
    old = predecessor(finding, context)
    needed = old.scopes if old is not None else ()
    hints = [asked.hint] if asked.hint else []
    if needed:
        hints.append(f"Give it these scopes: {listed(needed, 12)}")
    ask = Ask(
        asked.name, asked.kind, f"New token for {clean(name)}", "\n".join(hints), provider=asked.provider
    )
    count = len(spread.names)
    return Remedy(
        "rotate-token",
        clean(f"Replace the token {name} by a new one" + (f", in {count} entries" if count > 1 else "")),
        "You make a new token at the provider and give it here. It is checked before the old one is touched, and "
        "written to the keychain only. The old one stays in the keychain for an undo until every server that uses it has "
        f"been seen to start with the new one, at most {KEPT_FOR.days} days; it works until you revoke it.",
        finding.id,
        steps,
        (ask,),
        checks_from(Stage.LOOKUP),
    )


def rotations(findings: Sequence[Finding], context: Context) -> list[tuple[Remedy, Finding]]:
    """One remedy for each token of our keychain that a server's findings are about, in order or not.

    The finding that tells most stands beside it: the provider's word, or else the look of the token.
    """
    best: dict[str, Finding] = {}
    for check in _TELLING:
        for each in findings:
            if each.check == check:
                best.setdefault(each.subject, each)
    found = ((rotation(each, context), each) for each in best.values())
    return [(remedy, each) for remedy, each in found if remedy is not None]


_TELLING = ("validity.provider", "format.token", "lookup.entry")


def is_only_rotated(finding: Finding, context: Context) -> bool:
    """Whether replacing just this entry would be the same as the rotation that is offered for the finding."""
    from recovery.planner import names_for

    if "rotate-token" not in names_for(finding):
        return False
    spread = spread_of(finding, context)
    return spread is not None and len(spread.names) == 1


def _is_ours(entry: Entry) -> bool:
    return entry.service == SERVICE and entry.account_attribute == "username"


def _all_hold(entries: Sequence[Entry], value: Secret) -> bool:
    return all(each.secret == value for each in entries)


def _users(names: set[str], context: Context) -> Iterator[Server]:
    for file in context.files:
        for server in file.servers:
            if any(each.syntax is Syntax.SECRET and each.name in names for each in server.references):
                yield server


def _copies(value: Secret, context: Context) -> Iterator[str]:
    from diagnostics.plain.exposed import UnreadableError, held_in, literals, read_held, text_of
    from diagnostics.plain.held import tokens_in
    from diagnostics.plain.source import env_files_of, profiles

    for file in context.files:
        here = literals(file)
        for server in file.servers:
            for each in server.references:
                if each.syntax is Syntax.LITERAL and each.text == value:
                    yield f"{file.path}: {server.name}, {each.field}"
        try:
            content = text_of(file.path)
        except UnreadableError:
            content = None
        for held in tokens_in(content.text, here) if content is not None else ():
            if held.value == value:
                yield f"{file.path}:{held.line}"
        for env_file in env_files_of(context, file):
            for held in held_in(context, env_file):
                if held.value == value:
                    yield f"{env_file.path}:{held.line} {held.name}"
    for path in profiles(context.host):
        try:
            found = read_held(context, path) or []
        except UnreadableError:
            continue
        for held in found:
            if held.value == value:
                yield f"{path}:{held.line} {held.name}"
    for name, text in context.host.env.items():
        if Secret(text) == value:
            yield f"the variable {name} of this session"


def _client(server: Server) -> str:
    """The client's name; where it can't be told, the name of the file that was given."""
    from diagnostics.catalog.clients import GENERIC, clients

    known = clients()
    if server.client == GENERIC or server.client not in known:
        return clean(server.path.name, 60)
    return known[server.client].name


def _affected(spread: Spread) -> Iterator[tuple[str, str, str]]:
    for server in spread.users[:_MOST]:
        client = _client(server)
        off = " (switched off)" if server.disabled else ""
        yield (
            f"{server.name} in {client}{off}, {server.path}",
            "uses the old token",
            "the new one from its next start",
        )
    if len(spread.users) > _MOST:
        yield (
            f"{len(spread.users) - _MOST} more servers",
            "use the old token",
            "the new one from their next start",
        )
    for name in spread.left_out[:_MOST]:
        yield (f"{SERVICE} {clean(name, 80)}", "holds the old token too", "unchanged: you left it out")
    for where in spread.copies[:_MOST]:
        yield (where, "holds the old token in plain text", "unchanged: it still holds the old one")
    if len(spread.copies) > _MOST:
        yield (f"{len(spread.copies) - _MOST} more places", "hold the old token in plain text", "unchanged")
    for entry in spread.elsewhere[:_MOST]:
        yield (
            f"the keychain's entry {entry}",
            "holds the old token too",
            "unchanged: it is not ours to replace",
        )


def _afterwards(spread: Spread, finding: Finding) -> Iterator[str]:
    yield from restarts(spread.users)
    holding = [*spread.left_out, *spread.copies, *spread.elsewhere]
    if holding:
        yield "These hold the old token still: " + "; ".join(clean(each, 160) for each in holding[:_MOST])
    where = finding.facts.get("rotation_url", "")
    at = f" at {where}" if where.startswith("https://") else " at its provider"
    yield (
        f"When every server has started with the new token, revoke the old one{at}. Nobody does it for you: until "
        "then it works, for whoever has it."
    )
    yield (
        "The old one is kept in the keychain until each of these servers was seen to start with the new one here (s in "
        f"the app, or check them in `mcp-doctor fix`), at most {KEPT_FOR.days} days. Until then this brings it back:"
    )
    yield "$ mcp-doctor undo"


def restarts(servers: Sequence[Server]) -> list[str]:
    """Which servers run with the old value until they are restarted, client by client, and how that client does it."""
    from diagnostics.catalog.clients import GENERIC, clients

    by_client: dict[tuple[str, str], list[Server]] = {}
    for each in servers:
        if not each.disabled:
            by_client.setdefault((each.client, _client(each)), []).append(each)
    if not by_client:
        return []
    lines = ["Still running with the old token until restarted:"]
    for (client, called), of in by_client.items():
        names = listed(list(dict.fromkeys(clean(each.name, 60) for each in of)), _MOST)
        how = clients()[client].reload if client in clients() else "Restart it."
        whose = f"the client of {called}" if client == GENERIC or client not in clients() else called
        lines.append(f"- {whose} ({names}): {how}")
    return lines


def remarks_on_finishing(left: "Remainder", value: Secret, world: "RecoveryWorld") -> "tuple[Remark, ...]":
    """What is said of a token that is given to finish a rotation which was cut off. Empty where it is none.

    It must be the one that other entries got before, or else the same token would stand in them as two; and it must not
    be the old one again. Raises RecoveryError where the keychain can't be read.
    """
    from diagnostics.model import Status
    from diagnostics.tokens.remark import Remark, words_of
    from recovery.entry_writing import matches, shown
    from recovery.steps.rotation import RotateEntry

    words = words_of("succession")

    def holding(steps: "Collection[Step]") -> Mapping[str, bool]:
        return {
            shown(each.service, each.username): any(
                entry.secret == value for entry in matches(world, each.service, each.username)
            )
            for each in steps
            if isinstance(each, RotateEntry)
        }

    got, to_get = holding([step for step, _ in left.done.values()]), holding([step for _, step in left.todo])
    if any(not same for same in got.values()):
        other = next(name for name, same in got.items() if not same)
        return (Remark(Status.FAIL, words["not-as-begun"].format(name=other)),)
    if any(to_get.values()) and not got:
        return (Remark(Status.FAIL, words["same"]),)
    return (Remark(Status.OK, words["as-begun"].format(name=", ".join(got))),) if got else ()
