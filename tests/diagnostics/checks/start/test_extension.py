"""Starting the server of a desktop extension."""

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from diagnostics.check import all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Status
from diagnostics.runner import diagnose
from tests.support.bundles import a_manifest, filled_in, installed
from tests.support.configs import a_context, a_host, ask, write
from tests.support.lab import require

SERVER = """
const lines = require('readline').createInterface({ input: process.stdin });
const got = [process.env.API_KEY, process.env.REGION, ...process.argv.slice(2)].join('|');
lines.on('line', (line) => {
  const message = JSON.parse(line);
  if (message.method === 'initialize') console.log(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: {
    protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'notes', version: got } } }));
  if (message.method === 'tools/list') console.log(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { tools: [] } }));
});
"""
FORM = {
    "key": {"title": "API key", "required": True, "sensitive": True}, "region": {},
    "dirs": {"type": "directory", "multiple": True},
}  # fmt: skip
MANIFEST = a_manifest(
    FORM, {"API_KEY": "${user_config.key}", "REGION": "${user_config.region}"}, ["${user_config.dirs}"]
)


def context_of(home: Path, settings: Any, path: str | None = None) -> Context:
    folder = installed(home, MANIFEST, settings)
    write(folder / "server/index.js", SERVER)
    host = a_host(home, {"PATH": os.environ["PATH"] if path is None else path})
    context = a_context(discover(host, Options(client="claude-desktop")), host)
    return dataclasses.replace(context, options=Options(start=True))


def test_it_gets_what_the_app_would_give_it(tmp_path: Path) -> None:
    require("node")
    (tmp_path / "a b").mkdir()
    context = context_of(tmp_path, filled_in(key="s3cret-value", dirs=[str(tmp_path / "a b"), str(tmp_path)]))
    (server,) = context.servers
    assert ask("start.command", context, server)[0].status is Status.OK
    (verdict,) = ask("start.handshake", context, server)
    assert verdict.outcome == "answered"
    assert verdict.facts["version"] == f"•••|${{user_config.region}}|{tmp_path}/a b|{tmp_path}"


def test_a_sealed_value_can_not_be_given(tmp_path: Path) -> None:
    require("node")
    context = context_of(tmp_path, filled_in(key="__encrypted__:djExAAAAAAAA"))
    (verdict,) = ask("start.handshake", context, context.servers[0])
    assert (verdict.status, verdict.outcome) == (Status.SKIP, "unresolved")


def test_without_a_required_value_it_is_not_started(tmp_path: Path) -> None:
    context = context_of(tmp_path, filled_in())
    checks = [each for each in all_checks() if each.id in {"config.extension", "start.handshake"}]
    found = [(each.check, each.status, each.outcome) for each in diagnose(context, checks)]
    assert found == [
        ("config.extension", Status.FAIL, "required-missing"),
        ("start.handshake", Status.SKIP, "runner.waits"),
    ]


def test_the_apps_own_node_can_not_be_used_from_here(tmp_path: Path) -> None:
    context = context_of(tmp_path, filled_in(key="s3cret-value"), path=str(tmp_path))
    (server,) = context.servers
    (there,) = ask("start.command", context, server)
    assert (there.status, there.outcome) == (Status.UNKNOWN, "built-in-node")
    (verdict,) = ask("start.handshake", context, server)
    assert (verdict.status, verdict.outcome) == (Status.SKIP, "built-in-node")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_bundle_that_is_not_installed_is_not_started(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    path = write(folder / "manifest.json", MANIFEST)
    host = a_host(tmp_path, {"PATH": os.environ["PATH"]})
    context = a_context(discover(host, Options(config=(path,))), host)
    (verdict,) = ask("start.handshake", context, context.servers[0])
    assert (verdict.status, verdict.outcome) == (Status.SKIP, "not-installed")
