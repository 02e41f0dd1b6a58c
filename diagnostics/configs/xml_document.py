"""The options file of a JetBrains IDE as if it were JSON with `mcpServers`, with the lines of its entries.

The standard library's parser (expat) reads it. A document type, and with it every entity, is refused before anything
is expanded. Two layouts are known: entries right below the component, or below `commands` and `urls` in it.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.configs.document import Path, Place, SyntaxProblem
from diagnostics.model import Problem

_COMPONENTS = {"McpApplicationServerCommands", "McpProjectServerCommands"}
_DEEPEST = 60
_MOST_ELEMENTS = 100_000
_ROOT = "mcpServers"


@dataclass
class _Element:
    name: str
    attributes: Mapping[str, str]
    line: int
    children: list["_Element"] = field(default_factory=list)

    def below(self) -> Iterator["_Element"]:
        """All elements in it, in order."""
        for each in self.children:
            yield each
            yield from each.below()

    @property
    def label(self) -> str:
        """What it is about: `<option name="url">` is about the address."""
        return self.attributes.get("name", "") if self.name == "option" else self.name


class XmlDocument:
    """One options file.

    Raises (on construction):
        SyntaxProblem: the text is no XML, or declares a document type.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._repeated: list[tuple[str, int, int]] = []
        self.data: Mapping[str, Any] = self._servers(_parse(text))

    def line_of(self, path: Path) -> int:
        """See `Document`."""
        return self._lines.get(path, 0)

    def place(self, path: Path) -> Place | None:  # noqa: ARG002 - see `Document`
        """None: what is read is not how it is written, so nothing here is edited by offsets."""
        return None

    def repeated(self, path: Path) -> list[tuple[str, int, int]]:
        """See `Document`."""
        return self._repeated if path == (_ROOT,) else []

    def _servers(self, root: _Element) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        components = [
            each
            for each in (root, *root.below())
            if each.name == "component" and each.attributes.get("name") in _COMPONENTS
        ]
        for component in components:
            self._lines.setdefault((_ROOT,), component.line)
            for entry in _entries(component):
                name, row = _read(entry)
                if not name or not ({"command", "url"} & set(row)):
                    continue  # newer IDEs keep only a server's state here
                if name in found:
                    self._repeated.append((name, self._lines[_ROOT, name], entry.line))
                self._lines[_ROOT, name] = entry.line
                found[name] = row
        return {_ROOT: found} if components else {}


def _entries(component: _Element) -> Iterator[_Element]:
    for each in component.children:
        if each.name in {"commands", "urls"}:
            yield from each.children
        else:
            yield each


def _read(entry: _Element) -> tuple[str, dict[str, Any]]:
    options: dict[str, str] = {}
    maps: dict[str, dict[str, str]] = {"env": {}, "headers": {}}

    def walk(element: _Element, into: dict[str, str] | None) -> None:
        label = element.label
        key = element.attributes.get("name") or element.attributes.get("key")
        value = element.attributes.get("value")
        if into is not None and key and value is not None:
            into[key] = value
        elif label in {"env", "envs", "environment"}:
            into = maps["env"]
        elif label == "headers":
            into = maps["headers"]
        elif element.name == "option" and key and value is not None:
            options.setdefault(key, value)
        for each in element.children:
            walk(each, into)

    walk(entry, None)
    row: dict[str, Any] = {}
    if command := options.get("programPath") or options.get("command"):
        row["command"] = command
    if url := options.get("url") or options.get("serverUrl"):
        row["url"] = url
    if arguments := options.get("arguments"):
        row["args"] = _words(arguments)
    if folder := options.get("workingDirectory"):
        row["cwd"] = folder
    if options.get("enabled") == "false":
        row["disabled"] = True
    row |= {name: said for name, said in maps.items() if said}
    return options.get("name", ""), row


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark that is not closed
        return line.split()


def _parse(text: str) -> _Element:
    from xml.parsers import expat

    if not text.strip():
        raise SyntaxProblem(Problem("empty", "config_syntax_error", "", 1, 1))
    parser = expat.ParserCreate()
    top = _Element("", {}, 1)
    open_ones = [top]
    count = 0

    def starts(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(open_ones) > _DEEPEST or count > _MOST_ELEMENTS:
            raise SyntaxProblem(Problem("too-deep", "config_syntax_error", ""))
        element = _Element(name, attributes, parser.CurrentLineNumber)
        open_ones[-1].children.append(element)
        open_ones.append(element)

    def ends(_name: str) -> None:
        open_ones.pop()

    def declares(*_what: object) -> None:
        place = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        raise SyntaxProblem(Problem("xml-doctype", "config_syntax_error", "", *place))

    parser.StartElementHandler = starts
    parser.EndElementHandler = ends
    parser.StartDoctypeDeclHandler = declares
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        place = (error.lineno, error.offset + 1)
        if said in {"no element found", "unclosed token", "unclosed CDATA section"}:
            raise SyntaxProblem(Problem("truncated", "config_syntax_error", "", *place)) from None
        if said == "junk after document element":
            raise SyntaxProblem(Problem("extra-text", "config_syntax_error", "", *place)) from None
        raise SyntaxProblem(Problem("syntax", "config_syntax_error", "well-formed XML", *place)) from None
    except SyntaxProblem:
        raise
    except (ValueError, LookupError):  # an encoding that is not UTF-8
        raise SyntaxProblem(Problem("syntax", "config_syntax_error", "XML in UTF-8", 1, 1)) from None
    return top.children[0]
