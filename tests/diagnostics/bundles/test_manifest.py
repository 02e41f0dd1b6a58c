"""What an extension's manifest says, on each system."""

import json

import pytest

from diagnostics.bundles.manifest import is_manifest, read_manifest
from diagnostics.configs.document import SyntaxProblem
from diagnostics.model import Platform
from tests.support.bundles import a_manifest


def read(manifest: object, system: Platform = Platform.LINUX):  # type: ignore[no-untyped-def]
    return read_manifest(manifest if isinstance(manifest, str) else json.dumps(manifest), system)


def test_a_good_manifest() -> None:
    manifest, problems = read(
        a_manifest(
            {"key": {"required": True, "sensitive": True, "title": "API key"}}, {"K": "${user_config.key}"}
        )
    )
    assert (manifest.name, manifest.title, manifest.kind, manifest.format) == (
        "notes",
        "Ada's notes",
        "node",
        "0.3",
    )
    assert manifest.command == "node"
    assert manifest.args == ("${__dirname}/server/index.js",)
    assert manifest.settings["key"].required
    assert manifest.settings["key"].sensitive
    assert not (manifest.missing)
    assert not (manifest.mistyped)
    assert not problems


def test_overrides_of_the_system_count_part_by_part() -> None:
    overrides = {
        "win32": {"command": "node.exe", "args": ["w"]},
        "darwin": {"env": {"A": "mac"}},
        "linux": {"command": "", "args": []},
    }
    config = {"command": "node", "args": ["a"], "env": {"A": "1"}, "platform_overrides": overrides}
    manifest = a_manifest(server={"mcp_config": config})
    windows, macos, linux = (
        read(manifest, each)[0] for each in (Platform.WINDOWS, Platform.MACOS, Platform.LINUX)
    )
    assert (windows.command, windows.args, windows.env) == ("node.exe", ("w",), {"A": "1"})
    assert (macos.command, macos.args, macos.env) == ("node", ("a",), {"A": "mac"})
    assert linux.command == "node"
    assert linux.args == (), "an empty list in JavaScript is not nothing, so it counts"


def test_the_older_name_of_the_version() -> None:
    manifest = a_manifest()
    manifest["dxt_version"] = manifest.pop("manifest_version").replace("0.3", "0.1")
    assert read(manifest)[0].format == "0.1"


def test_uv_may_leave_its_start_to_the_app() -> None:
    manifest = a_manifest(server={"type": "uv", "entry_point": "src/main.py", "mcp_config": None})
    found = read(manifest)[0]
    assert found.command == "uv"
    assert found.args[-1] == "src/main.py"
    assert not found.missing


def test_what_is_missing_is_named() -> None:
    found = read({"manifest_version": "0.3", "name": "x", "server": {"type": "node"}})[0]
    assert set(found.missing) == {
        "version", "description", "author", "server.entry_point", "server.mcp_config.command",
    }  # fmt: skip
    assert not found.has_start


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": [1]},
        {"server": {"mcp_config": "node"}},
        {"server": {"mcp_config": {"command": ["node"], "args": "x", "env": [1]}}},
        {"server": {"mcp_config": {"args": [1, {"a": 2}], "env": {"A": 1}, "platform_overrides": {"linux": "x"}}}},
        {"name": 5, "display_name": {}, "user_config": {"a": 1, "b": {"type": 7}, "c": {"type": "colour"}}},
        {"manifest_version": {"a": 1}, "user_config": []},
        {"user_config": {"a": {"type": "number", "min": "low", "max": 10**400, "default": [None, {}]}}},
    ],
)  # fmt: skip
def test_wrong_types_are_named_and_never_raise(wrong: dict[str, object]) -> None:
    manifest, _ = read(a_manifest() | wrong)
    assert manifest.mistyped or manifest.missing or manifest.settings


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "{" * 5000, '{"a": NaN}', "\x00"])
def test_no_json_is_a_problem_with_a_place(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        read(text)


def test_comments_are_told() -> None:
    text = "// mine\n" + json.dumps(a_manifest())
    assert [each.outcome for each in read(text)[1]] == ["comment"]


def test_what_is_a_manifest() -> None:
    assert is_manifest(a_manifest())
    assert is_manifest({"dxt_version": "0.1"})
    assert not is_manifest({"mcpServers": {}, "manifest_version": "3"})
    assert not is_manifest({"name": "a browser's", "version": "1"})
    assert not is_manifest({"server": "x"})
