"""On Windows a variable has one name, however it is written."""

import dataclasses
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Platform, Session
from diagnostics.runner import diagnose
from diagnostics.servers.child_environment import inherited_by
from diagnostics.servers.resolve import resolve
from diagnostics.stores import open_store

ENTRY = """{"mcpServers": {"gh": {"command": "tool", "args": [], "env": {"%s": "%s"}}}}"""


@pytest.mark.parametrize("name", ["PATH", "Path", "path"])
@pytest.mark.parametrize("platform", [Platform.WINDOWS, Platform.LINUX])
def test_the_entrys_path_takes_the_place_of_the_inherited_one(
    tmp_path: Path, name: str, platform: Platform
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "tool.exe").write_text("MZ")
    (tools / "tool").write_text("#!/bin/sh\n")
    (tools / "tool").chmod(0o755)
    config = tmp_path / "mcp.json"
    config.write_text(ENTRY % (name, str(tools)))
    env = {"PATH": "/nowhere", "LOCALAPPDATA": str(tmp_path), "APPDATA": str(tmp_path)}
    host = Host(platform, Session.LOCAL, tmp_path, tmp_path, env, 0, "ada")
    asked = Options(config=(config,), client="claude-desktop", offline=True)
    files = discover(host, asked)
    (server,) = [each for file in files for each in file.servers]
    launch = resolve(server, lambda _: None, inherited_by(server, host), platform=platform)
    one_name = platform is Platform.WINDOWS or name == "PATH"
    assert {each: value for each, value in launch.env.items() if each.upper() == "PATH"} == (
        {"PATH": str(tools)} if one_name else {"PATH": "/nowhere", name: str(tools)}
    )
    inherited = resolve(
        server, lambda _: None, inherited_by(server, host), inherited_wins=True, platform=platform
    )
    assert inherited.env["PATH"] == "/nowhere"
    context = Context(dataclasses.replace(host), asked, files, [server], open_store(host))
    (finding,) = [each for each in diagnose(context) if each.check == "start.command"]
    assert finding.outcome == ("there" if one_name else "not-found")
