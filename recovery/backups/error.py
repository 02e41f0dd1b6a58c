"""Why a backup could not be made or read. The text says what to do; the reason tells the cases apart."""

from enum import StrEnum

from recovery.model import RecoveryError


class Reason(StrEnum):
    """What kept a backup from being made or opened."""

    UNREADABLE = "unreadable"
    """The file is not there, or the system does not let it be read."""
    NOT_AGE = "not-age"
    NEWER_AGE = "newer-age"
    DAMAGED = "damaged"
    WRONG_PASSPHRASE = "wrong-passphrase"  # noqa: S105 - the name of a reason
    WRONG_IDENTITY = "wrong-identity"
    NEEDS_PASSPHRASE = "needs-passphrase"  # noqa: S105 - the name of a reason
    NEEDS_IDENTITY = "needs-identity"
    TOO_MUCH_WORK = "too-much-work"
    TOO_LARGE = "too-large"
    NOT_A_BACKUP = "not-a-backup"
    NEWER_BACKUP = "newer-backup"
    BAD_RECIPIENT = "bad-recipient"
    BAD_IDENTITY = "bad-identity"
    BAD_PASSPHRASE = "bad-passphrase"  # noqa: S105 - the name of a reason
    INCOMPLETE = "incomplete"
    """Not everything that belongs into it can be read."""
    UNWRITABLE = "unwritable"
    NO_LIBRARY = "no-library"


class BackupError(RecoveryError):
    """A backup could not be made, read or restored. The text holds no secret and is safe to show."""

    def __init__(self, reason: Reason, said: str) -> None:
        super().__init__(said)
        self.reason = reason
