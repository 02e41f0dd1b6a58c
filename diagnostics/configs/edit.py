"""Edits of a config's text that touch nothing but the values they are about.

An edit is planned from the places of a parsed document, and counts only when the edited text parses to exactly the
content that was wanted: everything else in the file stays byte for byte.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.configs.client_file import document_of
from diagnostics.configs.document import Document, Path, SyntaxProblem
from diagnostics.configs.entry_edit import EntryEdit, at_way
from diagnostics.configs.text_edit import Edit, EditError, edited
from diagnostics.secret import Secret

__all__ = ["Edit", "EditError", "Planned", "edited", "entry_path", "plan", "plan_entry"]


@dataclass(frozen=True, slots=True)
class Planned:
    """The edits of one entry, and what they come to."""

    edits: tuple[Edit, ...]
    fields: tuple[str, ...]
    """Where the credential stood: `env.NAME`, `args[2]`."""
    text: str
    """The whole text afterwards."""
    wraps: bool
    """Whether the entry's command is started by the launcher from now on."""


def plan(
    text: str,
    notation: str,
    one: Client,
    entry: Path,
    secret: Secret,
    reference: str,
    launcher: Sequence[str],
) -> Planned:
    """Replaces a credential in one entry by a reference, and has the launcher start the entry's command.

    In: the text without a byte order mark; the way to the entry; the words that start the launcher up to `--`, () =
    the entry starts it already.

    Raises:
        EditError: the entry is not as expected, or the edit can't be made in this notation.
    """

    def change(work: EntryEdit) -> list[str]:
        return work.replace(secret, reference)

    return plan_entry(text, notation, one, entry, launcher, change)


def plan_entry(
    text: str,
    notation: str,
    one: Client,
    entry: Path,
    launcher: Sequence[str],
    change: Callable[[EntryEdit], list[str]],
) -> Planned:
    """Changes one entry, and has the launcher start its command. In: as for `plan`; `change` gives the fields.

    Raises:
        EditError: the entry is not as expected, or the edit can't be made in this notation.
    """
    document = _parsed(text, notation)
    wanted = copy.deepcopy(dict(document.data))
    row = at_way(wanted, entry)
    if not isinstance(row, dict):
        raise EditError("the entry is no longer there")
    work = EntryEdit(text, notation, document, entry, one, row)
    fields = change(work)
    if launcher and not work.is_launched():
        work.wrap(tuple(launcher))
    done = edited(text, work.edits)
    if _parsed(done, notation).data != wanted:
        raise EditError("the file is written in a way that can't be edited safely")
    return Planned(tuple(work.edits), tuple(fields), done, work.wraps)


def _parsed(text: str, notation: str) -> Document:
    try:
        return document_of(text, notation)
    except SyntaxProblem as error:
        raise EditError("the file can't be parsed") from error


def entry_path(
    document: Document, host: Any, one: Client, name: str, line: int, notation: str
) -> Path | None:
    """The way to the entry that discovery calls by this name and found on this line; None where it is not told."""
    from diagnostics.configs.section import sections
    from diagnostics.text import clean
    from diagnostics.tokens.masking import mask_pasted

    listed = one.servers_are_listed and notation == "yaml"
    for way, rows in sections(host, one, document, [], listed=listed):
        for key, said, row in rows:
            path = (*way, key)
            if (
                isinstance(row, Mapping)
                and mask_pasted(clean(said, 200)) == name
                and document.line_of(path) == line
            ):
                return path
    return None
