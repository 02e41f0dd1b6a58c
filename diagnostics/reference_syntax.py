"""The ways a config names a credential, found in a text with their places. Pure: no client, no host."""

import re
from dataclasses import dataclass

from diagnostics.model import Syntax


@dataclass(frozen=True, slots=True)
class Found:
    """One reference in a text."""

    start: int
    end: int
    """`text[start:end]` is the reference as written."""
    syntax: Syntax
    name: str
    form: str
    """The notation, spelled as in the client catalogue: `${VAR}`, `${env:VAR}`, `${SECRET:name}`, ..."""
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something that was meant as a reference and is none."""

    start: int
    end: int
    mistake: str
    """`empty`, `unclosed`, `case`, `blank` or `kind`."""
    meant: str
    """The reference that was probably meant; "" where that can't be told."""


PREDEFINED = frozenset(
    {
        "workspaceFolder", "workspaceFolderBasename", "workspaceRoot", "workspacePath", "userHome", "pathSeparator", "/",
        "__dirname", "extensionPath", "file", "fileDirname", "fileBasename", "cwd", "execPath",
        "CLAUDE_PROJECT_DIR", "CLAUDE_PLUGIN_ROOT", "CLAUDE_PLUGIN_DATA",
    }
)  # fmt: skip
"""Names that clients fill with paths of their own; no credential comes this way."""

_KINDS = {
    "SECRET": Syntax.SECRET,
    "OAUTH": Syntax.OAUTH,
    "KEYTAR": Syntax.KEYTAR,
    "VAULT": Syntax.VAULT,
    "AWS_SECRET": Syntax.AWS,
}
_FORMS = {
    "SECRET": "${SECRET:name}", "OAUTH": "${OAUTH:provider}", "KEYTAR": "${KEYTAR:service/account}",
    "VAULT": "${VAULT:path}", "AWS_SECRET": "${AWS_SECRET:arn}",
}  # fmt: skip
_BRACED = r"\$\{(?P<body>(?:[^{}\n]|\{[^{}\n]*+\})*+)\}"
_CURLY = r"(?<!\$)\{env:(?P<curly>[A-Za-z_]\w*)\}"
_BARE = r"(?<![\w$])\$(?P<bare>[A-Z_][A-Z0-9_]*)(?![\w])"
_REFERENCE = re.compile(f"{_BRACED}|{_CURLY}|{_BARE}")
_CLIENTS_OWN = (
    (re.compile(r"(?<!\$)\{file:([^{}\n]+)\}"), Syntax.FILE, "{file:PATH}"),
    (re.compile(r"\$\{file:([^{}\n]+)\}"), Syntax.FILE, "${file:PATH}"),
    (re.compile(r"\$\{config:([^{}\n]+)\}"), Syntax.USER_CONFIG, "${config:key}"),
    (re.compile(r"\$\{\{\s*secrets\.([\w.-]+)\s*\}\}"), Syntax.ENV, "${{ secrets.NAME }}"),
    # In capitals and not short: percent signs also encode letters in an address (%C3%A9).
    (re.compile(r"(?<![%\w])%([A-Z_][A-Z0-9_]{2,})%(?!\w)"), Syntax.ENV, "%VAR%"),
)
_WHOLE_BARE = re.compile(r"\$([A-Za-z_]\w*)")
_VARIABLE = re.compile(r"([A-Za-z_]\w*)(:?-(.*))?", re.DOTALL)
_UNCLOSED = re.compile(
    r"\$\{(SECRET|OAUTH|KEYTAR|VAULT|AWS_SECRET):([^{}\s\"']*)(?![^{}\n]*\})", re.IGNORECASE
)
_MEANT = re.compile(r"\s*([A-Za-z_]+)\s*:\s*(.*?)\s*", re.DOTALL)


