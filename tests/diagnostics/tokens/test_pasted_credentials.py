"""A credential that stands where none belongs is no more shown than one that stands in its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Finding, Platform, Session
from diagnostics.report import build
from diagnostics.runner import diagnose
from tests.support import tokens
from tests.support.configured import HeldStore, context_of

TOKEN = tokens.github("pasted")


def everything_said(context: Context) -> str:
    def none(_finding: Finding) -> list[str]:
        return []

    findings = list(diagnose(context))
    assert findings
    return json.dumps(build(context, findings, none), ensure_ascii=False) + repr(findings)


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "x", "env": {"A": f"${{{TOKEN}}}"}},
        {"command": "x", "env": {"A": f"${TOKEN}"}},
        {"command": "x", "env": {"A": f"${{env:{TOKEN}}}"}},
        {"command": "x", "env": {"A": f"${{KEYTAR:github/{TOKEN}}}"}},
        {"command": "x", "env": {"A": f"${{SECRET:{TOKEN}"}},
        {"command": "x", "env": {"A": f"${{secret:{TOKEN}}}"}},
        {"command": "x", "env": {"A": f"${{SECRET: {TOKEN} }}"}},
        {"command": "x", "env": {TOKEN: "${SECRET:github_token}"}},
        {"command": f"GITHUB_TOKEN={TOKEN} npx server"},
        {"command": f"npx server --token {TOKEN}", "env": {"A": "${SECRET:a}"}},
        {"command": f"/opt/{TOKEN}/server"},
        {"command": "sh", "cwd": f"/nowhere/{TOKEN}"},
        {"command": "node", "args": [f"/nowhere/{TOKEN}/index.js"]},
        {"command": "docker", "args": ["run", "-e", TOKEN, "image"]},
        {"url": "https://localhost:1/mcp", "type": TOKEN},
    ],
)
def test_a_token_in_the_wrong_place_is_not_shown(tmp_path: Path, entry: dict[str, Any]) -> None:
    context = context_of(tmp_path, {"one": entry}, offline=True)
    assert TOKEN[8:24] not in everything_said(context)


def test_a_token_as_a_servers_name_is_not_shown(tmp_path: Path) -> None:
    context = context_of(tmp_path, {TOKEN: {"command": "x"}}, offline=True)
    assert TOKEN[8:24] not in everything_said(context)


def test_a_token_where_codex_wants_a_variables_name_is_a_credential_in_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[mcp_servers.a]\ncommand = "x"\nenv_vars = ["{TOKEN}"]\n'
        f'[mcp_servers.b]\nurl = "https://localhost:1/"\nbearer_token_env_var = "{TOKEN}"\n'
        f'[mcp_servers.b.env_http_headers]\nAuthorization = "Bearer {TOKEN}"\n'
    )
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    options = Options(config=(path,), client="codex", offline=True)
    files = discover(host, options)
    servers = [server for each in files for server in each.servers]
    said = everything_said(Context(host, options, files, servers, HeldStore({})))
    assert TOKEN[8:24] not in said
    assert said.count('"credential_in_plain_text"') == 3
