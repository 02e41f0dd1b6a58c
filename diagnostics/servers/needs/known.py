"""What is known of a server's needs from all sources together, looked up once a run and within limits."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.catalog.servers import KnownServer, server_behind
from diagnostics.host import Host
from diagnostics.providers.once import Once
from diagnostics.servers.installed import Folders, Package, installed
from diagnostics.servers.needs.need import Knowledge, Need, Source, merged
from diagnostics.servers.needs.words import needs_said
from diagnostics.servers.started import Started, started_by

_SECONDS = 5.0
"""For reading code in one run, whatever the number of servers; manifests and the catalogue are always asked."""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of one server before it is started."""

    started: Started
    package: Package | None = None
    catalogue: KnownServer | None = None
    needs: tuple[Need, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    """Every variable that it is known to read, with the evidence."""
    whole: bool = False
    """Whether what is not among `reads` is probably not read at all."""

    @property
    def name(self) -> str:
        """What to call the server."""
        if self.catalogue is not None:
            return self.catalogue.name
        return self.package.name if self.package else "The server"

    @property
    def is_known(self) -> bool:
        """Whether any source says anything."""
        return self.catalogue is not None or bool(self.needs or self.reads)


class Packages:
    """The installed packages of one run: each is found and read once, for all servers that start it. Thread-safe."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._one_at_a_time = threading.Lock()
        self._folders: Folders = Once()
        self._places: Once[tuple[str, str, Path], Package | None] = Once()
        self._read: Once[Path | tuple[Path, ...], Knowledge] = Once()

    def known(
        self,
        command: str,
        args: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        host: Host,
        said: str = "",
    ) -> Known:
        """What is known of the server behind a command line.

        In: its environment and folder, by which programs and packages are found; `said` is what it printed when it
        failed before (a client's log), already without secrets. Where the catalogue knows the
        server, its code tells only what is read besides: the catalogue knows which of it is needed.
        """
        started = started_by(command, args)
        catalogue = server_behind(started, command, args)
        package = self._places.get(
            (started.kind, started.name, cwd), lambda: installed(started, env, cwd, host, self._folders)
        )
        told = self._knowledge(package) if package is not None else Knowledge()
        needs = merged([*needs_said(said), *told.needs]) if said else told.needs
        reads = dict(told.reads)
        if catalogue is not None:
            source = f"the catalogue knows it of {catalogue.name}"
            own = [Need(choices, Source.CATALOGUE, source, catalogue.options) for choices in catalogue.needs]
            needs = merged([*own, *(each for each in needs if each.established)])
            for name in (*(name for each in own for name in each.names), *catalogue.optional):
                reads.setdefault(name, source)
        return Known(started, package, catalogue, needs, reads, told.whole)

    def _knowledge(self, package: Package) -> Knowledge:
        key = package.folder if package.files is None else (package.folder, *package.files[:3])
        return self._read.get(key, lambda: self._look(package))

    def _look(self, package: Package) -> Knowledge:
        from diagnostics.servers.needs.code import read_code
        from diagnostics.servers.needs.manifest import read_manifests

        said = read_manifests(package.folder, package.name) if package.files is None else Knowledge()
        with self._one_at_a_time:  # it only computes: several at once would use up each other's limits
            if self._seconds <= 0:
                return said
            began = time.monotonic()
            code = read_code(package.folder, package.files)
            self._seconds -= time.monotonic() - began
        return Knowledge(
            merged([*said.needs, *code.needs]), {**code.reads, **said.reads}, code.whole and bool(code.reads)
        )
