"""Client by client: what becomes of a placeholder, and what is to be written instead."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.clients import client, clients
from diagnostics.check import Verdict
from diagnostics.context import Context
from diagnostics.model import Platform, Status
from diagnostics.secret import Secret
from diagnostics.stores import Entry
from tests.support.configs import KeptStore, a_context, a_host, ask, one_file, worded, write

YAML = {"continue", "goose"}


def context_of(
    tmp_path: Path, name: str, row: dict[str, Any], env: dict[str, str] | None = None,
    platform: Platform = Platform.LINUX, store: KeptStore | None = None,
) -> Context:  # fmt: skip
    one = client(name)
    way = one.servers[-1]
    entries: object = [{"name": "it", **row}] if one.servers_are_listed else {"it": row}
    for key in reversed(way):
        entries = {key: entries}
    suffix = "yaml" if name in YAML else "toml" if one.format == "toml" else "json"
    text = _toml(row, way[0]) if suffix == "toml" else json.dumps(entries, indent=2)  # JSON is YAML
    path = write(tmp_path / f"config.{suffix}", text)
    host = a_host(tmp_path, env, platform)
    return a_context([one_file(path, name, host)], host, store=store)


def _toml(row: dict[str, Any], table: str) -> str:
    lines = [f"{key} = {_inline(value)}" for key, value in row.items()]
    return "\n".join([f"[{table}.it]", *lines])


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


def said(context: Context, check: str = "reference.environment") -> list[Verdict]:
    worded(check, context)  # the words must be complete, whatever the outcome
    subjects: list[Any] = list(context.servers) if check.endswith("expansion") else context.references
    return [verdict for each in subjects for verdict in ask(check, context, each)]


def outcomes(context: Context, check: str = "reference.environment") -> list[str]:
    return [each.outcome for each in said(context, check)]


def an_entry(name: str, where: str, value: str) -> dict[str, Any]:
    """An entry in this client's own words, the value in the field that the catalogue calls `where`."""
    one = client(name).fields
    if where in {"url", "headers"}:
        url = "https://x.example/mcp"
        row: dict[str, Any] = {"type": "http", next(iter(one.urls)): url + value if where == "url" else url}
        if where == "headers":
            row[one.headers] = {"Authorization": value}
        return row
    words = ["prog", value] if where == "args" else ["prog"]
    row = {one.command: words} if one.command_is_list else {one.command: "prog", one.args: words[1:]}
    return {**row, one.env: {"A": value}} if where == "env" else row


