"""What manifests of every shape say of variables."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.servers.needs.manifest import read_manifests


def read(folder: Path, name: str, data: Any) -> tuple[list[str], list[str]]:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    found = read_manifests(folder, "acme")
    return [str(each) for each in found.needs], sorted(found.reads)


def test_the_registrys_server_json(tmp_path: Path) -> None:
    inputs: list[Any] = [
        {"name": "ACME_TOKEN", "isRequired": True, "isSecret": True},
        {"name": "ACME_SITE", "isRequired": True, "default": "eu"},
        {"name": "ACME_X"},
        {"name": "ACME_AUTH", "isRequired": True, "value": "Bearer {token}", "variables": {"token": {}}},
        {"name": "not a name", "isRequired": True},
        "nonsense",
    ]
    rows: list[Any] = [
        {"identifier": "other", "environmentVariables": [{"name": "OTHER", "isRequired": True}]}
    ]
    rows.append({"identifier": "acme", "environmentVariables": inputs})
    assert read(tmp_path, "server.json", {"packages": rows}) == (
        ["ACME_TOKEN", "ACME_AUTH"],
        ["ACME_AUTH", "ACME_SITE", "ACME_TOKEN", "ACME_X"],
    )


def test_its_first_schema_with_snake_case(tmp_path: Path) -> None:
    row = {"name": "acme", "environment_variables": [{"name": "ACME_TOKEN", "is_required": True}]}
    assert read(tmp_path, "server.json", {"packages": [row]})[0] == ["ACME_TOKEN"]


def test_a_containers_arguments(tmp_path: Path) -> None:
    arguments = [
        {"type": "named", "name": "-e", "value": "ACME_TOKEN={token}", "isRequired": True},
        {"type": "named", "name": "-v", "value": "/a:/b"},
    ]
    row = {"identifier": "acme", "runtimeArguments": arguments}
    assert read(tmp_path, "server.json", {"packages": [row]})[0] == ["ACME_TOKEN"]


def test_a_bundles_manifest(tmp_path: Path) -> None:
    env = {"ACME_TOKEN": "${user_config.token}", "ACME_SITE": "${user_config.site}", "ACME_MODE": "stdio"}
    settings = {"token": {"required": True}, "site": {"required": True, "default": "eu"}}
    data = {"server": {"mcp_config": {"env": env}}, "user_config": settings}
    assert read(tmp_path, "manifest.json", data) == (["ACME_TOKEN"], ["ACME_MODE", "ACME_SITE", "ACME_TOKEN"])


@pytest.mark.parametrize(
    "data",
    [
        {"requiredEnv": ["ACME_TOKEN"], "optionalEnv": ["ACME_SITE"]},
        {"requiredEnv": [{"name": "ACME_TOKEN"}], "optionalEnv": [{"name": "ACME_SITE"}]},
        {"env": {"ACME_TOKEN": {"required": True}, "ACME_SITE": {"required": False}}},
        {"server": {"acme": {"env": {"ACME_TOKEN": {"required": True}, "ACME_SITE": {"description": "x"}}}}},
    ],
)
def test_the_unsettled_mcp_json(tmp_path: Path, data: dict[str, Any]) -> None:
    assert read(tmp_path, "mcp.json", data) == (["ACME_TOKEN"], ["ACME_SITE", "ACME_TOKEN"])


def test_a_clients_config_of_that_name_says_nothing(tmp_path: Path) -> None:
    assert read(
        tmp_path, "mcp.json", {"mcpServers": {"a": {"command": "x", "env": {"ACME_TOKEN": "y"}}}}
    ) == ([], [])


def test_dockers_server_yaml(tmp_path: Path) -> None:
    text = "name: acme\nconfig:\n  secrets:\n    - name: acme.token\n      env: ACME_TOKEN\n      example: x\n  env:\n    - name: ACME_SITE\n"
    assert read(tmp_path, "server.yaml", text)[0] == ["ACME_TOKEN"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "null", '{"packages": 1}', '{"packages": [[]]}', '{"env": 3}', "[" * 100_000, "\ufeff{}"],
)
@pytest.mark.parametrize("name", ["server.json", "manifest.json", "mcp.json", "server.yaml"])
def test_a_broken_manifest_says_nothing(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text) == ([], [])
