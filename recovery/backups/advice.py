"""What is said of backups before a step that can't be undone, or that entries can be lost by."""

from diagnostics.backups import backups_in, folder_of
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.stores.choice import said_of
from diagnostics.text import clean
from recovery.model import Remedy, Risk

_TAKES_AWAY = frozenset(
    {"delete-entry", "keep-one-twin", "keep-one-of", "merge-alike", "merge-keyring", "promote-keyring"}
)
_BEGINS_ANEW = frozenset({"create-like-damaged", "create-named-keychain"})
"""What could be read is read by the steps themselves; a backup comes in when it is filled in afterwards."""


def advice_before(remedy: Remedy, host: Host) -> str:
    """One line for the person before consent, "" where there is nothing to say. Reads the folder of backups."""
    kinds = {step.kind for step in remedy.steps}
    takes_away = bool(kinds & _TAKES_AWAY) or remedy.risk is Risk.FINAL
    begins_anew = bool(kinds & _BEGINS_ANEW)
    if not takes_away and not begins_anew:
        return ""
    folder = folder_of(host)
    try:
        newest = next(iter(on_disk(lambda: backups_in(folder))), None)
    except (OSError, DeadlineError):
        newest = None
    if begins_anew:
        if newest is not None:
            return ""  # the remedy fills in from it, and says so
        return (
            f"There is no backup in {clean(str(folder))} to fill in from what can't be saved. If you keep one elsewhere, "
            "put it there first."
        )
    make = "mcp-doctor backup create (in the app: b)"
    if newest is None:
        return said_of(
            host, f"There is no backup yet. As long as the keychain can be read, make one first: {make}"
        )
    return said_of(
        host,
        f"The newest backup is of {newest[1]:%Y-%m-%d %H:%M} UTC. If the keychain has changed since, make one first: {make}",
    )
