"""From a server's entry to what is really started: references replaced by their values, nothing else changed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diagnostics.model import Platform, Reference, Server, Syntax
from diagnostics.secret import Secret
from diagnostics.servers.variables import joined


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


def resolve(
    server: Server,
    read: Read,
    inherited: Mapping[str, str],
    *,
    inherited_wins: bool = False,
    platform: Platform = Platform.LINUX,
) -> Launch:
    """What starting this entry means.

    In: an stdio server, how to get values, and the environment that the child inherits. The entry's own `env` wins
    over it, unless the client does it the other way round (`inherited_wins`); variables that the client hands on by name
    win over both, when they are set. The `platform` tells whether names in another case are the same.

    Raises:
        UnresolvedError: a reference has no value.
        ValueError: the entry has no command.
    """
    if server.command is None:
        raise ValueError(f"{server.id} has no command")
    secrets: list[Secret] = []
    values: dict[str, dict[str, Secret]] = {}
    handed_on: dict[str, Secret] = {}
    for reference in server.references:
        place = _place(reference)
        if place is None or (is_by_name(reference) and place == "args"):
            continue  # `docker -e NAME`: the name must stay a name, its value comes with the environment
        value = read(reference)
        if value is None:
            continue
        secrets.append(value)
        if is_by_name(reference):
            handed_on[reference.name or ""] = value
        elif reference.spelling:
            values.setdefault(place, {})[reference.spelling] = value

    def filled(place: str, text: str) -> str:
        return substitute(text, values[place]) if place in values else text

    own = {name: filled(f"env.{name}", value.reveal()) for name, value in server.env.items()}
    env = joined(inherited, own, platform)
    if inherited_wins:
        env = joined(env, inherited, platform)
    env = joined(env, {name: value.reveal() for name, value in handed_on.items()}, platform)
    return Launch(
        command=filled("command", server.command),
        args=tuple(filled("args", each.reveal()) for each in server.args),
        env=env,
        cwd=server.cwd,
        secrets=tuple(secrets),
    )


def is_by_name(reference: Reference) -> bool:
    """Whether the config names a variable to hand on, instead of holding a placeholder for its value."""
    return reference.syntax is Syntax.ENV and not reference.spelling and reference.name is not None


def _place(reference: Reference) -> str | None:
    """Which texts the reference is replaced in; all arguments are one place, wherever a launcher's words end."""
    field = reference.field
    if field == "command" or field.startswith("env."):
        return field
    if field.startswith("args["):
        return "args"
    return "by-name" if is_by_name(reference) else None


def substitute(text: str, values: Mapping[str, Secret]) -> str:
    """The text with every spelling replaced at once, so that a value which looks like a reference stays a value."""
    spellings = sorted(values, key=len, reverse=True)
    pattern = "|".join(re.escape(each) for each in spellings)
    return re.sub(pattern, lambda hit: values[hit.group()].reveal(), text)
