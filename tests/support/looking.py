"""Runs the real checks on a lab, and holds that a look is quick and leaves everything as it was."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import Finding, Reference, Server, Stage, Status, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import CredentialStore, open_store
from tests.support.lab import Lab

STORE_STAGES = (Stage.BACKEND, Stage.PERMISSION, Stage.LOOKUP)
LIMIT = 3.0
"""Seconds that a look at the store may take, whatever hangs."""


@dataclass(frozen=True)
class Look:
    """What the checks of the store's stages found."""

    findings: Sequence[Finding]
    seconds: float
    context: Context

    def finding(self, check: str) -> Finding:
        """The one finding of a check."""
        found = [each for each in self.findings if each.check == check]
        assert len(found) == 1, f"{check}: {[(each.check, each.outcome) for each in self.findings]}"
        return found[0]

    def outcome(self, check: str) -> str:
        """The outcome of a check's one finding."""
        return self.finding(check).outcome

    @property
    def fails(self) -> list[tuple[str, str, str | None]]:
        """Check, outcome and cause of everything that fails."""
        return self._with(Status.FAIL)

    @property
    def warnings(self) -> list[tuple[str, str, str | None]]:
        """Check, outcome and cause of every warning."""
        return self._with(Status.WARN)

    def _with(self, status: Status) -> list[tuple[str, str, str | None]]:
        return [(each.check, each.outcome, each.cause) for each in self.findings if each.status is status]

    @property
    def text(self) -> str:
        """Everything that a person could read of it."""
        return "\n".join(repr(each) for each in self.findings)


def secret_server(*names: str) -> Server:
    """A server whose environment refers to these entries of the keychain."""
    references = tuple(
        Reference(
            server_id="test:server",
            field=f"env.TOKEN_{number}",
            syntax=Syntax.SECRET,
            name=name,
            text=Secret(f"${{SECRET:{name}}}"),
            spelling=f"${{SECRET:{name}}}",
        )
        for number, name in enumerate(names)
    )
    return Server(
        id="test:server",
        name="server",
        client="test",
        path=Path("/nonexistent/config.json"),
        transport="stdio",
        command="server",
        references=references,
    )


def look(
    host: Host,
    *names: str,
    store: CredentialStore | None = None,
    limit: float = LIMIT,
    only: str | None = None,
) -> Look:
    """Asks the checks of the store's stages, or one of them, for a server that refers to these names.

    In: the names, by default `github_token`.
    """
    server = secret_server(*(names or ("github_token",)))
    context = Context(host, Options(), files=(), servers=[server], store=store or open_store(host))
    checks = [each for each in all_checks() if each.stage in STORE_STAGES and only in {None, each.id}]
    began = time.monotonic()
    findings = list(diagnose(context, checks))
    seconds = time.monotonic() - began
    assert seconds < limit, f"the look took {seconds:.1f} s"
    return Look(findings, seconds, context)


@contextlib.contextmanager
def undisturbed(lab: Lab, *, bus: bool = True) -> Iterator[None]:
    """Holds that nothing was started, owned, written or changed. `bus` = there is one that answers."""
    names, files, processes = lab.names() if bus else [], lab.snapshot(), sorted(lab.processes())
    yield
    assert lab.snapshot() == files
    assert sorted(lab.processes()) == processes
    if bus:
        assert lab.names() == names


def look_at(lab: Lab, *names: str, bus: bool = True, **env: str | None) -> Look:
    """A look at a lab, which must be as it was afterwards."""
    with undisturbed(lab, bus=bus):
        return look(replace(lab.host(), env=lab.environment(env)), *names)
