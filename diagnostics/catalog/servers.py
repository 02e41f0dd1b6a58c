"""Well-known servers: which variables they cannot do their job without. One file `servers/<id>.toml` each.

Sources: the servers were started without credentials and their output read, or their source was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from diagnostics.catalog import names, read
from diagnostics.servers.started import Started, started_by

Choices = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class KnownServer:
    """What is known of one server's package."""

    id: str
    name: str
    packages: tuple[str, ...]
    """Package or image names that start it, without a version."""
    needs: tuple[Choices, ...]
    """Its needs; each is met by any one of its choices, a choice by all its variables."""
    optional: tuple[str, ...]
    """Variables that it reads besides."""
    starts_without: bool
    """Whether it starts and answers without them."""
    options: frozenset[str]
    """Arguments that meet the needs as well."""
    files: tuple[str, ...]
    """Files that meet the needs as well, `~` for the home folder."""
    login: str
    """The command that signs in, where that meets the needs as well."""
    argument: str
    """What has to stand among the arguments, in words; "" for nothing."""
    late: str
    """How it fails when it is used without, where it starts without."""
    note: str


@cache
def known_servers() -> Mapping[str, KnownServer]:
    """All of them, by package name."""
    found: dict[str, KnownServer] = {}
    for each in names("servers"):
        one = _server(each, read(f"servers/{each}.toml"))
        found.update(dict.fromkeys(one.packages, one))
    return found


def server_behind(started: Started, command: str, args: Sequence[str]) -> KnownServer | None:
    """The server that a command line starts: told by its package, image or program, or by an installed script in it."""
    known = known_servers()
    word = re.split(r"[\\/]", started.name)[-1].removesuffix(".exe").removesuffix(".cmd")
    spellings = [word] if started.kind == "program" else [started.name, started.name.replace("_", "-")]
    found = next((known[name] for name in spellings if name in known), None)
    if found is not None:
        return found
    for word in (command, *args):
        plain = word.replace("\\", "/")
        inside = re.search(r"node_modules/((?:@[^/]+/)?[^/]+)/", plain)
        if inside and inside[1] in known:
            return known[inside[1]]
    return None


def known_server(command: str, args: Sequence[str]) -> KnownServer | None:
    """The same, from the command line alone."""
    return server_behind(started_by(command, args), command, args)


def _server(server_id: str, row: Mapping[str, Any]) -> KnownServer:
    return KnownServer(
        id=server_id,
        name=row["name"],
        packages=tuple(row["packages"]),
        needs=tuple(tuple(tuple(choice.split(" + ")) for choice in need) for need in row["needs"]),
        optional=tuple(row.get("optional", ())),
        starts_without=row["starts_without"],
        options=frozenset(row.get("options", ())),
        files=tuple(row.get("files", ())),
        login=row.get("login", ""),
        argument=row.get("argument", ""),
        late=row.get("late", ""),
        note=row.get("note", ""),
    )
