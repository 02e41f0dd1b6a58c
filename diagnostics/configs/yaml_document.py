"""YAML with the lines of its keys, through PyYAML's node tree, which keeps a mark at every node.

Only plain data is taken: no tags of its own, no anchors (a few lines of them grow to gigabytes), one document. A
config of a client holds none of these.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diagnostics.configs.document import Path, Place, SyntaxProblem
from diagnostics.model import Problem

if TYPE_CHECKING:
    import yaml

LARGEST = 1_000_000
"""Characters. The parser is written in Python."""
_DEEPEST = 60
_MOST_NODES = 20_000
"""The largest real configs have a few thousand; these take a second."""
_PLAIN_TAGS = {"!", "null", "bool", "int", "float", "str", "seq", "map"}
_ODD_KEY = "a plain text as the name of a value"


class YamlDocument:
    """One YAML config.

    Raises (on construction):
        SyntaxProblem: the text is no YAML, or not just data, or no mapping.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] = {}
        self._places: dict[Path, Place] = {}
        self._repeated: dict[Path, list[tuple[str, int, int]]] = {}
        self.data: Mapping[str, Any] = self._parse()

    def line_of(self, path: Path) -> int:
        """See `Document`. An element of a list is a key with its number."""
        return self._lines.get(path, 0)

    def place(self, path: Path) -> Place | None:
        """See `Document`."""
        return self._places.get(path)

    def repeated(self, path: Path) -> list[tuple[str, int, int]]:
        """See `Document`."""
        return self._repeated.get(path, [])

    def _parse(self) -> Mapping[str, Any]:
        import yaml

        if len(self._text) > LARGEST:
            raise SyntaxProblem(Problem("too-large", "config_unreadable", f"{LARGEST // 1_000_000}"))
        try:
            root = _read(self._text)
            data = None if root is None else self._value(root, ())
        except yaml.MarkedYAMLError as error:
            raise SyntaxProblem(_problem(error)) from None
        except yaml.reader.ReaderError as error:
            before = self._text[: error.position]
            place = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise SyntaxProblem(
                Problem("syntax", "config_syntax_error", "a printable character", *place)
            ) from None
        except RecursionError:
            raise SyntaxProblem(Problem("too-deep", "config_syntax_error", "")) from None
        if data is None:
            raise SyntaxProblem(Problem("empty", "config_syntax_error", "", 1, 1))
        if not isinstance(data, dict):
            said = "a list" if isinstance(data, list) else "a single value"
            raise SyntaxProblem(Problem("not-an-object", "config_schema_error", said, 1, 1))
        return data

    def _value(self, node: "yaml.Node", path: Path) -> Any:
        import yaml

        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            found = []
            for number, each in enumerate(node.value):
                inner = (*path, str(number))
                self._lines[inner] = each.start_mark.line + 1
                self._places[inner] = Place(each.start_mark.index, each.end_mark.index)
                found.append(self._value(each, inner))
            return found
        return _scalar(node)

    def _mapping(self, node: "yaml.MappingNode", path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = _name(key)
            if name in found:
                self._repeated.setdefault(path, []).append((name, first[name], line))
            first.setdefault(name, line)
            inner = (*path, name)
            self._lines[inner] = line
            self._places[inner] = Place(value.start_mark.index, value.end_mark.index, key.start_mark.index)
            found[name] = self._value(value, inner)
        return found


def _read(text: str) -> "yaml.Node | None":
    """The tree of the one document, None of an empty one. Limits are held while it is read, not after."""
    import yaml

    loader = yaml.SafeLoader(text)
    depth = nodes = 0
    try:
        # The events first: composing is recursive, and would follow whatever depth a file has.
        for event in _events(text):
            nodes += 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise SyntaxProblem(_at("yaml-anchor", event))
            tag = getattr(event, "tag", None)
            if tag and tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
                raise SyntaxProblem(_at("yaml-tag", event))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if nodes > _MOST_NODES:
                raise SyntaxProblem(Problem("too-large", "config_unreadable", f"{LARGEST // 1_000_000}"))
            if depth > _DEEPEST:
                raise SyntaxProblem(Problem("too-deep", "config_syntax_error", ""))
        return loader.get_single_node()
    finally:
        loader.dispose()


def _events(text: str) -> "Iterator[yaml.Event]":
    import yaml

    return yaml.parse(text, Loader=yaml.SafeLoader)


def _scalar(node: "yaml.Node") -> Any:
    import yaml

    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, OverflowError):  # a date that is none, a number of more digits than Python converts
        return str(node.value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(node.value)


def _name(key: "yaml.Node") -> str:
    import yaml

    if not isinstance(key, yaml.ScalarNode):
        raise SyntaxProblem(
            Problem(
                "syntax", "config_syntax_error", _ODD_KEY, key.start_mark.line + 1, key.start_mark.column + 1
            )
        )
    return str(key.value)


def _at(outcome: str, event: "yaml.Event") -> Problem:
    mark = event.start_mark
    place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(outcome, "config_syntax_error", "", *place)


def _problem(error: "yaml.MarkedYAMLError") -> Problem:
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = error.problem or ""
    if "\\t" in said or ("cannot start any token" in said and "'\\t'" in said):
        return Problem("yaml-tab", "config_syntax_error", "", *place)
    if "escape" in said or "expected escape sequence" in said:
        return Problem("backslash", "config_backslash_escape", "", *place)
    if "unexpected end of stream" in said or "<stream end>" in said:
        return Problem("truncated", "config_syntax_error", "", *place)
    if "but found another document" in said:
        return Problem("extra-text", "config_syntax_error", "", *place)
    if "mapping values are not allowed" in said:
        return Problem(
            "syntax",
            "config_syntax_error",
            "a text with a colon in quotation marks, or a name of its own line",
            *place,
        )
    return Problem("syntax", "config_syntax_error", "valid YAML with names and values indented alike", *place)
