"""The folder of gnome-keyring's files: where it is, and what is wrong with what lies in it. Reads only."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.host import Host
from diagnostics.stores.keyring_file import KeyringFileError, read_header
from diagnostics.stores.state import StoreState
from diagnostics.text import entry_count

_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class FileTrouble:
    """What is wrong with the folder or a file of it."""

    outcome: str
    """`folder-…` or `file-…`; the key of the wording."""
    cause: str
    path: Path
    said: str
    keeps_out: bool
    """Whether the daemon cannot load it like this; otherwise it works and is only unwise."""
    mode: str = ""
    """Access mode in octal."""
    owner: int = -1
    target: str = ""
    """Where a link leads."""


def keyrings_of(host: Host, state: StoreState) -> Path:
    """The folder that the daemon uses. Its home need not be ours, and only its own counts."""
    data_home = Path(state.provider.data_home) if state.provider.data_home else host.data_home
    return data_home / "keyrings"


def default_name_in(folder: Path) -> str:
    """The name in the file `default`, "" where there is none (then it is `login`)."""
    try:
        with (folder / "default").open("rb") as file:
            return file.read(1024).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def troubles_in(folder: Path, uid: int) -> list[FileTrouble]:
    """Everything that is wrong there, the worst first; none for a folder that doesn't exist yet.

    In: `uid` is whose files they should be.
    """
    try:
        folder.lstat()
    except FileNotFoundError:
        return []
    except OSError as error:
        said = error.strerror or str(error)
        return [FileTrouble("folder-out-of-reach", "file_permission_denied", folder, said, keeps_out=True)]
    found = list(_of_folder(folder, uid))
    if not any(each.keeps_out for each in found):
        found += _of_files(folder, uid)
    return sorted(found, key=lambda each: not each.keeps_out)


def _of_folder(folder: Path, uid: int) -> Iterator[FileTrouble]:
    try:
        real = folder.stat()
    except OSError as error:
        said = error.strerror or str(error)
        yield FileTrouble("folder-out-of-reach", "file_permission_denied", folder, said, keeps_out=True)
        return
    mode = _octal(real)
    if not stat.S_ISDIR(real.st_mode):
        said = "it is not a folder"
        yield FileTrouble("folder-is-a-file", "keyring_file_misplaced", folder, said, keeps_out=True)
    elif real.st_uid != uid:
        said = f"owner: uid {real.st_uid}, mode {mode}"
        yield _denied("folder-of-another-user", folder, said, mode, real.st_uid)
    elif not _owner_may(real, stat.S_IRUSR | stat.S_IXUSR):
        yield _denied("folder-unreadable", folder, f"mode {mode}", mode, uid)
    elif not _owner_may(real, stat.S_IWUSR):
        yield _denied("folder-read-only", folder, f"mode {mode}", mode, uid, keeps_out=False)


def _of_files(folder: Path, uid: int) -> Iterator[FileTrouble]:
    try:
        paths = sorted(folder.iterdir())[:_MOST_FILES]
    except OSError as error:
        yield _denied("folder-unreadable", folder, error.strerror or str(error), "", uid)
        return
    for path in paths:
        if path.suffix == ".keyring":
            yield from _of_file(path, uid)
        elif ".keyring.temp-" in path.name or path.name.startswith(".temp-"):
            said = "left behind by a write that was cut short"
            yield FileTrouble("file-left-over", "keyring_file_misplaced", path, said, keeps_out=False)


def _of_file(path: Path, uid: int) -> Iterator[FileTrouble]:
    target = ""
    if path.is_symlink():
        target = str(path.readlink())
        if not path.exists():
            said = f"it leads to {target}, which isn't there"
            yield FileTrouble(
                "file-dangling-link", "keyring_file_misplaced", path, said, keeps_out=True, target=target
            )
            return
    info = path.stat()
    mode = _octal(info)
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "not a plain file"
        yield FileTrouble("file-is-no-file", "keyring_file_misplaced", path, f"it is {kind}", keeps_out=True)
        return
    others_file = info.st_uid != uid
    readable = bool(info.st_mode & stat.S_IROTH) if others_file else _owner_may(info, stat.S_IRUSR)
    if not readable:
        outcome = "file-of-another-user" if others_file else "file-unreadable"
        yield _denied(outcome, path, f"owner: uid {info.st_uid}, mode {mode}", mode, info.st_uid)
        return
    try:
        header = read_header(path)
    except KeyringFileError as error:
        said = f"{info.st_size} bytes: {error}"
        cause = "file_permission_denied" if error.outcome == "unreadable" else "keyring_file_damaged"
        yield FileTrouble(f"file-{error.outcome}", cause, path, said, keeps_out=True, mode=mode)
        return
    if header.plain:
        said = f"it begins with [keyring]; {entry_count(len(header.items))} can be read by anyone who can read the file"
        yield FileTrouble("file-plain-text", "keyring_file_plaintext", path, said, keeps_out=False, mode=mode)
    if target:
        said = f"it is a link to {target}"
        yield FileTrouble("file-link", "keyring_file_misplaced", path, said, keeps_out=False, target=target)
    if info.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield _denied("file-open-to-others", path, f"mode {mode}", mode, info.st_uid, keeps_out=False)
    if path.name == "login_1.keyring":
        said = f"a second keychain named login, {entry_count(len(header.items))}"
        yield FileTrouble("file-second-login", "keyring_file_misplaced", path, said, keeps_out=False)


def _denied(
    outcome: str, path: Path, said: str, mode: str, owner: int, *, keeps_out: bool = True
) -> FileTrouble:
    return FileTrouble(outcome, "file_permission_denied", path, said, keeps_out, mode, owner)


def _octal(info: os.stat_result) -> str:
    return f"{stat.S_IMODE(info.st_mode):04o}"


def _owner_may(info: os.stat_result, bits: int) -> bool:
    return info.st_mode & bits == bits
