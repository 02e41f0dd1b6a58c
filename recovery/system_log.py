"""The system's log (syslog, or journald), told by its own socket: one line a datagram, never waited for."""

import errno
import os
import stat
import sys

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.text import clean

USER, AUTHPRIV = 1, 10
"""Facilities."""
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
"""Severities."""
SECONDS = 0.5
LONGEST = 900
"""Characters of a message: syslog promises to take 1024 bytes."""
_NAME = "mcp-doctor"


def tell(host: Host, facility: int, severity: int, line: str) -> str:
    """One line to the system's log. Out: why it was not taken, "" = it was, or this system has no log of the kind.

    `/dev/log` is syslog's, or journald's where that does syslog's work; without it journald is told by its own socket.
    What stands in the line can't begin another one.
    """
    if host.root is None or host.platform is Platform.WINDOWS:
        return ""
    line = clean(line, LONGEST)
    name = "var/run/syslog" if host.platform is Platform.MACOS else "dev/log"
    said = f"<{facility << 3 | severity}>{_NAME}[{os.getpid()}]: {line}"
    fields = {
        "MESSAGE": line,
        "PRIORITY": severity,
        "SYSLOG_FACILITY": facility,
        "SYSLOG_IDENTIFIER": _NAME,
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
            return error.strerror or "no answer"
        return ""
    return ""


def _send(address: str, message: bytes) -> None:
    """Sends a message as one datagram; to a log that takes a stream, ended by the zero byte that such a one expects."""
    if sys.platform == "win32":
        return
    import socket

    for kind, content in ((socket.SOCK_DGRAM, message), (socket.SOCK_STREAM, message + b"\0")):
        with socket.socket(socket.AF_UNIX, kind) as channel:
            channel.settimeout(SECONDS)
            try:
                channel.connect(address)
            except OSError as error:
                if kind is socket.SOCK_DGRAM and error.errno == errno.EPROTOTYPE:
                    continue
                raise
            channel.sendall(content)
            return
