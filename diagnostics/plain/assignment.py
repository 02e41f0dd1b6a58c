"""`NAME=value` lines of the files that set variables: `.env`, shell profiles, fish, `/etc/environment`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics.secret import Secret

_LINE = re.compile(
    r"""\s*(?:(?:export|declare(?:\s+-\w+)*+|typeset(?:\s+-\w+)*+|readonly|set(?:\s+-\S+)++|setenv)\s+)?
        (?P<name>[A-Za-z_]\w*)(?:\s*=\s*|\s+)(?P<value>.*)""",
    re.VERBOSE,
)
_FISH = re.compile(r"\s*(?:set(?:\s+-\S+)++\s+|setenv\s+)[A-Za-z_]")
_COMPUTED = re.compile(r"\$\(|`|\$\{?[A-Za-z_]|^\(")
_WIDEST = 20_000
"""Characters of a line that is read."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variable that a file sets."""

    name: str
    value: Secret = field(repr=False)
    line: int
    is_computed: bool
    """Whether a command or another variable gives the value, so that it does not stand in the file."""


def assignments(text: str) -> Iterator[Assignment]:
    """Every assignment of a text, comments left out. Quotes are taken off; nothing is expanded or run."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _WIDEST or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None or ("=" not in line and not _FISH.match(line)):
            continue
        if not _FISH.match(line) and not re.match(r"\s*=", line[found.end("name") :]):
            continue
        text_of, is_quoted = _unquoted(found["value"])
        yield Assignment(
            found["name"], Secret(text_of), number, is_quoted != "'" and bool(_COMPUTED.search(text_of))
        )


def _unquoted(text: str) -> tuple[str, str]:
    """The value without its quotes, and the kind of quote."""
    text = text.strip()
    for quote in ("'", '"'):
        if text.startswith(quote):
            end = text.find(quote, 1)
            return (text[1:end] if end > 0 else text[1:]), quote
    return re.sub(r"[;\s].*", "", text, count=1, flags=re.DOTALL) if not text.startswith(
        ("$(", "`")
    ) else text, ""
