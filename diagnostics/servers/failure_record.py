"""What `mcp-doctor run` leaves behind when it could not start a server, for the app to show. Reading only."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.text import clean

SCHEMA = "mcp-doctor.failure/1"
KEPT = 50
"""Records kept; the launcher removes older ones."""
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """One failed start. Nothing in it is secret: names and places only."""

    at: str
    """UTC, `2026-11-23T12:00:00Z`."""
    exit_code: int
    cause: str
    message: str
    """The line that stood on stderr."""
    server: str | None = None
    """The server's id, None for `run -- COMMAND`."""
    program: str | None = None
    """Base name of the command."""
    field: str | None = None
    """Where the reference stands: `env.GITHUB_TOKEN`, `args[2]`."""
    reference: str | None = None
    """The reference as written, None for a value that is no reference."""

    def to_json(self) -> dict[str, Any]:
        """As plain data, with its schema."""
        return {"schema": SCHEMA, **asdict(self)}


def folder(host: Host) -> Path:
    """Where the records of this user are."""
    return host.state_dir / "failures"


def read_failures(host: Host, server: str | None = None) -> list[FailureRecord]:
    """The records, newest first; of one server when its id is given. Unreadable files are left out."""
    try:
        paths = sorted(folder(host).glob("*.json"), reverse=True)[:KEPT]
    except OSError:
        return []
    found = [record for record in map(_read, paths) if record is not None]
    return [each for each in found if server is None or each.server == server]


def _read(path: Path) -> FailureRecord | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if (
        not isinstance(data, dict)
        or data.get("schema") != SCHEMA
        or not isinstance(data.get("exit_code"), int)
    ):
        return None

    def text(name: str) -> str | None:
        value = data.get(name)
        return clean(value) if isinstance(value, str) else None

    return FailureRecord(
        at=text("at") or "",
        exit_code=data["exit_code"],
        cause=text("cause") or "",
        message=text("message") or "",
        server=text("server"),
        program=text("program"),
        field=text("field"),
        reference=text("reference"),
    )
