"""Programs that start a server somewhere else, and which variables get across: `crossings.toml`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from diagnostics.catalog import read

_BEFORE = {"env", "command", "exec", "nohup", "setsid", "stdbuf", "nice"}
"""Programs that only make way for the next word."""
_VERBS = {"run", "exec", "create", "start"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class Crossing:
    """One of them."""

    id: str
    programs: tuple[str, ...]
    place: str
    """Where the server then runs, in words."""
    carries: tuple[str, ...]
    inside: bool
    """Whether another keychain counts there."""
    how: str
    verb: str = ""
    drops: tuple[str, ...] = ()
    """Patterns of which one argument must match for anything to stop; () = variables always stop."""
    lists: str = ""
    """A variable that lists the names that get across."""

    def takes(self, name: str, words: Sequence[str], env: Mapping[str, str]) -> bool:
        """Whether a variable gets across. In: the arguments, and the variables that the program is started with."""
        listed = env.get(self.lists, "").split(":") if self.lists else []
        if name in {each.partition("/")[0] for each in listed}:
            return True
        text = "\n".join(words)
        if self.drops and not any(re.search(each, text, re.MULTILINE) for each in self.drops):
            return True
        patterns = (each.replace("{name}", re.escape(name)) for each in self.carries)
        return any(re.search(each, text, re.MULTILINE) for each in patterns)


@cache
def crossings() -> Sequence[Crossing]:
    """All of them."""
    lists = ("programs", "carries", "drops")
    return [
        Crossing(id=key, **{**row, **{name: tuple(row.get(name, ())) for name in lists}})
        for key, row in read("crossings.toml").items()
    ]


def crossing_of(command: str, words: Sequence[str]) -> tuple[Crossing, Sequence[str]] | None:
    """The one that a command line begins with, and its arguments; None where it starts the server right here.

    In: the command and its arguments; `cmd /c` and `env` before it are looked through.
    """
    every = [command, *words]
    at = 0
    while at < len(every) - 1:
        name = _name(every[at])
        if name == "cmd" and every[at + 1].casefold() in {"/c", "/k"}:
            at += 2
        elif name in _BEFORE or (at and (_ASSIGNMENT.match(every[at]) or every[at].startswith("-"))):
            at += 1
        else:
            break
    rest = every[at + 1 :]
    for each in crossings():
        if _name(every[at]) in each.programs and (not each.verb or _verb(rest) == each.verb):
            return each, rest
    return None


def _verb(words: Sequence[str]) -> str:
    return next((each for each in words[:8] if each in _VERBS), "")


def _name(word: str) -> str:
    return re.split(r"[/\\]", word)[-1].casefold().removesuffix(".exe")
