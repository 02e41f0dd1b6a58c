"""Store: a locked keychain of macOS gives no value, and over SSH or in a background job nobody can be asked."""

from typing import TYPE_CHECKING, Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import MACOS
from diagnostics.context import Context
from diagnostics.model import Store, Syntax
from diagnostics.stores import StoreError
from diagnostics.stores.macos.picture import label_of
from diagnostics.stores.macos.status import INTERACTION_NOT_ALLOWED, named

if TYPE_CHECKING:
    from diagnostics.stores.macos.store import MacStore

_LOCKED = "macos_keychain_locked"
_PREFIX = {Syntax.SECRET: "", Syntax.OAUTH: "oauth:"}


@check(of=Store, needs=("backend.macos-keychains",), within=20.0)
def macos_keychain(context: Context, store: Store) -> Verdict | None:
    """Is the default keychain of macOS unlocked?"""
    if store.kind != MACOS or not context.needs_store:
        return None
    from diagnostics.stores.macos.store import MacStore

    if not isinstance(context.store, MacStore):
        return None
    seen = context.store.picture
    if seen.trouble:
        return unknown("not-told", evidence=(seen.trouble,), label="login")
    one = seen.keychain(seen.default)
    if one is None:
        return unknown("no-default")
    facts: dict[str, Any] = {"collection": one.path, "label": one.label, "session": seen.session}
    if one.locked is None:
        return unknown("not-told", **facts)
    if one.locked:
        evidence = [f"{one.path} is locked; session: {seen.session}"]
        others = _others(context, context.store)
        if others:
            evidence.append(f"the entries that the configs name are in {', '.join(others)}")
            labels = ", ".join(label_of(each) for each in others)
            return warn("locked-beside", _LOCKED, evidence=evidence, others=labels, **facts)
        if seen.session == "screen":
            return fail("locked", _LOCKED, evidence=evidence, **facts)
        evidence.append(f"what asks for an entry here gets {named(INTERACTION_NOT_ALLOWED)}")
        if seen.session == "ssh":
            return fail("locked-over-ssh", _LOCKED, evidence=evidence, **facts)
        return fail("locked-in-background", _LOCKED, evidence=evidence, **facts)
    told = one.settings
    if told is None or told.timeout is None:
        sleep = "it also locks when the Mac sleeps" if told and told.lock_on_sleep else ""
        return ok("unlocked", evidence=[sleep] if sleep else [], **facts)
    return warn(
        "locks-itself",
        _LOCKED,
        evidence=(f"timeout={told.timeout}s{', lock-on-sleep' if told.lock_on_sleep else ''}",),
        seconds=told.timeout,
        **facts,
    )


def _others(context: Context, store: "MacStore") -> list[str]:
    """The open keychains that hold all that the configs need, () where anything rests on another one.

    A keychain shows which entries it has also while it is locked; a program gets the first that is found.
    """
    from diagnostics.servers.auth0 import is_auth0

    needed = [each for each in context.references if each.syntax in {Syntax.SECRET, Syntax.OAUTH}]
    others = any(each.syntax is Syntax.KEYTAR for each in context.references)
    if not needed or others or any(is_auth0(each) for each in context.servers):
        return []
    try:
        items = [store.item_of(f"{_PREFIX[each.syntax]}{each.name}") for each in needed]
    except StoreError:
        return []
    paths = sorted({each.keychain if each else "" for each in items})
    found = [store.picture.keychain(each) for each in paths]
    return paths if all(each is not None and each.locked is False for each in found) else []
