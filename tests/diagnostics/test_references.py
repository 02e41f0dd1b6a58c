"""Which values of an entry carry or stand for a credential."""

from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.clients import client
from diagnostics.model import Reference, Server, Syntax
from diagnostics.references import shell_expands, unwrap, with_home
from tests.support.configs import a_host, read_entry, reference_of

LONG = "Zx9" * 10


def server_of(row: dict[str, Any], client: str = "claude-code") -> Server:
    server, _ = read_entry(row, client)
    return server


def listed(row: dict[str, Any], client: str = "claude-code") -> list[tuple[str, str, str | None]]:
    return [(each.field, each.syntax.value, each.name) for each in server_of(row, client).references]


def test_every_field_is_looked_at() -> None:
    row = {
        "type": "http", "command": "${BIN}/x", "args": ["--token", "${SECRET:a}", f"--key={LONG}"],
        "env": {"T": "${env:B}", "PLAIN": "x", "API_KEY": "YOUR_KEY_HERE"}, "url": "https://${HOST}/?k=$K",
        "headers": {"Authorization": "Bearer ${SECRET:c}", "X-Api-Key": LONG},
    }  # fmt: skip
    assert listed(row) == [
        ("command", "env", "BIN"),
        ("args[1]", "secret", "a"),
        ("args[2]", "literal", None),
        ("env.T", "env", "B"),
        ("env.API_KEY", "placeholder", None),
        ("url", "env", "HOST"),
        ("url", "env", "K"),
        ("headers.Authorization", "secret", "c"),
        ("headers.X-Api-Key", "literal", None),
    ]


def test_a_reference_keeps_its_spelling_and_the_whole_value() -> None:
    reference = reference_of(
        server_of({"type": "http", "url": "https://x", "headers": {"A": "Bearer ${SECRET:x}"}}), "headers.A"
    )
    assert reference.spelling == "${SECRET:x}"
    assert reference.text.reveal() == "Bearer ${SECRET:x}"
    assert "Bearer" not in repr(reference)


def test_a_literal_is_just_the_credential() -> None:
    server = server_of({"command": "x", "args": ["-e", f"TOKEN={LONG}"], "env": {"AUTH": f"Bearer {LONG}"}})
    assert {each.text.reveal() for each in server.references} == {LONG}
    assert all(each.spelling == "" and each.name is None for each in server.references)


def test_a_credential_beside_a_reference_is_seen_too() -> None:
    server = server_of({"command": "x", "env": {"DB": "postgres://u:" + LONG + "@${HOST}/x"}})
    assert [each.syntax for each in server.references] == [Syntax.ENV, Syntax.LITERAL]


@pytest.mark.parametrize(
    "value",
    [
        "${workspaceFolder}/key.pem",
        "${SECRET:}",
        "${SECRET:x",
    ],
)
def test_what_is_meant_as_a_reference_is_no_literal(value: str) -> None:
    assert listed({"command": "x", "env": {"API_KEY": value}}, "cursor") == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("${{ secrets.X }}", ("env", "X")),
        ("${file:/a/b}", ("file", "/a/b")),
        ("{file:~/x}", ("file", "~/x")),
        ("${config:github.token}", ("user-config", "github.token")),
        ("%API_KEY%", ("env", "API_KEY")),
    ],
)
def test_the_notations_of_single_clients(value: str, wanted: tuple[str, str]) -> None:
    assert listed({"command": "x", "env": {"API_KEY": value}}, "cursor") == [("env.API_KEY", *wanted)]


def test_one_value_with_several_references_and_one_twice() -> None:
    row = {"command": "x", "env": {"A": "${X}:${Y}:${X}"}}
    assert listed(row) == [("env.A", "env", "X"), ("env.A", "env", "Y")]


def test_a_default_is_kept_secret() -> None:
    reference = reference_of(server_of({"command": "x", "env": {"A": "${MODE:-" + LONG + "}"}}), "env.A")
    assert reference.default is not None
    assert reference.default.reveal() == LONG
    assert LONG not in repr(reference)


@pytest.mark.parametrize(
    ("client", "value", "expanded"),
    [
        ("claude-code", "${X}", True),
        ("claude-code", "${X:-d}", True),
        ("claude-code", "${env:X}", False),
        ("claude-code", "$X", False),
        ("claude-desktop", "${X}", False),
        ("vscode", "${env:X}", True),
        ("vscode", "${X}", False),
        ("vscode", "${input:x}", True),
        ("cursor", "${env:X}", True),
        ("codex", "${X}", False),
        ("gemini", "$X", True),
        ("opencode", "{env:X}", True),
        ("zed", "${X}", False),
    ],
)
def test_whether_the_client_replaces_it(client: str, value: str, expanded: bool) -> None:
    env = "environment" if client == "opencode" else "env"
    command: Any = ["x"] if client == "opencode" else "x"
    (reference,) = server_of({"command": command, env: {"A": value}}, client).references
    assert reference.expanded_by_client is expanded


