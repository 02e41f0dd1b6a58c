"""Where else records go, out of this user's reach: the system log, and a log that the administrator provides.

Neither can keep a deed from being done, nor keep it waiting; where one is there and takes nothing, that is told.
"""

import os
import stat
from pathlib import Path

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.text import clean
from recovery.system_log import AUTHPRIV, LONGEST, NOTICE, SECONDS, WARNING, tell
from recovery.trail.record import Record, canonical, number_of

_QUIET = frozenset({"intent", "applied", "verified"})
"""What is too small for the system log."""


def shared_log(host: Host) -> Path | None:
    """The log of emergencies that an administrator may provide; None where nothing of the system is to be touched."""
    if host.root is None or host.platform is Platform.WINDOWS:
        return None
    return host.root / "var/log/mcp-emergency.log"


def tell_system_log(host: Host, record: Record, *, emergency: bool) -> str:
    """One line to AUTHPRIV, with the record's number and digest. Out: why it was not taken, "" = taken or no log here."""
    if host.root is None or host.platform is Platform.WINDOWS:
        return ""
    if str(record.get("event")) in _QUIET and not emergency:
        return ""
    trouble = tell(host, AUTHPRIV, WARNING if emergency else NOTICE, _line(record))
    return f"the system log did not take the record ({trouble}); the trail has it" if trouble else ""


def tell_shared_log(host: Host, record: Record) -> str:
    """The record itself, on a line. Out: why it was not taken, "" = it is on the disk, or there is no such log."""
    path = shared_log(host)
    if path is None:
        return ""
    try:
        return call_within(SECONDS * 4, lambda: _append(path, canonical(record) + b"\n"))
    except DeadlineError:
        return f"{path} does not answer; the record is in the trail"
    except OSError as error:
        return f"{path} did not take the record ({error.strerror}); the trail has it"


def _append(path: Path, line: bytes) -> str:
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
            return f"{path} is not a file of its own, so nothing was written to it: tell the administrator"
        if info.st_mode & stat.S_IWOTH:
            return f"{path} can be written by everyone, so nothing was written to it: tell the administrator"
        if os.write(handle, line) != len(line):
            raise OSError(28, "no space left on the device")
        os.fsync(handle)
    finally:
        os.close(handle)
    return ""


def _line(record: Record) -> str:
    words = [f"{record.get('event')} {record.get('op')}"]
    words += [f"user={record.get('user')} uid={record.get('uid')}"]
    words += [
        f'{name}="{record[name]}"'
        for name in ("remedy", "title", "reason", "ticket", "error")
        if record.get(name)
    ]
    text = clean(" ".join(words), LONGEST - 100)
    return f"{text} record={number_of(record)} hash={record.get('hash')}"
