"""What the reference checks say, per client and per environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.catalog.clients import client
from diagnostics.check import Verdict
from diagnostics.checks.reference.expansion import wrapped_lines
from diagnostics.context import Context
from diagnostics.model import Status
from tests.support.configs import KeptStore, a_context, a_host, ask, one_file, worded, write

LONG = "Zx9" * 10
TOML_HEAD = "[mcp_servers.it]\n"


def context_of(
    tmp_path: Path, row: Mapping[str, Any] | str, name: str = "claude-code", env: Mapping[str, str] | None = None,
    store: KeptStore | None = None,
) -> Context:  # fmt: skip
    if isinstance(row, str):
        path = write(tmp_path / "x.toml", TOML_HEAD + row)
    else:
        path = write(tmp_path / "x.json", {client(name).servers[-1][0]: {"it": row}})
    host = a_host(tmp_path, env)
    return a_context([one_file(path, name, host)], host, store=store)


def verdicts(check: str, context: Context) -> list[Verdict]:
    subjects: list[Any] = list(context.servers) if check == "reference.expansion" else context.references
    worded(check, context)  # the words must be complete, whatever the outcome
    return [verdict for subject in subjects for verdict in ask(check, context, subject)]


def outcomes(check: str, context: Context) -> list[str]:
    return [each.outcome for each in verdicts(check, context)]


# ── reference.kind ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "name", "status", "outcome", "cause"),
    [
        ("YOUR_TOKEN_HERE", "claude-code", Status.FAIL, "placeholder", "credential_placeholder"),
        (LONG, "claude-code", Status.WARN, "plain-text", "credential_in_plain_text"),
        ("${user_config.key}", "claude-desktop", Status.SKIP, "kept-by-client", None),
        ("${input:x}", "vscode", Status.SKIP, "asked-by-client", None),
        ("${input:x}", "claude-code", Status.FAIL, "input-not-known", "env_placeholder_not_expanded"),
    ],
)
def test_kinds(
    tmp_path: Path, value: str, name: str, status: Status, outcome: str, cause: str | None
) -> None:
    context = context_of(tmp_path, {"command": "x", "env": {"API_KEY": value}}, name)
    (verdict,) = verdicts("reference.kind", context)
    assert (verdict.status, verdict.outcome, verdict.cause) == (status, outcome, cause)


@pytest.mark.parametrize("value", ["${SECRET:x}", "${X}", "${KEYTAR:a/b}", "${VAULT:a/b}", "${AWS_SECRET:x}"])
def test_what_other_checks_look_at(tmp_path: Path, value: str) -> None:
    assert not outcomes("reference.kind", context_of(tmp_path, {"command": "x", "env": {"A": value}}))


@pytest.mark.parametrize(
    ("name", "row", "outcome", "line"),
    [
        (
            "vscode",
            {"headers": {"Authorization": f"Bearer {LONG}"}},
            "plain-text-remote-asked",
            "${input:token}",
        ),
        ("cursor", {"headers": {"X-Key": LONG}}, "plain-text-remote-variable", "${env:VAR}"),
        (
            "claude-desktop",
            {"headers": {"Authorization": f"Bearer {LONG}"}},
            "plain-text-remote",
            '"env": { "BRIDGE": "Bearer ${SECRET:NAME}" }',
        ),
        ("claude-code", {"url": f"https://h.example/mcp?api_key={LONG}"}, "plain-text-remote-url", "${VAR}"),
    ],
)
def test_where_the_launcher_can_not_serve_the_words_lead_on(
    tmp_path: Path, name: str, row: dict[str, object], outcome: str, line: str
) -> None:
    context = context_of(tmp_path, {"url": "https://h.example/mcp", "type": "http", **row}, name)
    assert outcomes("reference.kind", context) == [outcome]
    said = worded("reference.kind", context)
    assert line in "\n".join(said)
    assert LONG not in "\n".join(said)


def test_a_credential_in_plain_text_is_not_in_the_words(tmp_path: Path) -> None:
    context = context_of(tmp_path, {"command": "x", "env": {"API_KEY": LONG}, "args": [f"--token={LONG}"]})
    assert LONG not in " ".join(worded("reference.kind", context))


# ── reference.environment ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "where", "value", "env", "outcome"),
    [
        ("claude-code", "env", "${X}", {"X": "1"}, "set"),
        ("claude-code", "env", "${X}", {}, "unset-literal"),
        ("claude-code", "env", "${X}", {"X": ""}, "empty"),
        ("claude-code", "env", "${X:-d}", {}, "default"),
        ("claude-code", "env", "${X:-d}", {"X": ""}, "default"),
        ("claude-code", "env", "${X:-}", {}, "default-empty"),
        ("claude-code", "env", "${env:X}", {"X": "1"}, "not-expanded"),
        ("claude-code", "env", "$X", {"X": "1"}, "not-expanded"),
        ("claude-code", "args", "$X", {"X": "1"}, "not-expanded"),
        ("claude-code", "headers", "Bearer ${X}", {}, "unset-literal"),
        ("claude-desktop", "env", "${X}", {"X": "1"}, "not-expanded-anywhere"),
        ("claude-desktop", "env", "${X:-d}", {}, "not-expanded-anywhere"),
        ("vscode", "env", "${X}", {"X": "1"}, "not-expanded"),
        ("vscode", "env", "${env:X}", {"X": "1"}, "set-here"),
        ("vscode", "env", "${env:X}", {}, "unset-empty"),
        ("cursor", "env", "${env:X}", {}, "unset-unknown"),
        ("windsurf", "env", "${env:X}", {"X": "1"}, "set-here"),
        ("gemini", "env", "$X", {}, "unset-empty"),
        ("gemini", "args", "${X}", {}, "unset-literal"),
        ("gemini", "env", "${X:-d}", {}, "default"),
        ("zed", "env", "${X}", {"X": "1"}, "not-expanded-anywhere"),
        ("generic", "env", "${X}", {"X": "1"}, "set"),
        ("generic", "env", "${X}", {}, "unset-unknown"),
    ],
)
def test_variables(
    tmp_path: Path, name: str, where: str, value: str, env: dict[str, str], outcome: str
) -> None:
    row = {"command": "x", where: [value] if where == "args" else {"A": value}}
    (verdict,) = verdicts("reference.environment", context_of(tmp_path, row, name, env))
    assert verdict.outcome == outcome
    assert (verdict.status is Status.OK) == (outcome in {"set", "set-here", "default", "default-empty"})
    expected = "env_placeholder_not_expanded" if outcome.startswith("not-expanded") else "env_var_missing"
    assert verdict.cause == (None if verdict.status is Status.OK else expected)


@pytest.mark.parametrize(
    ("row", "env", "expected"),
    [
        ('command = "x"\nenv_vars = ["T"]', {}, ["unset-missing"]),
        ('command = "x"\nenv_vars = ["T"]', {"T": "1"}, ["set"]),
        ('url = "https://x"\nbearer_token_env_var = "T"', {}, ["unset-error"]),
        ('url = "https://x"\nbearer_token_env_var = "T"', {"T": ""}, ["empty"]),
        ('url = "https://x"\nenv_http_headers = {A = "T"}', {}, ["unset-missing"]),
        ('command = "x"\nenv = {A = "${T}"}', {"T": "1"}, ["not-expanded"]),
        ('command = "docker"\nargs = ["run", "-e", "T"]', {"T": "1"}, ["filtered"]),
        ('command = "docker"\nargs = ["run", "-e", "T"]', {}, ["unset-docker"]),
    ],
)
def test_codex(tmp_path: Path, row: str, env: dict[str, str], expected: list[str]) -> None:
    assert outcomes("reference.environment", context_of(tmp_path, row, "codex", env)) == expected


def test_docker_takes_the_value_from_the_entrys_env(tmp_path: Path) -> None:
    row = {"command": "docker", "args": ["run", "-e", "T"], "env": {"T": "${SECRET:t}"}}
    assert outcomes("reference.environment", context_of(tmp_path, row)) == []
    row["env"] = {}
    assert outcomes("reference.environment", context_of(tmp_path, row, env={"T": "1"})) == ["set"]
    assert outcomes("reference.environment", context_of(tmp_path, row, "gemini", env={"MY": "1"})) == [
        "unset-docker"
    ]


def test_a_filtering_client_keeps_a_credential_from_docker(tmp_path: Path) -> None:
    row = {"command": "docker", "args": ["run", "-e", "API_TOKEN"]}
    (verdict,) = verdicts("reference.environment", context_of(tmp_path, row, "gemini", {"API_TOKEN": LONG}))
    assert (verdict.status, verdict.outcome, verdict.cause) == (Status.WARN, "filtered", "env_var_missing")


def test_the_launcher_fills_variables_in_whatever_the_client(tmp_path: Path) -> None:
    row = {"command": "mcp-doctor", "args": ["run", "--", "x"], "env": {"A": "${T}"}}
    assert outcomes("reference.environment", context_of(tmp_path, row, "vscode", {"T": "1"})) == ["set-here"]
    assert outcomes("reference.environment", context_of(tmp_path, row, "vscode", {})) == ["unset-launcher"]
    assert outcomes("reference.environment", context_of(tmp_path, row, "claude-desktop", {"T": "1"})) == [
        "filtered"
    ]


def test_a_shell_replaces_variables_in_its_script(tmp_path: Path) -> None:
    row = {"command": "sh", "args": ["-c", "exec x --token $TOKEN"]}
    in_session = context_of(tmp_path, row, env={"TOKEN": "1"})
    assert outcomes("reference.environment", in_session) == ["set-nowhere-kept"]
    (tmp_path / ".profile").write_text("export TOKEN=1\n")
    assert outcomes("reference.environment", in_session) == ["set"]
    assert outcomes("reference.environment", context_of(tmp_path, row)) == ["unset-empty"]


def test_a_dollar_within_an_argument_is_left_alone(tmp_path: Path) -> None:
    row = {"command": "x", "args": ["--pattern", "^a $END"]}
    assert outcomes("reference.environment", context_of(tmp_path, row)) == []


def test_the_value_of_a_variable_is_never_shown(tmp_path: Path) -> None:
    context = context_of(tmp_path, {"command": "x", "env": {"A": "${T}", "B": "${env:T}"}}, env={"T": LONG})
    assert LONG not in " ".join(worded("reference.environment", context))


# ── reference.expansion ─────────────────────────────────────────────────────────────────────────────────────


def test_references_nobody_fills_in(tmp_path: Path) -> None:
    row = {"command": "npx", "args": ["-y", "@x/y", "--key", LONG], "env": {"T": "${SECRET:t}"}}
    context = context_of(tmp_path, row)
    (verdict,) = verdicts("reference.expansion", context)
    assert (verdict.status, verdict.outcome, verdict.cause) == (
        Status.WARN, "not-launched", "env_placeholder_not_expanded",
    )  # fmt: skip
    (said,) = worded("reference.expansion", context)
    assert '"command": "mcp-doctor",' in said
    assert '"args": ["run", "--", "npx", "-y", "@x/y", "--key", "…"]' in said
    assert LONG not in said


def test_the_lines_are_in_the_clients_notation(tmp_path: Path) -> None:
    (server,) = context_of(
        tmp_path, 'command = "npx"\nargs = ["-y"]\nenv = {T = "${SECRET:t}"}', "codex"
    ).servers
    assert wrapped_lines(server, client("codex")) == (
        'command = "mcp-doctor"',
        'args = ["run", "--", "npx", "-y"]',
    )


@pytest.mark.parametrize("arg", ["x=" + LONG, "https://u:pw@host/", "tok" + "3n" * 10, "A1" * 9])
def test_arguments_that_may_hold_a_credential_are_left_out(tmp_path: Path, arg: str) -> None:
    (server,) = context_of(tmp_path, {"command": "x", "args": [arg], "env": {"T": "${SECRET:t}"}}).servers
    assert wrapped_lines(server, client("cursor"))[1] == '"args": ["run", "--", "x", "…"]'


def test_references_the_launcher_fills_in(tmp_path: Path) -> None:
    row = {"command": "mcp-doctor", "args": ["run", "--", "npx"], "env": {"T": "${SECRET:t}"}}
    assert outcomes("reference.expansion", context_of(tmp_path, row)) == ["launched"]


def test_a_remote_server_has_no_command_to_launch(tmp_path: Path) -> None:
    row = {"type": "http", "url": "https://x", "headers": {"A": "Bearer ${SECRET:t}"}}
    assert outcomes("reference.expansion", context_of(tmp_path, row)) == ["not-launched-remote"]


def test_nothing_to_fill_in(tmp_path: Path) -> None:
    assert outcomes("reference.expansion", context_of(tmp_path, {"command": "x", "env": {"T": "${X}"}})) == []


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("${SECRET:}", "malformed-empty"),
        ("${SECRET:x", "malformed-unclosed"),
        ("${secret:x}", "malformed-case"),
        ("${SECRET: x}", "malformed-blank"),
    ],
)
def test_malformed_references(tmp_path: Path, value: str, outcome: str) -> None:
    context = context_of(tmp_path, {"command": "x", "env": {"T": value}})
    (verdict,) = verdicts("reference.expansion", context)
    assert (verdict.status, verdict.outcome, verdict.cause) == (Status.FAIL, outcome, "reference_malformed")
    assert verdict.facts["field_name"] == "env.T"


# ── reference.layers ────────────────────────────────────────────────────────────────────────────────────────


def layers(tmp_path: Path, exported: str | None, kept: str | None, broken: bool = False) -> list[Verdict]:
    store = KeptStore({} if kept is None else {"t": kept}, broken)
    row = {"command": "x", "env": {"TOKEN": "${SECRET:t}"}}
    context = context_of(tmp_path, row, env={} if exported is None else {"TOKEN": exported}, store=store)
    said = " ".join(worded("reference.layers", context))
    assert not exported or exported not in said
    assert not kept or kept not in said
    return verdicts("reference.layers", context)


def test_another_value_in_the_environment(tmp_path: Path) -> None:
    (verdict,) = layers(tmp_path, LONG, LONG[::-1])
    assert (verdict.status, verdict.outcome, verdict.cause) == (
        Status.WARN,
        "shadowed",
        "credential_shadowed",
    )
    assert len(set(verdict.evidence)) == 2


@pytest.mark.parametrize(
    ("exported", "kept", "broken"),
    [(LONG, LONG, False), (None, LONG, False), (LONG, None, False), ("", LONG, False), (LONG, LONG, True),
     ("${SECRET:t}", LONG, False)],
)  # fmt: skip
def test_layers_that_agree_or_cannot_be_compared(
    tmp_path: Path, exported: str | None, kept: str | None, broken: bool
) -> None:
    assert not layers(tmp_path, exported, kept, broken)
