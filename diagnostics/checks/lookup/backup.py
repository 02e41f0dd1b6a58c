"""Store: who makes backups should hear when the newest one lacks something. Who makes none is not told to."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from diagnostics.backups import backups_in, folder_of
from diagnostics.check import Verdict, check, ok, skip, unknown, warn
from diagnostics.checks.applicable import CREDENTIAL_MANAGER, FILE, SECRET_SERVICE, not_applicable
from diagnostics.context import SERVICE, Context
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.model import Store
from diagnostics.stores import Entry, StoreError
from diagnostics.text import Words, listed


@check(of=Store, needs=("lookup.readable",), within=10.0)
def backup(context: Context, store: Store) -> Verdict | None:
    """Does the newest backup hold what the keychain holds now?"""
    try:
        newest = on_disk(lambda: backups_in(folder_of(context.host))[:1])
    except (OSError, DeadlineError) as error:
        return unknown("unreadable", evidence=(str(folder_of(context.host)),), said=type(error).__name__)
    if not newest:
        return None
    passed = not_applicable(context, store)
    if passed is not None:
        return passed
    if store.kind not in {SECRET_SERVICE, FILE, CREDENTIAL_MANAGER}:
        return skip("no-times")
    path, made, _ = newest[0]
    return _compared(context, path, made)


def _compared(context: Context, path: Path, made: datetime) -> Verdict:
    from diagnostics.stores.bus import BusError

    try:
        ours = [each for each in context.store.entries() if each.service == SERVICE]
        changed = _times_of_change(context, ours)
    except (StoreError, BusError) as error:
        return unknown("unreadable", evidence=(str(error),), said="The keychain broke off")
    if ours and not any(changed):
        return skip("no-times")
    later = [each for each, at in zip(ours, changed, strict=True) if at > made.timestamp()]
    if not later:
        return ok("current", evidence=(str(path),))
    names = sorted({_name(each) for each in later})
    count = "1 entry was" if len(names) == 1 else f"{len(names)} entries were"
    told = listed(names, 5)
    return warn(
        "older",
        "backup_outdated",
        evidence=(str(path), *names[:20]),
        count=Words(count),
        names=told,
        made=f"{made:%Y-%m-%d %H:%M} UTC",
    )


def _times_of_change(context: Context, entries: Sequence[Entry]) -> list[int]:
    """Seconds since the epoch. The file and Windows tell them with the entries, the daemon when it is asked."""
    if context.store.subject.kind in {FILE, CREDENTIAL_MANAGER}:
        return [each.modified for each in entries]
    from diagnostics.stores.bus import Bus
    from diagnostics.stores.reading import times_of_change

    with Bus.connect(context.store.state().bus.address or "") as bus:
        return times_of_change(bus, entries)


def _name(entry: Entry) -> str:
    return entry.account or entry.label or "(without a name)"
