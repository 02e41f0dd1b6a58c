"""The login that is kept for one server: in its client's files, or in mcp-remote's."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from diagnostics.catalog.clients import client
from diagnostics.catalog.token_places import TokenPlace
from diagnostics.host import Host
from diagnostics.oauth import mcp_remote
from diagnostics.oauth.stored_login import Lifetime, StoredLogin
from diagnostics.oauth.token_files import TokenFile, address_key, is_there, read_place
from diagnostics.secret import Secret
from diagnostics.servers.remote_target import Target

_BEST = (
    Lifetime.GOOD,
    Lifetime.UNTOLD,
    Lifetime.SOON_OVER,
    Lifetime.RENEWABLE,
    Lifetime.EXPIRED,
    Lifetime.NO_TOKEN,
)


class Match(StrEnum):
    """How near the nearest login is to the server."""

    THIS = "this"
    OTHER_ADDRESS = "other-address"
    """The server's name, with another address."""
    OTHER_HEADERS = "other-headers"
    """The address, filed under other headers: the program that keeps it does not find it."""
    OLD_VERSION = "old-version"
    """Left by an older version of the program, in a place that is no longer read."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found."""

    client: str
    """Who keeps it, in words."""
    login: StoredLogin | None = None
    match: Match = Match.NONE
    near: StoredLogin | None = None
    """The nearest login, where none fits."""
    near_path: Path | None = None
    files: Sequence[TokenFile] = ()
    where: str = ""
    """The place that can't be read and may hold it, in words; "" = there is none."""
    renew: str = ""
    is_known: bool = True
    """Whether it is known where logins of this client are."""

    @property
    def secrets(self) -> Iterator[Secret]:
        """Every value that was read, for the scrubber."""
        for file in self.files:
            for each in file.logins:
                yield from (one for one in (each.access, each.refresh, each.client_secret) if one)


def kept_for(target: Target, host: Host) -> Kept:
    """The login for a server, or what is nearest to one. Reads files only."""
    return _of_proxy(target, host) if target.proxy else _of_client(target, host)


def _of_proxy(target: Target, host: Host) -> Kept:
    words = [each.reveal() for each in target.words]
    env = {**host.env, **{name: value.reveal() for name, value in target.server.env.items()}}
    own = env.get("MCP_REMOTE_CONFIG_DIR")
    seen = host if own is None else replace(host, env={**host.env, "MCP_REMOTE_CONFIG_DIR": own})
    cache = mcp_remote.read_cache(mcp_remote.parts_of(words), seen)
    files = (cache.file,) if cache.file else ()
    blank = Kept(
        "mcp-remote", files=files, renew="Start the server again: mcp-remote opens the login in a browser."
    )
    if cache.file and cache.file.logins:
        return replace(blank, login=cache.file.logins[0], match=Match.THIS)
    if cache.file:
        return blank
    if mcp_remote.has_header_file(words):
        return replace(blank, is_known=False)
    if cache.for_same_url:
        return replace(blank, match=Match.OTHER_HEADERS, near_path=cache.for_same_url[0])
    if cache.old:
        return replace(blank, match=Match.OLD_VERSION, near_path=cache.old)
    return blank


def _of_client(target: Target, host: Host) -> Kept:
    one = client(target.server.client)
    files = [file for place in one.tokens for file in read_place(place, host)]
    sealed = [each for each in one.tokens if each.kind != "file" and (_hints(each, host))]
    renew = next((each.renew for each in one.tokens if each.renew), "")
    blank = Kept(
        one.name,
        files=files,
        where=sealed[0].where if sealed else "",
        renew=renew,
        is_known=bool(one.tokens),
    )
    logins = [each for file in files for each in file.logins]
    url = target.url.reveal()
    keyed = any(place.file_key for place in one.tokens)
    named = [each for each in logins if _is_named(each, target.server.name)]
    mine = [
        each
        for each in logins
        if (each.url and _same(each.url, url)) or (keyed and each.key == address_key(url))
    ]
    mine = [each for each in mine if not each.server or each in named] or mine
    if any(place.key == "name-and-hash" for place in one.tokens):
        return _by_hash(blank, target, mine, named)
    if not mine and any(each.url for each in named):
        return replace(blank, match=Match.OTHER_ADDRESS, near=named[0])
    best = _best(mine or [each for each in named if not each.url])
    return replace(blank, login=best, match=Match.THIS) if best else blank


def _by_hash(blank: Kept, target: Target, mine: Sequence[StoredLogin], named: Sequence[StoredLogin]) -> Kept:
    """Claude Code files a login under name, and a hash over type, address and headers: each change loses it."""
    keys = claude_code_keys(target)
    exact = _best([each for each in mine if each.key in keys])
    if exact:
        return replace(blank, login=exact, match=Match.THIS)
    of_name = [each for each in mine if _is_named(each, target.server.name)]
    if of_name and not target.headers:
        return replace(blank, login=_best(of_name), match=Match.THIS)
    if of_name:
        return replace(blank, match=Match.OTHER_HEADERS, near=of_name[0])
    if named or mine:
        return replace(blank, match=Match.OTHER_ADDRESS, near=[*named, *mine][0])
    return blank


def claude_code_keys(target: Target) -> set[str]:
    """The names that Claude Code may file this server's login under: headers as written, left out, or empty."""
    server = target.server
    headers = {name: value.reveal() for name, value in target.headers.items()}
    kinds = {"sse"} if target.transport == "sse" else {"http", "streamable-http"}
    found = set()
    for kind in kinds:
        base = {"type": kind, "url": target.url.reveal()}
        for whole in ({**base, "headers": headers}, base if not headers else None):
            if whole is not None:
                text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
                digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                found.add(f"{server.name}|{digest[:16]}")
    return found


def _is_named(login: StoredLogin, name: str) -> bool:
    return login.server == name or login.key.partition("|")[0] == name


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def _best(logins: Sequence[StoredLogin]) -> StoredLogin | None:
    now = time.time()
    return min(logins, key=lambda each: _BEST.index(each.lifetime(now)), default=None)


def _hints(place: TokenPlace, host: Host) -> bool:
    """Whether an unreadable place counts: it names nothing to look for, or that is there."""
    return not any(place.paths.values()) or is_there(place, host)
