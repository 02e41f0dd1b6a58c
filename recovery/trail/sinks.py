"""Where else records go, out of this user's reach: the system log, and a log that the administrator provides.

Neither can keep a deed from being done, nor keep it waiting; where one is there and takes nothing, that is told.
"""

import errno
import os
import stat
import sys
from pathlib import Path

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.text import clean
from recovery.trail.record import Record, canonical, number_of

_SECONDS = 0.5
_AUTHPRIV = 10
_WARNING, _NOTICE = 4, 5
_LONGEST = 900
"""Characters of a message: syslog promises to take 1024 bytes."""
_QUIET = frozenset({"intent", "applied", "verified"})
"""What is too small for the system log."""


def shared_log(host: Host) -> Path | None:
    """The log of emergencies that an administrator may provide; None where nothing of the system is to be touched."""
    if host.root is None or host.platform is Platform.WINDOWS:
        return None
    return host.root / "var/log/mcp-emergency.log"


def tell_system_log(host: Host, record: Record, *, emergency: bool) -> str:
    """One line to AUTHPRIV, with the record's number and digest. Out: why it was not taken, "" = taken or no log here.

    `/dev/log` is syslog's, or journald's where that does syslog's work; without it journald is told by its own socket.
    """
    if host.root is None or host.platform is Platform.WINDOWS:
        return ""
    if str(record.get("event")) in _QUIET and not emergency:
        return ""
    severity = _WARNING if emergency else _NOTICE
    line = _line(record)
    name = "var/run/syslog" if host.platform is Platform.MACOS else "dev/log"
    said = f"<{_AUTHPRIV << 3 | severity}>mcp-doctor[{os.getpid()}]: {line}"
    fields = {
        "MESSAGE": line,
        "PRIORITY": severity,
        "SYSLOG_FACILITY": _AUTHPRIV,
        "SYSLOG_IDENTIFIER": "mcp-doctor",
        "SYSLOG_PID": os.getpid(),
    }
    native = "".join(f"{field}={value}\n" for field, value in fields.items())
    for place, message in ((name, said), ("run/systemd/journal/socket", native)):
        address = host.root / place
        try:
            if not stat.S_ISSOCK(address.stat().st_mode):
                continue
        except OSError:
            continue
        try:
            _send(str(address), message.encode("utf-8", "backslashreplace"))
        except OSError as error:
            return (
                f"the system log did not take the record ({error.strerror or 'no answer'}); the trail has it"
            )
        return ""
    return ""


def _send(address: str, message: bytes) -> None:
    """Sends a message as one datagram; to a log that takes a stream, ended by the zero byte that such a one expects."""
    if sys.platform == "win32":
        return
    import socket

    for kind, content in ((socket.SOCK_DGRAM, message), (socket.SOCK_STREAM, message + b"\0")):
        with socket.socket(socket.AF_UNIX, kind) as channel:
            channel.settimeout(_SECONDS)
            try:
                channel.connect(address)
            except OSError as error:
                if kind is socket.SOCK_DGRAM and error.errno == errno.EPROTOTYPE:
                    continue
                raise
            channel.sendall(content)
            return


def tell_shared_log(host: Host, record: Record) -> str:
    """The record itself, on a line. Out: why it was not taken, "" = it is on the disk, or there is no such log."""
    path = shared_log(host)
    if path is None:
        return ""
    try:
        return call_within(_SECONDS * 4, lambda: _append(path, canonical(record) + b"\n"))
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
    text = clean(" ".join(words), _LONGEST - 100)
    return f"{text} record={number_of(record)} hash={record.get('hash')}"
