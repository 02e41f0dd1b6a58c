"""`mcp-secrets list --all`: what every program keeps in the store, who wrote it and who finds it. Never a value."""

import json
import sys
from collections.abc import Sequence

from diagnostics.host import Host
from diagnostics.stores import CredentialStore
from diagnostics.stores.kernel_keys import KernelKey
from diagnostics.stores.writers import Written, state_of
from diagnostics.text import clean

_LONGEST = 120
"""Characters of a name."""


def list_all(host: Host, form: str) -> int:
    """Writes the one list. In: `text` or `json`. Out: the exit code.

    Raises:
        StoreError: the store could not be read.
    """
    from diagnostics.stores import open_store
    from diagnostics.stores.kernel_keys import kernel_keys
    from diagnostics.stores.writers import reconciled

    store = open_store(host)
    default = store.state().default
    rows = reconciled(store.entries(), default.path if default else "")
    keys = kernel_keys(host)
    if form == "json":
        sys.stdout.write(json.dumps([*map(_plain, rows), *map(_plain_key, keys)], indent=2) + "\n")
        return 0
    blocks = [_in_words(each, store) for each in rows] + [_key_in_words(each) for each in keys]
    sys.stdout.write("\n".join(blocks) + "\n" if blocks else "Nothing is stored yet.\n")
    hidden = _hidden(store, rows)
    if hidden:
        sys.stdout.write(f"\nNot listed, because locked and without names: {hidden}\n")
    return 0


def _in_words(one: Written, store: CredentialStore) -> str:
    labels = {each.path: each.label for each in store.state().collections}
    where = clean(labels.get(one.entry.collection) or one.entry.collection, _LONGEST)
    lines = [
        f"{clean(one.service, _LONGEST)} / {clean(one.account, _LONGEST)}",
        f"    written by {clean(one.writer, _LONGEST)}, kept in {where}, {state_of(one.entry)}",
        f"    found by {', '.join(one.seen_by) or 'none of the known programs'}",
    ]
    if one.twins:
        lines.append(f"    {one.twins} more of this name: which one a program gets is chance")
    if one.other_form:
        lines.append("    there in another program's form too: renew both when it changes")
    return "\n".join(lines)


def _key_in_words(one: KernelKey) -> str:
    ends = "until the computer restarts" if one.left == "perm" else f"for {clean(one.left, 20)} more"
    return (
        f"{clean(one.service, _LONGEST)} / {clean(one.account, _LONGEST)}\n"
        f"    written by {one.writer.name}, kept in the kernel's memory alone, {ends}\n"
        "    to keep it: mcp-doctor fix lookup.kernel-keyring"
    )


def _plain(one: Written) -> dict[str, object]:
    return {
        "service": clean(one.service),
        "name": clean(one.account),
        "written_by": clean(one.writer),
        "found_by": list(one.seen_by),
        "kept_in": clean(one.entry.collection),
        "locked": one.entry.locked,
        "twins": one.twins,
    }


def _plain_key(one: KernelKey) -> dict[str, object]:
    return {
        "service": clean(one.service),
        "name": clean(one.account),
        "written_by": one.writer.name,
        "found_by": [],
        "kept_in": "kernel",
        "locked": False,
        "twins": 0,
    }


def _hidden(store: CredentialStore, rows: Sequence[Written]) -> str:
    """Collections of which no entry has a name here."""
    named = {each.entry.collection for each in rows}
    return ", ".join(
        clean(each.label or each.path, _LONGEST)
        for each in store.state().collections
        if each.locked and each.items and each.path not in named
    )
