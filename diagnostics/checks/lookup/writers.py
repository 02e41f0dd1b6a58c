"""Store: several programs keep credentials in one store, each in a form of its own: who wrote what, and who finds it."""

from collections.abc import Iterable, Sequence

from diagnostics.check import Verdict, check, ok, unknown
from diagnostics.context import SERVICE, Context
from diagnostics.model import Server, Store, Syntax
from diagnostics.stores import Entry, StoreError
from diagnostics.stores.writers import Written, reconciled, state_of

_OWN = "Python keyring library"


@check(of=Store, needs=("lookup.readable",))
def writers(context: Context, _store: Store) -> Verdict | None:
    """Who wrote the credentials that the servers here use, and who finds them?"""
    if not context.needs_store:
        return None
    try:
        entries = context.store.entries()
    except StoreError as error:
        return unknown("not-read", error.cause, evidence=(str(error),))
    state = context.store.state()
    wanted = _concerned(context, entries)
    rows = reconciled(entries, state.default.path if state.default else "", lambda each: each.path in wanted)
    names = sorted({each.writer for each in rows})
    if not rows or names == [_OWN]:
        return None
    lines = [described(each) for each in rows]
    return ok("several", evidence=lines, count=len(rows), writers=", ".join(names))


def described(one: Written) -> str:
    """A line of the list: what it is, who wrote it, who finds it. Never its value."""
    parts = [
        f"{one.service} / {one.account}: written by {one.writer}",
        f"found by {', '.join(one.seen_by)}" if one.seen_by else "found by none of the known programs",
        state_of(one.entry),
    ]
    if one.twins:
        parts.append(f"{one.twins} more of this name")
    return "; ".join(parts)


def _concerned(context: Context, entries: Sequence[Entry]) -> set[str]:
    """Paths of the entries of the services that the servers use, and of those that may be meant by a reference."""
    services = {SERVICE, *_services(context.servers)}
    paths = {each.path for each in entries if each.service in services}
    for each in context.references:
        if each.syntax is Syntax.SECRET and each.name:
            paths |= {found.entry.path for found in context.similar_entries.to(each.name)}
    return paths


def _services(servers: Iterable[Server]) -> Iterable[str]:
    from diagnostics.servers import auth0

    for server in servers:
        if auth0.is_auth0(server):
            yield auth0.SERVICE
        for each in server.references:
            if each.syntax is Syntax.KEYTAR and each.name:
                yield each.name.rpartition("/")[0]
