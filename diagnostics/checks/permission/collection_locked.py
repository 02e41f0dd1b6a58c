"""Store: a locked collection shows that entries exist, and gives none of them."""

from typing import Any

from diagnostics.check import Verdict, check, fail, ok, unknown, warn
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store, Syntax
from diagnostics.stores import StoreError, WalletState
from diagnostics.text import entry_count


@check(of=Store, needs=("permission.default-collection",), within=8.0)
def collection_locked(context: Context, store: Store) -> Verdict | None:
    """Is the default keychain unlocked?"""
    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    state = context.store.state()
    one = state.default
    if one is None:
        return unknown("no-collection")
    facts: dict[str, Any] = {
        "collection": one.path,
        "label": one.label or one.path.rpartition("/")[2],
        "items": one.items,
        "program": state.provider.program,
        "pid": state.provider.pid or "PID",
        "has_display": state.bus.has_display,
    }
    if not one.locked:
        return ok("unlocked", **facts)
    if state.provider.is_ksecretd:
        seen = [f"{one.path} is locked, with {entry_count(one.items)}", *_known(context, one.path)]
        unseen = state.wallet is not None and state.wallet.offscreen
        outcome = "wallet-of-ksecretd-closed-unseen" if unseen else "wallet-of-ksecretd-closed"
        return fail(outcome, "keyring_locked", evidence=seen, **facts)
    if state.provider.is_kwallet:
        return _wallet(context, state.wallet, facts)
    if state.provider.program == "keepassxc":
        said = f"{one.path} is locked"
        return fail("database-locked", "keyring_locked", evidence=(said,), **facts)
    evidence = [f"{one.path} is locked, with {entry_count(one.items)}", *_known(context, one.path)]
    return fail("locked", "keyring_locked", evidence=evidence, **facts)


def _wallet(context: Context, wallet: WalletState | None, facts: dict[str, Any]) -> Verdict:
    """KWallet's Secret Service says "locked" of wallets that it has open, too: only KWallet itself tells."""
    if wallet is None or wallet.said:
        said = (wallet.said,) if wallet else ()
        return unknown("kwallet-does-not-say", "kwallet_unavailable", evidence=said, **facts)
    seen = [
        f"{facts['collection']} says that it is locked",
        f"KWallet says of the wallet {wallet.name}: {'open' if wallet.open else 'closed'}",
    ]
    facts |= {"wallet": wallet.name, "offscreen": wallet.offscreen}
    if wallet.open and facts["label"] == wallet.name:
        return warn("wallet-not-handed-out", "kwallet_not_handed_out", evidence=seen, **facts)
    seen += _known(context, facts["collection"])
    return fail("wallet-closed", "keyring_locked", evidence=seen, **facts)


def _known(context: Context, collection: str) -> list[str]:
    """Which of the entries that the configs name are in it: hashes of their names can be seen without unlocking."""
    names = {each.name for each in context.references if each.syntax is Syntax.SECRET and each.name}
    if not names:
        return []
    try:
        similar = context.similar_entries
        hashed = {
            name for name in names if any(each.collection == collection for each in similar.hashed(name))
        }
        # A keychain that was unlocked once and locked again shows its names in the clear.
        seen = {
            name for name in names if any(e.collection == collection for e in context.entries_named(name))
        }
    except StoreError as error:
        return [f"its entries could not be listed: {error}"]
    there = sorted(hashed | seen)
    if len(names) == 1:
        return [f"the entry that the configs name is{'' if there else ' not'} in it"]
    said = [
        f"{len(there)} of the {len(names)} entries that the configs name {'is' if len(there) == 1 else 'are'} in it"
    ]
    if there and len(names) > len(there):
        said.append(f"not in it: {', '.join(sorted(names - set(there))[:10])}")
    return said
