"""Store: what a program saved while no keychain answered may lie in the kernel's memory, and is gone with a restart."""

from collections.abc import Sequence

from diagnostics.check import Verdict, check, ok, warn
from diagnostics.context import Context
from diagnostics.model import Store
from diagnostics.stores import StoreError
from diagnostics.stores.kernel_keys import KernelKey, kernel_keys, only_there

_CAUSE = "credential_in_kernel_memory"
_MOST = 5
"""Names in a sentence; all of them stand in the evidence."""


@check(of=Store, within=6.0)
def kernel_keyring(context: Context, _store: Store) -> Verdict | None:
    """Is what programs saved in the keychain, and not in the kernel's memory alone?"""
    keys = kernel_keys(context.host) if context.needs_store else []
    if not keys:
        return None
    try:
        entries = context.store.entries()
    except StoreError as error:
        seen = (*map(_seen, keys), str(error))
        return warn("keychain-not-read", _CAUSE, evidence=seen, count=len(keys), names=_names(keys))
    lonely = only_there(keys, entries)
    if not lonely:
        return ok("in-the-keychain-too", evidence=map(_seen, keys), count=len(keys), names=_names(keys))
    return warn("only-there", _CAUSE, evidence=map(_seen, lonely), count=len(lonely), names=_names(lonely))


def _seen(key: KernelKey) -> str:
    ends = "until the computer restarts" if key.left == "perm" else f"for {key.left} more"
    return f"key {key.id:08x} '{key.name}', from {key.writer.tools}: {ends}"


def _names(keys: Sequence[KernelKey]) -> str:
    shown = [f"{each.account} ({each.service})" for each in keys[:_MOST]]
    return ", ".join([*shown, *([f"and {len(keys) - _MOST} more"] if len(keys) > _MOST else [])])
