"""The lines of an env file or a profile that set a variable to a plain text, with their places, so they can be edited.

Stricter than `assignment`: a line counts only where it is beyond doubt what it sets, that it does nothing else, and
that it is a line of its own. Nothing is expanded or run.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from diagnostics.plain.assignment import assignments
from diagnostics.secret import Secret


class Dialect(StrEnum):
    """How a file of assignments is read."""

    ENV = "env"
    """`.env`, `/etc/environment`, `environment.d`: `NAME=value`, perhaps with `export`."""
    CONTAINER = "container"
    """`docker run --env-file`: no quotes, no comments behind a value."""
    SHELL = "shell"
    """sh, bash, zsh."""
    FISH = "fish"
    CSH = "csh"


class NotPlainError(ValueError):
    """The variable is not set in a way that can be edited; the text says why, without any value."""


@dataclass(frozen=True, slots=True)
class AssignedLine:
    """One line that does nothing but set the variable."""

    start: int
    end: int
    """Offsets in characters; the line's end is not in it."""
    number: int
    """From 1."""
    value: Secret = field(repr=False)
    is_in_block: bool
    """Whether a shell may need a command in its place."""


_SHELL_WORD = r"""(?:'(?P<single>[^'\n]*)'|"(?P<double>[^"$`\\!\n]*)"|(?P<bare>[A-Za-z0-9_%+,./:=@^-]*))"""
_BEHIND = r"[ \t]*;?[ \t]*(?:[ \t]\#.*)?"
_SHELL_LINE = rf"[ \t]*(?:(?:export|readonly|(?:declare|typeset)(?:[ \t]+-[A-Za-z]+)*)[ \t]+)?{{name}}={_SHELL_WORD}{_BEHIND}"
_LINES = {
    Dialect.ENV: r"""[ \t]*(?:export[ \t]+)?{name}[ \t]*=[ \t]*
        (?:'(?P<single>[^'\\\n]*)'|"(?P<double>[^"$`\\\n]*)"|(?P<bare>[^\s'"`\#$\\]*))[ \t]*(?:[ \t]\#.*)?""",
    Dialect.CONTAINER: r"{name}=(?P<bare>[^\s'\"]*)",
    Dialect.SHELL: _SHELL_LINE,
    Dialect.FISH: rf"[ \t]*set(?:[ \t]+-[A-Za-z-]+)+[ \t]+{{name}}[ \t]+{_SHELL_WORD}{_BEHIND}",
    Dialect.CSH: rf"[ \t]*(?:setenv[ \t]+{{name}}[ \t]+|set[ \t]+{{name}}[ \t]*=[ \t]*){_SHELL_WORD}{_BEHIND}",
}
_SETS = {
    Dialect.FISH: r"\bset\b[^#\n]*[ \t]{name}(?![\w])",
    Dialect.CSH: r"\bset(?:env)?[ \t]+{name}(?![\w])",
}
_OPENS = re.compile(r"(?:\b(?:then|do|else|begin|in)|[{(])\s*$")
_HEREDOC = re.compile(r"(?<!<)<<(?!<)(-?)[ \t]*(['\"\\]?)(\w+)\2?")
_OPENED = re.compile(r"""\s*(?:export\s+)?[\w.-]+\s*=\s*(["'`])""")
_CSH_FILES = {".cshrc", ".tcshrc", ".login"}


def dialect_of(path: Path) -> Dialect:
    """How a profile is read, told by its name."""
    if path.suffix == ".fish":
        return Dialect.FISH
    if path.name in _CSH_FILES:
        return Dialect.CSH
    if path == Path("/etc/environment") or path.suffix == ".conf" or path.name == ".pam_environment":
        return Dialect.ENV
    return Dialect.SHELL


def assigned_lines(text: str, name: str, dialect: Dialect) -> list[AssignedLine]:
    """The lines that set the variable, all to the same value.

    In: the text without a byte order mark.

    Raises:
        NotPlainError: it is not set there, or not by such lines alone, or they disagree.
    """
    whole = re.compile(_LINES[dialect].replace("{name}", re.escape(name)), re.VERBOSE)
    loosely = _loosely(name, dialect)
    found: list[AssignedLine] = []
    before = ""
    for number, (start, line, is_own) in enumerate(_lines(text, dialect), 1):
        is_comment = is_own and line.lstrip().startswith("#")
        hit = whole.fullmatch(line) if is_own else None
        if hit is not None:
            in_block = dialect not in {Dialect.ENV, Dialect.CONTAINER} and bool(
                line[:1] in {" ", "\t"} or _OPENS.search(before)
            )
            found.append(AssignedLine(start, start + len(line), number, _value(hit), in_block))
        elif not is_comment and loosely.search(line):
            raise NotPlainError(f"line {number} sets {name} in a way that can't be edited safely")
        if line.strip() and not is_comment:
            before = line
    if not found:
        raise NotPlainError(f"{name} is not set there, or not in a way that can be edited")
    if len({each.value for each in found}) > 1:
        lines = ", ".join(str(each.number) for each in found)
        raise NotPlainError(
            f"the lines {lines} set {name} to different values: keep the right one of them first"
        )
    if not found[0].value:
        raise NotPlainError(f"line {found[0].number} leaves {name} empty")
    return found


