"""Reference: how its entry lies in the Credential Manager, beyond being there."""

from collections.abc import Iterator
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import CREDENTIAL_MANAGER
from diagnostics.context import SERVICE, Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import Entry, StoreError


@check(of=Reference, needs=("lookup.entry",))
def windows_entry(context: Context, reference: Reference) -> Iterator[Verdict]:
    """Does every library read the entry alike, and will it last?"""
    if (
        context.store.subject.kind != CREDENTIAL_MANAGER
        or reference.syntax is not Syntax.SECRET
        or not reference.name
    ):
        return
    from diagnostics.stores.windows.entry import STALE
    from diagnostics.stores.windows.target import same

    name = reference.name
    try:
        found = context.entries_named(name)
        left = [
            each
            for each in context.store.entries()
            if each.attributes.get(STALE) == name and same(each.service, SERVICE)
        ]
    except StoreError as error:
        yield unknown("not-read", error.cause, evidence=(str(error),), name=name)
        return
    if not found:
        return
    one = found[0]
    facts = {"name": name, "service": SERVICE, "item": one.path}
    said = [*_of_bytes(one, facts), *_of_time(one, facts), *_of_left(one, left, facts)]
    kept = one.attributes.get("persist") == "local machine"
    yield from said or [ok("on-this-computer" if kept else "sound", **facts)]


def _of_bytes(one: Entry, facts: dict[str, Any]) -> Iterator[Verdict]:
    """How the keyring library would read the bytes."""
    encoding = one.attributes.get("encoding")
    text = one.secret.reveal() if one.secret is not None else ""
    if encoding == "utf-8" and len(text.encode("utf-8", "surrogateescape")) % 2 == 0:
        yield fail("read-as-nonsense", "credential_corrupted", evidence=(_kept_as(one, "UTF-8"),), **facts)
    elif encoding == "utf-8":
        yield warn("read-by-luck", "credential_corrupted", evidence=(_kept_as(one, "UTF-8"),), **facts)
    elif encoding == "bytes":
        yield fail("no-text", "credential_corrupted", evidence=(_kept_as(one, "no text"),), **facts)


def _of_time(one: Entry, facts: dict[str, Any]) -> Iterator[Verdict]:
    if one.attributes.get("persist") == "session":
        yield warn("gone-at-sign-out", "credential_temporary", evidence=(one.path,), **facts)


def _of_left(one: Entry, left: list[Entry], facts: dict[str, Any]) -> Iterator[Verdict]:
    """Values that the keyring library left behind under USER@SERVICE."""
    for each in left:
        outcome = "left-behind-alike" if each.secret == one.secret else "left-behind"
        yield warn(
            outcome,
            "credential_duplicated",
            evidence=(f"{each.path} beside {one.path}",),
            left=each.path,
            **facts,
        )


def _kept_as(one: Entry, how: str) -> str:
    return f"{one.path}: {how}"
