"""The lines that say what to do, made to fit this host: its package command, its system, its clients' files."""

import re
from collections.abc import Iterator

from diagnostics.catalog.packages import package_command
from diagnostics.catalog.signatures import Signature
from diagnostics.command_lines import on
from diagnostics.host import Host
from diagnostics.model import Platform

_INSTALL = re.compile(r"^\{install:([a-z0-9-]+)\}$")
_SYSTEMS = {Platform.MACOS: ("macos",), Platform.WINDOWS: ("windows",)}


def fix_on(signature: Signature, text: str, host: Host) -> tuple[str, ...]:
    """What to do about a cause on this host.

    In: the text that shows it; where that names a client's config file, the file's path here is told.
    """
    lines = signature.fix_on.get(host.platform.value) or _here(signature.fix, host.platform)
    fixed = [_line(each, host) for each in lines]
    if signature.cause.startswith("config_"):
        fixed[:0] = _files(text, host)
    return tuple(fixed)


def _here(lines: tuple[str, ...], platform: Platform) -> tuple[str, ...]:
    """The commands of this system. Nothing is filled into these lines, so that braces stand in them once."""
    return tuple(
        each if each in lines else each.replace("{{", "{").replace("}}", "}") for each in on(lines, platform)
    )


def _line(line: str, host: Host) -> str:
    found = _INSTALL.match(line)
    return package_command(found[1], _SYSTEMS.get(host.platform)) if found else line


def _files(text: str, host: Host) -> Iterator[str]:
    """Where the config that a text names stands on this host, if one client alone has a file of that name."""
    from diagnostics.catalog.clients import clients
    from diagnostics.configs.location import paths_of

    lower = text[-100_000:].casefold()
    found = [
        (path, each.name)
        for each in clients().values()
        for place in each.places
        if place.scope == "user"
        for path in paths_of(place, host)
        if path.name not in _COMMON and path.name.casefold() in lower
    ]
    if len({name for _, name in found}) == 1:
        path, name = next((each for each in found if each[0].is_file()), found[0])
        yield f"Open the file of {name}: {path}"


_COMMON = {"mcp.json", ".mcp.json", "settings.json", "config.toml", "config.yaml", "config.json"}
"""Names that several clients give to their files."""
