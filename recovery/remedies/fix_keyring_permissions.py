"""The keychain's folder or files can't be read or written by their owner, or are open to others."""

from pathlib import Path

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from recovery.model import Remedy
from recovery.planner import on_the_way, remedy

_WHY = "The keychain's folder and files become readable and writable for you, and for nobody else."


@remedy(
    "permission.keyring-files.folder-unreadable",
    "permission.keyring-files.folder-read-only",
    "permission.keyring-files.file-unreadable",
    "permission.keyring-files.file-open-to-others",
    rank=20,
)
def fix_keyring_permissions(finding: Finding, context: Context) -> Remedy | None:
    """Gives them 0700 and 0600; where the daemon could not load its keychain, it is started afresh after that."""
    from recovery.unlocking import modes_to_mend

    state = context.store.state()
    if state.default is None or not state.default.exists:
        return on_the_way("fix-keyring-permissions", finding, context)
    steps = modes_to_mend(Path(finding.facts.get("folder", "")), context.host)
    if not steps:
        return None
    return Remedy(
        id="fix-keyring-permissions",
        title="Give the keychain files the right permissions",
        why=_WHY,
        finding=finding.id,
        steps=tuple(steps),
        recheck=checks_from(Stage.PERMISSION),
    )
