"""Opening a file to read it where anything may stand in its place: pipes, sockets and devices are not even opened."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class NotRegularError(ValueError):
    """What stands there is a pipe, a socket or a device. `mode` as in `st_mode`."""

    def __init__(self, mode: int) -> None:
        super().__init__("it is not a file")
        self.mode = mode


def open_regular(path: Path | str, *, follow: bool = True) -> BinaryIO:
    """The file, open for reading bytes. In: `follow` = a link is followed (where the system can tell).

    Raises:
        NotRegularError: it is neither a file nor a folder.
        OSError: it can't be opened; a folder is EISDIR, a link that is not followed ELOOP.
    """
    mode = Path(path).stat(follow_symlinks=follow).st_mode
    if not stat.S_ISLNK(mode):
        _must_be_regular(mode, path)
    handle = os.open(path, _FLAGS if follow else _FLAGS | _NO_LINK)
    try:
        _must_be_regular(os.fstat(handle).st_mode, path)  # it may have been exchanged meanwhile
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _must_be_regular(mode: int, path: Path | str) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotRegularError(mode)
