"""The client catalogue against its schema and against itself."""

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from diagnostics.catalog import names, read
from diagnostics.catalog.client_rules import Inheritance
from diagnostics.catalog.clients import GENERIC, client, clients, find

SCHEMA: dict[str, Any] = json.loads(
    files("diagnostics.catalog").joinpath("schema/client.schema.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", names("clients"))
def test_an_entry_keeps_to_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(read(f"clients/{name}.toml"), SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "ini"},
        {"servers": []},
        {"expansion": {"forms": ["$(cmd)"]}},
        {"file": [{"scope": "project"}]},
        {"environment": {"passes": "allowed"}},
        {"surprise": 1},
    ],
)
def test_the_schema_refuses_what_the_loader_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "X1", "format": "json", "servers": [["a"]], **wrong}, SCHEMA)


def test_the_clients_of_the_first_issue_are_there() -> None:
    wanted = {"claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "codex", "gemini"}
    assert wanted <= set(clients())
    for each in wanted:
        assert client(each).places
        assert client(each).reload


def test_a_client_is_found_by_id_name_and_alias_whatever_the_spelling() -> None:
    for said in ("vscode", "VS Code", "vs-code", "Visual Studio Code", "code"):
        found = find(said)
        assert found is not None
        assert found.id == "vscode"
    assert find("notepad") is None
    assert client("notepad").id == GENERIC


def test_no_two_clients_answer_to_one_name() -> None:
    spoken = [
        said.casefold().replace(" ", "").replace("-", "")
        for each in clients().values()
        for said in {each.id, each.name, *each.aliases}
    ]
    by_client = [
        {said.casefold().replace(" ", "").replace("-", "") for said in {each.id, each.name, *each.aliases}}
        for each in clients().values()
    ]
    assert len(set(spoken)) == sum(len(each) for each in by_client)


def test_what_reaches_a_server() -> None:
    assert client("claude-code").inheritance.lets_through("GITHUB_TOKEN", "linux") is True
    assert client("codex").inheritance.lets_through("GITHUB_TOKEN", "linux") is False
    assert client("codex").inheritance.lets_through("HOME", "linux") is True
    assert client("codex").inheritance.lets_through("Path", "windows") is True
    assert client("gemini").inheritance.lets_through("MY_API_KEY", "linux") is False
    assert client("gemini").inheritance.lets_through("EDITOR", "linux") is True
    assert client("cursor").inheritance.lets_through("EDITOR", "linux") is None
    assert Inheritance().lets_through("EDITOR", "linux") is None


def test_what_is_handed_on() -> None:
    env = {"HOME": "/h", "PATH": "/bin", "MY_TOKEN": "x", "EDITOR": "vi"}
    assert client("claude-code").inheritance.handed_on(env, "linux") == env
    assert set(client("codex").inheritance.handed_on(env, "linux")) == {"HOME", "PATH"}
    assert set(client("gemini").inheritance.handed_on(env, "linux")) == {"HOME", "PATH", "EDITOR"}
    assert client("cursor").inheritance.handed_on(env, "linux") == env


def test_what_an_unset_variable_becomes() -> None:
    gemini = client("gemini").expansion
    assert (gemini.when_unset("env"), gemini.when_unset("args")) == ("empty", "literal")
    assert client("claude-code").expansion.when_unset("env") == "literal"
    assert client("cursor").expansion.when_unset("env") == "unknown"
    assert client("codex").expansion.when_unset("bearer_token_env_var") == "error"


def test_which_notation_a_client_replaces() -> None:
    assert client("claude-code").expansion.expands("${VAR}", "headers")
    assert not client("claude-code").expansion.expands("${env:VAR}", "env")
    assert client("vscode").expansion.expands("${env:VAR}", "env")
    assert not client("vscode").expansion.expands("${VAR}", "env")
    assert not client("claude-desktop").expansion.expands("${VAR}", "env")
