"""Hosts with a home of their own, configs in it, and what discovery and the checks make of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict, all_checks
from diagnostics.configs.entry import EntryReader
from diagnostics.configs.json_document import JsonDocument
from diagnostics.context import Context, Options
from diagnostics.discovery import choose, discover
from diagnostics.host import Host
from diagnostics.model import ClientFile, Platform, Problem, Reference, Server, Session, Store, Subject
from diagnostics.references import with_references
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import Entry, StoreError


def a_host(
    home: Path,
    env: Mapping[str, str] | None = None,
    platform: Platform = Platform.LINUX,
    cwd: Path | None = None,
) -> Host:
    """A host whose home is a temporary folder."""
    return Host(platform, Session.LOCAL, home, cwd or home, dict(env or {}), 1000, "ada")


def write(path: Path, content: object) -> Path:
    """A config: a text as it is, anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    return path


def one_file(path: Path, client_name: str | None = None, host: Host | None = None) -> ClientFile:
    """What `--config` (and `--client`) make of a file."""
    files = discover(host or a_host(path.parent), Options(config=(path,), client=client_name))
    assert len(files) == 1
    return files[0]


def read_entry(row: Any, client_id: str = "claude-code", name: str = "it") -> tuple[Server, list[Problem]]:
    """One entry, read as one of a client's."""
    key = "servers" if client_id == "vscode" else "mcpServers"
    document = JsonDocument(json.dumps({key: {name: row}}, indent=2))
    one = client(client_id)
    reader = EntryReader(one, document, Path("mcp.json"), (key, name), f"{client_id}:{name}", name, row)
    return with_references(reader.read(), one), reader.problems


class KeptStore:
    """A store that holds these secrets below the doctor's service, or can't be read."""

    subject = Store("stand-in")

    def __init__(self, secrets: Mapping[str, str] | None = None, broken: bool = False) -> None:
        self.secrets = secrets or {}
        self.broken = broken

    def entries(self) -> Sequence[Entry]:
        """The secrets as entries."""
        if self.broken:
            raise StoreError("keyring_locked", "locked")
        return [
            Entry(f"/{name}", "/c", name, {"service": "mcp-secrets", "username": name}, Secret(value))
            for name, value in self.secrets.items()
        ]


def a_context(
    files: Sequence[ClientFile], host: Host, names: Sequence[str] = (), store: KeptStore | None = None
) -> Context:
    """A run's view of these files."""
    return Context(host, Options(), files, choose(files, names), store or KeptStore())  # type: ignore[arg-type]


def ask(check_id: str, context: Context, subject: Subject) -> list[Verdict]:
    """A check's verdicts about one subject."""
    one = next(each for each in all_checks() if each.id == check_id)
    said = one.run(context, subject)
    return [] if said is None else [said] if isinstance(said, Verdict) else list(said)


def worded(check_id: str, context: Context) -> list[str]:
    """All words of a check's findings, as the runner fills them in: a missing fact raises there."""
    one = [each for each in all_checks() if each.id == check_id]
    findings = list(diagnose(context, one))
    assert not [each for each in findings if each.outcome == "runner.broke"]
    return [" ".join((each.title, each.detail, *each.fix, *each.evidence)) for each in findings]


def reference_of(server: Server, field: str) -> Reference:
    """The one reference in a field."""
    found = [each for each in server.references if each.field == field]
    assert len(found) == 1, [each.field for each in server.references]
    return found[0]