def may_set(text: str, name: str, dialect: Dialect) -> bool:
    """Whether some line, however it is written, sets the variable to a text of its own."""
    loosely = _loosely(name, dialect)
    lines = [line for line in text.split("\n") if loosely.search(line) and not line.lstrip().startswith("#")]
    computed = {each.line for each in assignments(text) if each.name == name and each.is_computed}
    return len(lines) > len(computed)


def used_elsewhere(text: str, name: str) -> int:
    """The first line that makes use of the variable (`$NAME`), from 1; 0 for none."""
    use = re.compile(rf"\$\{{?{re.escape(name)}(?!\w)")
    lines = enumerate(text.split("\n"), 1)
    return next(
        (number for number, line in lines if use.search(line) and not line.lstrip().startswith("#")), 0
    )


def in_its_place(line: AssignedLine, text: str, dialect: Dialect, words: str) -> str:
    """What stands where the line was: its indent, and the words as a comment. In: words without line ends."""
    written = text[line.start : line.end]
    indent = written[: len(written) - len(written.lstrip(" \t"))]
    command = ": " if line.is_in_block and dialect is not Dialect.CSH else ""
    return f"{'' if dialect is Dialect.CONTAINER else indent}{command}# {words}"


def _loosely(name: str, dialect: Dialect) -> re.Pattern[str]:
    return re.compile(_SETS.get(dialect, r"(?<![\w$]){name}[ \t]*\+?=").replace("{name}", re.escape(name)))


def _value(hit: re.Match[str]) -> Secret:
    groups = hit.groupdict()
    return Secret(next((each for each in groups.values() if each is not None), ""))


def _lines(text: str, dialect: Dialect) -> Iterator[tuple[int, str, bool]]:
    """Each line's offset, the line without its end, and whether it begins and ends as a line of its own."""
    offset = 0
    state = _Continued(dialect)
    for raw in text.split("\n"):
        line = raw.removesuffix("\r")
        is_own = state.feeds(line)
        yield offset, line, is_own
        offset += len(raw) + 1


class _Continued:
    """Whether lines hang together: quotes over several lines, a `\\` at the end, a here-document."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._quote = ""
        self._joined = False
        self._documents: list[tuple[str, bool]] = []

    def feeds(self, line: str) -> bool:
        """Takes the next line. Out: whether it stands alone."""
        if self._documents:
            end, is_indented = self._documents[0]
            if (line.lstrip("\t") if is_indented else line) == end:
                self._documents.pop(0)
            return False
        was_open = bool(self._quote) or self._joined
        if self._dialect is Dialect.CONTAINER:
            return True
        if self._dialect is Dialect.ENV:
            self._env(line)
        else:
            self._shell(line)
        return not was_open and not self._quote and not self._joined

    def _env(self, line: str) -> None:
        if self._quote:
            self._quote = "" if self._quote in line else self._quote
            return
        opened = _OPENED.match(line)
        if opened and opened[1] not in line[opened.end() :]:
            self._quote = opened[1]

    def _shell(self, line: str) -> None:
        self._joined = False
        at = 0
        rest: Sequence[str] = line
        while at < len(rest):
            letter = rest[at]
            if self._quote:
                if letter == "\\" and (self._quote == '"' or self._dialect is Dialect.FISH):
                    at += 1
                elif letter == self._quote:
                    self._quote = ""
            elif letter == "\\":
                self._joined = at + 1 == len(rest)
                at += 1
            elif letter in "'\"`":
                self._quote = letter
            elif letter == "#" and (at == 0 or rest[at - 1] in " \t;"):
                break
            elif letter == "<" and self._dialect is Dialect.SHELL:
                opened = _HEREDOC.match(line, at)
                if opened:
                    self._documents.append((opened[3], bool(opened[1])))
                    at = opened.end() - 1
            at += 1