@pytest.mark.parametrize(
    ("name", "where", "value", "outcome"),
    [
        ("amazonq", "env", "${env:NOPE}", "unset-literal"),
        ("amazonq", "env", "${NOPE}", "not-expanded"),
        ("amazonq", "args", "${env:NOPE}", "not-expanded-anywhere"),
        ("amp", "env", "${NOPE}", "unset-unknown"),
        ("antigravity", "env", "${NOPE}", "unset-unknown"),
        ("claude-code", "url", "?k=${NOPE}", "unset-literal"),
        ("claude-code", "env", "${{ secrets.NOPE }}", "not-expanded"),
        ("claude-code", "env", "{env:NOPE}", "not-expanded"),
        ("claude-desktop", "env", "${env:NOPE}", "not-expanded-anywhere"),
        ("cline", "env", "${env:NOPE}", "unset-literal"),
        ("cline", "env", "${NOPE}", "not-expanded"),
        ("codex", "env", "${NOPE}", "not-expanded"),
        ("codex", "args", "${NOPE}", "not-expanded-anywhere"),
        ("continue", "env", "${{ secrets.NOPE }}", "not-in-files"),
        ("continue", "env", "${NOPE}", "not-expanded"),
        ("copilot-cli", "env", "${NOPE}", "unset-literal"),
        ("copilot-cli", "args", "$NOPE", "unset-literal"),
        ("copilot-cli", "env", "${NOPE:-d}", "default"),
        ("copilot-cli", "headers", "Bearer ${NOPE}", "not-expanded-remote"),
        ("copilot-jetbrains", "env", "${env:NOPE}", "unset-unknown"),
        ("cursor", "env", "${env:NOPE}", "unset-unknown"),
        ("fx", "env", "${NOPE}", "unset-unknown"),
        ("gemini", "env", "$NOPE", "unset-empty"),
        ("gemini", "headers", "Bearer $NOPE", "unset-empty"),
        ("gemini", "args", "${NOPE}", "unset-literal"),
        ("goose", "headers", "Bearer ${NOPE}", "unset-error"),
        ("goose", "env", "${NOPE}", "not-expanded"),
        ("grok", "env", "${NOPE}", "unset-unknown"),
        ("jetbrains", "env", "${NOPE}", "unset-unknown"),
        ("junie", "env", "${NOPE}", "unset-unknown"),
        ("kilo", "env", "${NOPE}", "unset-unknown"),
        ("kimi", "env", "${NOPE}", "unset-unknown"),
        ("kiro", "env", "${NOPE}", "unset-literal"),
        ("lmstudio", "env", "${NOPE}", "unset-unknown"),
        ("mastra", "env", "${NOPE}", "unset-unknown"),
        ("mcporter", "env", "${NOPE}", "unset-unknown"),
        ("opencode", "env", "{env:NOPE}", "unset-empty"),
        ("opencode", "env", "${NOPE}", "not-expanded"),
        ("pi", "env", "${NOPE}", "unset-unknown"),
        ("roo", "env", "${env:NOPE}", "unset-literal"),
        ("visual-studio", "env", "${env:NOPE}", "unset-unknown"),
        ("vscode", "env", "${env:NOPE}", "unset-empty"),
        ("vscode", "env", "${NOPE}", "not-expanded"),
        ("warp", "env", "${NOPE}", "unset-unknown"),
        ("windsurf", "env", "${env:NOPE}", "unset-unknown"),
        ("zed", "headers", "Bearer ${NOPE}", "not-expanded-remote"),
    ],
)
def test_an_unset_variable(tmp_path: Path, name: str, where: str, value: str, outcome: str) -> None:
    (verdict,) = said(context_of(tmp_path, name, an_entry(name, where, value)))
    assert verdict.outcome == outcome
    assert verdict.status is (Status.OK if outcome == "default" else Status.FAIL)


def test_every_client_is_asked_above() -> None:
    marks = [each for each in globals()["test_an_unset_variable"].pytestmark if each.name == "parametrize"]
    assert {row[0] for row in marks[0].args[1]} == set(clients()) - {"generic"}


@pytest.mark.parametrize(
    ("name", "where", "value", "instead"),
    [
        ("cursor", "env", "${X}", "${env:X}"),
        ("claude-code", "env", "${env:X}", "${X}"),
        ("opencode", "env", "${X}", "{env:X}"),
        ("continue", "env", "${X}", "${{ secrets.X }}"),
        ("gemini", "env", "${env:X}", "${X}"),
        ("codex", "env", "${X}", 'env_vars = ["X"]'),
        ("codex", "headers", "Bearer ${X}", 'bearer_token_env_var = "X"'),
        ("codex", "headers", "${X}", 'env_http_headers = { "Authorization" = "X" }'),
        ("goose", "env", "${X}", "env_keys: [X]"),
    ],
)
def test_what_to_write_instead(tmp_path: Path, name: str, where: str, value: str, instead: str) -> None:
    (verdict,) = said(context_of(tmp_path, name, an_entry(name, where, value), {"X": "1"}))
    assert (verdict.outcome, verdict.facts["instead"]) == ("not-expanded", instead)


def test_a_set_variable_where_the_notation_is_not_established(tmp_path: Path) -> None:
    row = {"command": "prog", "env": {"SOME_TOKEN": "${X}"}}
    (verdict,) = said(context_of(tmp_path, "lmstudio", row, {"X": "1"}))
    assert (verdict.status, verdict.outcome) == (Status.UNKNOWN, "perhaps-not-expanded")


@pytest.mark.parametrize(
    ("field", "variable", "value"),
    [
        ("ROOT", "HOME", "/home/u"),
        ("PATH", "PATH", "/bin"),
        ("LEVEL", "LOG_LEVEL", "info"),
        ("LANG", "L", "en"),
    ],
)
def test_what_is_not_established_matters_only_where_a_credential_hangs_on_it(
    tmp_path: Path, field: str, variable: str, value: str
) -> None:
    row = {"command": "prog", "env": {field: f"${{{variable}}}"}}
    (verdict,) = said(context_of(tmp_path, "lmstudio", row, {variable: value}))
    assert (verdict.status, verdict.outcome) == (Status.SKIP, "no-credential")


