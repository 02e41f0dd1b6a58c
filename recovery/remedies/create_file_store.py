"""The encrypted store was chosen, and is not there yet."""

import secrets

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from recovery.model import Remedy
from recovery.planner import remedy

_WHY = (
    "For hosts where no keychain can be had. The store is one file, encrypted with age for one key. It protects the "
    "credentials wherever the file goes without the key: backups, images, volumes, another user's eyes. It does not "
    "protect them from whoever can read both, so every program that runs as you can open it at any time: there is "
    "no password and no lock, because servers are started when nobody can be asked. A keychain is better where one "
    "can be had."
)


@remedy("backend.file-store.missing", "backend.file-store.missing-with-key", rank=20)
def create_file_store(finding: Finding, context: Context) -> Remedy | None:
    """Creates it, and the key where there is none."""
    from diagnostics.stores.file_store import FileStoreError, identity_path, store_path
    from recovery.steps.file_store import CreateFileStore

    try:
        identity = identity_path(context.host)
    except FileStoreError:
        return None
    makes_key = finding.outcome == "missing-with-key"
    if makes_key and identity.parent == store_path(context.host).parent:
        return None  # the finding's words ask for another place
    step = CreateFileStore(
        str(store_path(context.host)), str(identity), f"made by mcp-doctor, {secrets.token_hex(8)}", makes_key
    )
    return Remedy(
        id="create-file-store",
        title=step.title,
        why=_WHY,
        finding=finding.id,
        steps=(step,),
        recheck=checks_from(Stage.BACKEND),
    )
