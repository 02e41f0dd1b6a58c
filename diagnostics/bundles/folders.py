"""Where extensions live, and the folders that a manifest may name: `${HOME}`, `${DESKTOP}`, `${DOCUMENTS}`, ..."""

import re
from pathlib import Path

from diagnostics.configs.content import read_text
from diagnostics.host import Host
from diagnostics.model import Platform, Problem

EXTENSIONS = "Claude Extensions"
"""The folder of the installed ones, below the app's data."""
_USER_DIR = re.compile(r'^XDG_(DESKTOP|DOCUMENTS|DOWNLOAD)_DIR="((?:[^"\\\n]|\\.)*)"', re.MULTILINE)


def system_variables(host: Host, folder: Path) -> dict[str, str]:
    """Each variable that the app fills by itself, with its value, in the app's order. In: the extension's folder."""
    separator = "\\" if host.platform is Platform.WINDOWS else "/"
    named = _xdg_folders(host) if host.platform is Platform.LINUX else {}
    return {
        "__dirname": str(folder),
        "pathSeparator": separator,
        "/": separator,
        "HOME": str(host.home),
        "DESKTOP": named.get("DESKTOP") or f"{host.home}{separator}Desktop",
        "DOCUMENTS": named.get("DOCUMENTS") or f"{host.home}{separator}Documents",
        "DOWNLOADS": named.get("DOWNLOAD") or f"{host.home}{separator}Downloads",
    }


def _xdg_folders(host: Host) -> dict[str, str]:
    """What `user-dirs.dirs` says: on a desktop that speaks German, Documents is called Dokumente."""
    base = Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config")
    try:
        content = read_text(base / "user-dirs.dirs")
    except FileNotFoundError:
        return {}
    if isinstance(content, Problem):
        return {}
    found = {
        each[1]: each[2].replace("$HOME", str(host.home))
        for each in _USER_DIR.finditer(content.text[:50_000])
    }
    return {name: path for name, path in found.items() if path.startswith("/")}
