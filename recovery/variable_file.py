"""A file that sets variables (`.env`, a shell's profile), as a migration looks at it."""

from collections.abc import Mapping, Sequence

from diagnostics.configs.text_edit import Edit
from diagnostics.plain.assigned_line import (
    AssignedLine,
    Dialect,
    NotPlainError,
    assigned_lines,
    in_its_place,
    used_elsewhere,
)
from diagnostics.secret import Secret
from diagnostics.text import clean
from recovery.config_file import Look, look
from recovery.model import RecoveryError
from recovery.ports import RecoveryWorld


def look_at(world: RecoveryWorld, path: str) -> Look:
    """The file as it is. Raises RecoveryError where it can't be edited."""
    found = look(path, world.host.uid)
    world.files.mode(found.path)  # a world that holds some files only refuses the others
    return found


def lines_of(now: Look, name: str, dialect: str) -> Sequence[AssignedLine]:
    """The lines that set the variable. Raises RecoveryError where they can't be edited."""
    try:
        return assigned_lines(now.text(), name, Dialect(dialect))
    except NotPlainError as error:
        raise RecoveryError(
            f"{clean(now.path)}: {clean(str(error))}. By hand: store the value with `mcp-secrets set`, refer to it in the "
            "server's entry, then take the line out"
        ) from error


def value_in(world: RecoveryWorld, path: str, name: str, dialect: str) -> Secret:
    """What the file sets the variable to. Raises RecoveryError where that is not beyond doubt."""
    return lines_of(look_at(world, path), name, dialect)[0].value


def edits_out(now: Look, named: Mapping[str, str], dialect: str) -> list[Edit]:
    """A comment in the place of each line. In: variable -> the entry's name. Raises RecoveryError as `lines_of`."""
    text, kind = now.text(), Dialect(dialect)
    edits = []
    for name, username in named.items():
        user = used_elsewhere(text, name)
        if user:
            raise RecoveryError(
                f"{clean(now.path)}: line {user} makes use of {clean(name)} too: change that line first"
            )
        words = f"{clean(name)} was moved into the keychain by mcp-doctor: {clean(username)}"
        edits += [
            Edit(each.start, each.end, in_its_place(each, text, kind, words))
            for each in lines_of(now, name, dialect)
        ]
    return edits
