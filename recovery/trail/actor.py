"""Who does it, and on which computer: what the system says, and what the session claims (sudo, SSH)."""

import contextlib
import hashlib
import hmac
import os
import sys
from pathlib import Path
from typing import Any

from diagnostics.deadline import DeadlineError, call_within
from diagnostics.host import Host
from diagnostics.text import clean

_LONGEST = 100
_SECONDS = 1.0
"""A directory service that does not answer must not keep a record waiting."""
_NO_LOGIN = 2**32 - 1
"""What the kernel says of a process that descends from no login."""


def actor(host: Host) -> dict[str, Any]:
    """Names and numbers of the one who works here, without what is not known.

    `account` and `euid` are the process's, `login` and `login_uid` those of the login it descends from (the kernel
    keeps the latter through sudo and su); `sudo`, `ssh` and `seat` are what the environment says.
    """
    env = host.env
    sudo = {"user": env.get("SUDO_USER", ""), "uid": env.get("SUDO_UID", "")}
    with contextlib.suppress(DeadlineError):
        names = call_within(_SECONDS, _names)
        return _known(
            {
                **names,
                "euid": os.geteuid() if hasattr(os, "geteuid") else None,
                "login_uid": _login_uid(),
                "sudo": _known(sudo),
                "ssh": " ".join(env.get("SSH_CONNECTION", "").split()[:2]),
                "seat": env.get("XDG_SESSION_ID", ""),
                "tty": _tty(),
            }
        )
    return _known({"sudo": _known(sudo), "ssh": " ".join(env.get("SSH_CONNECTION", "").split()[:2])})


def machine(host: Host) -> str:
    """A digest of the machine id (which is not to be shown around, says its manual); "" where there is none."""
    if host.root is None:
        return ""
    try:
        name = (host.root / "etc/machine-id").read_bytes()[:64].strip()
    except OSError:
        return ""
    return hmac.new(b"mcp-doctor audit trail", name, hashlib.sha256).hexdigest()[:16] if name else ""


def told(who: dict[str, Any], user: str, uid: object) -> str:
    """The actor of a record in one line."""
    name = str(who.get("account") or user)
    parts = [f"{name} (uid {uid})"]
    login = who.get("login")
    if login and login != name:
        parts.append(f"logged in as {login}")
    sudo = who.get("sudo")
    if isinstance(sudo, dict) and sudo:
        parts.append(f"by sudo from {sudo.get('user') or sudo.get('uid')}")
    if who.get("ssh"):
        parts.append(f"over SSH from {str(who['ssh']).split(' ', 1)[0]}")
    if who.get("tty"):
        parts.append(f"at {who['tty']}")
    return clean(", ".join(parts), 300)


def _names() -> dict[str, str]:
    found = {}
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError, OSError):
            found["account"] = pwd.getpwuid(os.getuid()).pw_name
    with contextlib.suppress(OSError):
        found["login"] = os.getlogin()
    return found


def _login_uid() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        number = int(Path("/proc/self/loginuid").read_text())
        return None if number == _NO_LOGIN else number
    return None


def _tty() -> str:
    if sys.platform != "win32":
        for descriptor in (0, 1, 2):
            with contextlib.suppress(OSError):
                return os.ttyname(descriptor)
    return ""


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: clean(value, _LONGEST) if isinstance(value, str) else value
        for name, value in fields.items()
        if value not in ("", None, {})
    }