@pytest.mark.parametrize(
    ("field", "variable", "value"),
    [
        ("GOOGLE_APPLICATION_CREDENTIALS", "HOME", "/home/u"),
        ("X", "MY_API_KEY", "short"),
        ("X", "DATABASE_URL", "postgres://u:" + "hunter2" + "@db/x"),
    ],
)
def test_a_credential_that_hangs_on_a_variable_is_known_by_name_place_or_looks(
    tmp_path: Path, field: str, variable: str, value: str
) -> None:
    row = {"command": "prog", "env": {field: f"${{{variable}}}"}}
    (verdict,) = said(context_of(tmp_path, "lmstudio", row, {variable: value}))
    assert verdict.outcome == "perhaps-not-expanded"


def test_a_variable_of_the_system_that_stays_as_written_is_a_warning(tmp_path: Path) -> None:
    row = {"command": "prog", "env": {"ROOT": "${HOME}/x"}}
    (verdict,) = said(context_of(tmp_path, "claude-desktop", row, {"HOME": "/home/u"}))
    assert (verdict.status, verdict.outcome) == (Status.WARN, "harmless-not-expanded")
    (verdict,) = said(context_of(tmp_path, "cursor", row, {"HOME": "/home/u"}))
    assert (verdict.status, verdict.outcome) == (Status.WARN, "harmless-other-notation")
    assert verdict.facts["instead"] == "${env:HOME}"


def test_the_home_folder_is_no_secret(tmp_path: Path) -> None:
    row = {"command": "prog", "env": {"ROOT": "${HOME}/x", "PATH": "${PATH}"}}
    context = context_of(
        tmp_path, "claude-code", row, {"HOME": "/home/somebody", "PATH": "/opt/somewhere/bin"}
    )
    said(context)
    text = "found at /home/somebody/x and /opt/somewhere/bin/x"
    assert context.scrubber.scrub(text) == text


# ── Continue, Gemini: files with variables ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", [".env", ".continue/.env"])
def test_continue_looks_in_its_files_and_not_in_the_environment(tmp_path: Path, where: str) -> None:
    row = an_entry("continue", "env", "${{ secrets.X }}")
    assert outcomes(context_of(tmp_path, "continue", row, {"X": "exported"})) == ["not-in-files"]
    write(tmp_path / where, '# mine\nexport X = "from file" # said\n')
    context = context_of(tmp_path, "continue", row, {"X": "exported"})
    assert outcomes(context) == ["set-in-file"]
    value = context.value_of(context.references[0])
    assert value is not None
    assert value.reveal() == "from file"


def test_continue_takes_the_shells_notation_in_json_only(tmp_path: Path) -> None:
    write(tmp_path / ".env", "X=1\n")
    path = write(tmp_path / "a.json", {"mcpServers": {"it": {"command": "prog", "env": {"A": "${X}"}}}})
    host = a_host(tmp_path)
    assert outcomes(a_context([one_file(path, "continue", host)], host)) == ["set-in-file"]


def test_geminis_env_file_is_asked_beside_the_environment(tmp_path: Path) -> None:
    write(tmp_path / ".gemini/.env", "X=1\n")
    row = an_entry("gemini", "env", "$X")
    assert outcomes(context_of(tmp_path, "gemini", row)) == ["set-in-file"]
    assert outcomes(context_of(tmp_path, "gemini", row, {"X": "2"})) == ["set"]


# ── single clients ──────────────────────────────────────────────────────────────────────────────────────────


def test_percent_signs_are_gemini_on_windows(tmp_path: Path) -> None:
    row = an_entry("gemini", "env", "%X_TOKEN%")
    assert outcomes(context_of(tmp_path, "gemini", row, {"X_TOKEN": "1"}, Platform.WINDOWS)) == ["set"]
    assert outcomes(context_of(tmp_path, "gemini", row, {"X_TOKEN": "1"})) == []
    args = an_entry("gemini", "args", "%X_TOKEN%")
    assert outcomes(context_of(tmp_path, "gemini", args, {}, Platform.WINDOWS)) == ["not-expanded"]
    in_cmd = {"command": "cmd", "args": ["/c", "prog", "%X_TOKEN%"]}
    assert outcomes(context_of(tmp_path, "claude-code", in_cmd, {"X_TOKEN": "1"}, Platform.WINDOWS)) == [
        "set"
    ]


