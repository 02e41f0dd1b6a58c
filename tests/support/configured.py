"""A run's context made of a real config file and a store that holds what the test says."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Finding, Platform, Session, Store
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import BusState, CollectionState, Entry, StoreState

_COLLECTION = "/org/freedesktop/secrets/collection/login"


class HeldStore:
    """Unlocked, with these entries of the service mcp-secrets."""

    subject = Store("stand-in")

    def __init__(self, values: Mapping[str, str]) -> None:
        self._entries = [
            Entry(
                f"{_COLLECTION}/{number}",
                _COLLECTION,
                name,
                {"service": "mcp-secrets", "username": name},
                Secret(value),
            )
            for number, (name, value) in enumerate(values.items(), 1)
        ]

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none"), default=CollectionState(_COLLECTION))

    def entries(self) -> Sequence[Entry]:
        return self._entries


def context_of(
    folder: Path,
    servers: Mapping[str, Mapping[str, Any]],
    held: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    client: str = "claude-desktop",
    **options: Any,
) -> Context:
    """In: the `mcpServers` of a config, the store's entries, the host's environment, options of the call."""
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    host = Host(Platform.LINUX, Session.LOCAL, folder, folder, dict(env or {}))
    asked = Options(config=(path,), client=client, **options)
    files = discover(host, asked)
    found = [server for each in files for server in each.servers]
    return Context(host, asked, files, found, HeldStore(held or {}))


def ask(context: Context, *ids: str) -> dict[str, Finding]:
    """The findings of these checks, by check and field (`validity.provider env.TOKEN`)."""
    chosen = [each for each in all_checks() if each.id in ids]
    assert len(chosen) == len(ids)
    found = list(diagnose(context, chosen))
    return {f"{each.check} {each.reference or ''}".strip(): each for each in found}
