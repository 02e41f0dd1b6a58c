"""Looks at the keychains of macOS: no secret is read, nothing can ask, nothing is written."""

from pathlib import Path

from diagnostics.host import Host
from diagnostics.stores.macos.child import States, states_of
from diagnostics.stores.macos.parsing import Settings, keychain_paths, settings
from diagnostics.stores.macos.picture import Picture, picture_of
from diagnostics.stores.macos.program import ProgramError, ask_security
from diagnostics.stores.macos.status import NO_DEFAULT_KEYCHAIN, NO_SUCH_KEYCHAIN
from diagnostics.stores.state import UnansweredError

_MAGIC = b"kych"
"""The first bytes of every keychain file, also of a `.keychain-db`."""


def look(host: Host) -> Picture:
    """The picture. Never raises; what could not be found out is said in it."""
    try:
        searched = _paths(host, "list-keychains")
        default = next(iter(_paths(host, "default-keychain")), "")
    except ProgramError as error:
        return Picture(trouble=str(error), login=login_path(host))
    paths = list(dict.fromkeys([*searched, *([default] if default else [])]))
    files = {each: damage_of(Path(each)) for each in paths}
    states = _states(host, [each for each in paths if files[each] == ""])
    told = {each: found for each in paths if (found := _settings(host, each, states)) is not None}
    return picture_of(searched, default, login_path(host), files, states, told, host.session)


def login_path(host: Host) -> str:
    """Where the login keychain is: in the user's own folder, under its fixed name."""
    return str(host.home / "Library" / "Keychains" / "login.keychain-db")


def damage_of(path: Path) -> str | None:
    """What is wrong with a keychain's file as far as its outside tells, "" = nothing, None = it is not there."""
    try:
        if not path.is_file():
            return "it is not a file" if path.exists() else None
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except PermissionError:
        # The system's own are not everybody's to read, and work all the same.
        return ""
    except OSError as error:
        return error.strerror or "it can't be read"
    if not start:
        return "it is empty"
    return "" if start == _MAGIC else "it does not begin like a keychain"


def _paths(host: Host, command: str) -> list[str]:
    told = ask_security(host, command)
    if told.code == 0:
        return keychain_paths(told.output)
    if told.status in {NO_DEFAULT_KEYCHAIN, NO_SUCH_KEYCHAIN}:
        return []
    raise ProgramError(f"{command}: {told.said}")


def _states(host: Host, paths: list[str]) -> States | None:
    try:
        return states_of(host, paths)
    except UnansweredError:
        return None


def _settings(host: Host, path: str, states: States | None) -> Settings | None:
    """Asked only of a keychain that is open: a closed one could open a window to ask for its password."""
    status, bits = states.keychains.get(path, (-1, 0)) if states else (-1, 0)
    if status or not bits & 1:
        return None
    try:
        told = ask_security(host, "show-keychain-info", path)
    except ProgramError:
        return None
    return settings(told.errors) if told.code == 0 else None
