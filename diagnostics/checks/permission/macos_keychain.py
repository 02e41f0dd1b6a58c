"""Store: a locked keychain of macOS gives no value, and over SSH or in a background job nobody can be asked."""

from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import MACOS
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.stores.macos.status import INTERACTION_NOT_ALLOWED, named

_LOCKED = "macos_keychain_locked"


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
