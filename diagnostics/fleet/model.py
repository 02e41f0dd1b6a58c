"""The nouns of the fleet. Frozen, no I/O; all text in them is safe to show."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from diagnostics.model import Stage, Status

ENVELOPE = "mcp-doctor.fleet/1"
"""Schema of what is gathered of one host: `{schema, host: {name}, gathered_at, status, report | error}`."""

REPORT = "mcp-doctor.report/1"
"""Schema of the reports that this mcp-doctor makes; here too, because reading many loads nothing that makes one."""


class Reached(StrEnum):
    """How the gathering of one host ended (`status` of the envelope)."""

    REACHABLE = "reachable"
    """It answered with a report."""
    UNREACHABLE = "unreachable"
    """No connection could be made."""
    FAILED = "failed"
    """There was a connection and no report: mcp-doctor is not installed, took too long, or broke off."""


class NotAReportError(Exception):
    """Something in the fleet's files can't be used; the text says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a host's report stands, so that it can be read again in full."""

    path: Path
    offset: int | None = None
    """Byte at which its line begins, where a file holds one a line; None = it is the file, or in its array."""
    index: int | None = None
    """Its place in the file's array; None = the file holds no array."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server of one host, as its findings say, not as the report says of itself."""

    name: str
    client: str
    status: Status
    stage: Stage | None
    """The first link of the path that gives it its state; None where nothing is wrong."""
    cause: str
    """Label of the failure, "" where there is none."""
    title: str
    """The telling finding's words, "" where nothing is wrong."""


@dataclass(frozen=True, slots=True)
class HostState:
    """One host of the fleet."""

    name: str
    status: Status
    """The worst of its servers and of what concerns the host itself; `unknown` where there is no report."""
    reached: Reached
    servers: tuple[ServerState, ...]
    """Worst first."""
    own: ServerState | None
    """What concerns no server (a keychain that nobody uses, a file without servers); None = nothing does."""
    error: str
    """Why there is no report, or what in it could not be understood; "" otherwise."""
    at: float | None
    """When its report was made, seconds since the epoch; None = it does not say."""
    source: Source
    failing: int = 0
    """Servers whose state is `fail`."""

    @property
    def words(self) -> str:
        """Its state where that is another one than its servers': how the gathering ended, "" = it has a report."""
        return "" if self.reached is Reached.REACHABLE else self.reached.value


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file, or a part of one, that could not be taken as it is, in one line."""

    where: str
    """The file, with line or place."""
    said: str
    lost: bool = True
    """Whether something is not known because of it; False for what is only worth knowing."""
