"""macOS does not give an entry to this Python, because another one stored it."""

from diagnostics.context import Context
from diagnostics.model import Finding
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy("lookup.macos-access.python-changed", "lookup.macos-access.signature", rank=20)
def allow_this_python(finding: Finding, context: Context) -> Remedy | None:
    """Puts its signature on the entry's list, and sees whether that lets it in."""
    from diagnostics.check import checks_from
    from diagnostics.model import Stage
    from diagnostics.stores.macos.store import MacStore
    from diagnostics.text import clean
    from recovery.entry_remedies import SERVICE, reference_of
    from recovery.macos_remedies import ask_password
    from recovery.steps.macos_access import AllowPython, partition_list
    from recovery.world import LocalWorld

    named, store = reference_of(finding, context), context.store
    if named is None or not isinstance(store, MacStore):
        return None
    name = named[1]
    one, partition = store.item_of(name), store.python.partition
    if one is None or not partition:
        return None
    try:
        before = partition_list(LocalWorld(context.host), one.keychain, SERVICE, name)
    except RecoveryError:
        return None
    if partition in before:
        return None
    return Remedy(
        id="allow-this-python",
        title=f"Let this Python read {clean(name)} again",
        why=(
            "With the keychain's password, the signature of this Python is put on the list of those that may read the entry. "
            "The other programs on the list stay there, and the value is not touched. Every program that this Python runs "
            "can read it then, as before the upgrade."
        ),
        finding=finding.id,
        steps=(AllowPython(one.keychain, SERVICE, name, before, partition),),
        asks=(ask_password(one.keychain),),
        recheck=checks_from(Stage.LOOKUP),
    )
