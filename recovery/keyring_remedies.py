"""What the remedies of damaged keychain files share: which file, what it is called, what is asked."""

from pathlib import Path

from diagnostics.context import Context
from diagnostics.model import Finding
from diagnostics.text import clean
from recovery.keyring_file import DAEMON
from recovery.model import Ask, AskKind, RecoveryError
from recovery.salvage.look import damaged_words, file_of
from recovery.steps.keyring_rebuild import DAMAGED_PASSWORD

LOGIN_FILE = "login.keyring"


def damaged_file_of(finding: Finding, context: Context) -> Path | None:
    """The file that the finding is about, where gnome-keyring keeps it."""
    from diagnostics.stores.keyring_folder import keyrings_of

    state = context.store.state()
    if state.provider.program != DAEMON:
        return None
    if finding.facts.get("file"):
        return Path(finding.facts["file"])
    collection = finding.facts.get("collection", "")
    return file_of(keyrings_of(context.host, state), collection) if collection else None


def label_of(path: Path, name: str) -> str:
    """What the rebuilt keychain is called. The default one must be called exactly `login`."""
    return "login" if path.name == LOGIN_FILE else name or path.stem


def ask_damaged_password(label: str) -> Ask:
    """The password that opens the damaged file."""
    return Ask(
        DAMAGED_PASSWORD,
        AskKind.PASSWORD,
        f"Password of the damaged keychain “{clean(label)}”",
        "The one it had when it was damaged, often your login password. It is used in memory only, and for the new "
        "keychain.",
    )


def was_refused(path: Path, context: Context) -> bool:
    """Whether unlocking it lately failed with the right password, because the file is damaged.

    A locked keychain does not show that its file is damaged; only who has the password can tell (`why_refused`).
    """
    from recovery.journal import Journal

    try:
        lately = Journal(context.host).operations()[-_LATELY:]
    except RecoveryError:
        return False
    return any(clean(damaged_words(path)) in each.error for each in lately)


_LATELY = 5
"""Operations."""
