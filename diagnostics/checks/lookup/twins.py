"""Reference: of two entries with the same service and user name, a program gets one by chance."""

from datetime import UTC, datetime
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.context import SERVICE, Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import Entry, StoreError
from diagnostics.stores.writers import writer_of


@check(of=Reference, needs=("lookup.entry",))
def twins(context: Context, reference: Reference) -> Verdict | None:
    """Is there only one entry of that name?"""
    if reference.syntax is not Syntax.SECRET or not reference.name:
        return None
    try:
        exact = context.entries_named(reference.name)
    except StoreError as error:
        return unknown("not-read", error.cause, evidence=(str(error),), name=reference.name)
    state = context.store.state()
    default = state.default.path if state.default else ""
    found = sorted(
        (each for each in exact if not default or each.collection == default),
        key=lambda each: (-each.modified, each.path),
    )
    facts: dict[str, Any] = {"name": reference.name, "service": SERVICE, "count": len(found)}
    if len(found) < 2:
        return ok("single", **facts)
    facts |= {
        "newest": found[0].path,
        "newest_writer": writer_of(found[0]),
        "newest_date": _date(found[0]),
        "others": " ".join(each.path for each in found[1:]),
    }
    values = {each.secret.fingerprint() for each in found if each.secret is not None}
    same = len(values) == 1
    evidence = [
        f"{each.path}: changed {_date(each)}, written by {writer_of(each)}, value {_mark(each)}"
        for each in found
    ]
    if same:
        return warn("alike", "credential_duplicated", evidence=evidence, **facts)
    return fail("different", "credential_duplicated", evidence=evidence, **facts)


def _date(one: Entry) -> str:
    if not one.modified:
        return "at an unknown time"
    try:
        return datetime.fromtimestamp(one.modified, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "at an impossible time"


def _mark(one: Entry) -> str:
    """A mark that is the same for the same value, within this run alone."""
    return f"#{one.secret.fingerprint()}" if one.secret is not None else "not readable"
