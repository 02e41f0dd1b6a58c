"""Reference: on macOS an entry trusts programs one by one; one that is not trusted is asked about, or refused."""

from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown
from diagnostics.checks.applicable import MACOS
from diagnostics.context import Context
from diagnostics.model import Reference, Syntax
from diagnostics.stores import StoreError
from diagnostics.stores.macos.status import cause_of_status, named

_DENIED = "macos_keychain_access_denied"
_UNSIGNED = "macos_missing_entitlement"
_ASKING = {_DENIED, "macos_keychain_locked"}


@check(of=Reference, needs=("lookup.readable",), within=30.0)
def macos_access(context: Context, reference: Reference) -> Verdict | None:
    """Does the keychain of macOS give the entry to this Python without asking?"""
    store = context.store
    if reference.syntax is not Syntax.SECRET or not reference.name or store.subject.kind != MACOS:
        return None
    from diagnostics.stores.macos.access import Access
    from diagnostics.stores.macos.store import MacStore

    if not isinstance(store, MacStore):
        return None
    name = reference.name
    try:
        one = store.item_of(name)
        refused = store.refusal_of(name)
    except StoreError as error:
        return unknown("not-read", error.cause, evidence=(str(error),), name=name)
    if one is None:
        return unknown("not-listed", name=name)
    keychain = store.picture.keychain(one.keychain)
    facts: dict[str, Any] = {
        "name": name,
        "collection": one.keychain,
        "label": keychain.label if keychain else one.keychain,
        "python": store.python.paths[-1],
    }
    if keychain is None or keychain.locked is not False:
        return unknown("locked", "macos_keychain_locked", **facts)
    if refused is None:
        return ok("given", **facts) if store.is_given(name) else unknown("not-given", **facts)
    said = [f"asked with questions switched off: {named(refused.status) if refused.status else refused.said}"]
    cause = cause_of_status(refused.status)
    if cause == _UNSIGNED:
        return fail("no-entitlement", cause, evidence=said, **facts)
    if cause not in _ASKING:
        return fail("refused", cause, evidence=said, said=refused.said, **facts)
    access = store.access_of(name)
    said.append(f"access list of the entry, for {facts['python']}: {access.value}")
    if access is Access.CHANGED:
        return fail("python-changed", _DENIED, evidence=said, **facts)
    if access is Access.PARTITION:
        return fail("signature", _DENIED, evidence=said, **facts)
    if access is Access.PASSWORD:
        return fail("password", _DENIED, evidence=said, **facts)
    return fail("other-programs", _DENIED, evidence=said, **facts)
