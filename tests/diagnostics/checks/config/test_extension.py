"""What is said about a desktop extension, from its files in Claude Desktop's data folder."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from diagnostics.check import Verdict, all_checks
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import ClientFile, Platform, Status, Syntax
from diagnostics.runner import diagnose
from tests.support.bundles import ID, a_manifest, filled_in, installed
from tests.support.configs import a_context, a_host, ask, worded, write
from tests.support.tokens import github


def a_seal(mark: bytes = b"v11", body: bytes = b"\x93" * 24) -> str:
    return "__encrypted__:" + base64.b64encode(mark + body).decode()


def context_of(home: Path, platform: Platform = Platform.LINUX, env: dict[str, str] | None = None) -> Context:
    host = a_host(home, env, platform)
    return a_context(discover(host, Options(client="claude-desktop")), host)


def asked(context: Context) -> dict[str, Verdict]:
    (server,) = context.servers
    said = ask("config.extension", context, server)
    assert all(worded("config.extension", context))
    return {each.outcome: each for each in said}


def verdicts(home: Path, manifest: Any, settings: Any = None, **more: Any) -> dict[str, Verdict]:
    installed(home, manifest, settings, **{key: value for key, value in more.items() if key == "data"})
    return asked(context_of(home, **{key: value for key, value in more.items() if key != "data"}))


def extensions(files: list[ClientFile]) -> list[ClientFile]:
    return [each for each in files if each.scope == "extension"]


CHECKS = [each for each in all_checks() if each.id.startswith("config.") or each.id == "reference.kind"]
KEY = {"key": {"title": "API key", "required": True, "sensitive": True}}


@pytest.mark.parametrize(
    ("platform", "data", "env"),
    [
        (Platform.LINUX, ".config/Claude", {}),
        (Platform.LINUX, "elsewhere/Claude", {"XDG_CONFIG_HOME": "{home}/elsewhere"}),
        (Platform.LINUX, ".config/Claude-3p", {}),
        (Platform.MACOS, "Library/Application Support/Claude", {}),
        (Platform.WINDOWS, "AppData/Roaming/Claude", {}),
        (Platform.WINDOWS, "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude", {}),
    ],
)  # fmt: skip
def test_an_extension_is_found_on_every_system(
    tmp_path: Path, platform: Platform, data: str, env: dict[str, str]
) -> None:
    folder = installed(tmp_path, a_manifest(), filled_in(), data=data)
    host = a_host(tmp_path, {key: value.format(home=tmp_path) for key, value in env.items()}, platform)
    (file,) = extensions(discover(host, Options()))
    assert file.path == folder / "manifest.json"
    (server,) = file.servers
    assert (server.id, server.scope, server.client) == ("claude-desktop:notes", "extension", "claude-desktop")
    assert server.args[0].reveal() == f"{folder}/server/index.js"


def test_the_windows_package_hides_the_classic_folder(tmp_path: Path) -> None:
    installed(tmp_path, a_manifest(), data="AppData/Roaming/Claude")
    kept = installed(tmp_path, a_manifest(), data="AppData/Local/Packages/Claude_x/LocalCache/Roaming/Claude")
    files = extensions(discover(a_host(tmp_path, platform=Platform.WINDOWS), Options()))
    assert [each.path.parent for each in files] == [kept]


def test_a_namesake_in_the_config_and_an_extension_both_stay(tmp_path: Path) -> None:
    installed(tmp_path, a_manifest())
    write(
        tmp_path / ".config/Claude/claude_desktop_config.json", {"mcpServers": {"notes": {"command": "npx"}}}
    )
    ids = [server.id for file in discover(a_host(tmp_path), Options()) for server in file.servers]
    assert ids == ["claude-desktop:notes", "claude-desktop:notes#2"]


def test_a_good_one(tmp_path: Path) -> None:
    found = verdicts(
        tmp_path, a_manifest({"region": {}}, {"R": "${user_config.region}"}), filled_in(region="eu")
    )
    assert list(found) == ["ok"]


def test_switched_off(tmp_path: Path) -> None:
    found = verdicts(tmp_path, a_manifest(), filled_in(False))
    assert found["disabled"].status is Status.WARN
    context = context_of(tmp_path)
    assert context.servers[0].disabled
    assert ask("config.entries", context, context.servers[0])[0].status is Status.OK, "told once is enough"


@pytest.mark.parametrize("settings", [None, filled_in(), filled_in(key=""), filled_in(key=None)])
def test_a_required_value_is_missing(tmp_path: Path, settings: Any) -> None:
    found = verdicts(tmp_path, a_manifest(KEY, {"K": "${user_config.key}"}), settings)
    verdict = found["required-missing"]
    assert (verdict.status, verdict.cause) == (Status.FAIL, "extension_setting_missing")
    assert verdict.facts["titles"] == "API key"
    assert (
        verdict.facts["logged"] == "Extension notes has missing required configuration, skipping MCP config"
    )
    assert "left-empty" not in found


def test_a_default_that_was_never_saved_does_not_count(tmp_path: Path) -> None:
    found = verdicts(tmp_path, a_manifest({"region": {"required": True, "default": "eu"}}), filled_in())
    assert found["required-unsaved"].status is Status.FAIL


def test_an_optional_value_left_empty_arrives_as_a_placeholder(tmp_path: Path) -> None:
    manifest = a_manifest({"region": {"title": "Region"}, "no_use": {}}, {"R": "${user_config.region}"})
    found = verdicts(tmp_path, manifest, filled_in())
    assert list(found) == ["left-empty"]
    assert found["left-empty"].facts["places"] == "env.R"
    assert found["left-empty"].cause == "env_placeholder_not_expanded"


def test_an_empty_text_is_only_a_problem_as_a_whole_argument(tmp_path: Path) -> None:
    in_env = a_manifest({"region": {}}, {"R": "${user_config.region}"})
    assert list(verdicts(tmp_path, in_env, filled_in(region=""))) == ["ok"]
    in_args = a_manifest({"region": {}}, args=["${user_config.region}"])
    assert list(verdicts(tmp_path, in_args, filled_in(region=""))) == ["left-empty"]


def test_a_placeholder_without_a_setting(tmp_path: Path) -> None:
    assert (
        verdicts(tmp_path, a_manifest(env={"A": "${user_config.tpyo}"}))["undeclared"].status is Status.FAIL
    )


@pytest.mark.parametrize(
    ("args", "env", "outcome"),
    [
        (["${user_config.dirs}"], {}, "ok"),
        (["--in=${user_config.dirs}"], {}, "list-in-text"),
        ([], {"DIRS": "${user_config.dirs}"}, "list-in-text"),
        (["${user_config.dirs}"], {"DIRS": "${user_config.dirs}"}, "list-in-text"),
    ],
)  # fmt: skip
def test_a_list_counts_only_as_a_whole_argument(
    tmp_path: Path, args: list[str], env: dict[str, str], outcome: str
) -> None:
    manifest = a_manifest({"dirs": {"type": "directory", "multiple": True}}, env, args)
    assert list(verdicts(tmp_path, manifest, filled_in(dirs=[str(tmp_path)]))) == [outcome]


@pytest.mark.parametrize(
    ("row", "value", "outcome"),
    [
        ({"type": "number"}, "5", "wrong-type"),
        ({"type": "number"}, True, "wrong-type"),
        ({"type": "boolean"}, "true", "wrong-type"),
        ({"type": "string"}, {"a": 1}, "wrong-type"),
        ({"type": "string"}, ["a"], "wrong-type"),
        ({"type": "string", "multiple": True}, [1], "wrong-type"),
        ({"type": "string", "multiple": True}, "a", "ok"),
        ({"type": "number", "min": 1, "max": 10}, 11, "out-of-range"),
        ({"type": "number", "min": 1, "max": 10}, 0.5, "out-of-range"),
        ({"type": "number", "min": 1, "max": 10}, 10, "ok"),
        ({"type": "number", "max": 10}, 10**400, "out-of-range"),
        ({"type": "directory"}, "/no/such/folder", "path-missing"),
        ({"type": "directory"}, "{home}/file", "path-of-other-kind"),
        ({"type": "file"}, "{home}", "path-of-other-kind"),
        ({"type": "file"}, "{home}/file", "ok"),
        ({"type": "file"}, "a\0b", "path-missing"),
        ({"type": "directory"}, "x" * 5000, "path-missing"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(tmp_path: Path, row: dict[str, Any], value: Any, outcome: str) -> None:
    write(tmp_path / "file", "x")
    value = value.format(home=tmp_path) if isinstance(value, str) else value
    assert list(verdicts(tmp_path, a_manifest({"it": row}), filled_in(it=value))) == [outcome]


@pytest.mark.parametrize(
    ("platform", "sealed", "outcome", "status"),
    [
        (Platform.LINUX, a_seal(b"v11"), "sealed", Status.SKIP),
        (Platform.LINUX, a_seal(b"v10"), "sealed-with-fixed-password", Status.WARN),
        (Platform.MACOS, a_seal(b"v10"), "sealed", Status.SKIP),
        (Platform.MACOS, a_seal(b"v11"), "sealed-elsewhere", Status.FAIL),
        (Platform.WINDOWS, a_seal(b"v10"), "seal-key-missing", Status.FAIL),
        (Platform.LINUX, "__encrypted__:", "sealed-damaged", Status.FAIL),
        (Platform.LINUX, "__encrypted__:djEx", "sealed-damaged", Status.FAIL),
        (Platform.LINUX, "__encrypted__:not base64!", "sealed-damaged", Status.FAIL),
        (Platform.MACOS, "__encrypted__:" + base64.b64encode(b"plain after all").decode(), "sealed-damaged", Status.FAIL),
    ],
)  # fmt: skip
def test_sealed_values(tmp_path: Path, platform: Platform, sealed: str, outcome: str, status: Status) -> None:
    data = {
        Platform.LINUX: ".config/Claude", Platform.MACOS: "Library/Application Support/Claude",
        Platform.WINDOWS: "AppData/Roaming/Claude",
    }[platform]  # fmt: skip
    manifest = a_manifest(KEY, {"K": "${user_config.key}"})
    found = verdicts(tmp_path, manifest, filled_in(key=sealed), platform=platform, data=data)
    assert {name: each.status for name, each in found.items()} == {outcome: status}


@pytest.mark.parametrize(
    ("local_state", "outcome"),
    [
        ({"os_crypt": {"encrypted_key": "RFBBUEk="}}, "sealed-on-windows"),
        ({"os_crypt": {}}, "seal-key-missing"),
        ("{broken", "seal-key-unknown"),
    ],
)  # fmt: skip
def test_the_key_on_windows(tmp_path: Path, local_state: Any, outcome: str) -> None:
    write(tmp_path / "AppData/Roaming/Claude/Local State", local_state)
    manifest = a_manifest(KEY, {"K": "${user_config.key}"})
    found = verdicts(
        tmp_path,
        manifest,
        filled_in(key=a_seal(b"v10")),
        platform=Platform.WINDOWS,
        data="AppData/Roaming/Claude",
    )
    assert list(found) == [outcome]


def test_a_secret_in_plain_text_is_said_and_never_shown(tmp_path: Path) -> None:
    secret = "correct horse battery staple"
    installed(tmp_path, a_manifest(KEY, {"K": "${user_config.key}"}), filled_in(key=secret))
    context = context_of(tmp_path)
    assert asked(context)["plain-text"].cause == "credential_in_plain_text"
    findings = list(diagnose(context, CHECKS))
    assert secret not in repr(findings)
    assert secret not in repr(context.servers)
    assert context.scrubber.scrub(f"it said {secret}") == "it said •••"


def test_a_token_in_an_open_setting(tmp_path: Path) -> None:
    token = github()
    found = verdicts(tmp_path, a_manifest({"note": {}}, {"N": "${user_config.note}"}), filled_in(note=token))
    assert list(found) == ["not-marked-sensitive"]


def test_the_credential_is_known_to_the_rest_of_the_path(tmp_path: Path) -> None:
    token = github()
    installed(tmp_path, a_manifest(KEY, {"GITHUB_TOKEN": "${user_config.key}"}), filled_in(key=token))
    context = context_of(tmp_path)
    (reference,) = context.references
    assert (reference.syntax, reference.name, reference.expanded_by_client) == (
        Syntax.USER_CONFIG,
        "key",
        True,
    )
    value = context.value_of(reference)
    assert value is not None
    assert value.reveal() == token
    assert ask("format.token", context, reference)[0].status is Status.OK


def test_a_sealed_or_harmless_value_is_no_credential(tmp_path: Path) -> None:
    form = KEY | {"dir": {"type": "directory"}, "name": {}}
    env = {"K": "${user_config.key}", "D": "${user_config.dir}", "N": "${user_config.name}"}
    installed(tmp_path, a_manifest(form, env), filled_in(key=a_seal(), dir=str(tmp_path), name="Ada"))
    context = context_of(tmp_path)
    assert [context.value_of(each) for each in context.references] == [None, None, None]
    assert context.scrubber.scrub(f"in {tmp_path}") == f"in {tmp_path}"


@pytest.mark.parametrize(("value", "is_told"), [("pa$$word", True), ("a$&b", True), ("price: $5", False)])
def test_dollar_signs_that_change_a_value(tmp_path: Path, value: str, is_told: bool) -> None:
    manifest = a_manifest({"key": {"sensitive": True}}, {"K": "${user_config.key}"})
    assert ("dollar-sign" in verdicts(tmp_path, manifest, filled_in(key=value))) == is_told


@pytest.mark.parametrize(
    ("changes", "outcome", "status"),
    [
        ({"manifest_version": "9.1"}, "format-unknown", Status.WARN),
        ({"manifest_version": None}, "format-unknown", Status.WARN),
        ({"compatibility": {"platforms": ["darwin", "win32"]}}, "other-platform", Status.WARN),
        ({"author": None}, "manifest-incomplete", Status.WARN),
        ({"server": {"mcp_config": None}}, "manifest-broken", Status.FAIL),
        ({"server": {"entry_point": "../../../etc/passwd"}}, "entry-point-outside", Status.FAIL),
        ({"server": {"entry_point": "/etc/passwd"}}, "entry-point-outside", Status.FAIL),
        ({"server": {"entry_point": "C:\\x.js"}}, "entry-point-outside", Status.FAIL),
        ({"server": {"entry_point": "server/gone.js"}}, "entry-point-missing", Status.FAIL),
        ({"compatibility": {"platforms": "linux"}}, "ok", Status.OK),
        ({"server": {"entry_point": "server"}}, "entry-point-missing", Status.FAIL),
        ({"server": {"entry_point": "a\0b"}}, "entry-point-missing", Status.FAIL),
        ({"server": {"entry_point": "server/link.js"}}, "entry-point-linked-out", Status.WARN),
    ],
)  # fmt: skip
def test_manifests_with_mistakes(
    tmp_path: Path, changes: dict[str, Any], outcome: str, status: Status
) -> None:
    manifest = a_manifest(**changes)
    folder = installed(tmp_path, manifest)
    write(tmp_path / "outside.js", "x")
    (folder / "server/link.js").symlink_to(tmp_path / "outside.js")
    found = asked(context_of(tmp_path))
    assert {name: each.status for name, each in found.items()} == {outcome: status}


def test_damaged_settings(tmp_path: Path) -> None:
    damaged: tuple[object, ...] = ("{broken", "[]", {"userConfig": []}, b"\xff\xfe\x00")
    for content in damaged:
        folder = installed(tmp_path, a_manifest(KEY, {"K": "${user_config.key}"}), filled_in())
        path = folder.parents[1] / "Claude Extensions Settings" / f"{ID}.json"
        path.write_bytes(content if isinstance(content, bytes) else b"") if isinstance(
            content, bytes
        ) else write(path, content)
        assert list(asked(context_of(tmp_path))) == ["settings-unreadable"]


def test_what_looks_like_files_does_not_hang(tmp_path: Path) -> None:
    folder = installed(tmp_path, a_manifest())
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    other = installed(tmp_path, a_manifest(), filled_in(), name="second")
    settings = other.parents[1] / "Claude Extensions Settings/second.json"
    settings.unlink()
    os.mkfifo(settings)
    began = time.monotonic()
    files = extensions(discover(a_host(tmp_path), Options()))
    assert [each.status for each in files] == [Status.FAIL, Status.OK]
    assert time.monotonic() - began < 5


def test_a_damaged_manifest_and_one_that_is_gone(tmp_path: Path) -> None:
    installed(tmp_path, "{broken")
    (tmp_path / ".config/Claude/Claude Extensions/empty").mkdir()
    write(
        tmp_path / ".config/Claude/extensions-installations.json",
        {"extensions": {ID: {"id": ID}, "../../gone": {}, "empty": {}}},
    )
    files = extensions(discover(a_host(tmp_path), Options()))
    assert {problem.outcome for file in files for problem in file.problems} == {
        "syntax", "extension-without-manifest", "extension-gone",
    }  # fmt: skip
    host = a_host(tmp_path)
    assert all(worded("config.readable", a_context(files, host)))


def test_hostile_words_are_shown_as_plain_text(tmp_path: Path) -> None:
    evil = "\x1b[31m[bold]{0}%s{title}\u202e\n"
    form = {evil: {"title": evil, "required": True}, "x": {"title": evil, "type": "number"}}
    manifest = a_manifest(form, {evil: "${user_config.x}"}, name=evil, display_name=evil)
    installed(tmp_path, manifest, filled_in(x="y"))
    context = context_of(tmp_path)
    for finding in diagnose(context, CHECKS):
        text = "".join((finding.title, finding.detail, *finding.fix, *finding.evidence, finding.server or ""))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert finding.outcome != "runner.broke"


def test_a_bundle_that_is_not_installed_says_what_it_will_ask_for(tmp_path: Path) -> None:
    path = write(tmp_path / "src/manifest.json", a_manifest(KEY, {"K": "${user_config.key}"}))
    write(tmp_path / "src/server/index.js", "")
    host: Host = a_host(tmp_path)
    context = a_context(discover(host, Options(config=(path,))), host)
    found = asked(context)
    assert found["not-installed"].status is Status.OK
    assert found["not-installed"].facts["asked"] == "API key"


def test_a_manifest_made_to_be_slow(tmp_path: Path) -> None:
    form: dict[str, object] = {f"k{number}": {} for number in range(20_000)}
    env = {f"E{number}": f"${{user_config.k{number}}}" for number in range(3000)}
    args = ["${user_config.a}${user_config." * 20] * 2000
    installed(tmp_path, a_manifest(form, env, args), filled_in(**{f"k{n}": "$&" * 50 for n in range(20_000)}))
    began = time.monotonic()
    context = context_of(tmp_path)
    said = ask("config.extension", context, context.servers[0])
    assert time.monotonic() - began < 10
    assert len(said) < 1000


def test_many_extensions_take_no_time(tmp_path: Path) -> None:
    form = {f"k{number}": {"title": f"K{number}"} for number in range(40)}
    manifest = json.dumps(a_manifest(form, {f"E{n}": f"${{user_config.k{n}}}" for n in range(40)}))
    for number in range(60):
        installed(tmp_path, manifest, filled_in(**{f"k{n}": "v" for n in range(40)}), name=f"x{number}")
    began = time.monotonic()
    files = discover(a_host(tmp_path), Options(client="claude-desktop"))
    assert len(extensions(files)) == 60
    assert time.monotonic() - began < 6
