"""Which variables reach a server, from where, and what keeps others back."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from diagnostics.catalog.clients import client
from diagnostics.host import Host
from diagnostics.model import Server
from diagnostics.presence import at_home
from diagnostics.servers.child_environment import inherited_by
from diagnostics.servers.env_file import EnvFileError, parse, variables_of
from diagnostics.servers.started import Started

_LARGEST = 256 * 1024


class Arrival(StrEnum):
    """What becomes of one variable."""

    ARRIVES = "arrives"
    EMPTY = "empty"
    """It is set to an empty text, which servers take for unset."""
    KEPT_BACK = "kept-back"
    """It is set in this session, and the client does not hand it on."""
    OUTSIDE = "outside"
    """It is set for the program that starts a container, which is not told to hand it on."""
    ABSENT = "absent"


@dataclass(frozen=True)
class Reach:
    """One server's variables. `inner` is the entry without our launcher, `started` what its command line starts."""

    server: Server
    inner: Server
    started: Started
    host: Host

    def arrival(self, name: str) -> Arrival:
        """What becomes of the variable. A reference counts as a value: whether it has one is asked elsewhere."""
        found = self._set(name)
        if found is not None and not self._goes_into_container(name):
            return Arrival.OUTSIDE
        if found is not None:
            return Arrival.ARRIVES if found.strip() else Arrival.EMPTY
        if name in self.in_working_folder:
            return Arrival.ARRIVES
        return Arrival.KEPT_BACK if self.host.env.get(name) else Arrival.ABSENT

    def arrives(self, names: Sequence[str]) -> bool:
        """Whether all of these variables reach the server."""
        return all(self.arrival(name) is Arrival.ARRIVES for name in names)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The variables that the entry itself sets or names, in its order."""
        try:
            from_file = variables_of(self.server, self.host)
        except EnvFileError:
            from_file = {}
        names = (*self.server.env, *self.server.env_names, *self.started.variables, *self._handed, *from_file)
        return tuple(dict.fromkeys(names))

    @cached_property
    def in_working_folder(self) -> frozenset[str]:
        """What a `.env` in the working folder sets, where the entry names a folder: many servers read it themselves."""
        if not self.inner.cwd or "${" in self.inner.cwd:
            return frozenset()
        path = self.host.cwd / at_home(self.inner.cwd) / ".env"
        try:
            if not path.is_file() or path.stat().st_size > _LARGEST:
                return frozenset()
            found = parse(path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError):
            return frozenset()
        return frozenset(name for name, value in found.items() if value.strip())

    @property
    def client_name(self) -> str:
        """What people call the client."""
        return client(self.server.client).name

    def _set(self, name: str) -> str | None:
        if name in self.started.variables:
            return self.started.variables[name]
        if self.started.kind == "image" and self._handed.get(name):
            return self._handed[name]
        if name in self.server.env:
            return self.server.env[name].reveal()
        if name in self.server.env_names and self.host.env.get(name):
            return self.host.env[name]
        return self._inherited.get(name)

    @cached_property
    def _inherited(self) -> dict[str, str]:
        return dict(inherited_by(self.server, self.host))

    @cached_property
    def _handed(self) -> dict[str, str | None]:
        """`docker run -e NAME` and `-e NAME=value`: what the container is told to take; None = the value outside."""
        if self.started.kind != "image":
            return {}
        words = [each.reveal() for each in self.inner.args]
        told = [after for word, after in itertools.pairwise(words) if word in {"-e", "--env"}]
        told += [
            hit[1] for word in words if (hit := re.fullmatch(r"(?:--env=|-e)(\w+(?:=.*)?)", word, re.DOTALL))
        ]
        return {
            name: value if equals else None for name, equals, value in (each.partition("=") for each in told)
        }

    def _goes_into_container(self, name: str) -> bool:
        if self.started.kind != "image":
            return True
        return name in self._handed or any(each.reveal().startswith("--env-file") for each in self.inner.args)
