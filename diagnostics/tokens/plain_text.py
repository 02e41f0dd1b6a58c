"""Whether a value in a config is a credential in plain text, a stand-in for one, or neither.

A guess from names and shapes, tuned on real configs. It errs on the side of silence: paths, addresses, switches,
numbers and model names are ordinary values.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from diagnostics.model import Syntax
from diagnostics.tokens.secret_name import names_secret


@dataclass(frozen=True, slots=True)
class Guess:
    """A credential or a stand-in within a value."""

    syntax: Syntax
    """`literal` or `placeholder`."""
    credential: str
    """Just that: without `Bearer`, flag, variable or the rest of an address."""


_SCHEME = re.compile(r"^(?:bearer|basic|token|apikey|api-key)[ \t]+", re.IGNORECASE)
_HARMLESS = {
    "true", "false", "yes", "no", "on", "off", "none", "null", "undefined", "auto", "default", "basic", "bearer", "oauth",
    "oauth2", "pat", "jwt", "token", "password", "apikey", "keychain", "keyring", "env", "enabled", "disabled",
    "required", "optional", "anonymous", "browser", "interactive", "iam", "sso", "external", "local", "file",
}  # fmt: skip
_PLACEHOLDER = re.compile(
    r"""^<[^<>]*>$ | ^\[[^\[\]]*\]$ | ^\{\{?[^{}]*\}?\}$
      | (?:^|[^a-z])your(?:$|[^a-z]) | (?-i:^[yY]our[A-Z]) | (?:^|[^a-z])(?:my|insert|enter|paste|add|put|set)[-_ ](?:own[-_ ])?
          (?:\w+[-_ ])?(?:api|token|key|secret|password|access)
      | x{5,} | ^x{3,}$ | \*{3,} | •{3,} | \.{3}$ | …$
      | change[-_ ]?(?:me|this|it) | replace[-_ ]?(?:me|this|with|by) | [-_ ]here$ | ^to[-_ ]?do$ | fix[-_ ]?me
      | (?:^|[^a-z])(?:placeholder|redacted|dummy|example|sample|removed|hidden)(?:$|[^a-z]) | example$
      | ^(?:api[-_]?key|api[-_]?token|access[-_]?token|auth[-_]?token|client[-_]?secret|secret[-_]?key|key)$
      | ^(?:sk|pk|ghp|gho|github_pat|glpat|xoxb|xoxp|secret|ntn|lin_api)[-_](?:\w*_)?(?:\.\.\.|…|$)
      | ^0{6,}$ | ^_{3,}$ | ^-{3,}$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@?#]*:([^/\s@?#]+)@", re.IGNORECASE)
_DATABASE = re.compile(
    r"(?:jdbc:)?(?:postgres|mysql|mariadb|mongodb|redis)[\w+]*://[^/\s@]*(?:@|:\D)", re.IGNORECASE
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_QUERY = re.compile(r"[?&;]([A-Za-z_][\w.-]*)=([^&#\s]+)")
_PATH_TOKEN = re.compile(r"/([0-9a-fA-F]{32,}|[A-Za-z0-9_-]{40,})(?=[/?#]|$)")
_PATH = re.compile(r"^(?:[/~]|\.{1,2}/|[A-Za-z]:[\\/]|\\\\|file:)")
_TOKEN = re.compile(r"[A-Za-z0-9_\-.+/=:~]{16,}")
_JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ?[\w-]{10,}\.[\w-]*")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ASSIGNMENT = re.compile(r"(?:--?)?([A-Za-z_][\w.-]*)=(.+)", re.DOTALL)
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.+)", re.DOTALL)
_JSON_PAIR = re.compile(r'"([A-Za-z_][\w.-]*)"\s*:\s*"([^"\\]+)"')


def named_value(name: str, value: str) -> Guess | None:
    """What an environment variable, header or option holds. In: its name and its value, references excluded."""
    bare = _SCHEME.sub("", value.strip())
    if not bare:
        return None
    if names_secret(name) and not _URL.match(bare):
        if is_placeholder(bare):
            return Guess(Syntax.PLACEHOLDER, bare)
        if _could_be_credential(bare):
            return Guess(Syntax.LITERAL, bare)
    return _by_shape(bare)


