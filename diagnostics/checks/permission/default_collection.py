"""Store: new entries go to the default collection, and programs look there first."""

from pathlib import Path

from diagnostics.check import Verdict, check, fail, ok
from diagnostics.checks.applicable import SECRET_SERVICE, STAND_IN, not_applicable
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.stores import CollectionState, StoreState, WalletState
from diagnostics.text import entry_count

_MISSING, _MISDIRECTED, _NO_OBJECT = (
    "keyring_collection_missing",
    "keyring_default_misdirected",
    "keyring_object_missing",
)


@check(of=Store, needs=("backend.provider", "permission.keyring-files"), within=5.0)
def default_collection(context: Context, store: Store) -> Verdict | None:
    """Is there a default keychain?"""
    from diagnostics.stores.keyring_folder import keyrings_of
    from diagnostics.stores.protocol import LOGIN_COLLECTION

    passed = not_applicable(context, store, SECRET_SERVICE, STAND_IN)
    if passed is not None:
        return passed
    state = context.store.state()
    daemon: dict[str, object] = {"program": state.provider.program, "pid": state.provider.pid or "PID"}
    if state.default is not None and state.default.exists:
        one = state.default
        outcome = "exists" if one.path == LOGIN_COLLECTION or not one.label else "exists-under-another-name"
        return ok(outcome, collection=one.path, label=one.label or "login", items=one.items)
    if state.default is not None:
        said = f"the alias default names {state.default.path}, and no object is there"
        return fail("object-missing", _NO_OBJECT, evidence=(said,), collection=state.default.path, **daemon)
    if state.provider.program == "keepassxc":
        return fail("nothing-exposed", _MISSING, evidence=("KeePassXC shows no collection",), **daemon)
    if state.wallet is not None and state.provider.is_kwallet:
        return _no_wallet(state, state.wallet, daemon)
    folder = keyrings_of(context.host, state) if store.kind == SECRET_SERVICE else None
    return _no_default(state, folder, daemon)


def _no_default(state: StoreState, folder: Path | None, daemon: dict[str, object]) -> Verdict:
    from diagnostics.stores.keyring_folder import default_name_in

    named = default_name_in(folder) if folder else ""
    evidence = ["the alias default names nothing"]
    if named:
        evidence.append(f"{folder}/default says: {named}")
    candidate = _candidate(state)
    if candidate is not None:
        evidence.append(f"there is {candidate.path} with {entry_count(candidate.items)}")
        return fail(
            "alias-dangling" if named else "not-chosen",
            _MISDIRECTED,
            evidence=evidence,
            collection=candidate.path,
            label=candidate.label,
            items=candidate.items,
            named=named,
            **daemon,
        )
    file = folder / f"{named or 'login'}.keyring" if folder else None
    if file is not None and file.is_file():
        evidence.append(f"{file} is there, but the daemon has not loaded it")
        return fail("not-loaded", _NO_OBJECT, evidence=evidence, file=file, **daemon)
    if named and named != "login":
        return fail("alias-dangling-alone", _MISSING, evidence=evidence, named=named, file=file, **daemon)
    return fail("none", _MISSING, evidence=evidence, folder=folder or "", **daemon)


def _no_wallet(state: StoreState, wallet: WalletState, daemon: dict[str, object]) -> Verdict:
    """KWallet has no collection that programs get by default."""
    facts = {**daemon, "wallet": wallet.name}
    evidence = ["the alias default names nothing", f"KWallet knows: {', '.join(wallet.names) or 'no wallet'}"]
    offered = next((each for each in state.collections if each.exists and each.label == wallet.name), None)
    if offered is not None:
        seen = {"collection": offered.path, "label": offered.label, "items": offered.items, "named": ""}
        return fail("not-chosen", _MISDIRECTED, evidence=evidence, **seen, **facts)
    if state.provider.is_ksecretd:
        return fail("no-wallet-of-ksecretd", _MISSING, evidence=evidence, **facts)
    if wallet.exists:
        return fail("wallet-not-offered", _NO_OBJECT, evidence=evidence, **facts)
    return fail("no-wallet", _MISSING, evidence=evidence, **facts)


def _candidate(state: StoreState) -> CollectionState | None:
    """The collection that was most likely meant: `login`, else the one with the most entries."""
    from diagnostics.stores.protocol import LOGIN_COLLECTION, SESSION_COLLECTION

    real = [each for each in state.collections if each.path != SESSION_COLLECTION and each.exists]
    return max(real, key=lambda each: (each.path == LOGIN_COLLECTION, each.items), default=None)
