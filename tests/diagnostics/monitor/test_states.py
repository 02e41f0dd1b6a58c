"""Findings as conditions: which finding decides, for which credential, and what is none."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import ClientFile, Finding, Platform, Reference, Server, Session, Stage, Status, Syntax
from diagnostics.monitor.states import NOBODY, NOT_HERE, Seen, states_of
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store

PATH = Path("/mcp.json")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, env, os.getuid(), "me")


def reference(name: str, syntax: Syntax = Syntax.SECRET, server: str = "cursor:github") -> Reference:
    return Reference(server, f"env.{name}", syntax, name.lower(), Secret("x"))


def server(*references: Reference, disabled: bool = False) -> Server:
    return Server(
        "cursor:github", "github", "cursor", PATH, "stdio", references=references, disabled=disabled
    )


def found(subject: Any, status: Status, check: str = "lookup.entry", **more: Any) -> Finding:
    of_server = (
        {"server": subject.server_id, "reference": subject.field} if isinstance(subject, Reference) else {}
    )
    if isinstance(subject, Server):
        of_server = {"server": subject.id}
    key = subject if isinstance(subject, str) else subject.key
    return Finding(
        check,
        check,
        Stage(check.partition(".")[0]),
        status,
        "said",
        check,
        subject=key,
        **{**of_server, **more},
    )


def seen(
    host: Host, servers: list[Server], findings: list[Finding], file: Status = Status.OK, **how: bool
) -> Seen:
    files = [ClientFile("cursor", PATH, "user", file, servers=tuple(servers))]
    return states_of(Context(host, Options(), files, servers, open_store(host)), findings, **how)


def statuses(of: Seen) -> dict[str, str]:
    return {key: how.status.value for key, how in of.states.items()}


def test_the_worst_decides_and_the_first_of_its_kind(host: Host) -> None:
    one, other = reference("A"), reference("B", Syntax.VAULT)
    findings = [
        found("store:secret-service", Status.FAIL, "permission.collection-locked", cause="keyring_locked"),
        found(one, Status.SKIP),
        found(other, Status.UNKNOWN, "lookup.vault"),
        found(other, Status.WARN, "format.token"),
    ]
    it = seen(host, [server(one, other)], findings)
    assert statuses(it) == {
        "store:secret-service": "fail",
        "cursor:github#env.A#a": "fail",
        "cursor:github#env.B#b": "unknown",
    }
    assert it.states["cursor:github#env.A#a"].cause == "keyring_locked"
    assert it.findings["cursor:github#env.B#b"].check == "lookup.vault"


def test_what_concerns_a_whole_server_concerns_its_credentials(host: Host) -> None:
    one, plain = reference("A"), reference("HOME", Syntax.ENV)
    it = seen(
        host,
        [server(one, plain)],
        [found(one, Status.OK), found(plain, Status.FAIL, "reference.environment")],
    )
    assert statuses(it)["cursor:github#env.A#a"] == "fail"
    assert not [key for key in it.states if "HOME" in key], "a plain variable is no credential"
    it = seen(host, [server()], [found(server(), Status.FAIL, "start.command")])
    assert statuses(it) == {"cursor:github": "fail"}


def test_a_broken_config_file_is_a_matter_of_its_own(host: Host) -> None:
    broken = found(str(PATH), Status.FAIL, "config.readable", path=str(PATH))
    it = seen(host, [], [broken], Status.FAIL)
    assert statuses(it) == {"/mcp.json": "fail"}
    assert it.credentials["/mcp.json"].name == "mcp.json"
    one = reference("A")
    own = found(str(PATH), Status.FAIL, "config.entries", path=str(PATH), concerns=("cursor:other",))
    assert statuses(seen(host, [server(one)], [own, found(one, Status.OK)]))["cursor:github#env.A#a"] == "ok"


def test_a_server_that_is_switched_off_is_not_looked_after(host: Host) -> None:
    one = reference("A")
    assert (
        statuses(seen(host, [server(one, disabled=True)], [found(one, Status.OK)]))["cursor:github#env.A#a"]
        == "skip"
    )


def test_the_night_is_unknown_and_so_is_what_only_shells_know(host: Host) -> None:
    one, other = reference("A"), reference("B", Syntax.ENV)
    findings = [
        found("store:secret-service", Status.FAIL, "backend.session-bus"),
        found(other, Status.FAIL, "reference.environment", cause="env_var_missing"),
    ]
    it = seen(host, [server(one, other)], findings, nobody=True, timer=True)
    assert {key: (how.status.value, how.outcome) for key, how in it.states.items()} == {
        "store:secret-service": ("unknown", NOBODY),
        "cursor:github#env.A#a": ("unknown", NOBODY),
        "cursor:github#env.B#b": ("unknown", NOT_HERE),
    }
    assert set(statuses(seen(host, [server(one, other)], findings)).values()) == {"fail"}


def test_a_credential_pasted_for_a_name_is_masked(host: Host) -> None:
    pasted = "gh" + "p_" + "a1B2" * 9
    one = Reference("cursor:github", "env.A", Syntax.SECRET, pasted, Secret("x"))
    it = seen(host, [server(one)], [found(one, Status.OK)])
    assert pasted not in repr((it.states, it.credentials))


def test_the_real_checks_tell_when_a_token_ends(host: Host) -> None:
    ends = int(time.time()) + 5 * 86400
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": "1", "exp": ends}]
    coded = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    token = ".".join([*coded, "c2lnbmF0dXJl" * 4])
    entry = {"command": "true", "env": {"SERVICE_TOKEN": token}}
    (host.home / "mcp.json").write_text(json.dumps({"mcpServers": {"own": entry}}))
    options = Options(config=(host.home / "mcp.json",), client="cursor", offline=True)
    files = discover(host, options)
    context = Context(
        host, options, files, [each for file in files for each in file.servers], open_store(host)
    )
    it = states_of(context, list(diagnose(context)))
    told = [how.expires for how in it.states.values() if how.expires]
    assert [int(each.timestamp()) for each in told] == [ends]
