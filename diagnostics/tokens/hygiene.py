"""Offline: what happened to a value on its way from the provider's page into the store.

Each kind of damage is an outcome of its own, and where the right value is certain it can be restored.
"""

import base64
import binascii
import re
from collections.abc import Callable

from diagnostics.secret import Secret
from diagnostics.tokens.damage import Damage
from diagnostics.tokens.token_format import identify, is_whole_token

_NULL_WORDS = {"null", "none", "undefined", "nil", "nan", "(null)", "[object object]"}
_UNEXPANDED = re.compile(
    r"\$\{[^{}]*\}|\$\(.*\)|\$[A-Za-z_][A-Za-z0-9_]*|%[A-Za-z_][A-Za-z0-9_]*%|\{\{.*\}\}|\{env:[^{}]+\}",
    re.DOTALL,
)
_MANAGER = re.compile(
    r"(?:op|keepassxc|bw|vault|aws-sm|gcp-sm|akv|doppler|infisical|keyring|pass|lpass)://\S+"
    r"|arn:aws:secretsmanager:\S+|vault:[\w./-]+#[\w-]+|\[\[.+\]\]"
)
_MASK = re.compile(
    r"[*•●∙·]{4,}|(?:\.{3}|…)\Z|\[(?:redacted|hidden|masked|filtered)\]|<(?:redacted|hidden)>", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"<[^<>]*>"
    r"|\[?(?:your|my|the|insert|enter|put|paste|replace|add)[ _-][\w .-]*"
    r"(?:token|key|secret|password|pat|here|value)[\w .-]*\]?"
    r"|(?:token|api[_-]?key|secret|password)[ _-]?(?:here|goes[ _-]here)"
    r"|change[_-]?me\w*|replace[_-]?me\w*|todo|tbd|fixme|dummy|placeholder|\.\.\.+",
    re.IGNORECASE,
)
_ROW_OF_X = re.compile(r"[A-Za-z0-9_-]{0,20}?([xX])\1{2,}|.{0,20}[xX]{12,}")
"""`xxx`, `sk-xxxxxxxx`: a picture of a token, even where it has the right length."""
_PLACEHOLDER_WITHIN = re.compile(
    r"://[^/@\s]*<[\w -]*(?:password|secret|token|key)[\w -]*>[^/@\s]*@", re.IGNORECASE
)
_EXPORT = re.compile(r"(?:export|set|setx|\$env:)\s*[A-Za-z_][A-Za-z0-9_]*\s*[= ]\s*(?P<value>.+)", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*=\s*(?P<value>\S.*)", re.DOTALL)
_HEADER = re.compile(
    r"(?:authorization|proxy-authorization|x-api-key|api-key|private-token|x-[a-z-]*(?:token|key))\s*:\s*(?P<value>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(
    r"(?:bearer|token|bot|basic|apikey|api-key)\s+(?P<value>\S.*)", re.IGNORECASE | re.DOTALL
)
_QUOTE_PAIRS = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "«": "»", "”": "”", "’": "’"}
_INVISIBLE = "\u00a0\u00ad\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u202f\u205f\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u3000\ufeff"
_BLANKS = " \t\v\f"
_SHORTEST_HALF = 8


def problems(value: Secret, env_name: str | None = None) -> list[Damage]:
    """Everything that is wrong with the value, the most telling first.

    In: the value as it was read (undecodable bytes as surrogates) and the name of the variable that holds it.
    Out: [] for a value that is fine; a value that is no token at all has just that one.
    """
    text = value.reveal()
    for damage, finds in _HOPELESS:
        if finds(text):
            return [damage]
    return [damage for damage, finds in _KINDS if finds(text, env_name)]


def repaired(value: Secret, env_name: str | None = None) -> Secret | None:
    """The value as it was meant, None where that is not certain (or nothing is wrong).

    Takes away what can't be part of a token: blanks, line breaks and marks around it, quotes, the words of a header
    or of a shell line. A value whose inner characters were hit is put together again only when the result has the
    full shape of a known token.
    """
    found = problems(value, env_name)
    if not found:
        return None
    text = value.reveal()
    for _ in range(8):
        better = _one_repair(text, env_name)
        if better is None:
            return None
        if not problems(Secret(better), env_name):
            return Secret(better)
        text = better
    return None


