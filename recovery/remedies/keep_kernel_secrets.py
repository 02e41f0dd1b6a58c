"""Credentials lie in the kernel's memory alone, because no keychain answered when they were saved."""

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from diagnostics.stores import StoreError
from recovery.model import Remedy
from recovery.planner import remedy


@remedy("lookup.kernel-keyring.only-there", rank=10)
def keep_kernel_secrets(finding: Finding, context: Context) -> Remedy | None:
    """Writes each into the keychain under the name that its program looks for. Nothing is deleted."""
    from diagnostics.stores.kernel_keys import kernel_keys, only_there
    from recovery.entries import new_undo_id
    from recovery.steps.entry_form import KeepKernelSecret

    try:
        keys = only_there(kernel_keys(context.host), context.store.entries())
    except StoreError:
        return None
    steps = tuple(KeepKernelSecret(each.name, each.service, each.account, new_undo_id()) for each in keys)
    if not steps:
        return None
    return Remedy(
        id="keep-kernel-secrets",
        title=steps[0].title if len(steps) == 1 else f"Keep {len(steps)} credentials in the keychain",
        why=(
            "A program found no keychain and left what it saved in the kernel's memory. It is written into the keychain, "
            "where it stays and where other programs find it; the values are not shown."
        ),
        finding=finding.id,
        steps=steps,
        recheck=checks_from(Stage.LOOKUP),
    )
