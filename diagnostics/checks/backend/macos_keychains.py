"""Store: on macOS a program looks in the keychains of the search list, and new entries go to the default one."""

from collections.abc import Iterator
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import MACOS
from diagnostics.context import Context
from diagnostics.model import Store

_MISSING, _MISDIRECTED, _DAMAGED = (
    "keyring_collection_missing",
    "keyring_default_misdirected",
    "keyring_file_damaged",
)


@check(of=Store, within=20.0)
def macos_keychains(context: Context, store: Store) -> Iterator[Verdict]:
    """Which keychains of macOS are looked into, and are they whole?"""
    if store.kind != MACOS or not context.needs_store:
        return
    from diagnostics.stores.macos.store import MacStore

    if not isinstance(context.store, MacStore):
        return
    seen = context.store.picture
    if seen.trouble:
        yield unknown("not-told", evidence=(seen.trouble,), said=seen.trouble)
        return
    facts: dict[str, Any] = {
        "default": seen.default,
        "login": seen.login,
        "searched": "\n".join(seen.searched),
    }
    evidence = [
        f"default: {seen.default or 'none'}",
        *(f"looked into: {each}" for each in seen.searched),
    ]
    sound = True
    for each in seen.keychains:
        if each.damage:
            sound = False
            said = (f"{each.path}: {each.damage}",)
            yield fail("damaged", _DAMAGED, evidence=said, file=each.path, said=each.damage, label=each.label)
        elif not each.exists and each.path == seen.default:
            sound = False
            yield fail("default-gone", _MISSING, evidence=evidence, file=each.path, **facts)
        elif not each.exists:
            yield warn("gone", _MISSING, evidence=evidence, file=each.path, **facts)
    if not seen.default:
        sound = False
        yield fail("no-default", _MISSING, evidence=evidence, **facts)
    elif seen.default not in seen.searched:
        sound = False
        yield fail("not-searched", _MISDIRECTED, evidence=evidence, **facts)
    if sound:
        yield ok("found", evidence=evidence, count=len(seen.searched), **facts)
