"""What leads to closing an emergency, and when one is offered as the last way."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding, Stage, Status
from diagnostics.runner import diagnose
from diagnostics.stores import open_store
from recovery.emergency.incident import ACCESS, CLOSING
from recovery.planner import names_for, remedies_for
from tests.recovery.emergency.conftest import Desk

BROKEN = Finding(
    "f", "permission.keyring-files", Stage.PERMISSION, Status.FAIL, outcome="file-empty", title="It is empty"
)


def context_of(desk: Desk) -> Context:
    options = Options(config=(desk.config,), offline=True)
    files = discover(desk.host, options)
    servers = [server for file in files for server in file.servers]
    return Context(desk.host, options, files, servers, open_store(desk.host))


def open_finding(context: Context) -> Finding:
    from diagnostics.check import all_checks

    wanted = [each for each in all_checks() if each.id == "backend.emergency"]
    return next(iter(diagnose(context, wanted)))


def test_the_finding_of_an_open_one_leads_to_closing_it(desk: Desk, canary: Callable[[], str]) -> None:
    assert desk.start(canary()).returncode == 0
    context = context_of(desk)
    finding = open_finding(context)
    (remedy,) = remedies_for(finding, context)
    assert remedy.id == CLOSING
    assert "github" in remedy.title
    assert names_for(finding) == [CLOSING]


def test_it_is_the_last_way_and_only_where_a_server_has_none_yet(
    desk: Desk, canary: Callable[[], str]
) -> None:
    context = context_of(desk)
    offered = [each.id for each in remedies_for(BROKEN, context)]
    assert offered[-1] == ACCESS
    assert ACCESS not in names_for(replace(BROKEN, status=Status.UNKNOWN))
    for server in ("github", "linear"):
        assert desk.start(canary(), server=server).returncode == 0
    assert ACCESS not in [each.id for each in remedies_for(BROKEN, context)]


def test_servers_without_a_reference_have_nothing_to_stand_in_for(desk: Desk) -> None:
    entry: dict[str, Any] = {"command": "true"}
    desk.config.write_text(json.dumps({"mcpServers": {"plain": entry}}))
    assert ACCESS not in [each.id for each in remedies_for(BROKEN, context_of(desk))]


def test_without_a_terminal_fix_closes_nothing_by_itself(desk: Desk, canary: Callable[[], str]) -> None:
    token = canary()
    assert desk.start(token).returncode == 0
    done = desk.doctor("fix", "backend.emergency", "--offline", "--config", str(desk.config))
    assert b"Emergency access is open for github" in done.stdout
    assert desk.launch().stdout.decode() == f"github={token}\n"
    closing = ("fix", "backend.emergency", "--yes", "--offline", "--config", str(desk.config))
    done = desk.doctor(
        *closing
    )  # asked for by name: the token goes, and it stays open while the path is broken
    assert b"The incident stays open" in done.stdout
    assert desk.incidents()[0].is_open
