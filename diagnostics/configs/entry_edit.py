"""The edits of one server's entry: a credential replaced, a variable set, a command started by the launcher."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.catalog.clients import Client
from diagnostics.configs.container_words import TOOLS
from diagnostics.configs.document import Document, Path, Place
from diagnostics.configs.launcher_words import starts_launcher
from diagnostics.configs.text_edit import Edit, EditError
from diagnostics.secret import Secret

_SHORTEST_PART = 8
"""Characters. A shorter credential is looked for as a whole value, or as the password of an address: as any other part
it could be an everyday word."""


@dataclass
class EntryEdit:
    """The edits of one entry: planned from the places of its file, with the content that they come to."""

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
            said = at_way(self.row, way)
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
            raise EditError("the credential no longer stands in the entry, or not in a place of its own")
        return found

    def _replace_text(self, way: Path, old: str, new: str, secret: Secret, reference: str) -> None:
        place = self._place(way)
        written = self.text[place.start : place.end]
        value = secret.reveal()
        is_quoted = written[:1] in {'"', "'"} or (self.notation == "yaml" and written[:1] in {"|", ">"})
        is_plain = old.replace(value, reference) == new
        if is_quoted and is_plain and written.count(value) == old.count(value):
            self.edits.append(Edit(place.start, place.end, written.replace(value, reference)))
        else:
            self.edits.append(Edit(place.start, place.end, _quoted(new)))

    # ── a variable ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _env(self) -> Path:
        return tuple(self.client.fields.env.split("."))

    def put_in(self, way: Path, spelling: str, reference: str) -> None:
        """Replaces a placeholder in the text at this way of the entry."""
        said = at_way(self.row, way[:-1])
        key: Any = int(way[-1]) if isinstance(said, list) else way[-1]
        old = said[key]
        new = old.replace(spelling, reference)
        self._replace_text(way, old, new, Secret(spelling), reference)
        said[key] = new

    def set_variables(self, values: Mapping[str, str]) -> None:
        """Gives the entry variables of its own, which it does not have yet."""
        names = self.client.fields
        said = at_way(self.row, self._env)
        if isinstance(said, dict) and said:
            place = self._place((*self._env, next(iter(said))))
            if place.key is None:
                raise EditError("the entry is written in a way that can't be edited safely")
            for name, value in values.items():
                self._add_key(place.key, next(iter(said)), name, _quoted(value))
            said |= values
            return
        between = " = " if self.notation == "toml" else ": "
        pairs = ", ".join(f"{self._name(name)}{between}{_quoted(value)}" for name, value in values.items())
        written = f"{{ {pairs} }}" if self.notation == "toml" else f"{{{pairs}}}"
        if said is not None:
            place = self._place(self._env)
            self.edits.append(Edit(place.start, place.end, written))
            said |= values
            return
        command = self._place((names.command,))
        if command.key is None or len(self._env) > 1:
            raise EditError("the entry is written in a way that can't be edited safely")
        self._add_key(command.key, names.command, self._env[0], written)
        self.row[self._env[0]] = dict(values)

    def hand_on(self, names: Sequence[str]) -> None:
        """Has a container take over variables, right behind `docker run`."""
        every = self._words()
        tool = next(n for n, word in enumerate(every) if re.split(r"[/\\]", word)[-1] in TOOLS)
        number = every.index("run", tool)  # among the arguments, which begin behind the command
        way = self.way_of_argument(number)
        words = at_way(self.row, way[:-1])
        at = int(way[-1])
        if not isinstance(words, list) or at >= len(words):
            raise EditError("the command line is written in a way that can't be edited safely")
        given = [word for name in names for word in ("-e", name)]
        self._insert(way[:-1], given, at)
        words[at:at] = given

    def drop_from_list(self, way: Path, word: str) -> None:
        """Takes a word out of a list of texts."""
        said = at_way(self.row, way)
        whole = self._place(way)
        said.remove(word)
        self.edits.append(Edit(whole.start, whole.end, _list(said)))

    def way_of_argument(self, number: int) -> Path:
        """The way to an argument of the entry, counted as discovery does."""
        names = self.client.fields
        said = self.row.get(names.command)
        own = len(said) - 1 if isinstance(said, list) else 0
        return (names.command, str(number + 1)) if number < own else (names.args, str(number - own))

    def _name(self, name: str) -> str:
        return _quoted(name) if self.notation == "json" else name

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

    def _insert(self, way: Path, words: Sequence[str], before: int = 0) -> None:
        """Words before an element of a list, laid out as the list is."""
        first = self._place((*way, str(before))).start
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
        self._add_key(command.key, self.client.fields.command, self.client.fields.args, _list(words))

    def _add_key(self, key: int, old: str, name: str, written: str) -> None:
        """A key and its value before the key `old`, which begins at `key`, laid out as that one is."""
        lead = self._lead(key)
        own_line = re.fullmatch(r"[ \t]*(?:-[ \t]+)?", lead) is not None
        gap = self._newline(key) + " " * len(lead.expandtabs(1)) if "-" in lead else self._newline(key) + lead
        if self.notation == "json":
            new = f"{_quoted(name)}: {written}," + (gap if own_line and "\n" in self.text[:key] else " ")
        elif self.notation == "toml":
            if not re.match(rf"[\"']?{re.escape(old)}[\"']?\s*=", self.text[key:]):
                raise EditError(f"the entry is written with dotted names: add an empty `{name}` to it first")
            new = f"{name} = {written}" + (", " if self._is_flow(key) else gap)
        else:
            new = f"{name}: {written}" + (", " if self._is_flow(key) else gap)
        self.edits.append(Edit(key, key, new))

    def _is_flow(self, key: int) -> bool:
        """Whether what the key is in is written in braces, on what may be one line."""
        return any(
            place is not None
            and self.text[place.start : place.start + 1] == "{"
            and place.start < key <= place.end
            for place in (self.document.place(self.entry), self.document.place((*self.entry, *self._env)))
        )

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


def at_way(data: Any, path: Path) -> Any:
    """What stands at the end of a way; None where it leads nowhere."""
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def _without(value: object, secret: Secret, reference: str) -> str | None:
    """The value with the reference in the credential's place; None where it does not hold it."""
    plain = secret.reveal()
    if not isinstance(value, str) or not plain:
        return None
    if value == plain:
        return reference
    as_default = re.compile(
        rf"\$\{{[A-Za-z_]\w*:?-{re.escape(plain)}\}}"
    )  # nobody looks for a reference in a default
    if as_default.search(value):
        return as_default.sub(lambda _: reference, value)
    if len(plain) >= _SHORTEST_PART:
        return value.replace(plain, reference) if plain in value else None
    in_address = f":{plain}@"
    return (
        value.replace(in_address, f":{reference}@")
        if value.count(in_address) == 1 and "://" in value
        else None
    )


def _quoted(value: str) -> str:
    """A text in double quotes, as JSON, TOML and YAML all read it."""
    return json.dumps(value, ensure_ascii=False)


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, words)) + "]"
