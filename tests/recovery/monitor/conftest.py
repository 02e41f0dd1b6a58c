"""A home of its own for each test of the monitor."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.history import Condition, Credential, key_of
from diagnostics.host import Host
from diagnostics.model import Platform, Reference, Session, Status, Syntax
from diagnostics.secret import Secret
from recovery.monitor.history import NewRound

BEGAN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return Host(Platform.LINUX, Session.LOCAL, home, home, env, uid=os.getuid(), user="me")


def credential(name: str = "github") -> Credential:
    reference = Reference(
        f"cursor:{name}", "env.TOKEN", Syntax.SECRET, f"{name}_token", Secret(f"${{SECRET:{name}_token}}")
    )
    return Credential(key_of(reference), reference.server_id, reference.field, reference.name or "")


def a_round(minutes: float = 0, memory: dict[str, object] | None = None, **states: str) -> NewRound:
    """A round at so many minutes after the first. In: status by the name of the credential."""
    credentials = {each.key: each for each in map(credential, states)}
    return NewRound(
        at=BEGAN + timedelta(minutes=minutes),
        boot="one",
        since=1000 + minutes * 60,
        took=1.0,
        credentials=credentials,
        states={
            key: Condition(Status(status), cause="keychain_locked" if status == "fail" else "")
            for key, status in zip(credentials, states.values(), strict=True)
        },
        memory=memory or {},
    )
