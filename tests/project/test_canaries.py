"""A credential in every place where people put one, and none of them in anything that the doctor says.

Each is looked for as it stands, backwards, in base64, in hexadecimal, as in an address, and in pieces of ten.
"""

import base64
import dataclasses
import importlib
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest

from diagnostics import report
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.report import text
from diagnostics.runner import diagnose
from diagnostics.servers.command_line import command_line
from recovery import support
from recovery.planner import names_for
from tests.support import tokens
from tests.support.configured import HeldStore

FORMATS = ("junit", "sarif", "markdown", "prometheus")
SERVER = """#!PYTHON
import base64, json, os, sys, urllib.parse
t = os.environ["T_TOKEN"]
forms = (t, base64.b64encode(b"user:" + t.encode()).decode(), t.encode().hex(), urllib.parse.quote(t, safe=""),
         t[:16] + "...", "..." + t[-16:], json.dumps(t))
for form in forms:
    print("401 bad credentials:", form, file=sys.stderr)
print(os.environ, file=sys.stderr)
print("not a message: " + t)
sys.exit(1)
"""


class Canaries:
    """Makes them, and finds them again."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def __call__(self, name: str, kind: str = "") -> str:
        body = tokens._body(f"canary {name}", 26) + "7a"
        value = {"github": tokens.github, "gitlab": tokens.gitlab}[kind](name) if kind else body
        self.made[name] = value
        return value

    def id(self, name: str) -> str:
        """One that looks like an id, as services put it into an address."""
        raw = self(name).encode().hex()
        self.made[name] = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:32]))
        return self.made[name]

    def in_text(self, said: str) -> list[str]:
        """The names of those that the text shows."""
        return [name for name, value in self.made.items() if any(each in said for each in _forms(value))]


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield from (value[::-1], raw.hex(), quote(value, safe=""), base64.b64encode(raw).decode().rstrip("="))
    body = value.removeprefix("ghp_").removeprefix("glpat-")
    yield from (body[at : at + 10] for at in range(len(body) - 9))


class Echo(BaseHTTPRequestHandler):
    """Refuses everything, and repeats what it was sent wherever an answer has room."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = " ".join((self.path, *(f"{value}" for value in self.headers.values()))).replace('"', "")
        body = json.dumps(
            {"error": {"code": -1, "message": sent}, "errors": [sent], "message": sent}
        ).encode()
        self.send_response(401)
        self.send_header("WWW-Authenticate", f'Bearer error="invalid_token", error_description="{sent}"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def entries(canary: Canaries, port: int) -> dict[str, dict[str, Any]]:
    base = f"http://127.0.0.1:{port}"
    authorization = {
        "Authorization": f"Bearer {canary('header')}",
        "X-Api-Key": canary("header-key"),
        "Cookie": f"s={canary('cookie')}",
    }
    database = {
        "DATABASE_URL": f"postgres://u:{canary('db')}@db.invalid/d?sslmode=require",
        "REDIS_URL": f"redis://:{canary('redis')}@127.0.0.1:{port}/0",
        "JDBC_URL": f"jdbc:mysql://h/db?user=u&password={canary('jdbc')}",
        "BAD_URL": f"postgresql://u:ab#{canary('db-bad')}@h:port/d",
    }
    damaged = {
        "GITHUB_TOKEN": f'"{canary("quoted", "github")}"',
        "GITLAB_TOKEN": f"Bearer {canary('bearer', 'gitlab')}",
        "A_TOKEN": f"{canary('zero-width')}\u200b",
        "GH_TOKEN": f"GITHUB_TOKEN={canary('assignment', 'github')}",
        "B_TOKEN": canary("double", "github") * 2,
    }
    misplaced = {
        "A_TOKEN": f"${{SECRET:{canary('as-name', 'github')}}}",
        "B_TOKEN": f"${{VAULT:secret/{canary('as-path', 'github')}#x}}",
        "C": f"${{{canary('as-variable', 'github')}}}",
        "D_TOKEN": f"${{SECRET:x{canary('unclosed', 'github')}",
        "E": f"${{env:E_TOKEN:-{canary('default-of-env')}}}",
        "F_TOKEN": f"${{F_TOKEN:-{canary('default')}}}",
        canary("as-env-name", "github"): "v",
    }
    words = [
        "x.js",
        "--api-key",
        canary("argument"),
        f"--token={canary('after-equals')}",
        canary("positional", "gitlab"),
    ]
    return {
        "environment": {"command": "x", "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": canary("env", "github"), "OTHER_SECRET": canary("other")}},
        "arguments": {"command": "x", "args": [*words, f"${{W:-{canary('default-of-argument')}}}"]},
        "shell": {"command": "sh", "args": ["-c", f"A_TOKEN={canary('in-shell')} exec x --password {canary('shell-password')}"]},
        "whole": {"command": f"x server --token {canary('in-command')}", "args": []},
        "query": {"type": "http", "url": f"{base}/mcp?api_key={canary('query')}"},
        "path": {"type": "http", "url": f"{base}/s/{canary.id('path')}/mcp"},
        "user": {"type": "http", "url": f"http://user:{canary('user')}@127.0.0.1:{port}/mcp"},
        "fragment": {"type": "http", "url": f"{base}/mcp#token={canary('fragment')}"},
        "headers": {"type": "http", "url": f"{base}/mcp", "headers": authorization},
        "proxy": {"command": "npx", "args": ["mcp-remote", f"{base}/mcp", "--header", f"Authorization:Bearer {canary('proxied')}"]},
        "proxy-path": {"command": "npx", "args": ["mcp-remote", f"{base}/{canary.id('proxied-path')}/sse"]},
        "database": {"command": "x", "env": database},
        "damaged": {"command": "x", "env": damaged},
        "misplaced": {"command": "x", "env": misplaced},
        canary("as-server", "github"): {"command": "x"},
        "folder": {"command": "x", "cwd": f"/home/{canary('as-folder', 'github')}"},
        "unknown": {"command": "x", "apiKey": canary("unknown-field"), "auth": {"CLIENT_SECRET": canary("in-object")}},
        "of-wrong-type": {"command": ["x", canary("in-list", "github")], "args": f"--token {canary('as-text')}", "env": [f"A_TOKEN={canary('env-list')}"]},
        "vault": {"command": "x", "env": {"A_TOKEN": "${VAULT:secret/data/mcp#token}"}},
    }  # fmt: skip


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def home_of(home: Path, canary: Canaries, port: int) -> Path:
    """A home with all of them. Out: the server that prints its own."""
    write(home / ".claude.json", json.dumps({"mcpServers": entries(canary, port)}))
    write(home / ".claude.json.backup", json.dumps({"a": canary("backup", "github")}))
    write(home / ".cursor/mcp.json", f'{{"mcpServers": {{"a": {{"env": {{"T_TOKEN": "{canary("broken-json")}" "G": "{canary("json-2", "github")}"}}}}')  # fmt: skip
    write(home / ".codex/config.toml", f'[mcp_servers.a]\nbearer_token="{canary("toml")}"\nx = {canary("broken-toml")}\n')  # fmt: skip
    write(home / ".config/goose/config.yaml", f"extensions:\n  a:\n    type: stdio\n    cmd: x\n    envs:\n      T: !!binary {canary('yaml')}\n")  # fmt: skip
    write(
        home / ".continue/mcpServers/a.yaml", f"mcpServers:\n - name: a\n   env:\n    T: *{canary('alias')}\n"
    )
    write(home / ".env", f"K_TOKEN={canary('dotenv')}\nBROKEN {canary('dotenv-2', 'github')}\n")
    write(home / ".bashrc", f"export A_TOKEN={canary('profile')} # {canary('comment', 'github')}\n")
    login = {"serverName": "headers", "serverUrl": f"http://127.0.0.1:{port}/mcp", "accessToken": canary("login"), "refreshToken": canary("refresh"), "expiresAt": 1, "clientSecret": canary("client")}  # fmt: skip
    write(home / ".claude/.credentials.json", json.dumps({"mcpOAuth": {"headers|0": login}}))
    write(
        home / ".mcp-auth/mcp-remote-v1/0_tokens.json", f'{{"access_token": "{canary("broken-login")}" oops'
    )
    write(home / ".vault-token", canary("vault-file"))
    settings = {"isEnabled": True, "userConfig": {"key": canary("setting"), "n": canary("not-a-number")}}
    manifest = {
        "manifest_version": "0.3", "name": "x", "version": "1", "author": {"name": "a"},
        "server": {"type": "node", "entry_point": "i.js", "mcp_config": {"command": "node", "args": ["${user_config.key}"], "env": {"H": canary("manifest", "github")}}},
        "user_config": {"key": {"type": "string", "title": "Key", "sensitive": True, "default": canary("setting-default")}, "n": {"type": "number", "title": "N"}},
    }  # fmt: skip
    write(home / ".config/Claude/Claude Extensions/local.x/manifest.json", json.dumps(manifest))
    write(home / ".config/Claude/Claude Extensions Settings/local.x.json", json.dumps(settings))
    server = home / "server.py"
    write(server, SERVER.replace("PYTHON", sys.executable))
    server.chmod(0o755)
    entry = {"command": str(server), "env": {"T_TOKEN": canary("printed")}}
    write(home / ".lmstudio/mcp.json", json.dumps({"mcpServers": {"prints": entry}}))
    return server


