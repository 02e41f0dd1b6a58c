"""Whether the encrypted file store was chosen on this host, and by what: a variable, or a settings file.

The settings file is `$XDG_CONFIG_HOME/mcp-doctor/store.toml` (schema: `store.schema.json` beside this file), for clients
that are started from a desktop and see no variable of a shell:

    store = "file"
    identity = "/path/of/the/key"

The variable overrides it. A settings file that can't be understood counts as a choice with a trouble: whoever chose a
store must never be served from another one without a word.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.regular_file import open_regular
from diagnostics.text import clean

FILE_STORE_VARIABLE = "MCP_DOCTOR_STORE_IDENTITY"
"""Whoever sets it chooses the encrypted file store (`diagnostics.stores.file_store`), and says where its key is."""
_LARGEST = 64 * 1024
_KEYS = ("store", "identity")


@dataclass(frozen=True, slots=True)
class Choice:
    """The encrypted file store was chosen."""

    identity: str
    """The key's path as it was given; "" where there is a trouble."""
    by: str
    """What chose it, for people: the variable's name, or the settings file's path."""
    trouble: str = ""
    """Why the settings file can't be followed: file, line, what was expected; "" = it can."""
    by_variable: bool = False


def settings_path(host: Host) -> Path:
    """Where the choice can be kept in a file."""
    return Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config") / "mcp-doctor" / "store.toml"


def choice_of(host: Host) -> Choice | None:
    """The choice, None where nobody made one. Linux alone: the other systems always have a keychain.

    Reads at most one small file of this user, and none where the variable is set.
    """
    if host.platform is not Platform.LINUX:
        return None
    given = host.env.get(FILE_STORE_VARIABLE)
    if given:
        return Choice(given, FILE_STORE_VARIABLE, by_variable=True)
    path = settings_path(host)
    shown = clean(str(path))
    try:
        raw = _read(path, host.uid)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return Choice("", shown, f"{shown} can't be used: {said}")
    try:
        return Choice(_identity_in(raw), shown)
    except ValueError as error:
        return Choice("", shown, f"{shown}: {error}")


def uses_file_store(host: Host) -> bool:
    """Whether the person chose the encrypted file."""
    return choice_of(host) is not None


def settings_text(identity: str) -> str:
    """The content of a settings file that chooses the store with this key."""
    import json

    return (
        "# Chooses the encrypted file store of mcp-doctor in place of a keychain.\n"
        "# Delete this file to use the system's keychain again.\n"
        f'store = "file"\nidentity = {json.dumps(identity)}\n'
    )


_KEYCHAIN = r"(?<![-\w./\"'“])(?:default )?keychain(?![-\w/\"”]|[:.]\S|'(?!s\b))"
"""The word in a sentence, and not as a part of a name, a path or a quotation."""
_WORDS = (
    (re.compile(rf"\b([Aa])(?= {_KEYCHAIN})"), r"\1n"),
    (re.compile(_KEYCHAIN), "encrypted store"),
)


def in_words_of_the_file(text: str) -> str:
    """A sentence about the keychain as it is said where the encrypted file is the store."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text


def said_of(host: Host, text: str) -> str:
    """The sentence with the name of the store that this host uses."""
    return in_words_of_the_file(text) if "keychain" in text and uses_file_store(host) else text


def _identity_in(raw: bytes) -> str:
    """Raises ValueError with the line and what was expected."""
    import tomllib

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(
            'it is not UTF-8; expected two lines: store = "file" and identity = "/path"'
        ) from None
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is no TOML ({clean(str(error), 200)})") from None
    except RecursionError:
        raise ValueError("it is nested too deep; expected two lines") from None
    unknown = next((name for name in told if name not in _KEYS), None)
    if unknown is not None:
        line = _line_of(unknown, text)
        raise ValueError(f"{line}there is no setting {clean(unknown, 60)!r}; known are store and identity")
    store: Any = told.get("store")
    if store != "file":
        said = "is missing" if store is None else f"is {clean(repr(store), 60)}"
        raise ValueError(f'{_line_of("store", text)}store {said}, expected store = "file"')
    identity: Any = told.get("identity")
    if not isinstance(identity, str) or not identity:
        said = "is missing" if identity is None else f"is {clean(repr(identity), 60)}"
        raise ValueError(
            f'{_line_of("identity", text)}identity {said}, expected the path of the key: identity = "/path"'
        )
    return identity


def _line_of(name: str, text: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*[\"']?{re.escape(name)}\b", line):
            return f"line {number}: "
    return ""


def _read(path: Path, uid: int) -> bytes:
    """Raises OSError, or ValueError for what must not be followed: who may write it decides who gets the entries."""
    with open_regular(path) as file:
        info = os.fstat(file.fileno())
        if info.st_uid not in {uid, 0}:
            raise ValueError("it belongs to another user, who could choose another store for you")
        if info.st_mode & stat.S_IWOTH:
            raise ValueError("everybody can write it, and could choose another store for you: chmod 600")
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes, expected two lines")
    return raw
