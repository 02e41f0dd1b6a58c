"""Where a client's config files are on this host: templates of the catalogue made into paths."""

import re
from collections.abc import Iterator
from pathlib import Path

from diagnostics.catalog.clients import ConfigPlace
from diagnostics.host import Host

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def paths_of(place: ConfigPlace, host: Host) -> list[Path]:
    """The paths of one place, the one the client reads first.

    A template with `*` that matches nothing gives none; where it matches, the templates after it are what the
    client ignores. A project file is looked for from the working directory upward, ending below the home.
    """
    if place.project is not None:
        folders = upward(host) if place.upward else [host.cwd]
        found = next((each / place.project for each in folders if _is_there(each / place.project)), None)
        return [found or host.cwd / place.project]
    templates = place.paths.get(host.platform.value, ())
    return [path for template in templates for path in expand(template, host)]


def upward(host: Host) -> Iterator[Path]:
    """The working directory and the folders above it, without the home (unless one stands in it)."""
    for folder in (host.cwd, *host.cwd.parents):
        if folder == host.home and folder != host.cwd:
            return
        yield folder


def expand(template: str, host: Host) -> list[Path]:
    """The paths a template means on this host: `~`, `${VAR:-default}`, and `*` within one folder's name."""

    def value(found: re.Match[str]) -> str:
        return host.env.get(found[1]) or found[2] or ""

    text = _VARIABLE.sub(value, template)
    if text == "~" or text.startswith("~/"):
        text = str(host.home) + text[1:]
    path = Path(text)
    wild = next((number for number, part in enumerate(path.parts) if "*" in part), None)
    if wild is None:
        return [path]
    base, pattern, rest = Path(*path.parts[:wild]), path.parts[wild], path.parts[wild + 1 :]
    try:
        return sorted(each.joinpath(*rest) for each in base.glob(pattern))
    except (OSError, ValueError):
        return []


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
