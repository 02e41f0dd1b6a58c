"""The library that knows the age format; loaded only where a backup is made or opened."""

from types import ModuleType

from recovery.backups.error import BackupError, Reason


def pyrage() -> ModuleType:
    """The library. Raises BackupError (NO_LIBRARY) where it can't be loaded."""
    try:
        import pyrage as library
    except ImportError:
        raise BackupError(
            Reason.NO_LIBRARY,
            "the library pyrage is not installed, and without it there are no backups: reinstall mcp-doctor",
        ) from None
    return library
