"""The `.env` file that an entry names, as the clients that know one read it (VS Code, Cursor): line by line.

Each line is `NAME=value`, with or without `export`; quotes come off, in double ones `\\n` is a line break, and
behind a value without quotes ` #` begins a comment. Nothing is expanded, and no value spans lines.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from diagnostics.host import Host
from diagnostics.model import Problem, Server

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*$")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class EnvFileError(Exception):
    """The file can't be read. `path` is where it should be; the text says why, in words."""

    def __init__(self, path: Path, said: str) -> None:
        super().__init__(said)
        self.path = path


def variables_of(server: Server, host: Host) -> Mapping[str, str]:
    """What the entry's file sets; nothing where the entry names none. Values may be credentials.

    Raises:
        EnvFileError: there is no such file, or it can't be read.
    """
    path = place_of(server, host)
    if path is None:
        return {}
    from diagnostics.configs.content import read_text

    try:
        content = read_text(path)
    except FileNotFoundError as error:
        raise EnvFileError(path, "no such file") from error
    if isinstance(content, Problem):
        raise EnvFileError(path, content.detail or content.outcome)
    return parse(content.text)


def place_of(server: Server, host: Host) -> Path | None:
    """Where the entry's file is; None where it names none, or the place holds a reference that can't be followed."""
    if not server.env_file:
        return None
    text = server.env_file
    folder = server.path.parent
    if folder.name in {".vscode", ".cursor"}:
        text = re.sub(r"\$\{workspaceFolder\}|\$\{workspaceRoot\}", lambda _: str(folder.parent), text)
    text = re.sub(r"\$\{userHome\}|\$\{env:HOME\}|^~(?=/|\\|$)", lambda _: str(host.home), text)
    if "${" in text:
        return None
    return Path(server.cwd or host.cwd) / text


def parse(text: str) -> dict[str, str]:
    """The variables of a file's text; lines of another form are passed over, as the clients do."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        hit = _LINE.match(line)
        if hit:
            found[hit[1]] = _value(hit[2])
    return found


def _value(text: str) -> str:
    quote = text[:1]
    if quote in {'"', "'", "`"}:
        end = text.rfind(quote, 1)
        if end > 0 and (not text[end + 1 :].strip() or text[end + 1 :].lstrip().startswith("#")):
            inner = text[1:end]
            return re.sub(r"\\([nrt\"\\])", _unescaped, inner) if quote == '"' else inner
    return re.split(r"\s+#|^#", text, maxsplit=1)[0].strip()


def _unescaped(hit: re.Match[str]) -> str:
    return _ESCAPES.get(hit[1], hit[1])
