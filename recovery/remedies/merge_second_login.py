"""Two whole keychains are named login: one of them is used, and what the other one holds is found by nobody."""

from diagnostics.check import checks_from
from diagnostics.context import Context
from diagnostics.model import Finding, Stage
from recovery.model import Ask, AskKind, Remedy, Step
from recovery.planner import remedy


@remedy("permission.keyring-files.file-second-login", rank=30)
def merge_second_login(finding: Finding, context: Context) -> Remedy | None:
    """Copies what `login` lacks out of `login_1`, then moves that file aside. Nothing is ended, locked or deleted."""
    from recovery.entries import new_undo_id
    from recovery.keyring_file import LOGIN, digest_of, free_name, is_legible
    from recovery.keyring_remedies import LOGIN_FILE, damaged_file_of
    from recovery.salvage.look import file_of
    from recovery.steps.keychain import PASSWORD, Unlock
    from recovery.steps.keyring_merge import SECOND_PASSWORD, MergeKeyring, MoveMergedAside

    second = damaged_file_of(finding, context)
    if second is None:
        return None
    first = second.with_name(LOGIN_FILE)
    if second == first or not is_legible(str(first)) or not is_legible(str(second)):
        return None
    collections = context.store.state().collections
    login = next((each for each in collections if each.path == LOGIN and each.exists), None)
    if login is None:
        return None
    loaded = (
        each.path for each in collections if file_of(second.parent, each.path) == second and each.exists
    )
    collection = next(loaded, "")
    digest, aside = digest_of(str(second)), free_name(str(second), "merged")
    steps: list[Step] = [
        MergeKeyring(str(second), digest, collection, new_undo_id()),
        MoveMergedAside(str(second), aside, digest, collection),
    ]
    hint = "It is used in memory only, to read the file."
    asks = [Ask(SECOND_PASSWORD, AskKind.PASSWORD, "Password of the second keychain (login_1)", hint)]
    if login.locked:
        steps.insert(0, Unlock(LOGIN, "login"))
        asks.insert(0, Ask(PASSWORD, AskKind.PASSWORD, "Password of the keychain “login”"))
    return Remedy(
        id="merge-second-login",
        title="Bring the entries of login_1.keyring into the keychain “login”",
        why=(
            "What “login” lacks is copied from the second keychain, and what both hold with the same value stays once. "
            "Where one of your credentials has two different values, nothing is done, and you are asked which is right. "
            "Then the second file is renamed and kept; nothing is deleted, and no other program's keychain is locked."
        ),
        finding=finding.id,
        steps=tuple(steps),
        asks=tuple(asks),
        recheck=checks_from(Stage.PERMISSION),
    )
