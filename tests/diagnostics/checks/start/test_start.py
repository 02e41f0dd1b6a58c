"""The start checks, on real configs and real processes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.host import Host
from diagnostics.model import Finding, Platform, Session, Status
from diagnostics.servers.script_path import missing_path
from tests.support.configured import HeldStore, ask, context_of

PATH = os.environ["PATH"]
Fake = Callable[[str], list[str]]


def entry(command: list[str], **more: Any) -> dict[str, Any]:
    return {"command": command[0], "args": command[1:], **more}


def asked(check: str, tmp_path: Path, row: dict[str, Any], **more: Any) -> Finding:
    more.setdefault("env", {"PATH": PATH, "HOME": str(tmp_path)})
    return ask(context_of(tmp_path, {"it": row}, **more), f"start.{check}")[f"start.{check}"]


def started(tmp_path: Path, row: dict[str, Any], **more: Any) -> Finding:
    return asked("handshake", tmp_path, row, start=True, **more)


# ── start.command ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_command_that_is_there(tmp_path: Path) -> None:
    assert asked("command", tmp_path, {"command": "sh", "args": []}).status is Status.OK


def test_a_missing_command_names_the_path_that_was_searched(tmp_path: Path) -> None:
    found = asked("command", tmp_path, {"command": "no-such-npx"}, env={"PATH": "/one:/two"})
    assert (found.outcome, found.cause) == ("not-found", "command_not_found")
    assert "PATH: /one:/two" in found.evidence


def test_a_command_installed_elsewhere_names_the_place(tmp_path: Path) -> None:
    program = tmp_path / ".nvm/versions/node/v22.0.0/bin/npx"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = asked("command", tmp_path, {"command": "npx"}, env={"PATH": "/nowhere"})
    assert found.outcome == "elsewhere"
    assert any(str(program) in line for line in found.evidence)


def test_a_command_that_only_a_shell_finds_is_a_warning_for_a_desktop_client(tmp_path: Path) -> None:
    folder = tmp_path / ".nvm/versions/node/v22.0.0/bin"
    folder.mkdir(parents=True)
    (folder / "server").write_text("#!/bin/sh\n")
    (folder / "server").chmod(0o755)
    found = asked("command", tmp_path, {"command": "server"}, env={"PATH": f"{folder}:/bin:/usr/bin"})
    assert (found.status, found.outcome) == (Status.WARN, "only-in-a-shell")


def test_the_entrys_own_path_counts(tmp_path: Path) -> None:
    row = {"command": "sh", "env": {"PATH": "/nowhere"}}
    assert asked("command", tmp_path, row).outcome in {"elsewhere", "not-found"}


def test_variables_in_the_entrys_own_path_count_as_their_values(tmp_path: Path) -> None:
    row = {"command": "sh", "env": {"PATH": f"{tmp_path}:${{PATH}}"}}
    assert asked("command", tmp_path, row, client="claude-code").outcome == "there"
    assert asked("command", tmp_path, row, client="lmstudio").outcome == "there"  # not established
    left = asked("command", tmp_path, row, client="claude-desktop")
    assert left.outcome in {"elsewhere", "not-found"}  # it replaces nothing, so the server's PATH is broken


def test_the_command_behind_the_launcher_is_looked_up_too(tmp_path: Path) -> None:
    launcher = tmp_path / "bin/mcp-doctor"
    launcher.parent.mkdir()
    launcher.write_text("#!/bin/sh\n")
    launcher.chmod(0o755)
    row = {"command": "mcp-doctor", "args": ["run", "--", "no-such-npx", "-y", "x"]}
    found = asked("command", tmp_path, row, env={"PATH": f"{launcher.parent}:{PATH}"})
    assert (found.outcome, found.facts["command"]) == ("not-found", "no-such-npx")


@pytest.mark.parametrize(
    ("content", "mode", "outcome"),
    [
        ("#!/bin/sh\n", 0o644, "not-executable"),
        ("#!/no/interpreter\n", 0o755, "no-interpreter"),
        ("#!/bin/sh\r\n", 0o755, "windows-line-ends"),
        ("MZ", 0o755, "wrong-format"),
        (None, 0, "no-file"),
    ],
)
def test_a_file_that_can_not_be_started(tmp_path: Path, content: str | None, mode: int, outcome: str) -> None:
    file = tmp_path / "server"
    if content is not None:
        file.write_text(content, newline="")
        file.chmod(mode)
    found = asked("command", tmp_path, {"command": str(file)})
    assert (found.status, found.outcome) == (Status.FAIL, outcome)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    found = asked("command", tmp_path, {"command": "sh", "args": [str(tmp_path / "gone.sh")]})
    assert (found.outcome, found.cause) == ("no-script", "path_not_found")


@pytest.mark.parametrize(
    ("command", "args", "missing"),
    [
        ("node", ["dist/index.js"], "dist/index.js"),
        ("node", ["--require", "x", "dist/index.js", "--flag"], "dist/index.js"),
        ("node", ["there.js"], None),
        ("node", ["there"], None),
        ("python3", ["-m", "package"], None),
        ("python3", ["-u", "server.py"], "server.py"),
        ("python3", ["-c", "import x/y.py"], None),
        ("sh", ["-c", "node /gone.js"], None),
        ("npx", ["-y", "@scope/gone.js"], None),
        ("uv", ["--directory", "gone", "run", "x"], "gone"),
        ("uv", ["--directory", ".", "run", "x"], None),
        ("java", ["-jar", "gone.jar"], "gone.jar"),
        ("deno", ["run", "x.ts"], None),
        ("node", ["${HOME}/x.js"], None),
        ("node", ["\0.js"], "\0.js"),
        ("node", [], None),
    ],
)
def test_which_path_must_exist(tmp_path: Path, command: str, args: list[str], missing: str | None) -> None:
    (tmp_path / "there.js").touch()
    assert missing_path(command, args, tmp_path) == missing


# ── start.handshake ─────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_started_unless_asked(tmp_path: Path, fake_server: Fake) -> None:
    sign = tmp_path / "started"
    row = entry(fake_server(f"open({str(sign)!r}, 'w').close(); initialize()"))
    found = asked("handshake", tmp_path, row)
    assert (found.status, found.outcome) == (Status.SKIP, "runner.not-asked-to-start")
    assert not sign.exists()


def test_an_answer_is_told_with_name_version_and_tools(tmp_path: Path, fake_server: Fake) -> None:
    found = started(tmp_path, entry(fake_server("initialize(); tools(4); wait()")))
    assert found.status is Status.OK
    assert "fake 1.2.3 answers, with 4 tools" in found.title


def test_references_are_resolved_into_the_environment_alone(tmp_path: Path, fake_server: Fake) -> None:
    server = fake_server("""
        name = "right" if os.environ["TOKEN"] == "s3cret-" + "value" else "wrong"
        initialize(name=name); tools(); wait()
    """)
    row = entry(server, env={"TOKEN": "${SECRET:github_token}"})
    found = started(tmp_path, row, held={"github_token": "s3cret-value"})
    assert found.facts["name"] == "right"


def test_the_launchers_command_is_started_with_its_references(tmp_path: Path, fake_server: Fake) -> None:
    server = fake_server("initialize(name=os.environ['TOKEN'][:2] + sys.argv[1][:2]); tools(); wait()")
    row = entry(["mcp-doctor", "run", "--", *server, "${SECRET:b}"], env={"TOKEN": "${SECRET:a}"})
    context = context_of(
        tmp_path, {"it": row}, held={"a": "xxaaaaaaaa", "b": "yybbbbbbbb"}, env={"PATH": PATH}, start=True
    )
    found = ask(context, "start.handshake")["start.handshake"]
    assert found.facts["name"] == "xxyy"


def test_the_child_gets_what_its_client_lets_through(tmp_path: Path, fake_server: Fake) -> None:
    server = fake_server(
        "initialize(name='leaked' if 'EXPORTED_KEY' in os.environ else 'kept'); tools(); wait()"
    )
    env = {"PATH": PATH, "HOME": str(tmp_path), "EXPORTED_KEY": "anything"}
    assert started(tmp_path, entry(server), env=env).facts["name"] == "kept"


def test_no_secret_of_the_start_is_in_the_finding(tmp_path: Path, fake_server: Fake) -> None:
    server = fake_server("""
        token = os.environ["TOKEN"]
        print("starting with", token, flush=True)
        sys.stderr.write("x" * 390 + token + "\\nError: bad credentials " + token + "\\n")
        sys.exit(1)
    """)
    secret = "s3cret-" + "value" * 5
    found = started(
        tmp_path, entry(server, env={"TOKEN": "${SECRET:github_token}"}), held={"github_token": secret}
    )
    assert (found.outcome, found.cause) == ("exited-because", "token_invalid")
    assert "valuevalue" not in repr(found)
    assert "s3cret" not in repr(found)


def test_an_unresolved_reference_is_not_started(tmp_path: Path, fake_server: Fake) -> None:
    row = entry(fake_server("initialize()"), env={"TOKEN": "${SECRET:github_token}"})
    assert started(tmp_path, row).outcome == "unresolved"


@pytest.mark.parametrize(
    ("body", "outcome", "cause"),
    [
        ("sys.exit(3)", "exited", "server_exited_early"),
        ("sys.exit('ModuleNotFoundError: No module named \\'httpx\\'')", "exited-because", "dependency_not_installed"),
        ("print('hello', flush=True); wait()", "polluted", "stdout_pollution"),
        ("print('hello', flush=True); initialize(); tools(); wait()", "answered-with-noise", "stdout_pollution"),
        ("wait()", "hung", "mcp_timeout"),
        ("sys.stderr.write('connect ECONNREFUSED 127.0.0.1:6379\\n'); wait()", "hung-because", "connection_refused"),
        ("m = read(); write({'jsonrpc': '2.0', 'id': m['id'], 'error': {'code': 1, 'message': 'no'}}); wait()",
         "refused", "protocol_version_mismatch"),
    ],
)  # fmt: skip
def test_what_happened_is_told(
    tmp_path: Path, fake_server: Fake, body: str, outcome: str, cause: str
) -> None:
    found = started(tmp_path, entry(fake_server(body)), timeout=6)
    assert (found.outcome, found.cause) == (outcome, cause)
    assert found.fix


def test_escape_sequences_of_a_server_do_not_arrive(tmp_path: Path, fake_server: Fake) -> None:
    server = fake_server(
        r"sys.stderr.write('\x1b]0;owned\x07\x1b[31mfatal\x1b[0m [red]x[/red]\n'); sys.exit(2)"
    )
    found = started(tmp_path, entry(server))
    assert "\x1b" not in repr(found.evidence)
    assert found.evidence == ("fatal [red]x[/red]",)


def test_real_servers_one_that_insists_and_one_that_does_not(tmp_path: Path, npm_server: Fake) -> None:
    env = {"PATH": PATH, "HOME": str(tmp_path)}
    context = context_of(
        tmp_path,
        {"slack": entry(npm_server("slack")), "github": entry(npm_server("github"))},
        env=env,
        start=True,
    )
    ids = [each.id for each in context.servers]
    from diagnostics.runner import diagnose

    found = {(each.check, each.server): each for each in diagnose(context) if each.stage.value == "start"}
    slack, github = (next(each for each in ids if name in each) for name in ("slack", "github"))
    assert found["start.handshake", slack].cause == "env_var_missing"
    assert "SLACK_BOT_TOKEN" in " ".join(found["start.handshake", slack].evidence)
    assert found["start.handshake", github].status is Status.OK


# ── what a server says it misses ────────────────────────────────────────────────────────────────────────────

INSISTS = """
    if not os.environ.get("ACME_TOKEN"):
        sys.exit("ACME_TOKEN environment variable is required")
    initialize(); tools(); wait()
