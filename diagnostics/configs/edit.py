"""Edits of a config's text that touch nothing but the values they are about.

An edit is planned from the places of a parsed document, and counts only when the edited text parses to exactly the
content that was wanted: everything else in the file stays byte for byte.
"""

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.configs.client_file import document_of
from diagnostics.configs.document import Document, Path, Place, SyntaxProblem
from diagnostics.configs.launcher_words import starts_launcher
from diagnostics.secret import Secret

_SHORTEST_PART = 8
"""Characters. A shorter credential is looked for as a whole value only: as a part it could be an everyday word."""


class EditError(ValueError):
    """The edit can't be made; the text says why, without any value of the file."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the text, by offsets in characters, and what takes its place."""

    start: int
    end: int
    new: str


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


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made. In: edits that do not overlap, in any order."""
    parts, at = [], 0
    for each in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : each.start], each.new]
        at = each.end
    return "".join([*parts, text[at:]])


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
    document = _parsed(text, notation)
    wanted = copy.deepcopy(dict(document.data))
    row = _at(wanted, entry)
    if not isinstance(row, dict):
        raise EditError("the entry is no longer there")
    work = _Work(text, notation, document, entry, one, row)
    fields = work.replace(secret, reference)
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


def _at(data: Any, path: Path) -> Any:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


@dataclass
class _Work:
    text: str
    notation: str
    document: Document
    entry: Path
    client: Client
    row: dict[str, Any]
    """The entry as it is to be: changed along with the edits."""

    def __post_init__(self) -> None:
        self.edits: list[Edit] = []
        self.wraps = False
        for inner in ((), tuple(self.client.fields.env.split("."))):
            if self.document.repeated((*self.entry, *inner)):
                raise EditError("a name stands twice in the entry: remove one of them first")

    # ── the credential ──────────────────────────────────────────────────────────────────────────────────────

    def replace(self, secret: Secret, reference: str) -> list[str]:
        """Replaces it in all variables and arguments. Out: the fields."""
        names = self.client.fields
        env = tuple(names.env.split("."))
        found: list[str] = []
        for way, shown in ((env, "env."), ((names.args,), "args["), ((names.command,), "args[")):
            said = _at(self.row, way)
            items: list[tuple[Any, Any]] = []
            if isinstance(said, dict) and way == env:
                items = list(said.items())
            elif isinstance(said, list) and way != env:
                items = list(enumerate(said))
            for key, value in items:
                new = _without(value, secret, reference)
                if new is not None:
                    self._replace_text((*way, str(key)), value, new, secret, reference)
                    said[key] = new
                    number = int(key) - (way == (names.command,)) if way != env else 0
                    found.append(f"{shown}{key}" if way == env else f"{shown}{number}]")
        if not found:
            raise EditError("the credential no longer stands in the entry")
        return found

    def _replace_text(self, way: Path, old: str, new: str, secret: Secret, reference: str) -> None:
        place = self._place(way)
        written = self.text[place.start : place.end]
        value = secret.reveal()
        is_quoted = written[:1] in {'"', "'"} or (self.notation == "yaml" and written[:1] in {"|", ">"})
        if is_quoted and written.count(value) == old.count(value):
            self.edits.append(Edit(place.start, place.end, written.replace(value, reference)))
        else:
            self.edits.append(Edit(place.start, place.end, _quoted(new)))

    # ── the command ─────────────────────────────────────────────────────────────────────────────────────────

    def is_launched(self) -> bool:
        """Whether the launcher starts the entry's command already."""
        words = self._words()
        return bool(words) and starts_launcher(words[0], words[1:])

    def _words(self) -> list[str]:
        said, args = self.row.get(self.client.fields.command), self.row.get(self.client.fields.args)
        more = [str(each) for each in args] if isinstance(args, list) else []
        if isinstance(said, list):
            return [str(each) for each in said] + more
        return [said, *more] if isinstance(said, str) else []

    def wrap(self, launcher: tuple[str, ...]) -> None:
        """The launcher's words come before the command."""
        names = self.client.fields
        said = self.row.get(names.command)
        self.wraps = True
        if isinstance(said, list) and said:
            self._insert((names.command,), launcher)
            said[:0] = launcher
            return
        if not isinstance(said, str) or not said:
            raise EditError("the entry has no command that could be started by mcp-doctor")
        place = self._place((names.command,))
        words = (*launcher[1:], said)
        args = self.row.get(names.args)
        if args is None and names.args not in self.row:
            self._add_args(place, words)
            self.row[names.args] = list(words)
        elif isinstance(args, list) and args:
            self._insert((names.args,), words)
            args[:0] = words
        elif isinstance(args, list):
            whole = self._place((names.args,))
            self.edits.append(Edit(whole.start, whole.end, _list(words)))
            args[:0] = words
        else:
            raise EditError("the entry's arguments are no list")
        self.edits.append(Edit(place.start, place.end, _quoted(launcher[0])))
        self.row[names.command] = launcher[0]

    def _insert(self, way: Path, words: Sequence[str]) -> None:
        """Words before the first element of a list, laid out as the list is."""
        first = self._place((*way, "0")).start
        lead = self._lead(first)
        dash = re.fullmatch(r"([ \t]*)-[ \t]+", lead) if self.notation == "yaml" else None
        written = [_quoted(each) for each in words]
        if dash:
            between = self._newline(first) + lead
        elif lead.strip() == "" and "\n" in self.text[:first] and self.notation != "yaml":
            between = "," + self._newline(first) + lead
        else:
            between = ", "
        self.edits.append(Edit(first, first, "".join(each + between for each in written)))

    def _add_args(self, command: Place, words: Sequence[str]) -> None:
        """A list of arguments before the command, where the entry has none."""
        if command.key is None:
            raise EditError("the entry is written in a way that can't be edited safely")
        key, name, lead = command.key, self.client.fields.args, self._lead(command.key)
        own_line = re.fullmatch(r"[ \t]*(?:-[ \t]+)?", lead) is not None
        gap = self._newline(key) + " " * len(lead.expandtabs(1)) if "-" in lead else self._newline(key) + lead
        in_braces = self._is_flow(key)
        if self.notation == "json":
            new = f"{_quoted(name)}: {_list(words)}," + (gap if own_line and "\n" in self.text[:key] else " ")
        elif self.notation == "toml":
            if not re.match(rf"[\"']?{re.escape(self.client.fields.command)}[\"']?\s*=", self.text[key:]):
                raise EditError(
                    "the entry is written with dotted names: add an empty `args` list to it first"
                )
            new = f"{name} = {_list(words)}" + (", " if in_braces else gap)
        else:
            new = f"{name}: {_list(words)}" + (", " if in_braces else gap)
        self.edits.append(Edit(key, key, new))

    def _is_flow(self, key: int) -> bool:
        """Whether the entry is written in braces, on what may be one line."""
        entry = self.document.place(self.entry)
        return entry is not None and self.text[entry.start] == "{" and entry.start < key <= entry.end

    def _place(self, way: Path) -> Place:
        place = self.document.place((*self.entry, *way))
        if place is None:
            raise EditError("the entry is written in a way that can't be edited safely")
        return place

    def _lead(self, at: int) -> str:
        return self.text[self.text.rfind("\n", 0, at) + 1 : at]

    def _newline(self, at: int) -> str:
        before = self.text.rfind("\n", 0, at)
        before = self.text.find("\n") if before < 0 else before
        return "\r\n" if before > 0 and self.text[before - 1] == "\r" else "\n"


def _without(value: object, secret: Secret, reference: str) -> str | None:
    """The value with the reference in the credential's place; None where it does not hold it."""
    plain = secret.reveal()
    if not isinstance(value, str) or not plain:
        return None
    if value == plain:
        return reference
    return value.replace(plain, reference) if len(plain) >= _SHORTEST_PART and plain in value else None


def _quoted(value: str) -> str:
    """A text in double quotes, as JSON, TOML and YAML all read it."""
    return json.dumps(value, ensure_ascii=False)


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, words)) + "]"


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
