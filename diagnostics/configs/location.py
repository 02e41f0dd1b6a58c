"""Where a client's config files are on this host: templates of the catalogue made into paths."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from diagnostics.catalog.clients import ConfigPlace
from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.host import Host

_UNSET = re.compile(r"\$\{(\w+)\}")
_MOST = 2000
"""Files of one folder: more are nobody's own work."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def paths_of(place: ConfigPlace, host: Host) -> list[Path]:
    """The paths of one place, the one the client reads first.

    A template with `*` that matches nothing gives none, nor does one whose variable without a default is not set;
    where it matches, the templates after it are what the client ignores (unless the place says else). A project file
    is looked for from the working directory upward, ending below the home.
    """
    if place.project:
        return [path for name in place.project for path in _in_project(name, place, host)]
    templates = place.paths.get(host.platform.value, ())
    return [path for template in templates for path in expand(template, host)]


def _in_project(name: str, place: ConfigPlace, host: Host) -> list[Path]:
    folders = upward(host) if place.upward else [host.cwd]
    base, _, pattern = name.rpartition("/")
    if "*" in pattern:
        found = next((each / base for each in folders if _is_there(each / base)), None)
        return _matching(found, pattern, ()) if found else []
    present = next((each / name for each in folders if _is_there(each / name)), None)
    return [present or host.cwd / name]


def upward(host: Host) -> Iterator[Path]:
    """The working directory and the folders above it, without the home (unless one stands in it)."""
    for folder in (host.cwd, *host.cwd.parents):
        if folder == host.home and folder != host.cwd:
            return
        yield folder


def expand(template: str, host: Host) -> list[Path]:
    """The paths a template means on this host: `~`, `${VAR:-default}`, and `*` within one folder's name.

    None where a `${VAR}` without a default is not set.
    """
    text = filled_in(template, host)
    if text is None:
        return []
    path = Path(text)
    wild = next((number for number, part in enumerate(path.parts) if "*" in part), None)
    if wild is None:
        return [path]
    return _matching(Path(*path.parts[:wild]), path.parts[wild], path.parts[wild + 1 :])


def filled_in(template: str, host: Host) -> str | None:
    """A template with this host's home and variables in it; None where a `${VAR}` without a default is not set."""
    if any(not host.env.get(each[1]) for each in _UNSET.finditer(template)):
        return None

    def value(found: re.Match[str]) -> str:
        return host.env.get(found[1]) or found[2] or ""

    text = _VARIABLE.sub(value, template)
    return str(host.home) + text[1:] if text == "~" or text.startswith("~/") else text


def _matching(base: Path, pattern: str, rest: Sequence[str]) -> list[Path]:
    """Files whose name, or whose folder's, fits; those a system or an editor leaves behind do not."""
    try:
        return on_disk(
            lambda: sorted(
                each.joinpath(*rest)
                for each in islice(base.glob(pattern), _MOST)
                if not each.name.startswith(".")
            )
        )
    except (OSError, ValueError, DeadlineError):
        return []


def _is_there(path: Path) -> bool:
    """Whether something stands there, or may: a disk that does not answer is found out about when it is read."""
    try:
        on_disk(path.lstat)
    except (OSError, ValueError):
        return False
    except DeadlineError:
        return True
    return True
