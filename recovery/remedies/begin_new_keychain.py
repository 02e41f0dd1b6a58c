"""A keychain's file is beyond saving, or its password is not known any more: it is kept, and a new one is begun."""

import os

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from diagnostics.text import clean
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.planner import remedy


@remedy(
    "permission.keyring-files.file-empty",
    "permission.keyring-files.file-truncated",
    "permission.keyring-files.file-garbled",
    "permission.keyring-files.file-dangling-link",
    "permission.keyring-files.file-is-no-file",
    rank=60,
)
def begin_new_keychain(finding: Finding, context: Context) -> Remedy | None:
    """Moves the file aside; where it was the default keychain's, a new one is made."""
    from recovery.backups.filling import filling
    from recovery.keyring_file import digest_of, free_name
    from recovery.keyring_remedies import LOGIN_FILE, damaged_file_of
    from recovery.steps.keychain import PASSWORD
    from recovery.steps.keyring_file import MoveKeyringAside
    from recovery.steps.keyring_rebuild import CreateNamed

    path = damaged_file_of(finding, context)
    if path is None or not os.path.lexists(path):
        return None
    aside = free_name(str(path), "damaged")
    move: tuple[Step, ...] = (MoveKeyringAside(str(path), aside, digest_of(str(path))),)
    if path.name != LOGIN_FILE:
        return Remedy(
            "begin-new-keychain",
            f"Move {clean(path.name)} aside",
            "It is renamed and kept, so that what is left of it can still be looked into. Nothing else is touched.",
            finding.id,
            move,
            recheck=checks_from(Stage.PERMISSION),
        )
    fill, key = filling(context.host, aside)
    ask = Ask(
        PASSWORD,
        AskKind.NEW_PASSWORD,
        "Password for the new keychain",
        "Use your login password where it should be unlocked at login. It can't be recovered if it is forgotten.",
    )
    return Remedy(
        "begin-new-keychain",
        "Move the damaged file aside and begin a new keychain",
        "The file is renamed and kept, so that what is left of it can still be saved later. Your credentials "
        "come back from your newest backup, where there is one and you can open it, or are stored anew.",
        finding.id,
        (*move, CreateNamed("login"), *fill),
        (ask, *key),
        checks_from(Stage.PERMISSION),
    )
