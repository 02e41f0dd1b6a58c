"""Well-known servers: which variables they cannot do their job without. One file `servers/<id>.toml` each.

Sources: the servers were started without credentials and their output read, or their source was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import names, read


@dataclass(frozen=True, slots=True)
class KnownServer:
    """What is known of one server's package."""

    id: str
    name: str
    packages: tuple[str, ...]
    """Package or image names that start it, without a version."""
    needs: tuple[tuple[str, ...], ...]
    """Its needs; each is met by any one of the variables."""
    starts_without: bool
    """Whether it starts and answers without them."""
    options: frozenset[str]
    """Arguments that meet the needs as well."""
    note: str


@cache
def known_servers() -> Mapping[str, KnownServer]:
    """All of them, by package name."""
    found: dict[str, KnownServer] = {}
    for each in names("servers"):
        row = read(f"servers/{each}.toml")
        one = KnownServer(
            id=each,
            name=row["name"],
            packages=tuple(row["packages"]),
            needs=tuple(tuple(need) for need in row["needs"]),
            starts_without=row["starts_without"],
            options=frozenset(row.get("options", ())),
            note=row.get("note", ""),
        )
        found.update(dict.fromkeys(one.packages, one))
    return found


def known_server(command: str, args: Sequence[str]) -> KnownServer | None:
    """The server that a command line starts: told by a package, image, program or installed script in it."""
    known = known_servers()
    for word in (re.split(r"[\\/]", command)[-1], *args):
        for name in (word, _without_version(word)):
            if name in known:
                return known[name]
        for package, one in known.items():
            if f"node_modules/{package}/" in word.replace("\\", "/"):
                return one
    return None


def _without_version(word: str) -> str:
    """`@scope/name@1.2`, `name==1.2`, `image:tag`, `name.cmd` without what follows the name."""
    return re.sub(r"(?<=.)(?:@[^/]*|==.*|:[^/]*|\.(?:cmd|exe))$", "", word)
