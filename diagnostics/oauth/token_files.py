"""Reads the logins that clients keep in files, as their catalogue entries describe them. Never writes."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from diagnostics.catalog.token_places import TokenPlace
from diagnostics.configs.content import read_text
from diagnostics.configs.location import expand
from diagnostics.host import Host
from diagnostics.model import Problem
from diagnostics.oauth.stored_login import StoredLogin, seconds
from diagnostics.oauth.well_known import origin
from diagnostics.presence import is_there as stands_there
from diagnostics.secret import Secret
from diagnostics.tokens.checksum import jwt_expiry

_MOST_FILES = 200
_MOST_LOGINS = 500


@dataclass(frozen=True, slots=True)
class TokenFile:
    """One file of logins, read or not."""

    path: Path
    logins: Sequence[StoredLogin] = ()
    trouble: str = ""
    """`not-json`, `unreadable`, or ""."""
    said: str = ""
    open_to_others: bool = False
    """Whether other users of this computer may read it."""


def read_place(place: TokenPlace, host: Host) -> list[TokenFile]:
    """The files of one place that are there, each with its logins. Raises nothing for their content."""
    if place.kind != "file":
        return []
    templates = place.paths.get(host.platform.value, ())
    paths = dict.fromkeys(path for template in templates for path in expand(template, host))
    found = (_read(path, place) for path in list(paths)[:_MOST_FILES])
    return [each for each in found if each is not None]


def is_there(place: TokenPlace, host: Host) -> bool:
    """Whether any of the files that a place names is there."""
    templates = place.paths.get(host.platform.value, ())
    return any(stands_there(path) for template in templates for path in expand(template, host))


def load_json(path: Path) -> tuple[Any, str, str]:
    """A file's document, then what kept it away (`not-json`, `unreadable`, ""), then what was said.

    Raises:
        FileNotFoundError: there is no such file.
    """
    text = read_text(path)
    if isinstance(text, Problem):
        return None, "unreadable", text.detail
    try:
        return json.loads(text.text), "", ""
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        return None, "not-json", f"line {line}" if line else ""
    except RecursionError:
        return None, "not-json", "nested without end"


def open_to_others(path: Path) -> bool:
    """Whether users other than its owner may read the file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def address_key(url: str) -> str:
    """What a file is named after that is named after its server's address: origin and path, hashed."""
    where = origin(url)
    path = urlsplit(url).path if where else ""
    return hashlib.sha256(f"{where}{path or '/'}".encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path, place: TokenPlace) -> TokenFile | None:
    try:
        document, trouble, said = load_json(path)
    except FileNotFoundError:
        return None
    if trouble:
        return TokenFile(path, trouble=trouble, said=said, open_to_others=open_to_others(path))
    beside = _beside(path, place)
    logins = [
        _login(path, place, key, {**beside, **entry} if beside else entry)
        for key, entry in _entries(document, place.entries, "")
    ]
    kept = [each for each in logins[:_MOST_LOGINS] if each.access or each.refresh or each.client_id]
    return TokenFile(path, kept, open_to_others=open_to_others(path))


def _beside(path: Path, place: TokenPlace) -> Mapping[str, Any]:
    """The client's registration, which stands in a file of its own beside the tokens."""
    if not place.pair or not path.name.endswith(place.pair[0]):
        return {}
    other = path.with_name(path.name.removesuffix(place.pair[0]) + place.pair[1])
    try:
        document, _, _ = load_json(other)
    except FileNotFoundError:
        return {}
    return document if isinstance(document, dict) else {}


def _entries(document: Any, way: Sequence[str], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not way:
        if isinstance(document, dict):
            yield key, document
        return
    step, rest = way[0], way[1:]
    if step != "*":
        if isinstance(document, dict) and step in document:
            yield from _entries(document[step], rest, step)
    elif isinstance(document, dict):
        for name, below in document.items():
            yield from _entries(below, rest, name)
    elif isinstance(document, list):
        for below in document:
            yield from _entries(below, rest, "")


def _login(path: Path, place: TokenPlace, key: str, entry: Mapping[str, Any]) -> StoredLogin:
    def text(name: str) -> str:
        found = (_at(entry, way) for way in place.fields.get(name, ()))
        return next((each for each in found if isinstance(each, str)), "")

    access, refresh, secret = text("access"), text("refresh"), text("client_secret")
    ends = next((_at(entry, way) for way in place.fields.get("expires", ())), None)
    login = StoredLogin(
        path=path,
        url=text("url"),
        server=text("server"),
        key=key or path.name.partition(".")[0],
        access=Secret(access) if access else None,
        refresh=Secret(refresh) if refresh else None,
        expires_at=seconds(ends) or (jwt_expiry(access) if access else None),
        client_id=text("client_id"),
        client_secret=Secret(secret) if secret else None,
        issuer=text("issuer"),
        scope=text("scope"),
    )
    if place.key == "name":
        return replace(login, server=login.server or key)
    return replace(login, url=login.url or key) if place.key == "url" else login


def _at(document: Any, way: str) -> Any:
    for step in way.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document
