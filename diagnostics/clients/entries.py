"""Servers that an extension or plugin brings, in the notation of its client's own config."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.configs.document import Document
from diagnostics.configs.document import Path as KeyPath
from diagnostics.model import Problem, Server
from diagnostics.secret import Secret
from diagnostics.text import clean

_MOST = 200
"""Servers of one extension."""


def read_entries(
    one: Client,
    document: Document,
    path: Path,
    way: KeyPath,
    table: Mapping[str, Any],
    *,
    prefix: str = "",
    replaced: Mapping[str, str] | None = None,
    disabled: bool = False,
) -> tuple[list[Server], list[Problem]]:
    """The servers of a table and what is wrong with them.

    In: where the table stands in the document; what comes before the servers' names; the variables that the client
    fills with paths of its own (`${name}` -> text); whether the extension is switched off as a whole.
    """
    from diagnostics.configs.entry import EntryReader
    from diagnostics.references import with_references
    from diagnostics.tokens.masking import mask_pasted

    servers: dict[str, Server] = {}
    problems: list[Problem] = []
    for key, row in list(table.items())[:_MOST]:
        name = mask_pasted(clean(f"{prefix}{key}", 200))
        if name in servers:
            continue
        reader = EntryReader(
            one, document, path, (*way, key), f"{one.id}:{name}", name, row, scope="extension"
        )
        server = _with_paths(reader.read(), replaced or {})
        servers[name] = with_references(
            dataclasses.replace(server, disabled=server.disabled or disabled), one
        )
        problems += reader.problems
    return list(servers.values()), problems


def _with_paths(server: Server, replaced: Mapping[str, str]) -> Server:
    def filled(text: str) -> str:
        for name, value in replaced.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def each(of: Callable[[str], str], secret: Secret) -> Secret:
        return Secret(of(secret.reveal()))

    return dataclasses.replace(
        server,
        command=filled(server.command) if server.command else None,
        args=tuple(each(filled, arg) for arg in server.args),
        env={name: each(filled, value) for name, value in server.env.items()},
        headers={name: each(filled, value) for name, value in server.headers.items()},
        url=each(filled, server.url) if server.url else None,
        cwd=filled(server.cwd) if server.cwd else None,
    )
