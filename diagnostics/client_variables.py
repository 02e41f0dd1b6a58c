"""What a client puts in for a variable: from its own environment, and from the files that it reads before."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnostics.catalog.clients import Client, client
from diagnostics.configs.content import read_text
from diagnostics.configs.location import expand, upward
from diagnostics.host import Host
from diagnostics.model import Problem, Reference, Server
from diagnostics.secret import Secret

_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_QUOTED = re.compile(r"""^(["'`])(.*?)\1""")


Read = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Known:
    """A variable's value as one client sees it."""

    value: str
    source: Path | None = None
    """The file it stands in; None: the environment."""


def look_up(name: str, one: Client, host: Host, read: Read | None = None) -> Known | None:
    """The value that the client puts in for the variable; None where it finds none.

    In: `read` gives a file's variables (a run reads each file once). A client that was not started from this session
    may see another environment.
    """
    read = read or variables_in
    rules = one.expansion
    environment = None if rules.only_env_files else host.env.get(name)
    if environment is not None:
        return Known(environment)
    for path in files_of(one, host):
        if (found := read(path).get(name)) is not None:
            return Known(found, path)
    return None


def variable_of(
    reference: Reference, server: Server | None, host: Host, read: Read | None = None
) -> str | None:
    """The value of the variable that a reference names, as the one who replaces it sees it."""
    name = reference.name or ""
    if server is None or not reference.expanded_by_client or not reference.spelling:
        return host.env.get(name)
    known = look_up(name, client(server.client), host, read)
    return None if known is None else known.value


def content_of(reference: Reference, server: Server | None, host: Host) -> Secret | None:
    """What `{file:path}` puts in: the file's text without the blanks around it; None where there is none."""
    if server is None:
        return None
    try:
        content = read_text(referred_file(reference, server, host))
    except FileNotFoundError:
        return None
    if isinstance(content, Problem) or not content.text.strip():
        return None
    return Secret(content.text.strip())


def variables_in(path: Path) -> Mapping[str, str]:
    """The variables that a `.env` file sets; none where it is absent or can't be read."""
    try:
        content = read_text(path)
    except FileNotFoundError:
        return {}
    if isinstance(content, Problem):
        return {}
    return {found[1]: _plain(found[2]) for found in _LINE.finditer(content.text)}


def referred_file(reference: Reference, server: Server, host: Host) -> Path:
    """The file that `{file:path}` means: seen from the home or from the folder of the config."""
    written = (reference.name or "").strip()
    if written == "~" or written.startswith(("~/", "~\\")):
        return host.home / written[2:]
    return server.path.parent / written


def approved_names(one: Client, host: Host) -> frozenset[str] | None:
    """The variables that the client's settings let it replace; None where it has no such rule, or none was found."""
    found: set[str] = set()
    known = False
    for rule in one.expansion.approved:
        for path in expand(rule["path"], host):
            listed = _setting(path, rule["key"])
            known = known or listed is not None
            found.update(listed or ())
    return frozenset(found) if known else None


def files_of(one: Client, host: Host) -> Iterator[Path]:
    """The `.env` files that a client takes variables from, whether or not they exist, the first to be read first."""
    for written in one.expansion.env_files:
        if written.startswith(("~", "$", "/")):
            yield from expand(written, host)
            continue
        yield from (folder / written for folder in upward(host))


def _plain(value: str) -> str:
    quoted = _QUOTED.match(value)
    if quoted:
        return quoted[2]
    return re.split(r"\s+#", value, maxsplit=1)[0]


def _setting(path: Path, key: str) -> list[str] | None:
    """A list of texts in a settings file, below a dotted key that may be written as one or nested."""
    try:
        content = read_text(path)
        said = json.loads(content.text) if not isinstance(content, Problem) else None
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if isinstance(said, dict) and key not in said:
        for part in key.split("."):
            said = said.get(part) if isinstance(said, dict) else None
    elif isinstance(said, dict):
        said = said[key]
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else None