def is_certain(value: Secret, mended: Secret) -> bool:
    """Whether `mended` (of `repaired`) can be nothing else than what was meant, whatever the value is for.

    A whole token of a known kind is; so is a value of which only an ending line break, an encoding or a mark of one was
    taken away. Blanks and quotes may belong to a password.
    """
    text, meant = value.reveal(), mended.reveal()
    if meant == _without_what_nobody_types(text):
        return True
    stands_there = meant in "".join(each for each in text if each.isprintable() and each not in _INVISIBLE)
    return stands_there and is_whole_token(meant)  # what was encoded may be meant so


def is_document(value: Secret) -> bool:
    """Whether it is a whole document (a key in PEM, JSON) rather than a token: line breaks belong to those."""
    text = value.reveal().strip()
    if "-----BEGIN " in text:
        return True
    if text[:1] not in ("{", "["):
        return False
    import json

    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


_OF_DOCUMENTS = frozenset({Damage.UTF_16, Damage.NUL, Damage.NOT_UTF_8, Damage.BYTE_ORDER_MARK})


def problems_stored(value: Secret, env_name: str | None = None) -> list[Damage]:
    """As `problems`, for a value of which only its name is known: what belongs to a document is no damage."""
    found = problems(value, env_name)
    return [each for each in found if each in _OF_DOCUMENTS] if is_document(value) else found


def _without_what_nobody_types(text: str) -> str:
    if _is_utf_16(text):
        text = "".join(each for each in text if each != "\0" and each not in "\ufeff\udcff\udcfe")
    return text.rstrip("\0").removeprefix("\ufeff").rstrip("\r\n")


def _one_repair(text: str, env_name: str | None) -> str | None:
    """The text with its first mendable damage gone; None = it can't be mended with certainty."""
    found = problems(Secret(text), env_name)
    mend = _MENDED.get(found[0]) if found else None
    better = mend(text, env_name) if mend else None
    return better if better and better != text else None


def _is_token(text: str) -> bool:
    return is_whole_token(text)


# ── no token at all ─────────────────────────────────────────────────────────────────────────────────────────


def _is_empty(text: str) -> bool:
    return not text.strip(_BLANKS + "\r\n\0" + _INVISIBLE + "\"'")


def _is_placeholder(text: str) -> bool:
    bare = text.strip().strip("\"'")
    if _ROW_OF_X.fullmatch(bare):
        return True
    return bool(_PLACEHOLDER.fullmatch(bare) or _PLACEHOLDER_WITHIN.search(bare)) and not _is_token(bare)


def _is_masked(text: str) -> bool:
    return bool(_MASK.search(text.strip()))


def _is_unexpanded(text: str) -> bool:
    bare = _SCHEME.sub(r"\g<value>", text.strip()).strip("\"'")
    return bool(_UNEXPANDED.fullmatch(bare))


_HOPELESS: tuple[tuple[Damage, Callable[[str], bool]], ...] = (
    (Damage.EMPTY, _is_empty),
    (Damage.NULL_WORD, lambda text: text.strip().lower() in _NULL_WORDS),
    (Damage.UNEXPANDED, _is_unexpanded),
    (Damage.MANAGER_REFERENCE, lambda text: bool(_MANAGER.fullmatch(text.strip()))),
    (Damage.MASKED, _is_masked),
    (Damage.PLACEHOLDER, _is_placeholder),
)


# ── a token with something wrong ────────────────────────────────────────────────────────────────────────────


def _is_utf_16(text: str) -> bool:
    body = text.removeprefix("\ufeff").removeprefix("\udcff\udcfe").removeprefix("\udcfe\udcff")
    return len(body) >= 4 and (set(body[1::2]) == {"\0"} or set(body[0::2]) == {"\0"})


def _is_quoted(text: str) -> bool:
    text = text.strip()
    return len(text) > 2 and _QUOTE_PAIRS.get(text[0]) == text[-1]


def _is_assignment(text: str, env_name: str | None) -> bool:
    if _EXPORT.fullmatch(text.strip()):
        return True
    found = _ASSIGNMENT.fullmatch(text.strip())
    if found is None:
        return False
    return found["name"] == env_name or _is_token(found["value"].strip().strip("\"'"))


def _is_twice(text: str) -> bool:
    half, odd = divmod(len(text), 2)
    return not odd and half >= _SHORTEST_HALF and text[:half] == text[half:] and _is_token(text[:half])


