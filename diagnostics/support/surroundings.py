"""What this computer and this doctor are, as far as it helps; and who is named by them, so that it can be taken out."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagnostics import __version__
from diagnostics.context import Context
from diagnostics.host import Host
from diagnostics.secret import Secret

_VARIABLES = (
    "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_STATE_HOME", "XDG_CURRENT_DESKTOP", "SSH_CONNECTION", "SSH_AUTH_SOCK", "PYTHON_KEYRING_BACKEND", "VAULT_ADDR",
    "HTTPS_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "MCP_DOCTOR_STORE_IDENTITY", "NO_COLOR", "TMUX", "CI",
)  # fmt: skip
"""Of these only whether they are set is told."""
_TOLD = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "XDG_SESSION_TYPE", "TERM_PROGRAM")
_PEOPLE = ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "DOAS_USER")
_COMPUTERS = ("HOSTNAME", "HOST", "COMPUTERNAME", "USERDOMAIN", "USERDNSDOMAIN", "NAME")
_SECRET = re.compile(
    r"(?i)(?:token|secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|credential)s?(?:_\w{1,12})?$"
)
_LIBRARIES = (
    "textual",
    "rich",
    "keyring",
    "secretstorage",
    "jeepney",
    "cryptography",
    "pyrage",
    "requests",
    "pyyaml",
    "hvac",
    "botocore",
)


def surroundings(context: Context) -> dict[str, Any]:
    """The facts, as plain data. Asks nobody; reads a few small files of the system."""
    import platform

    from diagnostics.place import places_of

    host = context.host
    env = host.env
    return {
        "mcp-doctor": __version__,
        "python": f"{sys.version.split()[0]} ({sys.implementation.name})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "distribution": _distribution(host),
        "libraries": dict(_libraries()),
        "platform": host.platform.value,
        "session": host.session.value,
        "places": [{"kind": each.kind.value, "name": each.name} for each in places_of(host)],
        "store": context.store.subject.kind,
        "told by variables": {name: env[name] for name in _TOLD if name in env},
        "variables that are set": [name for name in _VARIABLES if env.get(name)],
        "clients' files": len([each for each in context.files if each.servers]),
        "servers": len(context.servers),
    }


def people(host: Host) -> list[str]:
    """The names by which this computer knows the person."""
    found = [host.user, host.home.name, *(host.env.get(name, "") for name in _PEOPLE)]
    if host.root is not None and sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError, OSError):
            entry = pwd.getpwuid(host.uid)
            full = entry.pw_gecos.split(",")[0].strip()
            found += [entry.pw_name, full, *(each for each in full.split() if len(each) > 2)]
    return [each for each in dict.fromkeys(found) if len(each) > 1 and not each.isdigit()]


def computers(host: Host) -> list[str]:
    """The names of this computer, whole and in their first part."""
    import platform

    found = [host.env.get(name, "") for name in _COMPUTERS]
    if host.root is not None:
        found.append(platform.node())
    found += [each.partition(".")[0] for each in found]
    return [each for each in dict.fromkeys(found) if len(each) > 1]


def secrets_of(host: Host) -> list[Secret]:
    """Values of variables whose name says that they are secret."""
    return [
        Secret(value)
        for name, value in host.env.items()
        if _SECRET.search(name) and len(value) >= 8 and not value.startswith(("/", "~"))
    ]


def _distribution(host: Host) -> str:
    if host.root is None:
        return ""
    try:
        text = (Path(host.root) / "etc/os-release").read_text("utf-8", "replace")[:4000]
    except OSError:
        return ""
    found = re.search(r'^PRETTY_NAME="?([^"\n]{1,80})', text, re.MULTILINE)
    return found[1] if found else ""


def _libraries() -> Iterator[tuple[str, str]]:
    from importlib import metadata

    for name in _LIBRARIES:
        try:
            yield name, metadata.version(name)
        except Exception:  # a broken installation is what such a report is about
            yield name, "not installed"