def test_copilots_bare_name_of_a_set_variable(tmp_path: Path) -> None:
    row = an_entry("copilot-cli", "env", "SOME_TOKEN")
    assert outcomes(context_of(tmp_path, "copilot-cli", row, {"SOME_TOKEN": "1"})) == ["set-nowhere-kept"]
    assert outcomes(context_of(tmp_path, "copilot-cli", row)) == []  # a plain text then
    named = {"command": "prog", "env": {"SOME_TOKEN": "SOME_TOKEN"}}
    assert outcomes(context_of(tmp_path, "copilot-cli", named)) == ["unset-literal"]
    assert outcomes(context_of(tmp_path, "claude-code", row, {"SOME_TOKEN": "1"})) == []


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        (None, "perhaps-not-approved"),
        ({"kiroAgent.mcpApprovedEnvVars": ["OTHER"]}, "not-approved"),
        ({"kiroAgent.mcpApprovedEnvVars": ["X"]}, "set-nowhere-kept"),
        ({"kiroAgent": {"mcpApprovedEnvVars": ["X"]}}, "set-nowhere-kept"),
    ],
)
def test_kiro_replaces_approved_names_only(tmp_path: Path, settings: object, outcome: str) -> None:
    if settings is not None:
        write(tmp_path / ".kiro/settings/cli.json", settings)
    row = {"command": "prog", "env": {"SOME_TOKEN": "${X}"}}
    assert outcomes(context_of(tmp_path, "kiro", row, {"X": "1"})) == [outcome]


class GooseStore(KeptStore):
    """A store that holds Goose's one entry."""

    def __init__(self, content: str | None) -> None:
        super().__init__()
        self.content = content

    def entries(self) -> list[Entry]:
        """The entry; its secret is withheld where there is no content."""
        secret = None if self.content is None else Secret(self.content)
        return [Entry("/1", "/c", "goose", {"service": "goose", "username": "secrets"}, secret)]


GOOSE = {"type": "stdio", "cmd": "prog", "env_keys": ["MY_KEY"]}


@pytest.mark.parametrize(
    ("row", "env", "store", "expected"),
    [
        (GOOSE, {"MY_KEY": "1"}, KeptStore(), ["set"]),
        ({**GOOSE, "env_keys": ["my_key"]}, {"MY_KEY": "1"}, KeptStore(), ["set"]),
        ({**GOOSE, "envs": {"MY_KEY": "${SECRET:x}"}}, {}, KeptStore(), []),
        (GOOSE, {}, GooseStore('{"MY_KEY": "1"}'), ["in-own-store"]),
        (GOOSE, {}, GooseStore('{"OTHER": "1"}'), ["unset-error"]),
        (GOOSE, {}, GooseStore("[not json"), ["own-store-not-read"]),
        (GOOSE, {}, GooseStore(None), ["own-store-not-read"]),
        (GOOSE, {}, KeptStore(), ["unset-error"]),
        (GOOSE, {}, KeptStore(broken=True), ["own-store-not-read"]),
        (GOOSE, {"GOOSE_DISABLE_KEYRING": "1"}, KeptStore(broken=True), ["in-own-store"]),
    ],
)
def test_goose_looks_in_three_places(
    tmp_path: Path, row: dict[str, Any], env: dict[str, str], store: KeptStore, expected: list[str]
) -> None:
    write(tmp_path / ".config/goose/secrets.yaml", "MY_KEY: kept\n")
    assert outcomes(context_of(tmp_path, "goose", row, env, store=store)) == expected


HEADER = ["mcp-remote@0.1", "https://x.example/mcp", "--header", "Authorization: Bearer ${T}"]


