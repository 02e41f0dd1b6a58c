"""What clients keep beside their configs: extensions and plugins that bring servers, approvals, trust, switches.

One module a client, named like its id (`claude_code` for `claude-code`), found by that name. It may have

- `installed(host, one, configured)`: the files of extensions or plugins that bring servers. In: the client and the
  files found so far. Out: `ClientFile`s.
- `standing(host, server)`: what the client's own state says about starting a server. Out: `Standing`s, none where
  nothing stands in the way.

Both read only, and never raise on a file's content.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

from diagnostics.catalog.clients import Client
from diagnostics.host import Host
from diagnostics.model import ClientFile, Server


@dataclass(frozen=True, slots=True)
class Standing:
    """What a client's own state means for one of its servers."""

    outcome: str
    """Names the wording of `config.approval`; that check knows its status and cause."""
    path: Path
    """The file that says so (or that would, had anybody decided yet)."""
    facts: Mapping[str, str] = field(default_factory=dict)


def installed(host: Host, one: Client, configured: Sequence[ClientFile]) -> Iterable[ClientFile]:
    """The files of the client's extensions or plugins that bring servers of their own."""
    module = _module(one.id)
    return module.installed(host, one, configured) if module and hasattr(module, "installed") else ()


def standing(host: Host, server: Server) -> Iterable[Standing]:
    """What the client's own state says about starting this server, the most decisive first."""
    module = _module(server.client)
    return module.standing(host, server) if module and hasattr(module, "standing") else ()


@cache
def _known() -> frozenset[str]:
    return frozenset(each.name for each in pkgutil.iter_modules(__path__))


def _module(client_id: str) -> ModuleType | None:
    name = client_id.replace("-", "_")
    return importlib.import_module(f"{__name__}.{name}") if name in _known() else None
