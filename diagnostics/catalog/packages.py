"""The command that installs a missing part, in the words of this host's distribution."""

import platform

from diagnostics.catalog import read

_COMMANDS = ("sudo ", "brew ", "winget ")
_PACKAGES = {"secret-service": "gnome-keyring", "session-bus": "dbus", "node": "nodejs", "python": "python3"}


def package_command(part: str, ids: tuple[str, ...] | None = None) -> str:
    """The command that installs a part (`secret-service`, `node`, ...).

    In: the distribution's ids, the closest first (`macos`, `windows` for those systems); None = those of this host.
    Out: a whole line for `fix`: `$ ` and the command, or a plain request where the system is not in the catalogue.
    """
    rows: dict[str, str] = read("packages.toml")[part]
    for each in _ids() if ids is None else ids:
        if each in rows:
            return f"$ {rows[each]}" if rows[each].startswith(_COMMANDS) else rows[each]
    wanted = _PACKAGES.get(part, part)
    return f"(Install the package {wanted} with your system's package manager.)"


def _ids() -> tuple[str, ...]:
    try:
        found = platform.freedesktop_os_release()
    except OSError:
        return ()
    return (found.get("ID", ""), *found.get("ID_LIKE", "").split())
