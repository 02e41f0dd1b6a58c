"""Clients' config files as their structure only: keys as they are, of each value its kind and about how long it is."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from diagnostics.catalog.clients import GENERIC, client, clients
from diagnostics.context import Context
from diagnostics.model import ClientFile, Status
from diagnostics.reference_syntax import find_malformed, find_placeholders
from diagnostics.support.vocabulary import words

_MOST = 60
"""Values of one list or table, and entries of one file."""
_DEEPEST = 6
_LENGTHS = ((8, "1 to 8"), (20, "9 to 20"), (60, "21 to 60"), (200, "61 to 200"))
_KEPT = frozenset(
    {
        "stdio", "http", "sse", "streamable-http", "local", "remote", "npx", "npm", "pnpm", "yarn", "bunx", "bun", "deno", "node", "uvx",
        "uv", "pipx", "python", "python3", "docker", "podman", "mcp-remote", "mcp-doctor", "mcp-credential-doctor", "run", "exec", "x",
        "-y", "--yes", "-i", "--rm", "--", "-e", "-m", "--env", "--env-file", "sh", "bash", "env", "cmd", "wsl", "ssh", "sudo", "op",
    }
)  # fmt: skip
"""Words of a command line that tell how a server is started, and nothing about anybody."""


def structure(context: Context) -> list[dict[str, Any]]:
    """Every file that is there, with its entries as shapes. Reads the files again: call it with a deadline."""
    return [_file(context, each) for each in context.files if each.status is not Status.SKIP]


def _file(context: Context, file: ClientFile) -> dict[str, Any]:
    told: dict[str, Any] = {
        "client": file.client,
        "path": str(file.path),
        "scope": file.scope,
        "status": file.status.value,
    }
    try:
        told |= _content(context, file)
    except Exception as error:  # the page of one odd file must not keep the others out
        told["entries"] = f"not to be had: {type(error).__name__}"
    return told


def _content(context: Context, file: ClientFile) -> dict[str, Any]:
    from diagnostics.configs.client_file import document_of, notation_of
    from diagnostics.configs.content import read_text
    from diagnostics.configs.document import SyntaxProblem
    from diagnostics.configs.section import sections
    from diagnostics.model import Problem

    found = read_text(file.path)
    if isinstance(found, Problem):
        return {"entries": f"not to be had: {found.outcome}"}
    told: dict[str, Any] = {
        "lines": found.text.count("\n") + 1,
        "characters": _length(len(found.text)),
        "mode": f"{found.mode & 0o777:o}",
    }
    owner = client(file.client) if file.client in clients() else client(GENERIC)
    notation = notation_of(file.path, owner)
    try:
        document = document_of(found.text, notation)
    except SyntaxProblem as error:
        return told | {
            "notation": notation,
            "entries": f"not to be had: line {error.problem.line} can't be parsed",
        }
    listed = owner.servers_are_listed and notation == "yaml"
    entries: dict[str, Any] = {}
    for way, rows in sections(context.host, owner, document, [], listed=listed):
        for row in rows[:_MOST]:
            entries[f"{row.name} (below {_way(way)}, line {document.line_of((*way, row.key))})"] = shape(
                row.said
            )
    return told | {"notation": notation, "other top-level keys": len(document.data), "entries": entries}


def _way(way: Sequence[str]) -> str:
    return ".".join(each if each.isidentifier() else "…" for each in way) or "the top"


def shape(value: Any, depth: int = 0) -> Any:
    """What a value is, never what it says. In: any plain data. Out: plain data for people."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        found = {str(key): shape(each, depth + 1) for key, each in list(value.items())[:_MOST]}
        return found | ({"…": f"{len(value) - _MOST} more"} if len(value) > _MOST else {})
    if isinstance(value, list | tuple):
        found_list = [shape(each, depth + 1) for each in value[:_MOST]]
        return found_list + ([f"… {len(value) - _MOST} more"] if len(value) > _MOST else [])
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return "a number"
    return _text(str(value))


def _text(said: str) -> str:
    if not said:
        return "empty"
    if said in _KEPT or _is_option(said):
        return said
    references = find_placeholders(said)
    if references:
        shown = ", ".join(_reference(each.form, each.name) for each in references)
        whole = len(references) == 1 and references[0].end - references[0].start == len(said)
        return shown if whole else f"text, {_length(len(said))} characters, with {shown}"
    if find_malformed(said):
        return f"a broken reference, {_length(len(said))} characters"
    kinds = (
        (r"(?s).*\s.*", "words"),
        (r"https?://.*", "an address"),
        (r"[a-z][a-z0-9+.-]*://.*", "an address of another kind"),
        (r"(?:[A-Za-z]:)?[~.]{0,2}[/\\].*", "a path"),
        (r"\d+", "digits"),
        (r"@?[\w.-]+(?:/[\w.-]+)?@[\w.^~-]+", "a package with its version"),
    )
    kind = next((words for pattern, words in kinds if re.fullmatch(pattern, said)), "text")
    return f"{kind}, {_length(len(said))} characters{_looks(said)}"


def _reference(form: str, name: str) -> str:
    return f"reference {form} to {name}"


def _looks(said: str) -> str:
    from diagnostics.tokens.masking import holds_credential

    return ", looks like a credential" if holds_credential(said) else ""


@cache
def _is_option(said: str) -> bool:
    """Whether it is the name of an option, made of words that the doctor's own texts use."""
    found = re.fullmatch(r"--?([a-z]+(?:-[a-z]+){0,3})", said)
    return found is not None and all(each in words() for each in found[1].split("-"))


def _length(count: int) -> str:
    return next((told for most, told in _LENGTHS if count <= most), "over 200")
