"""Store: an encrypted file, where the person chose one because no keychain can be had."""

import shlex
import stat
from pathlib import Path
from typing import Any

from diagnostics.check import Verdict, check, fail, ok, warn
from diagnostics.checks.applicable import FILE, not_applicable
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.model import Store
from diagnostics.stores import StoreError
from diagnostics.stores.choice import FILE_STORE_VARIABLE, Choice, choice_of
from diagnostics.text import Words

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE_OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH


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
    choice = choice_of(host)
    if choice is None:
        return fail(
            "damaged", "file_store_missing", said="the choice was taken back meanwhile", file=store_path(host)
        )
    facts = {**_facts(choice, host), "file": store_path(host)}
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
    return _about_the_files(identity, host) or ok("opens", count=count, **facts)


def _facts(choice: Choice, host: Host) -> dict[str, Any]:
    """What chose the store, and how to choose otherwise."""
    facts: dict[str, Any] = {"identity": choice.identity}
    if choice.by_variable:
        return facts | {
            "chosen_by": f"the variable {FILE_STORE_VARIABLE}",
            "choose_key": Words(f"export {FILE_STORE_VARIABLE}=/path/of/the/key"),
            "choose_none": Words(f"unset {FILE_STORE_VARIABLE}"),
        }
    from diagnostics.stores.choice import settings_path

    path = shlex.quote(str(settings_path(host)))
    return facts | {
        "chosen_by": f"the file {choice.by}",
        "choose_key": Words(f"${{EDITOR:-vi}} {path}"),
        "choose_none": Words(f"rm {path}"),
    }


def _about_the_files(identity: Path, host: Host) -> Verdict | None:
    """A warning where the files lie badly. A key of another owner (a mounted secret) is whoever mounted it's to set."""
    from diagnostics.stores.file_store import store_path

    file = store_path(host)
    facts: dict[str, Any] = {"identity": identity, "file": file, "folder": file.parent}
    try:
        key, store, folder = identity.stat(), file.stat(), file.parent.stat()
        beside = identity.resolve().parent == file.resolve().parent
    except OSError:
        return None
    if key.st_uid == host.uid and key.st_mode & _OTHERS:
        mode = f"{stat.S_IMODE(key.st_mode):04o}"
        return warn("key-open-to-others", "file_store_exposed", evidence=(f"{identity}: {mode}",), **facts)
    if beside:
        return warn("key-beside-store", "file_store_exposed", evidence=(str(identity),), **facts)
    if store.st_mode & _WRITE_OF_OTHERS or (
        folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX
    ):
        modes = f"{file}: {stat.S_IMODE(store.st_mode):04o}; its folder: {stat.S_IMODE(folder.st_mode):04o}"
        return warn("store-open-to-others", "file_store_exposed", evidence=(modes,), **facts)
    return None
