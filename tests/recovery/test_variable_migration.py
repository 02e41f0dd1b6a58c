"""From an env file or a shell's profile to the keychain: lines and entries change, and nothing else."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding
from diagnostics.runner import diagnose
from diagnostics.stores.secret_service import SecretService
from diagnostics.stores.similar import UNDO_SERVICE
from recovery.journal import Journal
from recovery.model import RecoveryError, Remedy
from recovery.planner import remedies_for
from recovery.runner import Outcome, Result, carry_out, preview, undo
from recovery.world import LocalWorld
from tests.support.lab import Lab
from tests.support.tokens import github

TOKEN = github("variable")
NAME = "GITHUB_PERSONAL_ACCESS_TOKEN"
ENTRY = NAME.lower()
ENV = f"# mine\nLEVEL=1\nexport {NAME}='{TOKEN}'  # since May\nLAST=2\n"
PROFILE = f"alias ll='ls -l'\nif true; then\n  export {NAME}={TOKEN}\nfi\n"


class Place:
    """A VS Code config and a file that gives its server the variable."""

    def __init__(self, lab: Lab, file: str, text: str, entry: dict[str, object]) -> None:
        self.lab = lab
        self.config = lab.home / "mcp.json"
        rows = {"gh": {"command": "some-server", **entry}, "other": {"command": "x", "env": {"A": "b"}}}
        self.config.write_text("// mine\n" + json.dumps({"servers": rows}, indent=2))
        self.file = lab.home / file
        self.file.write_bytes(text.encode())
        self.file.chmod(0o600)
        self.before = (self.config.read_bytes(), self.file.read_bytes())
        self.host = lab.host()
        self.world = LocalWorld(self.host)
        self.journal = Journal(self.host)

    def context(self, *, start: bool = False) -> Context:
        options = Options(config=(self.config,), client="vscode", offline=True, start=start)
        files = discover(self.host, options)
        servers = [each for file in files for each in file.servers if each.name == "gh"]
        return Context(self.host, options, files, servers, SecretService(self.host))

    def findings(self, *, start: bool = False) -> dict[str, Finding]:
        return {each.check: each for each in diagnose(self.context(start=start))}

    def remedy(self) -> Remedy:
        context = self.context()
        wanted = "config.shell-profile" if self.file.name.startswith(".bash") else "config.env-file"
        found = [each for each in diagnose(context) if each.check == wanted]
        finding = next(each for each in found if self.file.name in each.id + each.title + str(each.facts))
        return next(each for each in remedies_for(finding, context) if each.id.startswith("move-from"))

    def mend(self) -> Outcome:
        return carry_out(self.remedy(), {}, self.world, self.journal)

    def undo(self) -> Outcome:
        return undo(None, self.world, self.journal)

    def now(self) -> tuple[bytes, bytes]:
        return self.config.read_bytes(), self.file.read_bytes()

    def is_as_before(self) -> None:
        assert self.now() == self.before
        assert self.lab.keyring_get(ENTRY) is None
        assert not self.world.keychain.entries({"service": UNDO_SERVICE})
        assert not [each.name for each in self.lab.home.iterdir() if "mcp-doctor-" in each.name]


@pytest.fixture
def env_file(unlocked: Lab) -> Place:
    return Place(unlocked, ".env", ENV, {"envFile": str(unlocked.home / ".env")})


@pytest.fixture
def profile(unlocked: Lab) -> Place:
    return Place(unlocked, ".bashrc", PROFILE, {"env": {NAME: f"${{env:{NAME}}}"}})


@pytest.fixture(params=["env-file", "profile"])
def place(unlocked: Lab, request: pytest.FixtureRequest) -> Place:
    name = "env_file" if request.param == "env-file" else "profile"
    found: Place = request.getfixturevalue(name)
    return found


def test_the_value_moves_and_only_its_line_and_the_entry_change(place: Place) -> None:
    outcome = place.mend()
    assert outcome.ok, outcome
    assert place.lab.keyring_get(ENTRY) == TOKEN
    old, new = place.before[1].decode().splitlines(), place.file.read_text().splitlines()
    changed = [at for at, line in enumerate(old) if new[at] != line]
    assert changed == [2]
    assert len(new) == len(old)
    assert new[2].lstrip().startswith((": # " if place.file.name == ".bashrc" else "# ") + NAME)
    rows = json.loads(place.config.read_text().removeprefix("// mine\n"))["servers"]
    assert rows["gh"]["env"] == {NAME: f"${{SECRET:{ENTRY}}}"}
    assert rows["gh"]["args"] == ["run", "--", "some-server"]
    assert rows["other"] == {"command": "x", "env": {"A": "b"}}
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert any("mcp-doctor check --start gh" in each for each in outcome.notes)
    held = [
        each for each in place.lab.home.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()
    ]
    assert held == []
    assert place.undo().ok
    place.is_as_before()
    assert place.journal.verify() == []


def test_the_preview_shows_every_place_and_no_value(place: Place) -> None:
    said = "\n".join(
        f"{each.what} {each.before} {each.after}" for each in preview(place.remedy(), place.world)
    )
    assert TOKEN not in said
    for part in (ENTRY, f"env.{NAME}", "run --", "line 3", f"${{SECRET:{ENTRY}}}"):
        assert part in said
    assert place.now() == place.before


def test_a_profile_is_still_one_that_the_shell_reads(profile: Place) -> None:
    assert profile.mend().ok
    checked = subprocess.run(["bash", "-n", str(profile.file)], capture_output=True, timeout=10)
    assert checked.returncode == 0, checked.stderr


def test_the_session_that_still_has_it_is_named(profile: Place) -> None:
    profile.host.env[NAME] = TOKEN  # type: ignore[index]
    outcome = profile.mend()
    assert outcome.ok, outcome
    assert any("still set in this session" in each for each in outcome.notes)


def test_a_twin_in_another_profile_goes_too(profile: Place) -> None:
    twin = profile.lab.home / ".profile"
    twin.write_text(f"{NAME}={TOKEN}\n")
    assert profile.mend().ok
    assert TOKEN not in twin.read_text()
    assert profile.undo().ok
    assert twin.read_text() == f"{NAME}={TOKEN}\n"
    profile.is_as_before()


def test_a_twin_with_another_value_stops_it_and_nothing_changes(profile: Place) -> None:
    twin = profile.lab.home / ".profile"
    twin.write_text(f"{NAME}={github('another')}\n")
    outcome = profile.mend()
    assert outcome.result is Result.NOTHING_CHANGED, outcome
    assert "another value" in outcome.error
    profile.is_as_before()


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}={TOKEN} LEVEL=1\n",
        f"cat <<END\n{NAME}={TOKEN}\nEND\n{NAME}={TOKEN}\n",
        f"{NAME}={TOKEN}\ntest -n x && export {NAME}={TOKEN}\n",
        f"{NAME}={TOKEN}\nexport GH_TOKEN=${NAME}\n",
    ],
)
def test_what_can_not_be_edited_safely_is_refused_with_the_line(unlocked: Lab, text: str) -> None:
    place = Place(unlocked, ".bashrc", text, {"env": {NAME: f"${{env:{NAME}}}"}})
    remedy = place.remedy()
    with pytest.raises(RecoveryError, match="line"):
        preview(remedy, place.world)
    assert carry_out(remedy, {}, place.world, place.journal).result is Result.NOTHING_CHANGED
    place.is_as_before()


def test_an_entry_that_the_launcher_can_not_serve_is_named(unlocked: Lab) -> None:
    header: dict[str, object] = {
        "command": None,
        "url": "https://example.org/mcp",
        "headers": {"X-Token": f"${{env:{NAME}}}"},
    }
    place = Place(unlocked, ".bashrc", PROFILE, header)
    place.config.write_text(place.config.read_text().replace('"command": null,', ""))
    place.before = place.now()
    outcome = place.mend()
    assert outcome.result is Result.NOTHING_CHANGED
    assert "gh is reached by its address" in outcome.error
    place.is_as_before()


def test_a_value_that_was_replaced_since_is_never_undone_by_an_old_one(place: Place) -> None:
    assert place.mend().ok
    now = place.now()
    place.lab.keyring_set(ENTRY, "newer")
    outcome = place.undo()
    assert outcome.result is Result.PARTLY
    assert place.now() == now
    assert place.lab.keyring_get(ENTRY) == "newer"


def test_a_file_that_was_changed_since_keeps_the_value_in_the_keychain(place: Place) -> None:
    assert place.mend().ok
    place.file.write_bytes(place.file.read_bytes() + b"\n")
    now = place.now()
    assert place.undo().result is Result.PARTLY
    assert place.now() == now
    assert place.lab.keyring_get(ENTRY) == TOKEN


@pytest.mark.parametrize("which", ["config", "file"])
def test_what_changes_between_preview_and_deed_is_not_overwritten(
    place: Place, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = place.remedy()
    target: Path = getattr(place, which)
    theirs = target.read_bytes() + b"\n"
    sync = os.fsync

    def another_writes(handle: int) -> None:
        sync(handle)
        if Path(f"/proc/self/fd/{handle}").readlink().name.startswith(f".{target.name}.mcp"):
            target.write_bytes(theirs)

    monkeypatch.setattr(os, "fsync", another_writes)
    outcome = carry_out(remedy, {}, place.world, place.journal)
    assert outcome.result is Result.NOTHING_CHANGED, outcome
    assert "changed by another program" in outcome.error
    assert target.read_bytes() == theirs
    assert place.lab.keyring_get(ENTRY) is None


def test_a_linked_read_only_or_foreign_file_is_told_apart(env_file: Place) -> None:
    env_file.file.chmod(0o400)
    outcome = env_file.mend()
    assert "read-only" in outcome.error
    env_file.is_as_before()
    env_file.file.chmod(0o600)
    real = env_file.lab.home / "dotfiles.env"
    env_file.file.rename(real)
    env_file.file.symlink_to(real)
    assert env_file.mend().ok
    assert env_file.file.is_symlink()
    assert TOKEN not in real.read_text()


def test_git_and_old_copies_are_named(env_file: Place) -> None:
    (env_file.lab.home / ".env.bak").write_text(ENV)
    (env_file.lab.home / ".env.example").write_text(f"{NAME}=\n")
    for words in (
        ["init", "-q"],
        ["add", ".env"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(
            ["git", "-C", str(env_file.lab.home), *words], check=True, env=env_file.lab.env, timeout=20
        )
    notes = env_file.mend().notes
    assert any("committed to git" in each and "replace it" in each for each in notes)
    assert any(each.startswith("An old copy of .env") and each.endswith(".env.bak") for each in notes)


def test_a_container_gets_the_variable_by_name(unlocked: Lab) -> None:
    words = ["run", "-i", "--env-file", str(unlocked.home / ".env"), "image"]
    place = Place(unlocked, ".env", f"{NAME}={TOKEN}\n", {"command": "docker", "args": words})
    assert place.mend().ok
    row = json.loads(place.config.read_text().removeprefix("// mine\n"))["servers"]["gh"]
    assert row["args"] == ["run", "--", "docker", "run", "-e", NAME, *words[1:]]
    assert row["env"] == {NAME: f"${{SECRET:{ENTRY}}}"}


def test_a_real_server_starts_through_the_changed_config(
    unlocked: Lab, npm_server: Callable[[str], list[str]]
) -> None:
    node, script = npm_server("github")
    entry: dict[str, object] = {"command": node, "args": [script], "envFile": str(unlocked.home / ".env")}
    place = Place(unlocked, ".env", ENV, entry)
    assert place.mend().ok
    found = place.findings(start=True)
    assert found["start.handshake"].status.value == "ok", found["start.handshake"]
    assert found["config.env-file"].outcome == "no-credentials"
    row = json.loads(place.config.read_text().removeprefix("// mine\n"))["servers"]["gh"]
    code = f"import os; print(os.environ['{NAME}'])"
    words = [row["command"], *row["args"][:2], sys.executable, "-c", code]
    assert unlocked.run(words, env=row["env"]).stdout.strip() == TOKEN


# ── comments ────────────────────────────────────────────────────────────────────────────────────────────────


def test_tokens_in_comments_move_and_settings_stay(unlocked: Lab) -> None:
    path = unlocked.home / "mcp.json"
    other, setting = github("other"), github("setting")
    text = f'{{ // old: {TOKEN} {other}\n "note": "{setting}",\n "servers": {{"a": {{"command": "x"}}}} /* {TOKEN} */}}'
    path.write_text(text)
    host = unlocked.host()
    options = Options(config=(path,), client="vscode", offline=True)
    files = discover(host, options)
    context = Context(
        host, options, files, [each for file in files for each in file.servers], SecretService(host)
    )
    finding = next(each for each in diagnose(context) if each.check == "config.plain-text")
    (remedy,) = remedies_for(finding, context)
    world, journal = LocalWorld(host), Journal(host)
    assert TOKEN not in "".join(f"{each.what}{each.before}{each.after}" for each in preview(remedy, world))
    assert carry_out(remedy, {}, world, journal).ok
    after = path.read_text()
    assert after == text.replace(TOKEN, "${SECRET:github_token_from_mcp}").replace(
        other, "${SECRET:github_token_from_mcp_2}"
    )
    assert unlocked.keyring_get("github_token_from_mcp") == TOKEN
    assert unlocked.keyring_get("github_token_from_mcp_2") == other
    assert undo(None, world, journal).ok
    assert path.read_text() == text
    assert unlocked.keyring_get("github_token_from_mcp") is None
