"""From a server's entry to what is really started: references replaced by their values, nothing else changed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diagnostics.model import Reference, Server
from diagnostics.secret import Secret


class UnresolvedError(Exception):
    """A reference has no value. `cause` is a label of the vocabulary, the text says why in words, without a secret."""

    def __init__(self, reference: Reference, cause: str, said: str) -> None:
        super().__init__(said)
        self.reference = reference
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Launch:
    """A command ready to be started. Arguments and variables may hold credentials, so they are never shown."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The whole environment of the child."""
    cwd: str | None = None
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    """Every value that was put in, for the scrubber."""


Read = Callable[[Reference], Secret | None]
"""Gives a reference's value; None = leave the text as it stands. Raises UnresolvedError."""


def resolve(server: Server, read: Read, inherited: Mapping[str, str]) -> Launch:
    """What starting this entry means.

    In: an stdio server, how to get values, and the environment that the child inherits. The entry's own `env` wins
    over it.

    Raises:
        UnresolvedError: a reference has no value.
        ValueError: the entry has no command.
    """
    if server.command is None:
        raise ValueError(f"{server.id} has no command")
    filled = _Filled(server, read)
    env = dict(inherited)
    env.update({name: filled.text(f"env.{name}", value) for name, value in server.env.items()})
    return Launch(
        command=filled.text("command", Secret(server.command)),
        args=tuple(filled.text(f"args[{at}]", value) for at, value in enumerate(server.args)),
        env=env,
        cwd=server.cwd,
        secrets=tuple(filled.secrets),
    )


class _Filled:
    def __init__(self, server: Server, read: Read) -> None:
        self.secrets: list[Secret] = []
        self._values: dict[str, dict[str, Secret]] = {}
        for reference in server.references:
            value = read(reference)
            if value is not None:
                self.secrets.append(value)
                if reference.spelling:
                    self._values.setdefault(reference.field, {})[reference.spelling] = value

    def text(self, where: str, value: Secret) -> str:
        known = self._values.get(where)
        return value.reveal() if not known else substitute(value.reveal(), known)


def substitute(text: str, values: Mapping[str, Secret]) -> str:
    """The text with every spelling replaced at once, so that a value which looks like a reference stays a value."""
    spellings = sorted(values, key=len, reverse=True)
    pattern = "|".join(re.escape(each) for each in spellings)
    return re.sub(pattern, lambda hit: values[hit.group()].reveal(), text)
