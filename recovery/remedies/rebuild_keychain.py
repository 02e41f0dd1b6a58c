"""A keychain's file is damaged, and its password is known: what can be saved is saved."""

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from diagnostics.text import clean
from recovery.model import Remedy
from recovery.planner import remedy

_MOST_KNOWN = 200
"""Names. They go into one record of the trail."""


@remedy(
    "permission.keyring-files.file-truncated",
    "permission.keyring-files.file-garbled",
    "permission.collection-locked.locked",
    rank=45,
)
def rebuild_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Moves the file aside, makes a new keychain with the same password, and writes what could be saved into it."""
    from diagnostics.stores.keyring_file import KeyringFileError, read_bytes
    from recovery.backups.filling import filling
    from recovery.entries import new_undo_id
    from recovery.keyring_file import digest_of, free_name
    from recovery.keyring_remedies import ask_damaged_password, damaged_file_of, label_of, was_refused
    from recovery.salvage.clear_part import read_clear_part
    from recovery.steps.keyring_file import MoveKeyringAside
    from recovery.steps.keyring_rebuild import CreateLike, ImportSalvaged, TrySalvage

    path = damaged_file_of(finding, context)
    if path is None or (finding.check == "permission.collection-locked" and not was_refused(path, context)):
        return None
    try:
        clear = read_clear_part(read_bytes(path))
    except KeyringFileError:
        return None
    if clear is None or not clear.places:
        return None
    label = label_of(path, clear.name)
    digest, aside = digest_of(str(path)), free_name(str(path), "damaged")
    fill, key = filling(context.host, aside)
    known = tuple(dict.fromkeys(each.name for each in context.references if each.name))[:_MOST_KNOWN]
    return Remedy(
        id="rebuild-keychain",
        title=f"Rebuild the keychain “{clean(label)}” from its damaged file",
        why=(
            f"With its password, what can be saved of {clean(str(path))} is read in memory. The file is then renamed to "
            f"{clean(aside.rpartition('/')[2])} and kept; a new keychain takes its place, with the entries of all "
            "programs that are certainly whole. What can't be saved comes from your newest backup, where there is one and "
            "you can open it. Where the password is wrong or the file is whole, nothing is done. Taking this back gives the "
            "damaged file its name again; the keyring daemon may start anew for that, which locks all keychains."
        ),
        finding=finding.id,
        steps=(
            TrySalvage(str(path), digest),
            MoveKeyringAside(str(path), aside, digest),
            CreateLike(label),
            ImportSalvaged(aside, digest, label, new_undo_id(), known),
            *fill,
        ),
        asks=(ask_damaged_password(label), *key),
        recheck=checks_from(Stage.PERMISSION),
    )
