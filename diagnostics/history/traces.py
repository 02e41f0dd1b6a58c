"""What this host itself shows of a moment: files that were changed then. Looks at times of change only."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from diagnostics.deadline import DeadlineError, on_disk
from diagnostics.history.story import Happening, Kind
from diagnostics.host import Host
from diagnostics.text import clean


def of_configs(paths: Iterable[Path]) -> Mapping[Path, Happening]:
    """For each config file that is there, when it was last changed. A disk that does not answer leaves its files out."""
    found: dict[Path, Happening] = {}
    for path in dict.fromkeys(paths):
        at = _changed(path)
        if at is not None:
            found[path] = Happening(Kind.CONFIG, at, f"its config file was changed ({clean(str(path), 200)})")
    return found


def of_passwords(host: Host) -> tuple[Happening, ...]:
    """When the list of login passwords was last changed, where this system has one: then a keychain's may differ."""
    if host.root is None:
        return ()
    at = _changed(host.root / "etc/shadow")
    words = "this computer's list of login passwords was changed (/etc/shadow)"
    return (Happening(Kind.PASSWORD, at, words),) if at is not None else ()


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(on_disk(lambda: path.stat().st_mtime), UTC)
    except (OSError, DeadlineError, OverflowError, ValueError):
        return None