def find_references(text: str) -> list[Found]:
    """Every well-formed reference in a text, in order, predefined names of clients left out.

    `$VAR` counts when it is the whole text, or in capitals and not inside a word (passwords hold dollar signs).
    """
    if "$" not in text and "{env:" not in text:
        return []
    whole = _WHOLE_BARE.fullmatch(text)
    if whole:
        return [Found(0, len(text), Syntax.ENV, whole[1], "$VAR")]
    found = (_read(each) for each in _REFERENCE.finditer(text))
    return [each for each in found if each is not None]


def find_placeholders(text: str) -> list[Found]:
    """What `find_references` finds, and the notations that only clients have, in order.

    These are `{file:path}`, `${file:path}`, `${config:key}`, `${{ secrets.NAME }}` and `%NAME%`.
    """
    found = find_references(text)
    if "$" not in text and "{" not in text and "%" not in text:
        return found
    clients = [
        Found(each.start(), each.end(), syntax, each[1].strip(), form)
        for pattern, syntax, form in _CLIENTS_OWN
        for each in pattern.finditer(text)
    ]
    return sorted([*found, *clients], key=lambda one: one.start)


def find_malformed(text: str) -> list[Malformed]:
    """What was meant as one of our own references (`${SECRET:...}` and its kin) and is none."""
    if "${" not in text:
        return []
    found = [
        wrong
        for each in _REFERENCE.finditer(text)
        if each["body"] is not None and (wrong := _mistake(each)) is not None
    ]
    known = {one.start for one in found}
    for each in _UNCLOSED.finditer(text):
        if each.start() not in known:
            kind, name = each[1].upper(), each[2]
            meant = f"${{{kind}:{name}}}" if name else ""
            found.append(Malformed(each.start(), each.end(), "unclosed", meant))
    return sorted(found, key=lambda one: one.start)


def _read(match: re.Match[str]) -> Found | None:
    start, end = match.span()
    if match["curly"] is not None:
        return Found(start, end, Syntax.ENV, match["curly"], "{env:VAR}")
    if match["bare"] is not None:
        return Found(start, end, Syntax.ENV, match["bare"], "$VAR")
    body = match["body"]
    kind, colon, rest = body.partition(":")
    if colon and kind in _KINDS:
        good = rest and rest == rest.strip() and not any(character.isspace() for character in rest)
        return Found(start, end, _KINDS[kind], rest, _FORMS[kind]) if good else None
    if colon and kind == "env" and (named := _VARIABLE.fullmatch(rest)):
        # No client has a default here: this is a variable of a strange name, whose end may be a credential.
        name = rest if named[2] is None else f"{named[1]}{named[2][: len(named[2]) - len(named[3])]}…"
        return Found(start, end, Syntax.ENV, name, "${env:VAR}")
    if colon and kind == "input" and rest:
        return Found(start, end, Syntax.INPUT, rest, "${input:id}")
    if body.startswith("user_config.") and len(body) > len("user_config."):
        return Found(start, end, Syntax.USER_CONFIG, body[len("user_config.") :], "${user_config.key}")
    variable = _VARIABLE.fullmatch(body)
    if variable is None or variable[1] in PREDEFINED:
        return None
    form = "${VAR}" if variable[2] is None else "${VAR:-default}"
    return Found(start, end, Syntax.ENV, variable[1], form, variable[3])


def _mistake(match: re.Match[str]) -> Malformed | None:
    if _read(match) is not None:
        return None
    meant = _MEANT.fullmatch(match["body"])
    if meant is None:
        kind = match["body"].strip().upper()
        return Malformed(*match.span(), "empty", "") if kind in _KINDS and kind != match["body"] else None
    kind, name = meant[1].upper(), meant[2]
    if kind not in _KINDS:
        return None
    if not name:
        return Malformed(*match.span(), "empty", "")
    has_blank = any(character.isspace() for character in match["body"])
    right = f"${{{kind}:{re.sub(chr(92) + 's+', '_', name)}}}"
    return Malformed(*match.span(), "blank" if has_blank else "case", right)
