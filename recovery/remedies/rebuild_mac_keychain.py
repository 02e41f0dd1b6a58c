"""A keychain file of macOS is damaged."""

from pathlib import Path

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from diagnostics.text import clean
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedy


@remedy("backend.macos-keychains.damaged", rank=45)
def rebuild_mac_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Moves the file aside, makes a new keychain in its place, and fills it from the newest backup."""
    from recovery.backups.filling import filling
    from recovery.keyring_file import digest_of, free_name
    from recovery.macos_remedies import ask_new_password
    from recovery.steps.macos_keychain import CreateMacKeychain, MoveMacKeychainAside
    from recovery.stores.macos.keychain import default_path, search_list

    path = str(finding.facts.get("file", ""))
    folder = str(context.host.home / "Library" / "Keychains")
    if path.rpartition("/")[0] != folder or not path.endswith(".keychain-db"):
        return None  # not the person's own, or not where a new one would be made
    digest = "" if Path(path).is_symlink() else digest_of(path)
    if not digest:
        return None
    try:
        searched, default = tuple(search_list(context.host)), default_path(context.host)
    except RecoveryError:
        return None
    aside = free_name(path, "damaged")
    fill, key = filling(context.host, aside) if default == path else ((), ())
    return Remedy(
        id="rebuild-mac-keychain",
        title=f"Make a new keychain in place of the damaged {clean(path.rpartition('/')[2])}",
        why=(
            f"The damaged file is copied, renamed to {clean(aside.rpartition('/')[2])} and kept, a new keychain takes its place on "
            "the search list, and your newest backup fills it where there is one. Entries that are in no backup, also those "
            "of other programs, are not in the new one: if Time Machine has a good copy of the file, bring that back instead."
        ),
        finding=finding.id,
        steps=(
            MoveMacKeychainAside(path, aside, digest),
            CreateMacKeychain(path, searched, default),
            *fill,
        ),
        asks=(ask_new_password(), *key),
        recheck=checks_from(Stage.BACKEND),
    )
