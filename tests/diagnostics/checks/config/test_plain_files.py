"""What is said about credentials in plain text beside a config: env files, profiles, repositories, copies."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.check import Verdict, all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Status
from diagnostics.rollup import by_server
from diagnostics.runner import diagnose
from tests.support import tokens
from tests.support.configs import a_context, a_host, ask, one_file, worded, write

TOKEN = tokens.github("files")
OTHER = tokens.gitlab("files")


def context_of(
    tmp_path: Path,
    servers: Mapping[str, Any],
    name: str = "claude-code",
    env: Mapping[str, str] | None = None,
) -> Context:
    key = "servers" if name == "vscode" else "mcpServers"
    path = write(tmp_path / "x.json", {key: servers})
    host = a_host(tmp_path, {"PATH": os.environ["PATH"], **(env or {})})
    return a_context([one_file(path, name, host)], host)


def verdicts(check: str, context: Context) -> list[Verdict]:
    said = [verdict for file in context.files for verdict in ask(check, context, file)]
    words = " ".join(worded(check, context))
    for each in (TOKEN, OTHER):
        assert each[6:] not in words
    return said


def outcomes(check: str, context: Context) -> list[tuple[Status, str]]:
    return [(each.status, each.outcome) for each in verdicts(check, context)]


# ── config.plain-text ───────────────────────────────────────────────────────────────────────────────────────


def test_a_token_beside_the_entries(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", f'{{"mcpServers": {{"a": {{"command": "x"}}}},\n // "{TOKEN}"\n}}')
    host = a_host(tmp_path)
    context = a_context([one_file(path, "vscode", host)], host)
    (verdict,) = verdicts("config.plain-text", context)
    assert (verdict.status, verdict.cause) == (Status.WARN, "credential_in_plain_text")
    assert f"{path}:2 " in verdict.evidence[0]


def test_a_token_in_an_entry_is_said_by_its_reference(tmp_path: Path) -> None:
    assert not verdicts(
        "config.plain-text", context_of(tmp_path, {"a": {"command": "x", "env": {"TOKEN": TOKEN}}})
    )


# ── config.env-file ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_named_env_file_is_one_finding_for_all_its_servers(tmp_path: Path) -> None:
    file = write(tmp_path / ".env", f"DEBUG=1\nGITHUB_TOKEN={TOKEN}\nGITLAB_TOKEN={OTHER}\n")
    file.chmod(0o600)
    row = {"command": "x", "envFile": "${workspaceFolder}/.env"}
    (verdict,) = verdicts("config.env-file", context_of(tmp_path, {"a": row, "b": row}, "vscode"))
    assert (verdict.status, verdict.outcome, verdict.facts["servers"]) == (Status.WARN, "plain-text", "a, b")
    assert verdict.facts["count"] == "2"
    assert [f":{line} " in each for line, each in zip((2, 3), verdict.evidence, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("row", "is_read"),
    [
        ({"command": "docker", "args": ["run", "--env-file", "my.env", "image"]}, True),
        ({"command": "node", "args": ["--env-file=my.env", "x.js"]}, True),
        ({"command": "npx", "args": ["-y", "@bytebase/dbhub@latest"]}, False),
        ({"command": "uv", "args": ["--directory", "project", "run", "x"]}, True),
    ],
)
def test_where_env_files_come_from(tmp_path: Path, row: Mapping[str, Any], is_read: bool) -> None:
    for name in ("my.env", "project/.env") if is_read else (".env",):
        write(tmp_path / name, f"GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    assert outcomes("config.env-file", context_of(tmp_path, {"a": row})) == [(Status.WARN, "plain-text")]


def test_an_env_file_that_is_not_there(tmp_path: Path) -> None:
    row = {"command": "x", "envFile": str(tmp_path / "none.env")}
    assert outcomes("config.env-file", context_of(tmp_path, {"a": row}, "vscode")) == [
        (Status.FAIL, "missing")
    ]
    assert not outcomes(
        "config.env-file", context_of(tmp_path, {"a": {"command": "npx", "args": ["@bytebase/dbhub"]}})
    )


def test_an_env_file_without_credentials_or_that_is_a_pipe(tmp_path: Path) -> None:
    row = {"command": "x", "envFile": str(tmp_path / "my.env")}
    write(tmp_path / "my.env", "DEBUG=1\n")
    assert outcomes("config.env-file", context_of(tmp_path, {"a": row}, "vscode")) == [
        (Status.OK, "no-credentials")
    ]
    (tmp_path / "my.env").unlink()
    os.mkfifo(tmp_path / "my.env")
    assert outcomes("config.env-file", context_of(tmp_path, {"a": row}, "vscode")) == [
        (Status.UNKNOWN, "unreadable")
    ]


# ── config.shell-profile ────────────────────────────────────────────────────────────────────────────────────


def test_a_profile_that_holds_what_the_config_refers_to(tmp_path: Path) -> None:
    write(tmp_path / ".bashrc", f"export OTHER_TOKEN={OTHER}\nexport GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    write(tmp_path / ".zshrc", "export GITHUB_TOKEN=$(pass show github)\n")
    row = {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}
    (verdict,) = verdicts("config.shell-profile", context_of(tmp_path, {"a": row, "b": row}))
    assert (verdict.status, verdict.outcome, verdict.facts["names"]) == (
        Status.WARN,
        "plain-text",
        "GITHUB_TOKEN",
    )
    assert f"{tmp_path}/.bashrc:2 " in verdict.evidence[0]


def test_what_no_config_refers_to_is_not_spoken_of(tmp_path: Path) -> None:
    write(tmp_path / ".bashrc", f"export OTHER_TOKEN={OTHER}\n")
    assert not verdicts(
        "config.shell-profile", context_of(tmp_path, {"a": {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}})
    )


def test_two_clients_that_refer_to_it_give_one_finding(tmp_path: Path) -> None:
    write(tmp_path / ".profile", f"GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    row = {"mcpServers": {"a": {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}}}
    write(tmp_path / ".claude.json", row)
    write(tmp_path / ".cursor/mcp.json", row)
    host = a_host(tmp_path)
    context = a_context(discover(host, Options()), host)
    assert len([each for each in context.files if each.servers]) == 2
    assert outcomes("config.shell-profile", context) == [(Status.WARN, "plain-text")]


# ── config.file-mode ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def open_folder() -> Iterator[Path]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        (0o600, TOKEN, []),
        (0o644, TOKEN, ["readable-by-others"]),
        (0o644, "plain", []),
        (0o666, "plain", ["writable-by-others"]),
        (0o666, TOKEN, ["writable-by-others", "readable-by-others"]),
    ],
)
def test_modes(open_folder: Path, mode: int, value: str, expected: list[str]) -> None:
    context = context_of(open_folder, {"a": {"command": "x", "env": {"T": value}}})
    (open_folder / "x.json").chmod(mode)
    assert [each for _, each in outcomes("config.file-mode", context)] == expected


# ── config.tracked-by-git, synced-folder, old-copies ────────────────────────────────────────────────────────


def git(folder: Path, *words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(("git", *words), cwd=folder, env=env, check=True, capture_output=True, timeout=20)


def test_a_config_in_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    held = context_of(tmp_path, {"a": {"command": "x", "env": {"T": TOKEN}}}, env={"HOME": str(tmp_path)})
    assert outcomes("config.tracked-by-git", held) == [(Status.WARN, "not-ignored")]
    git(tmp_path, "add", "x.json")
    (verdict,) = verdicts("config.tracked-by-git", held)
    assert (verdict.status, verdict.outcome, verdict.cause) == (
        Status.FAIL,
        "tracked",
        "config_tracked_by_git",
    )
    clean = context_of(
        tmp_path, {"a": {"command": "x", "env": {"T": "${SECRET:x}"}}}, env={"HOME": str(tmp_path)}
    )
    assert not verdicts("config.tracked-by-git", clean)


def test_an_env_file_in_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / "my.env", f"T_TOKEN={TOKEN}\n")
    git(tmp_path, "add", "my.env")
    context = context_of(
        tmp_path, {"a": {"command": "x", "envFile": "my.env"}}, "vscode", {"HOME": str(tmp_path)}
    )
    assert outcomes("config.tracked-by-git", context) == [(Status.FAIL, "tracked")]


def test_a_config_in_a_synced_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Dropbox"
    assert outcomes(
        "config.synced-folder", context_of(folder, {"a": {"command": "x", "env": {"T": TOKEN}}})
    ) == [(Status.WARN, "synced")]
    assert not outcomes("config.synced-folder", context_of(folder, {"a": {"command": "x"}}))


def test_backups_that_keep_what_was_cleaned(tmp_path: Path) -> None:
    write(tmp_path / "backups/x.json.1700", f'{{"T": "{TOKEN}"}}')
    write(tmp_path / "x.json~", f'{{"T": "{TOKEN}"}}')
    write(tmp_path / "x.json.bak", "{}")
    (verdict,) = verdicts("config.old-copies", context_of(tmp_path, {"a": {"command": "x"}}))
    assert (verdict.status, verdict.facts["count"]) == (Status.WARN, 2)
    assert {Path(each).name for each in verdict.evidence} == {"x.json.1700", "x.json~"}


# ── which servers a finding about a file concerns ───────────────────────────────────────────────────────────


def test_a_profile_concerns_the_servers_that_take_its_variable(tmp_path: Path) -> None:
    write(tmp_path / ".bashrc", f"export GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    rows = {"a": {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}, "b": {"command": "x"}}
    context = context_of(tmp_path, rows)
    (verdict,) = verdicts("config.shell-profile", context)
    assert verdict.concerns == (context.servers[0].id,)


def test_the_roll_up_follows_it(tmp_path: Path) -> None:
    write(tmp_path / "x.json.bak", f'{{"T": "{TOKEN}"}}')
    write(tmp_path / ".bashrc", f"export GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    rows = {f"s{number}": {"command": "x"} for number in range(20)}
    rows["s7"] = {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}  # type: ignore[dict-item]
    context = context_of(tmp_path, rows)
    checks = [each for each in all_checks() if each.id in {"config.shell-profile", "config.old-copies"}]
    findings = list(diagnose(context, checks))
    assert sorted(each.outcome for each in findings) == ["found", "plain-text"]
    concerned = {name: found for name, found in by_server(context, findings).items() if found}
    assert [name.endswith(":s7") for name in concerned] == [True]


def test_a_client_that_reads_an_env_file(tmp_path: Path) -> None:
    write(tmp_path / ".gemini/.env", f"GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    row = {"mcpServers": {"a": {"command": "x", "env": {"T": "${GITHUB_TOKEN}"}}}}
    write(tmp_path / ".gemini/settings.json", row)
    host = a_host(tmp_path)
    context = a_context(discover(host, Options()), host)
    assert outcomes("config.env-file", context) == [(Status.WARN, "plain-text")]


def test_an_env_file_whose_place_is_a_guess_is_not_missed(tmp_path: Path) -> None:
    row = {"command": "x", "envFile": "none.env"}
    assert not outcomes("config.env-file", context_of(tmp_path, {"a": row}, "vscode"))


def test_an_env_file_that_two_configs_share_is_one_finding_about_both(tmp_path: Path) -> None:
    write(tmp_path / ".env", f"GITHUB_TOKEN={TOKEN}\n").chmod(0o600)
    row = {"mcpServers": {"a": {"command": "npx", "args": ["@bytebase/dbhub"]}}}
    write(tmp_path / ".claude.json", row)
    write(tmp_path / ".cursor/mcp.json", row)
    host = a_host(tmp_path)
    context = a_context(discover(host, Options()), host)
    (verdict,) = verdicts("config.env-file", context)
    assert len(verdict.concerns or ()) == 2


def test_other_configs_are_not_spoken_of_when_one_server_was_named(tmp_path: Path) -> None:
    write(tmp_path / ".cursor/mcp.json.bak", f'"{TOKEN}"')
    write(tmp_path / ".claude.json", {"mcpServers": {"mine": {"command": "x"}}})
    write(tmp_path / ".cursor/mcp.json", {"mcpServers": {"other": {"command": "x", "env": {"T": TOKEN}}}})
    host = a_host(tmp_path)
    files = discover(host, Options())
    assert not outcomes("config.old-copies", a_context(files, host, ["mine"]))
    assert outcomes("config.old-copies", a_context(files, host, ["other"])) == [(Status.WARN, "found")]
