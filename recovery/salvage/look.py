"""Why the daemon refused a password: told by the keychain's file, which is only read."""

import re
from pathlib import Path

from diagnostics.secret import Secret
from diagnostics.stores.keyring_file import KeyringFileError, read_bytes
from recovery.salvage.salvage import Verdict, salvage


def file_of(folder: Path, collection: str) -> Path:
    """The file that a collection is kept in. In: the collection's address, in which odd characters are written `_xx`."""
    name = re.sub(r"_([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), collection.rpartition("/")[2])
    return folder / f"{name}.keyring"


def why_refused(folder: Path, collection: str, password: Secret) -> str:
    """In words; "" where the file tells nothing."""
    path = file_of(folder, collection)
    try:
        found = salvage(read_bytes(path), password, seconds=0.0)
    except KeyringFileError:
        return ""
    if found.verdict is Verdict.NOTHING_FITS:
        return "the password is not the right one"
    if found.verdict is Verdict.DAMAGED:
        return (
            f"{damaged_words(path)}, so the daemon refuses it. What can be saved of it is saved by: "
            "`mcp-doctor fix permission.collection-locked`"
        )
    return ""


def damaged_words(path: Path) -> str:
    """How it is said; the planner recognises it in the trail."""
    return f"the password is right, but the file {path} is damaged"
