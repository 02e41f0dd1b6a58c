"""Where a command puts what it made: standard output, or a file, in one step, 0600 unless asked otherwise, never over what is no plain file."""

import os
import stat
import sys
from pathlib import Path

from diagnostics.deadline import DISK_SECONDS, DeadlineError, on_disk
from diagnostics.host import Host
from diagnostics.text import clean
from tui.usage import UsageError

_NO_FILE = ("this is a link; name the file itself", "this is no plain file")


def is_standard(output: str | None) -> bool:
    """Whether `--output` says standard output."""
    return output in {None, "-", "/dev/stdout"}


def put(text: str, output: str | None, host: Host, *, for_people: bool = False, mode: int = 0o600) -> None:
    """Puts a text where `--output` says. In: `for_people` = in the terminal's encoding; programs are promised UTF-8.

    Raises:
        UsageError: see `write`.
    """
    if output is not None and not is_standard(output):
        write(output, text.encode("utf-8", "backslashreplace"), host, mode)
        return
    stream = sys.stdout.buffer if hasattr(sys.stdout, "buffer") else None
    if stream is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    encoding = sys.stdout.encoding if for_people else None
    stream.write(text.encode(encoding or "utf-8", "backslashreplace"))
    stream.flush()


def refuse(path: str, option: str = "--output") -> None:
    """Before any work is done for it: a place that can't be written to. In: the option that named it.

    Raises:
        UsageError: a folder, a pipe, a device or a link stands there, or there is no such folder.
    """
    try:
        said = on_disk(lambda: _trouble(Path(path)), DISK_SECONDS)
    except DeadlineError:
        said = "its disk does not answer"
    if said:
        instead = "; without --output the report goes to standard output" if said in _NO_FILE else ""
        raise UsageError(f"{option} {clean(path)}: {said}{instead if option == '--output' else ''}")


def write(path: str, content: bytes, host: Host, mode: int = 0o600) -> None:
    """Puts the content there, whole or not at all.

    Raises:
        UsageError: see `refuse`, or it can't be written (a full disk, no permission).
    """
    from recovery.files import LocalFiles
    from recovery.model import RecoveryError

    refuse(path)
    try:
        LocalFiles(host.uid).write(path, content, mode)
    except RecoveryError as error:
        raise UsageError(f"the report was not written: {error}") from error


def _trouble(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "" if path.parent.is_dir() else "there is no such folder"
    except (OSError, ValueError) as error:
        return f"it can't be written: {getattr(error, 'strerror', None) or type(error).__name__}"
    if stat.S_ISREG(mode):
        return "" if os.access(path.parent, os.W_OK) else "you may not write into its folder"
    if stat.S_ISDIR(mode):
        return "this is a folder; name a file in it"
    if stat.S_ISLNK(mode):
        return _NO_FILE[0]
    return _NO_FILE[1]
