"""`mcp-doctor clients`: the clients that are known, which of their files are here, and what each makes of a variable."""

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diagnostics.host import Host, this_host
from diagnostics.model import ClientFile, Status
from tui.arguments import Call
from tui.terminal import say

if TYPE_CHECKING:
    from diagnostics.catalog.clients import Client

_WIDTH = 80
_UNSET = {
    "literal": "the text itself reaches the server",
    "empty": "an empty text reaches the server",
    "error": "the server does not start",
    "missing": "it is left out without a word",
    "unknown": "not established",
}
_PASSES = {
    "all": "all variables reach a server",
    "allowed": "only a short list of variables reaches a server",
    "filtered": "variables whose name or value looks secret are kept back",
    "unknown": "not established",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def run(call: Call) -> int:
    """Blocks a client, those with files here first (or JSON of all that is known)."""
    from diagnostics.catalog.clients import GENERIC, clients
    from diagnostics.discovery import discover

    host = this_host()
    here: dict[str, list[ClientFile]] = {}
    for file in discover(host, call.options):
        if file.status is not Status.SKIP:
            here.setdefault(file.client, []).append(file)
    rows = [_row(each, host, here.get(each.id, [])) for each in clients().values() if each.id != GENERIC]
    if call.extra["format"] == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    present = sum(bool(row["found"]) for row in rows)
    out = [f"{len(rows)} clients are known, {present} of them have a config here (marked *)."]
    for row in sorted(rows, key=lambda row: not row["found"]):
        out += ["", *_block(row, host)]
    say(*out)
    return 0


def _row(one: "Client", host: Host, found: Sequence[ClientFile]) -> dict[str, Any]:
    system = host.platform.value
    rules = one.expansion
    templates = [path for place in one.places for path in place.paths.get(system, ())]
    return {
        "id": one.id,
        "name": one.name,
        "aliases": sorted(one.aliases),
        "format": one.format,
        "servers_below": [".".join(way) for way in one.servers if "{cwd}" not in way],
        "paths": [_shown(path, host) for path in templates]
        + [f"<project>/{name}" for place in one.places for name in place.project],
        "moved_by": sorted({each[1] for path in templates for each in _VARIABLE.finditer(path)}),
        "found": [str(file.path) for file in found],
        "servers": sum(len(file.servers) for file in found),
        "expands": sorted(form for form in rules.forms if system in rules.systems.get(form, {system})),
        "expands_in": sorted(rules.fields),
        "expands_established": rules.established,
        "unset": dict(rules.unset),
        "env_files": [_shown(path, host) for path in rules.env_files],
        "by_name": [
            name for name in (one.fields.env_names, one.fields.env_headers, one.fields.bearer_env) if name
        ],
        "exports": one.inheritance.passes,
        "exports_override_entry": one.inheritance.overrides_entry,
        "started_from_desktop": one.inheritance.desktop,
        "logs": [_shown(path, host) for path in one.logs.paths.get(system, ())],
        "logins": list(_logins(one, host)),
        "reload": one.reload,
    }


def _logins(one: "Client", host: Host) -> Iterator[str]:
    """Where the client keeps the logins of remote servers, on this system."""
    for place in one.tokens:
        paths = place.paths.get(host.platform.value, ())
        if place.where and (paths or not any(place.paths.values())):
            yield place.where
        else:
            yield from (_shown(path, host) for path in paths)


def _shown(template: str, host: Host) -> str:
    """A template as people write paths: the home as `~`, a variable by its value, its default or its name."""

    def value(found: re.Match[str]) -> str:
        return host.env.get(found[1]) or (found[2] if found[2] is not None else f"${found[1]}")

    text = _VARIABLE.sub(value, template)
    home = str(host.home)
    return "~" + text[len(home) :] if text == home or text.startswith(home + "/") else text


def _block(row: Mapping[str, Any], host: Host) -> Iterator[str]:
    yield f"{row['name']} ({row['id']}), {row['format'].upper()}, servers below {' or '.join(row['servers_below'])}"
    found = [_shown(path, host) for path in row["found"]]
    known = [path for path in row["paths"] if path not in found]
    yield from _lines(
        "files", [*(f"* {path}" for path in found), *(f"  {path}" for path in known)], wrap=False
    )
    yield from _lines("moved by", [", ".join(row["moved_by"])])
    yield from _lines("replaces", _replaces(row))
    exports = [_PASSES[row["exports"]]]
    if row["exports_override_entry"]:
        exports.append("and they win over the entry's own")
    if row["started_from_desktop"]:
        exports.append("started from the desktop: exports of a shell may be missing")
    yield from _lines("exports", exports)
    yield from _lines("logs", row["logs"], wrap=False)
    yield from _lines("logins", row["logins"])


def _replaces(row: Mapping[str, Any]) -> list[str]:
    said = []
    if row["expands"]:
        said = ["  ".join(row["expands"]), f"in {', '.join(row['expands_in'])}"]
    elif row["expands_established"]:
        said = ["nothing"]
    if not row["expands_established"]:
        said.append("not established" if not said else "others: not established")
    if row["by_name"]:
        said.append(f"by name: {', '.join(row['by_name'])}")
    if row["env_files"]:
        said.append(f"looks in {', '.join(row['env_files'])}")
    if row["expands"] or row["by_name"]:
        said += [
            f"unset{'' if where == '*' else f' in {where}'}: {_UNSET[what]}"
            for where, what in sorted(row["unset"].items(), key=lambda pair: pair[0] == "*")
        ]
    return said


def _lines(label: str, said: Sequence[str], *, wrap: bool = True) -> Iterator[str]:
    """A label and what belongs to it. Paths are never broken, so that they can be copied."""
    for number, text in enumerate(each for each in said if each):
        head = f"  {label if not number else '':<10}"
        parts = textwrap.wrap(text, _WIDTH - len(head), break_long_words=False) if wrap else [text]
        for at, part in enumerate(parts):
            yield (head if not at else " " * len(head)) + part