@pytest.mark.parametrize(
    ("name", "more", "env", "expected"),
    [
        ("claude-desktop", {"env": {"T": "${SECRET:t}"}}, {}, []),
        ("claude-desktop", {}, {}, ["unset-bridge"]),
        ("claude-desktop", {}, {"T": "1"}, ["filtered"]),
        ("claude-code", {}, {"T": "1"}, ["set"]),
        ("claude-code", {"env": {"T": "${SECRET:t}"}}, {}, []),
        ("amazonq", {}, {"T": "1"}, ["set"]),
    ],
)
def test_mcp_remote_fills_in_headers_itself(
    tmp_path: Path, name: str, more: dict[str, Any], env: dict[str, str], expected: list[str]
) -> None:
    assert outcomes(context_of(tmp_path, name, {"command": "npx", "args": HEADER, **more}, env)) == expected


def test_claude_code_inside_the_desktop_app_hands_on_little(tmp_path: Path) -> None:
    row = {"command": "docker", "args": ["run", "-e", "T", "image"]}
    for env, expected in [
        ({"T": "1"}, "set"),
        ({"T": "1", "CLAUDE_CODE_ENTRYPOINT": "local-agent"}, "filtered"),
        ({"T": "1", "CLAUDE_CODE_MCP_ALLOWLIST_ENV": "1"}, "filtered"),
        ({"T": "1", "CLAUDE_CODE_ENTRYPOINT": "local-agent", "CLAUDE_CODE_MCP_ALLOWLIST_ENV": "0"}, "set"),
    ]:
        assert outcomes(context_of(tmp_path, "claude-code", row, env)) == [expected]


def test_gemini_keeps_back_values_that_look_like_keys() -> None:
    rules = client("gemini").inheritance
    key = "AKIA" + "A" * 16
    env = {"PLAIN": "x", "HARMLESS_NAME": key, "PROXY_TO": "https://me:" + "pw@host/x", "MY_TOKEN": "x"}
    assert rules.handed_on(env, "linux") == {"PLAIN": "x"}


def test_amazon_q_lets_the_exported_value_win(tmp_path: Path) -> None:
    value = "Zx9" * 10
    row = {"command": "prog", "env": {"API_KEY": value}}
    context = context_of(tmp_path, "amazonq", row, {"API_KEY": "another"})
    assert outcomes(context, "reference.layers") == ["overridden"]
    assert value not in " ".join(worded("reference.layers", context))
    assert outcomes(context_of(tmp_path, "amazonq", row, {"API_KEY": value}), "reference.layers") == []
    assert (
        outcomes(context_of(tmp_path, "claude-code", row, {"API_KEY": "another"}), "reference.layers") == []
    )


# ── files, settings, inputs, sealed texts ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "outcome"), [("  kept \n", "file-there"), ("\n", "file-empty"), (None, "file-missing")]
)
def test_a_file_whose_content_the_client_puts_in(tmp_path: Path, content: str | None, outcome: str) -> None:
    if content is not None:
        write(tmp_path / "keys/one", content)
    context = context_of(tmp_path, "opencode", an_entry("opencode", "env", "{file:~/keys/one}"))
    assert outcomes(context, "reference.kind") == [outcome]
    value = context.value_of(context.references[0])
    assert (value.reveal() if value else None) == ("kept" if outcome == "file-there" else None)


@pytest.mark.parametrize(
    ("name", "value", "outcome"),
    [
        ("windsurf", "${file:/no/such}", "file-missing"),
        ("claude-code", "{file:~/x}", "file-not-known"),
        ("cursor", "${config:a.b}", "setting-not-known"),
        ("vscode", "${config:a.b}", "kept-by-client"),
        ("copilot-cli", "${input:x}", "input-not-known"),
        ("claude-desktop", "${input:x}", "input-not-known"),
        ("visual-studio", "${input:x}", "asked-by-client"),
    ],
)
def test_notations_copied_from_another_client(tmp_path: Path, name: str, value: str, outcome: str) -> None:
    assert outcomes(context_of(tmp_path, name, an_entry(name, "env", value)), "reference.kind") == [outcome]


def test_a_sealed_text_is_no_credential(tmp_path: Path) -> None:
    value = "__encrypted__:" + "djEw" + "Zx9" * 20
    context = context_of(tmp_path, "claude-desktop", an_entry("claude-desktop", "env", value))
    assert outcomes(context, "reference.expansion") == ["sealed"]
    assert context.references == []
    assert value not in " ".join(worded("reference.expansion", context))
