"""The logins that `mcp-remote` keeps: plain files, named by a hash over what the login depends on.

Source: the program's versions 0.1.38 and 0.15.1. The hash is taken before `${VAR}` in a header is replaced, so that
another value of the variable keeps the login, and another spelling of the header loses it.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.oauth.stored_login import StoredLogin, seconds
from diagnostics.oauth.token_files import TokenFile, load_json, open_to_others
from diagnostics.presence import is_file
from diagnostics.secret import Secret

CURRENT = "mcp-remote-v1"
_FOLDERS = re.compile(r"mcp-remote-v?\d[\w.]*")
_TOKENS, _CLIENT = "_tokens.json", "_client_info.json"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a login depends on, from the program's arguments."""

    url: str
    resource: str = ""
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    client_metadata: str = ""
    token_endpoint: str = ""

    def key(self) -> str:
        """The beginning of the files' names."""
        parts = [self.url, self.resource]
        parts += [_compact(each) if each else "" for each in (self.params, self.headers)]
        parts += [self.client_metadata, self.token_endpoint]
        text = "|".join(each for each in parts if each)
        return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def parts_of(words: Sequence[str]) -> Parts:
    """Reads the program's arguments (what follows its own name)."""
    rest: list[str] = []
    headers: dict[str, str] = {}
    params: dict[str, str] = {}
    options: dict[str, str] = {}
    at = 0
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word == "--header" and at + 1 < len(words):
            if found := re.fullmatch(r"([A-Za-z0-9_-]+):\s*(.*)", value, re.DOTALL):
                headers[found[1]] = found[2]
            at += 2
            continue
        if word == "--authorize-param" and "=" in value:
            name, _, what = value.partition("=")
            params[name.strip()] = what
        elif word in {"--resource", "--client-metadata-url", "--token-endpoint"}:
            options.setdefault(word, value.strip())
        rest.append(word)
        at += 1
    return Parts(
        url=next((each for each in rest if not each.startswith("-")), ""),
        resource="" if "--disable-resource-parameter" in rest else options.get("--resource", ""),
        params=params,
        headers=headers,
        client_metadata=options.get("--client-metadata-url", ""),
        token_endpoint=options.get("--token-endpoint", ""),
    )


def has_header_file(words: Sequence[str]) -> bool:
    """Whether headers come from a file, so that the key can't be told from the arguments alone."""
    return "--header-file" in words


@dataclass(frozen=True, slots=True)
class Cache:
    """What the program keeps about one server, and what lies beside it."""

    folder: Path
    key: str
    file: TokenFile | None = None
    """The login, None where there is none of this name."""
    old: Path | None = None
    """A login of this name that an older version left in a folder of its own, which is no longer read."""
    others: tuple[Path, ...] = ()
    """Logins for something else: other addresses, or this one with other headers."""
    for_same_url: tuple[Path, ...] = ()
    """Those among `others` that have just the address, without any header."""


def read_cache(parts: Parts, host: Host) -> Cache:
    """The login for these arguments. Raises nothing for the files' content."""
    base = Path(host.env.get("MCP_REMOTE_CONFIG_DIR") or host.home / ".mcp-auth")
    key = parts.key()
    folders = _folders(base)
    current = base / CURRENT
    file = _read(current, key, parts.url)
    old = None
    for folder in folders:
        if file is None and folder.name != CURRENT and is_file(folder / f"{key}{_TOKENS}"):
            old = folder / f"{key}{_TOKENS}"
    others = tuple(each for each in _tokens(current) if each.name != f"{key}{_TOKENS}")
    without = Parts(parts.url).key()
    same = tuple(each for each in others if each.name == f"{without}{_TOKENS}" and without != key)
    return Cache(current, key, file, old, others, same)


def _read(folder: Path, key: str, url: str) -> TokenFile | None:
    path, client_path = folder / f"{key}{_TOKENS}", folder / f"{key}{_CLIENT}"
    client, _, _ = _load(client_path)
    tokens, trouble, said = _load(path)
    if trouble == "missing":
        if not isinstance(client, dict):
            return None
        login = StoredLogin(client_path, url, key=key, client_id=_text(client, "client_id"))
        return TokenFile(client_path, (login,), open_to_others=open_to_others(client_path))
    if trouble or not isinstance(tokens, dict):
        return TokenFile(path, trouble=trouble or "not-json", said=said, open_to_others=open_to_others(path))
    access, refresh = _text(tokens, "access_token"), _text(tokens, "refresh_token")
    login = StoredLogin(
        path=path,
        url=url,
        key=key,
        access=Secret(access) if access else None,
        refresh=Secret(refresh) if refresh else None,
        expires_at=_ends(tokens, path),
        client_id=_text(client, "client_id") if isinstance(client, dict) else "",
        scope=_text(tokens, "scope"),
    )
    return TokenFile(path, (login,), open_to_others=open_to_others(path))


def _ends(tokens: dict[str, Any], path: Path) -> float | None:
    """Versions before the current one keep only how long a token lasts: from when the file was written."""
    told = seconds(tokens.get("expires_at"))
    lasts = tokens.get("expires_in")
    if told is not None or isinstance(lasts, bool) or not isinstance(lasts, int | float):
        return told
    try:
        return path.stat().st_mtime + lasts
    except (OSError, OverflowError):
        return None


def _load(path: Path) -> tuple[Any, str, str]:
    try:
        return load_json(path)
    except FileNotFoundError:
        return None, "missing", ""


def _folders(base: Path) -> list[Path]:
    try:
        return sorted(each for each in base.iterdir() if _FOLDERS.fullmatch(each.name) and each.is_dir())
    except OSError:
        return []


def _tokens(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob(f"*{_TOKENS}"))[:200]
    except OSError:
        return []


def _text(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    return found if isinstance(found, str) else ""


def _compact(values: dict[str, str]) -> str:
    """As JavaScript writes it: sorted by UTF-16 units, no blanks, nothing escaped beyond what must be."""
    names = sorted(values, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return json.dumps({name: values[name] for name in names}, ensure_ascii=False, separators=(",", ":"))
