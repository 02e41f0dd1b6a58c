"""A keychain was made while the damaged one still had the name: its file is login_1, and the next login loses it."""

import os

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from diagnostics.text import clean
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.planner import remedy

_SECOND = "login_1.keyring"


@remedy(
    "permission.keyring-files.file-second-login",
    "permission.keyring-files.file-truncated",
    "permission.keyring-files.file-garbled",
    "permission.keyring-files.file-empty",
    "permission.keyring-files.file-is-no-file",
    "permission.keyring-files.file-dangling-link",
    rank=30,
)
def promote_second_login(finding: Finding, context: Context) -> Remedy | None:
    """Moves the damaged file aside, gives login_1 its name, and opens it. Two whole keychains are left as they are."""
    from diagnostics.stores.keyring_file import KeyringFileError, read_header
    from recovery.keyring_file import digest_of, free_name
    from recovery.keyring_remedies import LOGIN_FILE, damaged_file_of
    from recovery.steps.keychain import PASSWORD, Unlock
    from recovery.steps.keyring_file import MoveKeyringAside, PromoteKeyring

    path = damaged_file_of(finding, context)
    if path is None or path.name not in {LOGIN_FILE, _SECOND}:
        return None
    first, second = path.with_name(LOGIN_FILE), path.with_name(_SECOND)
    if not second.is_file():
        return None
    steps: list[Step] = []
    if os.path.lexists(first):
        try:
            read_header(first)
        except KeyringFileError:
            aside = free_name(str(first), "damaged")
            steps.append(MoveKeyringAside(str(first), aside, digest_of(str(first))))
        else:
            return None
    steps += [PromoteKeyring(str(second), str(first)), Unlock("", "login")]
    provider = context.store.state().provider
    ask = Ask(
        PASSWORD,
        AskKind.PASSWORD,
        "Password of the newer keychain (login_1)",
        "The one that was chosen when it was made. It goes to the keyring daemon only, and is written nowhere.",
    )
    return Remedy(
        id="promote-second-login",
        title="Give the keychain in login_1.keyring its proper name",
        why=(
            f"The keyring daemon ({clean(provider.program)}, process {provider.pid}) is ended and started afresh, "
            "because it reads its files only then. That locks the keychains of all other programs of yours until they "
            "are unlocked again. Files are renamed, none is deleted."
        ),
        finding=finding.id,
        steps=tuple(steps),
        asks=(ask,),
        recheck=checks_from(Stage.PERMISSION),
    )