def _decoded(text: str) -> str:
    """What base64 text holds, "" unless that is a known token."""
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", text) or _is_token(text):
        return ""
    try:
        plain = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return ""
    inner = plain.decode("ascii", "replace").rstrip("\r\n")
    return inner if inner.isprintable() and _is_token(inner) else ""


def _is_wrong_case(text: str) -> bool:
    if not text.isascii() or not re.search("[A-Za-z]", text) or text not in {text.upper(), text.lower()}:
        return False
    other = text.lower() if text == text.upper() else text.upper()
    return identify(text) is None and _is_token(other)


_KINDS: tuple[tuple[Damage, Callable[[str, str | None], bool]], ...] = (
    (Damage.UTF_16, lambda text, _: _is_utf_16(text)),
    (Damage.NUL, lambda text, _: "\0" in text and not _is_utf_16(text)),
    (Damage.NOT_UTF_8, lambda text, _: bool(re.search("[\ud800-\udfff]", text)) and not _is_utf_16(text)),
    (Damage.BYTE_ORDER_MARK, lambda text, _: text.startswith("\ufeff")),
    (Damage.TRAILING_NEWLINE, lambda text, _: text != text.rstrip("\r\n")),
    (Damage.SURROUNDING_BLANKS, lambda text, _: text.rstrip("\r\n") != text.strip("\r\n" + _BLANKS)),
    (Damage.SHELL_LINE, _is_assignment),
    (Damage.HEADER_LINE, lambda text, _: bool(_HEADER.fullmatch(text.strip()))),
    (Damage.SCHEME_WORD, lambda text, _: bool(_SCHEME.fullmatch(text.strip()))),
    (Damage.QUOTES, lambda text, _: _is_quoted(text)),
    (
        Damage.INVISIBLE,
        lambda text, _: any(each in _INVISIBLE for each in text.removeprefix("\ufeff")),
    ),
    (Damage.LINE_BREAK, lambda text, _: bool(re.search(r"[\r\n\u2028\u2029\x85]", text.strip("\r\n")))),
    (
        Damage.CONTROL,
        lambda text, _: bool(re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]", text)),
    ),
    (Damage.PASTED_TWICE, lambda text, _: _is_twice(text)),
    (Damage.BASE_64, lambda text, _: bool(_decoded(text))),
    (Damage.WRONG_CASE, lambda text, _: _is_wrong_case(text)),
)


def _without_nul(text: str) -> str | None:
    bare = text.rstrip("\0")
    return bare if "\0" not in bare else None


def _if_token(text: str) -> str | None:
    return text if _is_token(text) else None


def _value_of_line(text: str) -> str | None:
    found = _EXPORT.fullmatch(text.strip()) or _ASSIGNMENT.fullmatch(text.strip())
    return found["value"].strip() if found else None


def _without_invisible(text: str) -> str | None:
    bare = text.strip(_INVISIBLE)
    return (
        bare
        if bare != text and not any(each in _INVISIBLE for each in bare)
        else _if_token("".join(each for each in text if each not in _INVISIBLE))
    )


_MENDED: dict[Damage, Callable[[str, str | None], str | None]] = {
    Damage.UTF_16: lambda text, _: "".join(
        each for each in text if each != "\0" and each not in "\ufeff\udcff\udcfe"
    ),
    Damage.NUL: lambda text, _: _without_nul(text),
    Damage.BYTE_ORDER_MARK: lambda text, _: text.lstrip("\ufeff"),
    Damage.TRAILING_NEWLINE: lambda text, _: text.rstrip("\r\n"),
    Damage.SURROUNDING_BLANKS: lambda text, _: text.strip("\r\n" + _BLANKS),
    Damage.SHELL_LINE: lambda text, _: _value_of_line(text),
    Damage.HEADER_LINE: lambda text, _: _HEADER.sub(r"\g<value>", text.strip()),
    Damage.SCHEME_WORD: lambda text, _: _SCHEME.sub(r"\g<value>", text.strip()),
    Damage.QUOTES: lambda text, _: text.strip()[1:-1],
    Damage.INVISIBLE: lambda text, _: _without_invisible(text),
    Damage.LINE_BREAK: lambda text, _: _if_token(re.sub(r"[ \t]*[\r\n\u2028\u2029\x85]+[ \t]*", "", text)),
    Damage.PASTED_TWICE: lambda text, _: text[: len(text) // 2],
    Damage.BASE_64: lambda text, _: _decoded(text),
}
