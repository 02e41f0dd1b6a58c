"""Reference: the entry that it names must be there, byte for byte, in the default collection."""

from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown
from diagnostics.context import SERVICE, Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import Entry, StoreError
from diagnostics.stores.writers import writer_of

_CAUSE = "credential_not_found"


@check(of=Reference, needs=("lookup.readable",))
def entry(context: Context, reference: Reference) -> Verdict | None:
    """Is the entry in the keychain?"""
    if reference.syntax is not Syntax.SECRET or not reference.name:
        return None
    name = reference.name
    try:
        exact = context.entries_named(name)
        similar = context.similar_entries
    except StoreError as error:
        return unknown("not-read", error.cause, evidence=(str(error),), name=name)
    state = context.store.state()
    default = state.default.path if state.default else ""
    looked_in = state.searched or (default,)
    mine = [each for each in exact if not default or each.collection in looked_in]
    facts: dict[str, Any] = {"name": name, "service": SERVICE, "spelling": reference.spelling}
    if mine:
        return ok("found", count=len(mine), item=mine[0].path, writer=writer_of(mine[0]), **facts)
    elsewhere = [*exact, *similar.hashed(name)]
    if elsewhere:
        one = elsewhere[0]
        label = next((each.label for each in state.collections if each.path == one.collection), "")
        facts |= {
            "item": one.path,
            "collection": one.collection,
            "collection_label": label or one.collection,
            "default": default,
            "locked": "locked" if one.locked else "unlocked",
        }
        return fail("in-another-collection", _CAUSE, evidence=(f"{one.path}, {facts['locked']}",), **facts)
    if any(not each.attributes and each.label == f"{SERVICE}/{name}" for each in context.store.entries()):
        return fail("in-wallet-folder", _CAUSE, evidence=(f"wallet entry {SERVICE}/{name}",), **facts)
    near = list(similar.to(name))
    if near:
        best = near[0].entry
        facts |= {
            "item": best.path,
            "found_service": best.service,
            "found_name": best.account,
            "found_attribute": best.account_attribute,
            "found_as": described(best),
            "writer": writer_of(best),
            "count": len(near),
        }
        seen = [f"{described(each.entry)}, written by {writer_of(each.entry)}" for each in near[:5]]
        return fail(near[0].how, _CAUSE, evidence=seen, **facts)
    if state.default is not None and state.default.locked:
        return unknown("not-read", "keyring_locked", evidence=(f"{default} is locked",), name=name)
    locked = [each.label or each.path for each in state.collections if each.locked and each.items]
    evidence = [f"looked for service={SERVICE} username={name}"]
    if locked:
        evidence.append(f"not looked into, because locked: {', '.join(locked)}")
    return fail("missing", _CAUSE, evidence=evidence, **facts)


def described(one: Entry) -> str:
    """An entry by the attributes that find it, in quotes, so that blanks at the ends are seen."""
    hidden = {"application", "xdg:schema"}
    pairs = [f"{name}={value!r}" for name, value in one.attributes.items() if name not in hidden]
    return " ".join(pairs) or f"label {one.label!r}"
