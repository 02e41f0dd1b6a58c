"""Whether a variable that is set was meant for another one that the server reads."""

import difflib
from collections.abc import Iterable

_CREDENTIAL = {"KEY", "TOKEN", "SECRET", "PAT", "APIKEY", "PASSWORD", "PASS", "PWD", "CREDENTIALS", "AUTH"}
_FILLING = {
    "API",
    "ACCESS",
    "PERSONAL",
    "MCP",
    "SERVER",
    "BOT",
    "USER",
    "PRIVATE",
    "APP",
    "ACCOUNT",
    "SERVICE",
    "BEARER",
    "SEARCH",
}
_ALIKE = 0.86


def meant_for(name: str, wanted: Iterable[str], strictly: bool = False) -> str | None:
    """The variable among `wanted` that a set one was probably meant for, None where none is near.

    `strictly` leaves out what is only of the same kind (`LINEAR_API_KEY` for `LINEAR_ACCESS_TOKEN`): for variables
    that may be left unset.
    """
    others = [each for each in wanted if each != name]
    for other in others:
        if name.casefold() == other.casefold() or name.replace("-", "_").upper() == other:
            return other
    for other in others:
        if _is_misspelt(name.upper(), other):
            return other
    if strictly:
        return None
    return next((each for each in others if _is_of_one_kind(name.upper(), each)), None)


def _is_misspelt(name: str, other: str) -> bool:
    if abs(len(name) - len(other)) > 3 or name[:1] != other[:1]:
        return False
    if name.split("_")[-1] != other.split("_")[-1] and {
        name.split("_")[-1],
        other.split("_")[-1],
    } <= _CREDENTIAL | {"URL", "ID"}:
        return False  # X_KEY and X_URL are two things
    return difflib.SequenceMatcher(None, name, other).ratio() >= _ALIKE


def _is_of_one_kind(name: str, other: str) -> bool:
    """Two credentials of the same service: `GITHUB_TOKEN`, `GITHUB_PERSONAL_ACCESS_TOKEN`."""
    mine, its = set(name.split("_")), set(other.split("_"))
    if not (mine & _CREDENTIAL and its & _CREDENTIAL):
        return False
    return mine - _CREDENTIAL - _FILLING == its - _CREDENTIAL - _FILLING
