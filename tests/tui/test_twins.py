"""Several entries of one name, on a real keyring and a real provider: the person is told enough to choose."""

import json
from pathlib import Path

from tests.support import tokens
from tests.support.lab import REPO, Lab
from tests.support.provider_server import provider_server
from tests.support.terminal import Terminal
from tests.tui.test_commands import DOCTOR

OURS, THEIRS = tokens.github("ours"), tokens.github("theirs")


def test_fix_tells_what_the_provider_says_to_each_and_keeps_the_chosen_one(
    unlocked: Lab, tmp_path: Path
) -> None:
    lab = unlocked
    lab.add_entry("github_token", OURS)
    lab.add({"service": "mcp-secrets", "username": "github_token"}, THEIRS.encode(), replace=False)
    entry = {
        "command": "npx",
        "args": ["-y", "@example/hub"],
        "env": {"GITHUB_TOKEN": "${SECRET:github_token}"},
    }
    (lab.home / "mcp.json").write_text(json.dumps({"mcpServers": {"hub": entry}}))
    with provider_server(tmp_path) as github:
        github.answers(200, {"login": "octo"}, {"X-OAuth-Scopes": "repo"})
        options = ["--config", str(lab.home / "mcp.json"), "--provider-url", f"github={github.url}"]
        env = {**lab.env, **github.env, "PYTHONPATH": str(REPO), "TERM": "xterm-256color"}
        command = [*DOCTOR, "fix", "lookup.twins", *options]
        with Terminal(command, env, columns=140, rows=60) as terminal:
            terminal.wait_for(r"Do it\? \[y/N\]", 40)
            terminal.write("w\r")
            terminal.wait_for(r"(?s)Which one a program gets is chance.*Do it\? \[y/N\]", 40)
            terminal.write("y\r")
            terminal.wait_for(r"right one\? \[1-2\]", 40)
            assert terminal.text.count("The provider accepts it: account octo") == 2
            lines = [line for line in terminal.text.splitlines() if line.strip().startswith(("1.", "2."))]
            keyring = next(number for number, line in enumerate(lines, 1) if "Python keyring library" in line)
            terminal.write(f"{keyring}\r")
            terminal.wait_for("Everything that was asked about holds now", 40)
            assert not [each for each in (OURS, THEIRS) if each.encode() in terminal.stream]
    assert lab.keyring_get("github_token") == OURS
