"""Which backup can fill a keychain that is rebuilt, and what must be asked to open it."""

from diagnostics.host import Host
from diagnostics.text import clean
from recovery.backups.error import BackupError
from recovery.backups.file import read_file
from recovery.backups.opening import listed
from recovery.model import Ask, AskKind, Step

_WITHOUT = "Leave it empty to do without; the backup stays as it is, and can be restored later."


def filling(host: Host, source: str) -> tuple[tuple[Step, ...], tuple[Ask, ...]]:
    """The step that fills in what was lost, from the newest backup that looks whole, and its question.

    In: the damaged file's path as it is when the step is done. Out: both empty where there is no backup.
    """
    import hashlib

    from recovery.entries import new_undo_id
    from recovery.steps.backup_fill import BACKUP_KEY, FillFromBackup

    try:
        newest = next((each for each in listed(host) if each.header is not None), None)
        if newest is None or newest.header is None:
            return (), ()
        digest = hashlib.sha256(read_file(newest.path)).hexdigest()
    except BackupError:
        return (), ()
    made = f"{newest.made:%Y-%m-%d %H:%M} UTC"
    step = FillFromBackup(str(newest.path.absolute()), digest, made, source, new_undo_id())
    name = clean(newest.path.name)
    if newest.header.has_passphrase:
        ask = Ask(BACKUP_KEY, AskKind.PASSWORD, f"Passphrase of the backup {name}", _WITHOUT, optional=True)
    else:
        prompt = f"File of the private key that opens the backup {name}"
        ask = Ask(BACKUP_KEY, AskKind.TEXT, prompt, _WITHOUT, optional=True)
    return (step,), (ask,)