def test_names_a_client_hands_on() -> None:
    row = {
        "command": "x", "env_vars": ["ONE", {"name": "TWO"}], "bearer_token_env_var": "THREE",
        "env_http_headers": {"X": "FOUR"},
    }  # fmt: skip
    references = server_of(row, "codex").references
    assert [(each.field, each.name) for each in references] == [
        ("env_vars[0]", "ONE"),
        ("env_vars[1]", "TWO"),
        ("env_http_headers.X", "FOUR"),
        ("bearer_token_env_var", "THREE"),
    ]
    assert {(each.syntax, each.expanded_by_client, each.spelling) for each in references} == {
        (Syntax.ENV, True, "")
    }


@pytest.mark.parametrize("command", ["docker", "/usr/bin/podman", "C:\\x\\docker.exe"])
def test_docker_hands_on_by_name(command: str) -> None:
    row = {
        "command": command,
        "args": ["run", "-i", "-e", "TOKEN", "--env=OTHER", "-eMORE", "-e", "A=b", "--env-file", "F"],
    }
    assert listed(row) == [
        ("args[3]", "env", "TOKEN"),
        ("args[4]", "env", "OTHER"),
        ("args[5]", "env", "MORE"),
    ]


def test_other_programs_dash_e_is_theirs() -> None:
    assert listed({"command": "node", "args": ["-e", "TOKEN"]}) == []


def test_predefined_names_are_no_references() -> None:
    row = {"command": "${CLAUDE_PLUGIN_ROOT}/x", "args": ["${workspaceFolder}"], "env": {"A": "${userHome}"}}
    assert listed(row) == []
    assert listed({"command": "x", "env": {"A": "${extensionPath}"}}, "gemini") == []


def fields(references: tuple[Reference, ...]) -> list[str]:
    return [each.field for each in references]


def test_unwrap_gives_what_runs_in_the_end() -> None:
    row = {
        "command": "uvx", "args": ["mcp-credential-doctor", "run", "--", "npx", "-y", "@x/y", "${SECRET:a}"],
        "env": {"B": "${SECRET:b}"},
    }  # fmt: skip
    whole = server_of(row)
    assert whole.launcher
    assert fields(whole.references) == ["args[6]", "env.B"]
    bare = unwrap(whole)
    assert (bare.command, [each.reveal() for each in bare.args]) == ("npx", ["-y", "@x/y", "${SECRET:a}"])
    assert fields(bare.references) == ["args[2]", "env.B"]
    assert bare.launcher


def test_unwrap_of_a_reference_in_the_command() -> None:
    bare = unwrap(server_of({"command": "mcp-doctor", "args": ["run", "--", "${HOME}/x", "${A}"]}))
    assert fields(bare.references) == ["command", "args[0]"]


@pytest.mark.parametrize("args", [["run", "github"], ["run", "--"], ["check", "--", "x"], []])
def test_unwrap_leaves_the_rest_alone(args: list[str]) -> None:
    server = server_of({"command": "mcp-doctor", "args": args})
    assert unwrap(server) is server


def test_what_a_shell_replaces() -> None:
    server = server_of({"command": "/bin/sh", "args": ["-c", "run $TOKEN", "$OTHER"]})
    assert shell_expands(server, "args[1]")
    assert not shell_expands(server, "args[2]")
    assert not shell_expands(server, "env.X")
    assert not shell_expands(server_of({"command": "node", "args": ["-c", "$X"]}), "args[1]")


def test_a_credential_as_the_default_is_in_plain_text_and_not_shown() -> None:
    server = server_of({"command": "x", "env": {"TOKEN": "${TOKEN:-" + LONG + "}"}})
    literal, variable = server.references
    assert (literal.syntax, literal.text.reveal()) == (Syntax.LITERAL, LONG)
    assert (variable.name, variable.shown) == ("TOKEN", "${TOKEN:-…}")
    assert LONG not in repr(server.references)


def test_a_token_pasted_as_a_references_name_is_in_plain_text() -> None:
    token = "ghp_" + "A1b2C3d4E5" * 3 + "f6G7h8"
    (reference,) = server_of({"command": "x", "env": {"A": "${SECRET:" + token + "}"}}).references
    assert (reference.syntax, reference.name, reference.text.reveal()) == (Syntax.LITERAL, None, token)


def test_amazon_q_knows_the_home_in_a_command(tmp_path: Path) -> None:
    host = a_host(tmp_path)
    server, _ = read_entry({"command": "~/bin/x"}, "amazonq")
    assert with_home(server, client("amazonq"), host).command == str(tmp_path / "bin/x")
    server, _ = read_entry({"command": "~/bin/x"}, "claude-code")
    assert with_home(server, client("claude-code"), host).command == "~/bin/x"
