"""A host in order: many clients, the keychain open, harmless extras everywhere. A doctor that cries wolf is not used."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import tokens
from tests.support.lab import REPO, Lab

pytestmark = pytest.mark.usefixtures("kernel_keys_as_they_are")
URL = "https://mcp.example.com/mcp"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        made.start("open sesame")
        made.add_entry("github_token", tokens.github())
        made.add_entry("notes_key", "notes" + "-0a1b2c3d4e5f")
        programs = made.home / ".local/bin"
        programs.mkdir(parents=True)
        for name in ("docker", "npx", "uvx", "notes-server", "mcp-doctor"):
            (programs / name).write_text("#!/bin/sh\nexec cat\n")
            (programs / name).chmod(0o755)
        made.env["PATH"] = f"{programs}:/usr/local/bin:/usr/bin:/bin"
        made.env["LOG_LEVEL"] = "info"
        (made.home / ".bashrc").write_text(
            "export EDITOR=vim\nexport PATH=$HOME/.local/bin:$PATH\nexport LOG_LEVEL=info\n"
        )
        (made.home / ".env").write_text("DEBUG=1\nPORT=3000\n")
        yield made


def servers(home: Path, variable: str, remote: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What a careful person has. In: how the client spells a variable (with VAR), what its remote entries hold."""
    token = {"GITHUB_PERSONAL_ACCESS_TOKEN": "${SECRET:github_token}"}
    image = "ghcr.io/github/github-mcp-server"

    def launched(*words: str) -> dict[str, Any]:
        return {"command": "mcp-doctor", "args": ["run", "--", *words]}

    return {
        "github": {
            **launched("npx", "-y", "@modelcontextprotocol/server-github"),
            "env": {**token, "LOG_LEVEL": "info"},
        },
        "boxed": {
            **launched("docker", "run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", image),
            "env": token,
        },
        "notes": {
            **launched("notes-server", "--verbose"),
            "env": {"NOTES_API_KEY": "${SECRET:notes_key}", "DEBUG": "1", "TZ": "Europe/Berlin"},
        },
        "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", str(home)]},
        "time": {"command": "uvx", "args": ["mcp-server-time", "--local-timezone=Europe/Berlin"], "env": {}},
        "git": {
            "command": "uvx",
            "args": ["mcp-server-git"],
            "env": {
                "ROOT": variable.replace("VAR", "HOME") + "/code",
                "PATH": variable.replace("VAR", "PATH"),
                "LOG": variable.replace("VAR", "LOG_LEVEL"),
            },
        },
        "docs": {**remote, "url": URL} if "serverUrl" not in remote else {"serverUrl": URL},
    }


DOLLAR, ENV = "${VAR}", "${env:VAR}"
CLIENTS = [
    (".claude.json", "mcpServers", DOLLAR, {"type": "http"}),
    (".cursor/mcp.json", "mcpServers", ENV, {}),
    (".config/Code/User/mcp.json", "servers", ENV, {"type": "http"}),
    (".codeium/windsurf/mcp_config.json", "mcpServers", ENV, {"serverUrl": URL}),
    (".lmstudio/mcp.json", "mcpServers", DOLLAR, {}),
    (".aws/amazonq/mcp.json", "mcpServers", ENV, {"type": "http"}),
    (".kiro/settings/mcp.json", "mcpServers", DOLLAR, {}),
    (".junie/mcp/mcp.json", "mcpServers", DOLLAR, {}),
    (".warp/.mcp.json", "mcpServers", DOLLAR, {}),
    (".pi/agent/mcp.json", "mcpServers", DOLLAR, {}),
]


def test_nothing_is_said_of_a_host_in_order(lab: Lab) -> None:
    for path, key, variable, remote in CLIENTS:
        file = lab.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({key: servers(lab.home, variable, remote)}, indent=2))
        file.chmod(0o644)
    done = checked(lab)
    made = json.loads(done.stdout)
    said = [
        f"{each['status']} {each['server']} {each['reference']}: {each['title']} {each['evidence']}"
        for each in made["findings"]
        if each["status"] not in {"ok", "skip"}
    ]
    assert said == []
    assert done.returncode == 0
    assert len(made["servers"]) == 7 * len(CLIENTS)


def checked(lab: Lab) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tui", "check", "--offline", "--format", "json"]
    return lab.run(command, env={"PYTHONPATH": str(REPO)}, seconds=60)
