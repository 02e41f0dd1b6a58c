"""What moving a credential out of a config rests on: where it stands, what it is called, what starts the launcher."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from diagnostics.catalog.clients import Client
from diagnostics.configs.document import Path as KeyPath
from diagnostics.configs.edit import EditError
from diagnostics.host import Host
from diagnostics.model import Platform, Reference, Server, Syntax
from diagnostics.plain.old_copy import old_copies
from diagnostics.secret import Secret
from diagnostics.text import clean

_LONGEST_NAME = 60


def literal_at(text: str, notation: str, one: Client, entry: KeyPath, field: str, host: Host) -> Secret:
    """The credential in plain text that stands in a field of an entry.

    Raises:
        EditError: none stands there.
    """
    from diagnostics.configs.variable_edit import server_at

    server = server_at(text, notation, one, entry, host)
    for each in server.references:
        if each.field == field and each.syntax is Syntax.LITERAL:
            return each.text
    raise EditError("no credential stands in that place any more")


def name_for(reference: Reference, server: Server) -> str:
    """A name for the entry in the keychain: that of the variable or option, in small letters."""
    place, _, name = reference.field.partition(".")
    if place != "env":
        name = f"{server.name} {_option_before(reference, server) or 'token'}"
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST_NAME] or "token"


def free_name(name: str, server: Server, taken: set[str]) -> str:
    """A name like it that is not taken."""
    own = re.sub(r"[^a-z0-9]+", "_", f"{server.name}_{name}".lower()).strip("_")[:_LONGEST_NAME]
    numbered = (f"{own}_{number}" for number in range(2, 1000))
    return next(each for each in (own, *numbered) if each not in taken)


def launcher_for(one: Client, server: Server, host: Host) -> tuple[str, ...]:
    """The words that start a command by way of the launcher; () where the entry does so already.

    By its full path, which a client started from a desktop needs; by its name in a project's file, which others with
    other paths read too.
    """
    if server.launcher:
        return ()
    found = shutil.which("mcp-doctor", path=host.env.get("PATH", ""))
    ending = ".exe" if host.platform is Platform.WINDOWS else ""
    beside = Path(sys.executable).parent / f"mcp-doctor{ending}"
    if server.scope == "project" or (found and not one.inheritance.desktop and server.scope != "named"):
        return ("mcp-doctor", "run", "--")
    if found:
        return (os.path.abspath(found), "run", "--")  # noqa: PTH100 - a link in a folder of programs stays one
    if beside.is_file():
        return (str(beside), "run", "--")
    return (sys.executable, "-m", "tui", "run", "--")


def can_be_wrapped(server: Server) -> bool:
    """Whether the launcher can start the command as it is written: it replaces no placeholders of a client."""
    command = server.command or ""
    if not command or command.startswith("~") or re.search(r"[$%{}]", command):
        return False
    return " " not in command or Path(command).exists()


def check_launch(server: Server) -> None:
    """Raises EditError where the launcher can't start the server as its entry is written."""
    if server.command and not server.launcher and not can_be_wrapped(server):
        raise EditError(
            f"the command of {clean(server.name, 60)} is written for its client alone, so mcp-doctor can't start it: "
            "write the command, and each argument of its own, out first"
        )


def committed(path: str, host: Host) -> bool:
    """Whether a git repository has the file, now or in an earlier commit, as far as git tells."""
    from diagnostics.plain.repository import Tracked, ask_git, repository_of

    repository = repository_of(Path(path))
    if repository is None:
        return False
    return ask_git(Path(path), repository, host.env).tracked in {Tracked.TRACKED, Tracked.WAS_TRACKED}


def see_it_start(servers: Sequence[str]) -> list[str]:
    """How the person sees that servers start through the changed config. Out: lines, a command begins with `$ `."""
    named = " ".join(shlex.quote(clean(each, 200)) for each in servers)
    return ["See it start through the changed config:", f"$ mcp-doctor check --start {named}"]


def aftermath(paths: Sequence[str], values: Sequence[Secret], host: Host) -> list[str]:
    """What moving credentials out of these files does not mend: what git and old copies keep, in words."""
    lines = []
    for path in paths:
        name = clean(Path(path).name, 60)
        if committed(path, host):
            lines.append(
                f"{name} was committed to git, and earlier commits still hold the credential: replace it at its "
                "provider, and store the new one under the same name."
            )
        copies = [each for each in old_copies(Path(path)) if _holds(each, values)]
        if copies:
            listed = ", ".join(clean(each.name, 60) for each in copies[:3])
            beside, held = (
                ("An old copy", "still holds")
                if len(copies) == 1
                else (f"{len(copies)} old copies", "still hold")
            )
            lines.append(f"{beside} of {name} {held} it, delete what you don't need: {listed}")
    return lines


def _holds(path: Path, values: Sequence[Secret]) -> bool:
    from diagnostics.plain.exposed import UnreadableError, text_of

    try:
        content = text_of(path)
    except (UnreadableError, OSError):
        return False
    return content is not None and any(each.reveal() in content.text for each in values)


def _option_before(reference: Reference, server: Server) -> str:
    """`api-key` of `--api-key VALUE` or `--api-key=VALUE`."""
    found = re.fullmatch(r"args\[(\d+)\]", reference.field)
    words: Sequence[str] = [each.reveal() for each in server.args]
    if found is None or int(found[1]) >= len(words):
        return ""
    at = int(found[1])
    option, equals, _ = words[at].partition("=")
    if not equals:
        option = words[at - 1] if at else ""
    option = option if equals or option.startswith("-") else ""
    plain = option.lstrip("-")
    is_safe = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}", plain) and reference.text.reveal() not in plain
    return plain if is_safe else ""
