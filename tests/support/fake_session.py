"""A session whose checks answer what the test wrote down: no files, no store, no network."""

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.check import Check
from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import (
    ClientFile,
    Finding,
    Platform,
    Reference,
    Server,
    Session,
    Stage,
    Status,
    Store,
    Syntax,
)
from diagnostics.secret import Secret
from diagnostics.stores import BusState, Entry, StoreState
from tui.session import DoctorSession

QUESTIONS = {
    Stage.CONFIG: "Can the client's config file be read?",
    Stage.REFERENCE: "Is every credential given in a way that the client understands?",
    Stage.BACKEND: "Does a keychain answer in this session?",
    Stage.PERMISSION: "Is the default keychain unlocked?",
    Stage.LOOKUP: "Is there an entry of this name?",
    Stage.FORMAT: "Does the value look like one of the provider's tokens?",
    Stage.VALIDITY: "Does the provider accept the token?",
    Stage.START: "Does the server start and answer?",
}


class FakeStore:
    """A store that is there and holds nothing."""

    subject = Store("stand-in")

    def state(self) -> StoreState:
        return StoreState(BusState(None, "none"))

    def entries(self) -> Sequence[Entry]:
        return ()


def host(tmp: Path, **env: str) -> Host:
    """A host below a test's own folder, in a terminal with all colours."""
    settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **env}
    return Host(Platform.LINUX, Session.SSH, tmp, tmp, settings, 1000, "ada")


def server(name: str, client: str = "claude-desktop", syntax: Syntax = Syntax.SECRET, **more: Any) -> Server:
    """An stdio server with one reference."""
    key = f"{client}:{name}"
    reference = Reference(key, f"env.{name.upper()}_TOKEN", syntax, f"{name}_token", Secret("${SECRET:x}"))
    values: dict[str, Any] = {
        "id": key,
        "name": name,
        "client": client,
        "path": Path(f"/home/ada/.config/{client}.json"),
        "transport": "stdio",
        "command": "npx",
        "args": (Secret("-y"), Secret(f"@example/server-{name}")),
        "env": {f"{name.upper()}_TOKEN": Secret("${SECRET:x}")},
        "references": (reference,),
    }
    return Server(**(values | more))


def finding(stage: Stage, status: Status, title: str, of: Server | None = None, **more: Any) -> Finding:
    """A finding about a server, or about the store when none is given."""
    check = more.pop("check", f"{stage.value}.example")
    values: dict[str, Any] = {
        "id": f"{check}:{of.id}" if of else check,
        "check": check,
        "stage": stage,
        "status": status,
        "outcome": "as-written",
        "title": title,
        "server": of.id if of else None,
        "subject": of.id if of else "store:stand-in",
        "path": str(of.path) if of else None,
    }
    return Finding(**(values | more))


def checks(stages: Iterable[Stage] = Stage) -> tuple[Check, ...]:
    """One check a stage; each needs the one before."""
    made: list[Check] = []
    for stage in stages:
        made.append(
            Check(
                id=f"{stage.value}.example",
                stage=stage,
                of=Server,
                needs=(made[-1].id,) if made else (),
                within=None,
                asks="start" if stage is Stage.START else "",
                run=lambda _context, _subject: None,
                question=QUESTIONS[stage],
            )
        )
    return tuple(made)


@dataclass(frozen=True)
class FakeSession(DoctorSession):
    """Answers `look` from memory. `findings` is read anew each run, so a test can mend things between two."""

    servers: tuple[Server, ...] = ()
    files: tuple[ClientFile, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    hang_at: Stage | None = None
    """The stage at which a run blocks until `release` is set (at most 5 s)."""
    release: threading.Event = field(default_factory=threading.Event)
    runs: list[tuple[str, ...]] = field(default_factory=list)
    """The ids of the checks that each run asked."""

    def look(self) -> Context:
        return Context(self.host, self.options, self.files, list(self.servers), FakeStore())


def session(
    tmp: Path, servers: Iterable[Server] = (), findings: Iterable[Finding] = (), **more: Any
) -> FakeSession:
    """A session on a host of its own."""
    env = more.pop("env", {})
    values: dict[str, Any] = {
        "host": host(tmp, **env),
        "options": Options(),
        "names": (),
        "open_store": lambda _host: FakeStore(),
        "open_world": _no_world,
        "servers": tuple(servers),
        "findings": list(findings),
    }
    return FakeSession(**(values | more))


def fake_diagnose(of: FakeSession) -> Callable[..., Iterator[Finding]]:
    """Stands in for `diagnostics.runner.diagnose`: the session's findings in the order of the path."""

    def diagnose(
        context: Context,
        asked: Sequence[Check],
        earlier: Iterable[Finding] = (),
        progress: Any = lambda *_: None,
    ) -> Iterator[Finding]:
        of.runs.append(tuple(each.id for each in asked))
        ids = {server.id for server in context.servers}
        for check in asked:
            progress(check, len(context.servers))
            if check.stage is of.hang_at:
                of.release.wait(5)
            for each in list(of.findings):
                if each.stage is check.stage and (each.server is None or each.server in ids):
                    yield dataclasses.replace(each, check=check.id)

    return diagnose


def _no_world(_host: Host) -> Any:
    raise AssertionError("nothing may be touched in this test")