def argument(value: str, before: str = "") -> Guess | None:
    """What one command-line argument holds. In: the argument and the one before it, references excluded."""
    if before.startswith("-") and "=" not in before and not value.startswith("-"):
        if before in {"--header", "-H"} and (found := _HEADER.fullmatch(value)):
            return named_value(found[1], found[2])
        if before not in {"-e", "--env"} and names_secret(before):
            return named_value(before, value)
    if found := _ASSIGNMENT.fullmatch(value):
        if found[1] in {"env", "header"}:
            return argument(found[2], f"--{found[1]}")
        return named_value(found[1], found[2])
    if (found := _HEADER.fullmatch(value)) and names_secret(found[1]):
        return named_value(found[1], found[2])
    if value.lstrip().startswith("{"):
        pairs = (named_value(pair[1], pair[2]) for pair in _JSON_PAIR.finditer(value))
        return next((guess for guess in pairs if guess), None)
    return _by_shape(value)


def address(value: str) -> Guess | None:
    """What an address holds: a password before the host, a key in the query, a token as part of the path."""
    return _in_url(value)


@lru_cache(maxsize=4096)
def is_placeholder(value: str) -> bool:
    """Whether a value only holds a credential's place: `YOUR_TOKEN_HERE`, `<token>`, `xxxx`, `changeme`."""
    return len(value) < 200 and _PLACEHOLDER.search(value) is not None


def is_token(value: str) -> bool:
    """Whether a value is built like a token of a provider that the catalogue knows."""
    return not _PATH.match(value) and bool(_TOKEN.fullmatch(value)) and _of_known_provider(value)


def _could_be_credential(value: str) -> bool:
    if value.casefold() in _HARMLESS or len(value) < 4 or _PATH.match(value):
        return False
    return not (value.isdigit() and len(value) < 6)


def _by_shape(value: str) -> Guess | None:
    if _KEY_BLOCK.search(value):
        return Guess(Syntax.LITERAL, value)
    if _URL.match(value):
        return _in_url(value)
    if found := _JWT.search(value):
        return Guess(Syntax.LITERAL, found[0])
    if not is_token(value):
        return None
    return Guess(Syntax.PLACEHOLDER if is_placeholder(value) else Syntax.LITERAL, value)


def _in_url(value: str) -> Guess | None:
    if (secret := _database_password(value)) is not None:
        stand_in = is_placeholder(secret)
        return Guess(Syntax.PLACEHOLDER if stand_in else Syntax.LITERAL, secret) if secret else None
    if found := _USERINFO.match(value):
        stand_in = is_placeholder(found[1])
        return Guess(Syntax.PLACEHOLDER if stand_in else Syntax.LITERAL, found[1])
    for pair in _QUERY.finditer(value):
        if names_secret(pair[1]) and (guess := named_value(pair[1], pair[2])):
            return guess
    if found := _PATH_TOKEN.search(value.split("?", 1)[0]):
        looks_made = found[1].isalnum() or any(character.isdigit() for character in found[1])
        if looks_made and _is_random(found[1]):
            return Guess(Syntax.LITERAL, found[1])
    return None


def _database_password(value: str) -> str | None:
    """The password in a database's address, also one with unencoded characters; None where it is no such address."""
    if not _DATABASE.match(value):
        return None
    from diagnostics.connections.connection import read_connection

    found = read_connection(value)
    return found.password.reveal() if found and found.password else None


def _is_random(text: str) -> bool:
    """Hexadecimal, or letters of both cases and digits mixed: no word of a language."""
    if re.fullmatch(r"[0-9a-fA-F]{32,}", text):
        return True
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(is_kind(character) for character in text) for is_kind in kinds)


def _of_known_provider(value: str) -> bool:
    """Whether the value begins and is built like a token of a provider in the catalogue."""
    if not any(character.isdigit() or character == "_" for character in value):
        return False
    from diagnostics.tokens.token_format import identify

    return identify(value) is not None
