"""From plain text in a config to the keychain: nothing else changes, nothing is lost, everything can be taken back."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores.secret_service import SecretService
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import remedies_for
from recovery.runner import Outcome, Result, carry_out, preview, undo
from recovery.steps.migration import BESIDE, NAME, REPLACE
from recovery.world import LocalWorld
from tests.support.lab import Lab
from tests.support.tokens import github

TOKEN = github("migration")
JSONC = """{
  // my servers
  "mcpServers": {
    "gh": {
      "command": "npx",
      "args": ["-y", "some-server"], /* kept */
      "env": { "LEVEL": "1", "GITHUB_TOKEN": "@TOKEN@", },
    },
    "other": { "command": "x", "env": { "GITHUB_TOKEN": "@TOKEN@" } },
  },
}
"""
TOML = """# mine
[mcp_servers.gh]
command = 'npx'   # start
args = [
    "-y",
    "some-server", # what
]

[mcp_servers.gh.env]
GITHUB_TOKEN = '@TOKEN@' # secret
"""
YAML = """# mine
mcpServers:
  - name: gh
    command: npx   # start
    args:
      - -y
      - some-server
    env:
      GITHUB_TOKEN: @TOKEN@   # secret
"""


class Desk:
    """A config on an unlocked session."""

    def __init__(self, lab: Lab, name: str, text: str, client: str) -> None:
        self.lab = lab
        self.path = lab.home / name
        self.path.write_bytes(text.replace("@TOKEN@", TOKEN).encode())
        self.path.chmod(0o640)
        self.before = self.path.read_bytes()
        self.host = lab.host()
        self.world = LocalWorld(self.host)
        self.journal = Journal(self.host)
        self.client = client

    def context(self, *, start: bool = False) -> Context:
        options = Options(config=(self.path,), client=self.client, offline=True, start=start)
        files = discover(self.host, options)
        servers = [server for each in files for server in each.servers if server.name == "gh"]
        return Context(self.host, options, files, servers, SecretService(self.host))

    def findings(self, *, start: bool = False) -> dict[str, Finding]:
        return {each.check: each for each in diagnose(self.context(start=start))}

    def remedy(self) -> Remedy:
        context = self.context()
        (finding,) = [each for each in diagnose(context) if each.id.startswith("reference.kind")]
        return next(each for each in remedies_for(finding, context) if each.id == "move-to-keychain")

    def mend(self, **answers: str) -> Outcome:
        given = {name: Secret(value) for name, value in answers.items()}
        return carry_out(self.remedy(), given, self.world, self.journal)

    def undo(self) -> Outcome:
        return undo(None, self.world, self.journal)

    def kept(self) -> int:
        return len(self.world.keychain.entries({"service": UNDO_SERVICE}))

    def launcher(self) -> str:
        words = self.remedy().steps[0].launcher  # type: ignore[attr-defined]
        return str(words[0])


_DESKS = {
    "json": ("mcp.json", JSONC, "claude-desktop"),
    "toml": ("config.toml", TOML, "codex"),
    "yaml": ("config.yaml", YAML, "continue"),
    "crlf": ("mcp.json", "\ufeff" + JSONC.replace("\n", "\r\n"), "claude-desktop"),
}


@pytest.fixture(params=sorted(_DESKS))
def desk(unlocked: Lab, request: pytest.FixtureRequest) -> Desk:
    return Desk(unlocked, *_DESKS[request.param])


@pytest.fixture
def one(unlocked: Lab) -> Desk:
    return Desk(unlocked, *_DESKS["json"])


def test_the_value_moves_and_only_its_place_and_the_command_change(desk: Desk) -> None:
    launcher = desk.launcher()
    outcome = desk.mend()
    assert outcome.ok, outcome
    assert desk.lab.keyring_get("github_token") == TOKEN
    after = desk.path.read_bytes().decode()
    expected = desk.before.decode()
    reference = "${SECRET:github_token}"
    quoted = f'"{reference}"' if desk.client == "continue" else reference
    expected = expected.replace(TOKEN, quoted, 1)
    written = "'npx'" if desk.client == "codex" else "npx" if desk.client == "continue" else '"npx"'
    expected = expected.replace(written, json.dumps(launcher), 1)
    words = ["run", "--", "npx"]
    if desk.client == "codex":
        expected = expected.replace('    "-y"', "".join(f'    "{each}",\n' for each in words) + '    "-y"', 1)
    elif desk.client == "continue":
        expected = expected.replace(
            "      - -y", "".join(f'      - "{w}"\n' for w in words) + "      - -y", 1
        )
    else:
        expected = expected.replace('["-y"', '["run", "--", "npx", "-y"', 1)
    assert after == expected
    assert desk.path.stat().st_mode & 0o777 == 0o640
    (server,) = desk.context().servers
    assert server.launcher
    assert server.references[0].name == "github_token"
    trail = desk.journal.path.read_text()
    assert TOKEN not in trail


def test_taking_it_back_gives_the_same_bytes(desk: Desk) -> None:
    assert desk.mend().ok
    assert desk.undo().ok
    assert desk.path.read_bytes() == desk.before
    assert desk.lab.keyring_get("github_token") is None
    assert desk.kept() == 0
    assert desk.journal.verify() == []


def test_no_other_file_ever_holds_the_value(one: Desk) -> None:
    assert one.mend().ok
    holding = [
        each
        for each in one.lab.home.rglob("*")
        if each.is_file() and each != one.path and TOKEN.encode() in each.read_bytes()
    ]
    assert holding == []
    assert sorted(each.name for each in one.path.parent.glob(".mcp.json*")) == []


def test_the_preview_names_the_places_and_hides_the_values(one: Desk) -> None:
    changes = preview(one.remedy(), one.world)
    said = "\n".join(f"{each.what} {each.before} {each.after}" for each in changes)
    assert TOKEN not in said
    assert "env.GITHUB_TOKEN" in said
    assert "${SECRET:github_token}" in said
    assert "run --" in said
    assert one.path.read_bytes() == one.before


def test_a_config_changed_since_is_left_alone_and_its_entry_with_it(one: Desk) -> None:
    assert one.mend().ok
    theirs = one.path.read_bytes() + b"\n"
    one.path.write_bytes(theirs)
    outcome = one.undo()
    assert outcome.result is Result.PARTLY
    assert "was changed since" in outcome.notes[0]
    assert one.path.read_bytes() == theirs
    assert one.lab.keyring_get("github_token") == TOKEN


def test_an_entry_changed_since_keeps_the_config_referring_to_it(one: Desk) -> None:
    assert one.mend().ok
    now = one.path.read_bytes()
    one.lab.keyring_set("github_token", "newer")
    outcome = one.undo()
    assert outcome.result is Result.PARTLY
    assert one.path.read_bytes() == now
    assert one.lab.keyring_get("github_token") == "newer"


@pytest.mark.parametrize("answer", [BESIDE, REPLACE])
def test_a_name_that_is_taken_is_asked_about(one: Desk, answer: str) -> None:
    one.lab.keyring_set("github_token", "another")
    outcome = one.mend(**{NAME: answer})
    assert outcome.ok, outcome
    beside = answer == BESIDE
    assert one.lab.keyring_get("github_token") == ("another" if beside else TOKEN)
    assert one.lab.keyring_get("gh_github_token") == (TOKEN if beside else None)
    name = "gh_github_token" if beside else "github_token"
    assert f"${{SECRET:{name}}}" in one.path.read_text()
    assert one.undo().ok
    assert one.path.read_bytes() == one.before
    assert one.lab.keyring_get("github_token") == "another"
    assert one.lab.keyring_get("gh_github_token") is None


def test_an_entry_that_holds_the_value_already_is_used_and_stays(one: Desk) -> None:
    one.lab.keyring_set("my-pat", TOKEN)
    assert one.mend().ok
    assert "${SECRET:my-pat}" in one.path.read_text()
    assert one.lab.keyring_get("github_token") is None
    assert one.undo().ok
    assert one.path.read_bytes() == one.before
    assert one.lab.keyring_get("my-pat") == TOKEN


def test_a_link_is_followed_and_stays(one: Desk) -> None:
    real = one.lab.home / "dotfiles.json"
    one.path.rename(real)
    one.path.symlink_to(real)
    assert one.mend().ok
    assert one.path.is_symlink()
    assert "${SECRET:github_token}" in real.read_text()
    assert one.undo().ok
    assert real.read_bytes() == one.before


@pytest.mark.parametrize("how", ["read-only", "hard-link"])
def test_what_can_not_be_replaced_is_refused_before_anything_is_stored(one: Desk, how: str) -> None:
    if how == "read-only":
        one.path.chmod(0o400)
    else:
        (one.lab.home / "second.json").hardlink_to(one.path)
    outcome = one.mend()
    assert outcome.result is Result.NOTHING_CHANGED, outcome
    assert one.path.read_bytes() == one.before
    assert one.lab.keyring_get("github_token") is None
    assert one.kept() == 0


def test_a_config_that_can_not_be_written_leaves_nothing_behind(one: Desk) -> None:
    one.lab.keyring_set("github_token", "another")
    remedy = one.remedy()
    step = remedy.steps[0]
    in_the_way = one.path.with_name(f".mcp.json.mcp-doctor-{step.undo_id}")  # type: ignore[attr-defined]
    in_the_way.mkdir()
    outcome = carry_out(remedy, {NAME: Secret(REPLACE)}, one.world, one.journal)
    assert outcome.result is Result.NOTHING_CHANGED, outcome
    assert "can't be written" in outcome.error
    in_the_way.rmdir()
    _is_as_before(one)


def test_a_config_that_changes_meanwhile_is_not_overwritten(
    one: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = one.remedy()
    put = one.world.keychain.put

    def put_while_another_writes(*args: Any, **names: Any) -> str:
        one.path.write_bytes(one.before + b"\n")
        return put(*args, **names)

    monkeypatch.setattr(one.world.keychain, "put", put_while_another_writes)
    outcome = carry_out(remedy, {}, one.world, one.journal)
    assert "changed by another program" in outcome.error
    assert outcome.result is Result.NOTHING_CHANGED
    assert one.path.read_bytes() == one.before + b"\n"
    assert one.lab.keyring_get("github_token") is None
    assert one.kept() == 0


def test_a_locked_keychain_changes_nothing(one: Desk) -> None:
    remedy = one.remedy()
    one.lab.lock()
    outcome = carry_out(remedy, {}, one.world, one.journal)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "locked" in outcome.error
    assert one.path.read_bytes() == one.before


def test_a_real_server_starts_through_the_changed_config(
    unlocked: Lab, npm_server: Callable[[str], list[str]]
) -> None:
    node, script = npm_server("github")
    entry = {"command": node, "args": [script], "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": TOKEN}}
    desk = Desk(unlocked, "mcp.json", json.dumps({"mcpServers": {"gh": entry}}), "claude-desktop")
    assert desk.findings(start=True)["start.handshake"].status.value == "ok"
    assert desk.mend().ok
    changed = json.loads(desk.path.read_text())["mcpServers"]["gh"]
    assert changed["args"][:4] == ["run", "--", node, script]
    assert changed["env"] == {"GITHUB_PERSONAL_ACCESS_TOKEN": "${SECRET:github_personal_access_token}"}
    found = desk.findings(start=True)
    assert found["start.handshake"].status.value == "ok", found["start.handshake"]
    assert "reference.kind" not in found
    probe = [changed["command"], "run", "--", sys.executable, "-c"]
    code = "import os; print(os.environ['T'])"
    shown = desk.lab.run([*probe, code], env={"T": "${SECRET:github_personal_access_token}"})
    assert shown.stdout.strip() == TOKEN, shown.stderr


def test_a_config_in_git_is_told_to_rotate(one: Desk) -> None:
    for words in (
        ["init", "-q"],
        ["add", "mcp.json"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(one.lab.home), *words], check=True, env=one.lab.env, timeout=20)
    outcome = one.mend()
    assert outcome.ok
    assert any("git" in each and "replace it" in each for each in outcome.notes)
    assert any("Claude" in each for each in outcome.notes)


def _is_as_before(one: Desk) -> None:
    assert one.path.read_bytes() == one.before
    assert one.lab.keyring_get("github_token") == "another"
    assert one.kept() == 0
    assert [each.name for each in one.path.parent.glob(".mcp.json*")] == []
