"""Which entries of the configs an emergency token is for, and how a start of theirs is told from all others."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.model import Reference, Server, Syntax
from recovery.model import RecoveryError

SERVED = (Syntax.SECRET, Syntax.OAUTH, Syntax.KEYTAR, Syntax.VAULT, Syntax.AWS)
"""References that `mcp-doctor run` gets from a store, and so can get from elsewhere in an emergency."""


class TargetError(RecoveryError):
    """There is nothing that the token could be for, or it is not said which. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one token is for."""

    name: str
    """As the person named it."""
    servers: tuple[Server, ...]
    references: tuple[Reference, ...]
    """All those that mean the same credential."""
    shared_with: tuple[str, ...] = ()
    """Ids of other entries that are started by the very same command and so would get it too."""
    not_launched: tuple[str, ...] = ()
    """Ids of entries whose client starts them without `mcp-doctor run`, and so does not get the token to them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The credential, as an incident keeps it."""
        return tuple(dict.fromkeys(map(name_of, self.references)))

    @property
    def starts(self) -> tuple[str, ...]:
        """What the entries start."""
        return tuple(dict.fromkeys(map(start_of, self.servers)))

    @property
    def variable(self) -> str | None:
        """The variable that holds the credential, where it is one."""
        field = self.references[0].field
        return field.removeprefix("env.") if field.startswith("env.") else None


def choices(servers: Iterable[Server]) -> list[tuple[str, str]]:
    """The credentials that the servers refer to: `secret:github_token`, and where it is used in words."""
    found: dict[str, list[Reference]] = {}
    for each in servers:
        for reference in each.references:
            if reference.syntax in SERVED and reference.name:
                found.setdefault(name_of(reference), []).append(reference)
    return [(name, f"{of[0].shown} for {of[0].field}") for name, of in found.items()]


def target_of(
    name: str, servers: Sequence[Server], others: Iterable[Server], wanted: str | None = None
) -> Target:
    """What the token is for. In: the named entries; all entries; `wanted` names the field or reference, where several are.

    Raises:
        TargetError: no reference, or several and none was named.
    """
    found = choices(servers)
    if not found:
        raise TargetError(
            f"{name} gets no credential from a store through `mcp-doctor run`, so there is nothing that an emergency "
            "token could stand in for. Its entry must refer to one, as ${SECRET:name} does"
        )
    if wanted is not None:
        found = [
            (key, words)
            for key, words in found
            if wanted in {key, key.partition(":")[2]} or any(_is(each, wanted, key) for each in servers)
        ]
        if not found:
            raise TargetError(f"{name} has no reference {wanted!r}")
    if len(found) > 1:
        named = "; ".join(words for _, words in found)
        raise TargetError(f"{name} uses several credentials: say which one with --field ({named})")
    chosen = found[0][0]
    uses = tuple(server for server in servers if any(name_of(each) == chosen for each in server.references))
    references = tuple(each for server in uses for each in server.references if name_of(each) == chosen)
    starts, ids = {start_of(each) for each in uses}, {each.id for each in uses}
    shared = tuple(
        each.id
        for each in others
        if each.id not in ids and start_of(each) in starts and chosen in map(name_of, each.references)
    )
    not_launched = tuple(each.id for each in uses if not each.launcher)
    return Target(name, uses, references, shared, not_launched)


def name_of(reference: Reference) -> str:
    """A reference as an incident keeps it."""
    return f"{reference.syntax.value}:{reference.name}"


def start_of(server: Server) -> str:
    """A digest of the command that an entry starts, by way of the launcher or not; "" where it starts none."""
    inner = started(server)
    if inner.command is None:
        return ""
    words = [inner.command, *(each.reveal() for each in inner.args)]
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def started(server: Server) -> Server:
    """The entry as it would stand without the launcher before its command."""
    words = [each.reveal() for each in server.args]
    if not server.launcher or "--" not in words[:-1]:
        return server
    at = words.index("--") + 1
    return dataclasses.replace(server, command=words[at], args=server.args[at + 1 :])


def _is(server: Server, field: str, name: str) -> bool:
    return any(
        field in {each.field, each.field.removeprefix("env.")} and name_of(each) == name
        for each in server.references
    )