def said_of(home: Path, env: dict[str, str], **options: Any) -> tuple[str, Context]:
    host = Host(Platform.LINUX, Session.LOCAL, home, home, env)
    asked = Options(timeout=8.0, **options)
    files = discover(host, asked)
    servers = [server for each in files for server in each.servers]
    context = Context(host, asked, files, servers, HeldStore({}))
    findings = list(diagnose(context))
    assert not [each for each in findings if each.outcome == "runner.broke"]
    made = report.build(context, findings, names_for)
    said = [
        json.dumps(made, ensure_ascii=False),
        text.render(made, colour=False, ascii_only=False, width=5000),
    ]
    said += [
        importlib.import_module(f"diagnostics.report.{each}").render(made).replace("\\", "")
        for each in FORMATS
    ]
    said += [repr(findings), *map(command_line, servers)]
    for wanted in (support.Wanted(), support.Wanted(keep_names=True, reasons=True)):
        bundle = support.gather(context, findings, wanted)
        assert not bundle.missing
        said.append(bundle.as_text())
    said += [str(dataclasses.asdict(each)) for each in findings]
    return "\n".join(said), context


@pytest.mark.parametrize("start", [False, True])
def test_no_credential_is_said(tmp_path: Path, port: int, start: bool) -> None:
    canary = Canaries()
    home_of(tmp_path, canary, port)
    env = {
        "PATH": "/nowhere", "VAULT_ADDR": f"http://127.0.0.1:{port}", "VAULT_TOKEN": canary("vault"),
        "GITHUB_TOKEN": canary("inherited", "github"), "F_TOKEN": canary("variable"),
    }  # fmt: skip
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    said, context = said_of(tmp_path, env, start=start)
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert len(context.servers) > 20
    assert "401 bad credentials" in said or not start
    assert canary.in_text(said) == []


def test_a_canary_would_be_found() -> None:
    canary = Canaries()
    value = canary("a", "github")
    assert canary.in_text(f"the end of it: …{value[-12:]}") == ["a"]
    assert canary.in_text(f"backwards {value[::-1]}") == ["a"]
    assert canary.in_text("nothing of it") == []
