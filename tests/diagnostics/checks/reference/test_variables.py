"""Whether what a server needs reaches it, on real configs and on packages laid out as package managers do."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.model import Finding, Status
from tests.support.configured import ask, context_of

PATH = os.environ["PATH"]
NPX_GITHUB = ["npx", "-y", "@modelcontextprotocol/server-github@2025.4.8"]
NPX_SLACK = ["npx", "-y", "@modelcontextprotocol/server-slack"]
NAME = "GITHUB_PERSONAL_ACCESS_TOKEN"
CHECK = "reference.variables"


def entry(command: list[str], **more: Any) -> dict[str, Any]:
    return {"command": command[0], "args": command[1:], **more}


def all_of(tmp_path: Path, row: dict[str, Any], **more: Any) -> list[Finding]:
    more.setdefault("env", {"PATH": PATH, "HOME": str(tmp_path)})
    context = context_of(tmp_path, {"it": row}, **more)
    return list(ask(context, CHECK).values()) if context.servers else []


def asked(tmp_path: Path, row: dict[str, Any], **more: Any) -> Finding:
    return all_of(tmp_path, row, **more)[0]


def npm_package(home: Path, name: str, files: Mapping[str, str], version: str = "1.0.0") -> Path:
    """A package in the cache of npx."""
    folder = home / ".npm/_npx/0a1b2c/node_modules" / name
    for path, text in {"package.json": json.dumps({"name": name, "version": version}), **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


# ── known servers ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("env", "outcome"),
    [
        ({}, "missing-but-starts"),
        ({NAME: ""}, "missing-but-starts"),
        ({NAME: "YOUR_TOKEN_HERE"}, "judged-elsewhere"),
        ({NAME: "${EXPORTED}"}, "judged-elsewhere"),  # this client replaces nothing
        ({NAME: "${SECRET:github_token}"}, "reach"),
        ({NAME: "Zx9" * 10}, "reach"),
        ({"GITHUB_TOKEN": "Zx9" * 10}, "missing-misnamed"),
        ({"github_personal_access_token": "Zx9" * 10}, "missing-misnamed"),
        ({"SLACK_TOKEN": "Zx9" * 10}, "missing-but-starts"),
    ],
)
def test_whether_the_variable_reaches_a_known_server(
    tmp_path: Path, env: dict[str, str], outcome: str
) -> None:
    host_env = {"PATH": PATH, "EXPORTED": "value"}
    found = asked(tmp_path, entry(NPX_GITHUB, env=env), env=host_env, held={"github_token": "x" * 9})
    assert found.outcome == outcome


def test_a_server_that_insists_fails_and_names_what_it_lacks(tmp_path: Path) -> None:
    found = asked(tmp_path, entry(NPX_SLACK, env={"SLACK_BOT_TOKEN": "Zx9" * 10}))
    assert (found.status, found.outcome, found.cause) == (Status.FAIL, "missing", "env_var_missing")
    assert "SLACK_TEAM_ID" in found.title
    assert "SLACK_BOT_TOKEN" not in found.title
    assert "$ mcp-secrets set slack_team_id" in found.fix


def test_what_the_client_keeps_back_is_told(tmp_path: Path) -> None:
    env = {"PATH": PATH, "SLACK_BOT_TOKEN": "exported", "SLACK_TEAM_ID": "exported"}
    found = asked(tmp_path, entry(NPX_SLACK), env=env)
    assert (found.status, found.outcome) == (Status.FAIL, "missing-kept-back")
    assert "Claude Desktop keeps SLACK_BOT_TOKEN" in found.title


def test_a_near_miss_says_which_is_read_and_keeps_its_value_to_itself(tmp_path: Path) -> None:
    found = asked(tmp_path, entry(NPX_GITHUB, env={"GITHUB_TOKEN": "Zx9" * 10}))
    assert (found.status, found.cause) == (Status.WARN, "env_var_misnamed")
    assert "sets GITHUB_TOKEN" in found.title
    assert f"reads {NAME}" in found.title
    assert "Zx9" not in repr(found)


@pytest.mark.parametrize(
    ("env", "outcome"),
    [
        ({"SLACK_MCP_XOXP_TOKEN": "a" * 9}, "reach"),
        ({"SLACK_MCP_XOXC_TOKEN": "a" * 9}, "missing"),
        ({"SLACK_MCP_XOXC_TOKEN": "a" * 9, "SLACK_MCP_XOXD_TOKEN": "b" * 9}, "reach"),
    ],
)
def test_one_of_several_ways_is_enough(tmp_path: Path, env: dict[str, str], outcome: str) -> None:
    assert asked(tmp_path, entry(["npx", "-y", "slack-mcp-server"], env=env)).outcome == outcome


def test_an_argument_or_a_file_will_do(tmp_path: Path) -> None:
    by_option = asked(tmp_path, entry(["npx", "-y", "@stripe/mcp", "--api-key=x"]))
    assert by_option.outcome == "by-option"
    row = entry(["npx", "-y", "@apify/actors-mcp-server"])
    assert asked(tmp_path, row).outcome == "missing"
    (tmp_path / ".apify").mkdir()
    (tmp_path / ".apify/auth.json").write_text("{}")
    assert asked(tmp_path, row).outcome == "by-file"


def test_a_server_that_needs_nothing_is_no_noise(tmp_path: Path) -> None:
    found = asked(tmp_path, entry(["npx", "-y", "@upstash/context7-mcp"]))
    assert (found.status, found.outcome) == (Status.OK, "nothing-needed")
    assert "CONTEXT7_API_KEY" in found.evidence[0]


def test_the_launcher_makes_a_variable_reach(tmp_path: Path) -> None:
    row = entry(["mcp-doctor", "run", "--", *NPX_GITHUB], env={NAME: "${EXPORTED}"})
    assert asked(tmp_path, row, env={"PATH": PATH, "EXPORTED": "value"}).outcome == "reach"


def test_a_program_that_may_set_variables_is_given_the_benefit_of_the_doubt(tmp_path: Path) -> None:
    found = asked(tmp_path, entry(["op", "run", "--env-file=.env", "--", *NPX_SLACK]))
    assert (found.status, found.outcome) == (Status.SKIP, "by-wrapper")


def test_the_command_line_may_set_it(tmp_path: Path) -> None:
    assert asked(tmp_path, entry(["env", f"{NAME}=abcdefghi", *NPX_GITHUB])).outcome == "reach"


def test_a_container_must_be_told_the_name(tmp_path: Path) -> None:
    image = "ghcr.io/github/github-mcp-server:v1"
    env = {NAME: "${SECRET:github_token}"}
    inside = entry(["docker", "run", "-i", "-e", NAME, image], env=env)
    outside = entry(["docker", "run", "-i", image], env=env)
    by_file = entry(["docker", "run", "-i", "--env-file", "x", image], env=env)
    held = {"github_token": "x" * 9}
    assert asked(tmp_path, inside, held=held).outcome == "reach"
    found = asked(tmp_path, outside, held=held)
    assert (found.status, found.outcome) == (Status.FAIL, "not-into-container")
    assert asked(tmp_path, by_file, held=held).outcome == "reach"


def test_a_variable_that_is_handed_on_by_name_is_told_of_once(tmp_path: Path) -> None:
    row = entry(["docker", "run", "-i", "-e", NAME, "ghcr.io/github/github-mcp-server:v1"])
    found = asked(tmp_path, row)
    assert (found.status, found.outcome) == (Status.SKIP, "judged-elsewhere")


def test_a_dotenv_in_the_entrys_folder_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"export {NAME}='abc'\n")
    assert asked(tmp_path, entry(NPX_GITHUB, cwd=str(tmp_path))).outcome == "reach"


# ── unknown servers ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_server_that_is_not_here_is_not_judged(tmp_path: Path) -> None:
    found = asked(tmp_path, entry(["npx", "acme-mcp-nowhere"]))
    assert (found.status, found.outcome) == (Status.SKIP, "not-known")


ACME = """
const key = process.env.ACME_API_KEY;
if (!key) { console.error("no key"); process.exit(1); }
const site = process.env.ACME_SITE ?? "eu";
"""


def test_its_code_makes_a_warning_with_the_place(tmp_path: Path) -> None:
    npm_package(tmp_path, "acme-mcp", {"dist/index.js": ACME})
    found = asked(tmp_path, entry(["npx", "-y", "acme-mcp"]))
    assert (found.status, found.outcome) == (Status.WARN, "missing-perhaps")
    assert found.evidence == ("ACME_API_KEY: acme-mcp/dist/index.js:3",)
    assert (
        asked(tmp_path, entry(["npx", "-y", "acme-mcp"], env={"ACME_API_KEY": "Zx9" * 10})).status
        is Status.OK
    )


def test_its_manifest_makes_a_failure(tmp_path: Path) -> None:
    manifest = {
        "packages": [
            {"identifier": "acme-mcp", "environmentVariables": [{"name": "ACME_API_KEY", "isRequired": True}]}
        ]
    }
    npm_package(tmp_path, "acme-mcp", {"index.js": ACME, "server.json": json.dumps(manifest)})
    found = asked(tmp_path, entry(["npx", "-y", "acme-mcp"]))
    assert (found.status, found.outcome) == (Status.FAIL, "missing")
    assert "server.json: environmentVariables, isRequired" in found.evidence[0]


def test_a_slip_of_the_pen_in_an_optional_variable_is_found(tmp_path: Path) -> None:
    npm_package(tmp_path, "acme-mcp", {"dist/index.js": ACME})
    env = {"ACME_API_KEY": "Zx9" * 10, "ACME_STIE": "us", "UNRELATED": "1"}
    found = all_of(tmp_path, entry(["npx", "-y", "acme-mcp"], env=env))
    assert [(each.outcome, each.facts.get("set_name")) for each in found][-1] == ("misnamed", "ACME_STIE")


def test_an_argument_with_a_key_quiets_what_only_code_says(tmp_path: Path) -> None:
    npm_package(tmp_path, "acme-mcp", {"dist/index.js": ACME})
    assert asked(tmp_path, entry(["npx", "-y", "acme-mcp", "--api-key", "x"])).status is Status.OK


@pytest.mark.parametrize(
    ("name", "outcome", "needed"),
    [
        ("linear-mcp-server", "missing", {"LINEAR_API_KEY"}),
        ("@winor30/mcp-server-datadog", "missing", {"DATADOG_API_KEY", "DATADOG_APP_KEY"}),
    ],
)
def test_real_packages_say_the_same_as_the_catalogue(
    tmp_path: Path, bare_packages: Path, name: str, outcome: str, needed: set[str]
) -> None:
    row = entry(["npx", "-y", name], cwd=str(bare_packages))
    found = asked(tmp_path, row)
    assert found.outcome == outcome
    assert all(each in found.title for each in needed)


def test_many_servers_of_one_package_are_looked_at_once_and_in_time(tmp_path: Path) -> None:
    npm_package(tmp_path, "acme-mcp", {f"dist/{n}.js": ACME + "// " + "x" * 20_000 for n in range(100)})
    rows = {f"s{n}": entry(["npx", "-y", "acme-mcp"]) for n in range(300)}
    context = context_of(tmp_path, rows, env={"PATH": PATH, "HOME": str(tmp_path)})
    began = time.monotonic()
    ask(context, CHECK)
    assert time.monotonic() - began < 5


def test_a_need_with_many_ways_keeps_its_title_short_and_names_the_one_begun(tmp_path: Path) -> None:
    env = {"JIRA_URL": "https://acme.example", "JIRA_USERNAME": "me@acme.example"}
    found = asked(tmp_path, entry(["uvx", "mcp-atlassian"], env=env))
    assert "other ways" in found.title
    assert "$ mcp-secrets set jira_api_token" in found.fix
    assert "CONFLUENCE_PERSONAL_TOKEN" in found.evidence[0]


def test_what_a_server_said_before_counts_as_known(tmp_path: Path) -> None:
    context = context_of(tmp_path, {}, env={"PATH": PATH})
    known = context.packages.known(
        "npx", ["acme-mcp-nowhere"], {}, tmp_path, context.host, said="ACME_TOKEN must be set"
    )
    assert [(str(each), each.established) for each in known.needs] == [("ACME_TOKEN", True)]