"""


def test_a_server_that_ends_for_want_of_a_variable_names_it(tmp_path: Path, fake_server: Fake) -> None:
    found = started(tmp_path, entry(fake_server(INSISTS)))
    assert (found.outcome, found.cause) == ("exited-for-want", "env_var_missing")
    assert found.title.endswith("it misses ACME_TOKEN")
    assert "$ mcp-secrets set acme_token" in found.fix


def test_the_env_file_is_read_as_the_client_would(tmp_path: Path, fake_server: Fake) -> None:
    (tmp_path / ".vscode").mkdir()
    secret = "Zx9" * 10
    (tmp_path / "acme.env").write_text(f'# one\nexport ACME_TOKEN="{secret}" # two\n', encoding="utf-8")
    body = f"""
    token = os.environ.get("ACME_TOKEN")
    sys.stderr.write("token is " + str(token))
    sys.exit(0 if token != {secret!r} else 3)
    """
    row = entry(fake_server(body), type="stdio", envFile="${workspaceFolder}/acme.env")
    path = tmp_path / ".vscode/mcp.json"
    path.write_text(json.dumps({"servers": {"it": row}}), encoding="utf-8")
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {"PATH": PATH})
    options = Options(config=(path,), start=True)
    files = discover(host, options)
    servers = [server for each in files for server in each.servers]
    found = ask(Context(host, options, files, servers, HeldStore({})), "start.handshake")["start.handshake"]
    assert "exit code 3" in found.title
    assert secret not in repr(found)


def test_a_server_that_answers_and_wants_more_is_a_warning(tmp_path: Path, fake_server: Fake) -> None:
    body = 'sys.stderr.write("ACME_TOKEN is not set\\n"); sys.stderr.flush(); initialize(); tools(); wait()'
    row = entry(fake_server(body))
    found = started(tmp_path, row)
    assert (found.status, found.outcome) == (Status.WARN, "answered-but-wants")
    found = started(tmp_path, {**row, "env": {"ACME_TOKEN": "Zx9" * 10}})
    assert found.status is Status.OK
