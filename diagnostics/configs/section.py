"""Where in a document the servers stand, for this client or, by mistake, for another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from diagnostics.catalog.clients import Client
from diagnostics.configs.document import Document, Path
from diagnostics.configs.location import upward
from diagnostics.host import Host
from diagnostics.model import Problem

_ELSEWHERE = (
    ("mcpServers",),
    ("servers",),
    ("mcp", "servers"),
    ("mcp_servers",),
    ("context_servers",),
    ("mcp",),
    ("amp.mcpServers",),
)
"""Where other clients keep their servers; a file with another client's key is a common mistake."""


class Row(NamedTuple):
    """One server's entry as it stands in its table."""

    key: str
    """Where it stands below the table: its name, or its number in a list."""
    name: str
    said: Any


def sections(
    host: Host, one: Client, document: Document, problems: list[Problem], *, listed: bool = False
) -> Iterator[tuple[Path, Sequence[Row]]]:
    """The tables of servers and the ways to them, what counts first first; mistakes are added to `problems`.

    In: `listed`: the client wants a list of entries with a `name` here, not a table.
    """
    found = list(_own(host, one, document))
    for way, said in found:
        if isinstance(said, list) if listed else isinstance(said, dict):
            yield way, _rows(said)
        elif said not in ([], {}):
            facts = {"expected": _expected(one)}
            line = document.line_of(way)
            outcome = "servers-not-a-list" if listed else "servers-not-a-map"
            problems.append(Problem(outcome, "config_schema_error", ".".join(way), line, facts=facts))
            yield way, _rows(said)
    yield from _strays(one, document, problems, others=[way for way, _ in found])


def _own(host: Host, one: Client, document: Document) -> Iterator[tuple[Path, Any]]:
    seen: list[Path] = []
    for template in one.servers:
        if any(way[: len(template)] == tuple(template) for way in seen):
            continue  # the newer form lies inside what would be the older one
        for way in _ways(template, host):
            said = value_at(document.data, way)
            if said is not None:
                seen.append(way)
                yield way, said
                break


def _expected(one: Client) -> str:
    return ".".join(next(way for way in one.servers if "{cwd}" not in way))


def _rows(said: object) -> Sequence[Row]:
    """The servers of a table, or of a list of {name, ...}."""
    if isinstance(said, dict):
        return [Row(key, key, row) for key, row in said.items()]
    return [
        Row(str(number), row["name"], row)
        for number, row in enumerate(said if isinstance(said, list) else [])
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    ]


def _strays(
    one: Client, document: Document, problems: list[Problem], others: Sequence[Path]
) -> Iterator[tuple[Path, Sequence[Row]]]:
    """Servers where this client does not look; with none where it does, that is the mistake to mend."""
    expected = _expected(one)
    own = {tuple(way) for way in one.servers} | set(others)
    for way in (*_ELSEWHERE, *(() if others else ((),))):
        if way in own:
            continue
        said = value_at(document.data, way)
        if isinstance(said, dict) and said and any(_like_an_entry(each) for each in said.values()):
            outcome = "no-key" if not way else "wrong-key-too" if others else "wrong-key"
            line = document.line_of(way) if way else 1
            facts = {"expected": expected}
            problems.append(
                Problem(outcome, "config_schema_error", ".".join(way), line, fatal=not others, facts=facts)
            )
            yield way, _rows(said)
            return


def _like_an_entry(row: object) -> bool:
    return isinstance(row, dict) and any(
        key in row for key in ("command", "url", "httpUrl", "serverUrl", "cmd", "uri")
    )


def _ways(template: Sequence[str], host: Host) -> list[Path]:
    """`{cwd}` as the working directory and the folders above it, in both spellings of Windows."""
    if "{cwd}" not in template:
        return [tuple(template)]
    spellings = dict.fromkeys(text for folder in upward(host) for text in (str(folder), folder.as_posix()))
    return [tuple(text if key == "{cwd}" else key for key in template) for text in spellings]


def value_at(data: Mapping[str, Any], way: Path) -> Any:
    """What stands at the end of the way; None where it breaks off."""
    said: Any = data
    for key in way:
        if not isinstance(said, dict) or key not in said:
            return None
        said = said[key]
    return said
