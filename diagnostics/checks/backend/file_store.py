"""Store: an encrypted file, where the person chose one because no keychain can be had."""

import stat
from pathlib import Path
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.checks.applicable import FILE, not_applicable
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.stores import FILE_STORE_VARIABLE, StoreError


@check(of=Store, within=10.0)
def file_store(context: Context, store: Store) -> Verdict | None:
    """Does the key open the encrypted store?"""
    if store.kind != FILE:
        return None  # nobody chose it
    passed = not_applicable(context, store, FILE)
    if passed is not None:
        return passed
    from diagnostics.stores.file_store import FileStoreError, identity_path, store_path

    host = context.host
    facts: dict[str, Any] = {
        "variable": FILE_STORE_VARIABLE,
        "file": store_path(host),
        "identity": host.env.get(FILE_STORE_VARIABLE, ""),
    }
    try:
        count = len(context.store.entries())
        identity = identity_path(host)
    except FileStoreError as error:
        outcome = error.outcome
        if outcome == "missing":
            outcome = "missing" if identity_path(host).exists() else "missing-with-key"
        return fail(outcome, error.cause, evidence=(str(error),), said=str(error), **facts)
    except StoreError as error:
        return fail("damaged", error.cause, evidence=(str(error),), said=str(error), **facts)
    return _about_the_key(identity, host) or ok("opens", count=count, **facts)


def _about_the_key(identity: Path, host: Host) -> Verdict | None:
    """A warning where the key lies badly. One of another owner (a mounted secret) is whoever mounted it's to set."""
    from diagnostics.stores.file_store import store_path

    facts: dict[str, Any] = {
        "identity": identity,
        "file": store_path(host),
        "folder": store_path(host).parent,
    }
    try:
        info = identity.stat()
        beside = identity.resolve().parent == store_path(host).resolve().parent
    except OSError:
        return None
    if info.st_uid == host.uid and info.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = f"{stat.S_IMODE(info.st_mode):04o}"
        return warn("key-open-to-others", "file_store_exposed", evidence=(f"{identity}: {mode}",), **facts)
    if beside:
        return warn("key-beside-store", "file_store_exposed", evidence=(str(identity),), **facts)
    return None
