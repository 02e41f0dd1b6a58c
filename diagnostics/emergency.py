"""Which incidents are open: a server gets an emergency token until one is closed. Reading only; no token is here.

Each has a small file in the state folder, because every start of a server looks here first: where the folder is
missing or empty, that look is all. The audit trail tells what happened; this only says that something is open.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.text import clean, counted

SCHEMA = "mcp-doctor.emergency/1"
_LARGEST = 64 * 1024
_TEXTS = ("id", "server", "reason", "ticket", "who", "began", "ends", "boot", "held_by", "socket")
_LISTS = ("servers", "starts", "names")


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One incident that was begun and is not closed. Its token may be gone already: its time is up sooner."""

    id: str
    server: str
    """As the person named it."""
    servers: tuple[str, ...]
    """Ids of the entries that it is for."""
    starts: tuple[str, ...]
    """What those entries start, as `start_of` tells it: a launcher is not told which entry it was called by."""
    names: tuple[str, ...]
    """The references that the token stands for: `secret:github_token`."""
    reason: str
    ticket: str
    who: str
    began: str
    """UTC, ISO 8601."""
    ends: str
    """When the token is gone, UTC, ISO 8601."""
    boot: str = ""
    """This start of the computer, "" = not known."""
    ends_since_boot: float = 0.0
    """The same moment, by the clock that nobody can set."""
    held_by: str = ""
    """`process`: the process that began it holds the token; "" = the kernel does."""
    socket: str = ""
    """Where that process hands the token to others of this user, "" = nowhere."""

    @property
    def key_name(self) -> str:
        """By which the kernel's keyring holds the token; others can see it."""
        return f"mcp-doctor:{self.id}"

    def seconds_left(self) -> float:
        """Until the token is gone, by the clock that is further on; 0 = its time is up."""
        try:
            left = (datetime.fromisoformat(self.ends) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
        if self.boot:
            boot, since = uptime()
            left = min(left, self.ends_since_boot - since) if boot == self.boot else 0.0
        return max(0.0, left)

    def to_json(self) -> dict[str, Any]:
        """As plain data, with its schema."""
        return {"schema": SCHEMA, **asdict(self)}


def folder(host: Host) -> Path:
    """Where this user's open incidents are."""
    return host.state_dir / "emergency"


def file_of(host: Host, incident: str) -> Path:
    """One incident's file."""
    return folder(host) / f"{incident}.json"


def open_incidents(host: Host) -> list[OpenIncident]:
    """All open incidents, the oldest first. A file that can't be read is left out."""
    try:
        paths = [each for each in folder(host).iterdir() if each.suffix == ".json"]
    except OSError:
        return []
    found = [each for each in map(_read, paths) if each is not None]
    return sorted(found, key=lambda each: (each.began, each.id))


def uptime() -> tuple[str, float]:
    """The name of this start of the computer ("" = it has none), and the seconds since then, sleep included."""
    if sys.platform == "linux":
        since = time.clock_gettime(time.CLOCK_BOOTTIME)
    else:
        since = time.monotonic()
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip(), since
    except OSError:
        return "", since


def left_in_words(seconds: float) -> str:
    """`42 minutes`, `30 seconds`, rounded up."""
    if seconds > 90:
        minutes = int(-(-seconds // 60))
        return f"{minutes} minutes"
    return counted(int(-(-seconds // 1)), "second")


def _read(path: Path) -> OpenIncident | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return None
    if not isinstance(data.get("id"), str) or path.stem != data["id"]:
        return None
    since = data.get("ends_since_boot")
    fields: dict[str, Any] = {name: _text(data, name) for name in _TEXTS}
    fields |= {name: _list(data, name) for name in _LISTS}
    return OpenIncident(**fields, ends_since_boot=float(since) if isinstance(since, int | float) else 0.0)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return clean(value, 500) if isinstance(value, str) else ""


def _list(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
