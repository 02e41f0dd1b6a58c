"""Where a client keeps the logins of its remote servers: the `[[tokens]]` tables of `clients/<id>.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SYSTEMS = ("linux", "macos", "windows")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """One place, and how a login stands there."""

    kind: str
    """`file` (readable JSON), `keychain` (the system's store), `sealed` (only the client can open it), `account` (kept
    by the client's own service, not on this computer)."""
    paths: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By system: templates as for config files. For a file those to read; for others what to look for."""
    where: str = ""
    """The place in words, for what can't be read."""
    entries: Sequence[str] = ()
    """The way to the logins, keys from the top; `*` = each one below. Empty: the document is one login."""
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What a login's parts are called: `server` (its name), `url`, `access`, `refresh`, `expires`, `client_id`,
    `client_secret`, `issuer`, `scope`; each a dotted path, several where it was renamed."""
    key: str = ""
    """What the last key on the way is: `name` of the server, its `url`, `name-and-hash`, or nothing."""
    file_key: str = ""
    """What the beginning of the file's name is: `sha256-address`, or nothing."""
    pair: Sequence[str] = ()
    """The end of the file's name, and that of the file beside it that holds the client's registration."""
    renew: str = ""
    """What a person does in this client to log in again, in words."""


def token_place(row: Mapping[str, Any]) -> TokenPlace:
    """One table. In: as it stands in the file, held against the schema by a test."""
    own = {key: value for key, value in row.items() if key not in {*SYSTEMS, "all"}}
    listed = {key: _texts(row[key]) for key in (*SYSTEMS, "all") if key in row}
    everywhere = listed.get("all", ())
    return TokenPlace(
        kind=own["kind"],
        paths={system: listed.get(system, everywhere) for system in SYSTEMS},
        where=own.get("where", ""),
        entries=tuple(own.get("entries", ())),
        fields={name: _texts(value) for name, value in own.get("fields", {}).items()},
        key=own.get("key", ""),
        file_key=own.get("file_key", ""),
        pair=tuple(own.get("pair", ())),
        renew=own.get("renew", ""),
    )


def _texts(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else tuple(value)
