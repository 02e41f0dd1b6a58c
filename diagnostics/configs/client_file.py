"""One client's config file, from its text to its servers."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from diagnostics.catalog.clients import Client, client
from diagnostics.configs.content import Content
from diagnostics.configs.document import Document, SyntaxProblem
from diagnostics.host import Host
from diagnostics.model import ClientFile, Problem, Server, Status
from diagnostics.text import clean

_NOTATIONS = {
    ".json": "json", ".jsonc": "json", ".json5": "json", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".xml": "xml",
}  # fmt: skip

_MOST = 2000
"""Servers of one file. Looking at each takes about a millisecond; no client could start so many."""
_LARGEST = "10"
"""MB, as the wording of `too-large` has it."""


def is_config(path: Path) -> bool:
    """Whether a file in a folder of configs has a name that says so."""
    return path.suffix.casefold() in _NOTATIONS


def notation_of(path: Path, owner: Client | None) -> str:
    """`json`, `toml`, `yaml` or `xml`: as the name says, else as the client writes, else JSON."""
    return _NOTATIONS.get(path.suffix.casefold()) or (owner.format if owner else "json")


def document_of(text: str, notation: str) -> Document:
    """The text, parsed.

    Raises:
        SyntaxProblem: the text does not follow its notation.
    """
    if notation == "toml":
        from diagnostics.configs.toml_document import TomlDocument

        return TomlDocument(text)
    if notation == "yaml":
        from diagnostics.configs.yaml_document import YamlDocument

        return YamlDocument(text)
    if notation == "xml":
        from diagnostics.configs.xml_document import XmlDocument

        return XmlDocument(text)
    from diagnostics.configs.json_document import JsonDocument

    return JsonDocument(text)


def read_client_file(
    host: Host, owner: Client | None, path: Path, scope: str, content: Content
) -> ClientFile:
    """The file with its servers and problems. In: whose it is, None where its content is to tell."""
    from diagnostics.configs.entry import EntryReader
    from diagnostics.configs.recognition import by_content
    from diagnostics.configs.section import sections
    from diagnostics.references import with_references
    from diagnostics.tokens.masking import mask_pasted

    notation = notation_of(path, owner)
    try:
        document = document_of(content.text, notation)
    except SyntaxProblem as error:
        guessed = owner or client("codex" if notation == "toml" else "generic")
        return broken(guessed, path, scope, error.problem)
    one = owner or by_content(document.data, path)
    problems = list(_notation(one, document, content))
    servers: dict[str, Server] = {}
    listed = one.servers_are_listed and notation == "yaml"
    for way, rows in sections(host, one, document, problems, listed=listed):
        problems += [
            Problem(
                "repeated-server", "config_schema_error", clean(key, 100), last, fatal=False,
                facts={"first": str(first), "last": str(last)},
            )
            for key, first, last in document.repeated(way)
        ]  # fmt: skip
        for key, said, row in rows:
            name = mask_pasted(clean(said, 200))
            if name in servers or (
                isinstance(row, dict) and str(row.get(one.fields.type)) in one.fields.other_types
            ):
                continue
            if len(servers) == _MOST:
                return broken(one, path, scope, Problem("too-large", "config_unreadable", _LARGEST))
            reader = EntryReader(
                one, document, path, (*way, key), f"{one.id}:{name}", name, row,
                scope="local" if "{cwd}" in one.servers[0] and way[:1] == one.servers[0][:1] else scope,
            )  # fmt: skip
            servers[name] = with_references(reader.read(), one, host)
            problems += reader.problems
    return with_outcome(ClientFile(one.id, path, scope, Status.OK), problems, list(servers.values()))


def broken(one: Client, path: Path, scope: str, problem: Problem) -> ClientFile:
    """A file of which nothing can be read."""
    return ClientFile(one.id, path, scope, Status.FAIL, (problem,))


def with_outcome(file: ClientFile, problems: Sequence[Problem], servers: Sequence[Server]) -> ClientFile:
    """The file with these problems and servers, and the status that follows; an entry's problem is its own."""
    own = [each for each in problems if each.server is None]
    status = Status.FAIL if any(each.fatal for each in own) else Status.WARN if own else Status.OK
    return dataclasses.replace(file, status=status, problems=tuple(problems), servers=tuple(servers))


def _notation(one: Client, document: Document, content: Content) -> Iterator[Problem]:
    """What the client's own parser makes of marks that ours forgives."""
    from diagnostics.configs.json_document import JsonDocument

    if content.has_bom and one.bom != "accepted":
        yield _forgiven("byte-order-mark", "config_bom", one.bom, (1, 1))
    if isinstance(document, JsonDocument):
        if document.comment and one.comments != "accepted":
            yield _forgiven("comment", "config_syntax_error", one.comments, document.comment)
        if document.trailing_comma and one.trailing_commas != "accepted":
            yield _forgiven(
                "trailing-comma", "config_syntax_error", one.trailing_commas, document.trailing_comma
            )


def _forgiven(what: str, cause: str, attitude: str, place: tuple[int, int]) -> Problem:
    """`rejected`: the client drops the file; `unknown`: some versions may."""
    outcome = what if attitude == "rejected" else f"{what}-perhaps"
    return Problem(outcome, cause, "", *place, fatal=attitude == "rejected")
