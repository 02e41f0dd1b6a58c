"""`run`: the server gets its credentials and nothing else changes; a failure is one line, a code and a record."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from diagnostics.servers.failure_record import read_failures
from tests.support.lab import REPO, Lab

# What the command line does with `run`, without the command line.
_RUN = """
import sys
from diagnostics.host import this_host
from recovery.launcher import run
sys.exit(run(sys.argv[1:], this_host()))
"""
_SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"


def doctor_run(
    lab: Lab, *words: str, seconds: float = 15.0, **env: str | None
) -> subprocess.CompletedProcess[str]:
    return lab.run(
        [sys.executable, "-c", _RUN, *words], env={"PYTHONPATH": str(REPO), **env}, seconds=seconds
    )


def shown(done: subprocess.CompletedProcess[str]) -> tuple[list[str], dict[str, str]]:
    assert done.returncode == 0, done.stderr
    args, env = json.loads(done.stdout)
    return args, env


def config(lab: Lab, **servers: object) -> str:
    path = lab.home / "servers.json"
    path.write_text(json.dumps({"mcpServers": servers}))
    return f"--config={path}"


# ── what arrives ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_environment_and_the_arguments_are_resolved_and_nothing_else(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret value\n")
    done = doctor_run(
        unlocked,
        "--",
        sys.executable,
        "-c",
        _SHOW,
        "Bearer ${SECRET:github_token}!",
        "${HOME} stays",
        "$HOME",
        TOKEN="${SECRET:github_token}",
        PS1="${debian_chroot:+x}$ ",
        COPY="${HOME}",
        FALLBACK="${NOT_SET_AT_ALL:-none}",
    )
    args, env = shown(done)
    assert args == ["Bearer s3cret value\n!", "${HOME} stays", "$HOME"]
    assert env["TOKEN"] == "s3cret value\n"
    assert env["PS1"] == "${debian_chroot:+x}$ "
    assert env["COPY"] == str(unlocked.home)
    assert env["FALLBACK"] == "none"
    assert done.stderr == ""
    assert not read_failures(unlocked.host())


def test_a_value_that_looks_like_a_reference_stays_a_value(unlocked: Lab) -> None:
    unlocked.add_entry("one", "${SECRET:two}")
    unlocked.add_entry("two", "never")
    done = doctor_run(unlocked, "--", sys.executable, "-c", _SHOW, "${SECRET:one} ${SECRET:two}")
    assert shown(done)[0] == ["${SECRET:two} never"]


def test_a_value_that_is_no_text_arrives_byte_for_byte(unlocked: Lab) -> None:
    unlocked.add_entry("odd", b"\xff\xfeab")
    done = doctor_run(unlocked, "--", "sh", "-c", 'printf %s "$TOKEN" | od -An -tx1', TOKEN="${SECRET:odd}")
    assert done.stdout.split() == ["ff", "fe", "61", "62"]


def test_the_newest_of_twins_is_taken(unlocked: Lab) -> None:
    unlocked.add_entry("twin", "old")
    time.sleep(1.1)  # the daemon counts whole seconds
    unlocked.add_entry("twin", "new", more="1")
    assert shown(doctor_run(unlocked, "--", sys.executable, "-c", _SHOW, "${SECRET:twin}"))[0] == ["new"]


def test_a_configured_server_gets_its_own_environment_directory_and_arguments(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret")
    (unlocked.home / "work").mkdir()
    entry = {
        "command": sys.executable,
        "args": ["-c", "import os; print(os.getcwd()); " + _SHOW, "--key=${SECRET:github_token}"],
        "env": {"TOKEN": "${SECRET:github_token}", "WHO": "${USER}", "PLAIN": "x"},
        "cwd": str(unlocked.home / "work"),
    }
    done = doctor_run(unlocked, config(unlocked, github=entry), "github")
    assert done.returncode == 0, done.stderr
    folder, rest = done.stdout.split("\n", 1)
    args, env = json.loads(rest)
    assert folder == str(unlocked.home / "work")
    assert args == ["--key=s3cret"]
    assert (env["TOKEN"], env["WHO"], env["PLAIN"]) == ("s3cret", "labrat", "x")


def test_a_live_bus_is_found_where_a_login_has_it(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret")
    done = doctor_run(
        unlocked, "--", sys.executable, "-c", _SHOW, "${SECRET:github_token}", DBUS_SESSION_BUS_ADDRESS=None
    )
    assert shown(done)[0] == ["s3cret"]


# ── becoming the server ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM)]
)
def test_the_end_is_the_servers_own(unlocked: Lab, script: str, code: int) -> None:
    assert doctor_run(unlocked, "--", "sh", "-c", script).returncode == code


def test_the_server_has_our_process_our_pipes_and_a_fresh_sigpipe(unlocked: Lab) -> None:
    code = (
        "import os, sys, signal; status = open('/proc/self/status').read(); "
        "ignored = int([l for l in status.splitlines() if l.startswith('SigIgn')][0].split()[1], 16); "
        "print(os.getpid(), ignored, sys.stdin.read())"
    )
    # A shell shows what the server inherits: Python itself ignores SIGPIPE.
    child = subprocess.Popen(
        [sys.executable, "-c", _RUN, "--", "sh", "-c", "echo $$; grep SigIgn /proc/$$/status; cat"],
        env={**unlocked.env, "PYTHONPATH": str(REPO)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    output, _ = child.communicate("hello server", timeout=15)
    assert code
    pid, ignored, rest = output.split("\n", 2)
    assert int(pid) == child.pid
    assert int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0
    assert rest == "hello server"


def test_signals_reach_the_server(unlocked: Lab) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _RUN,
            "--",
            "sh",
            "-c",
            "trap 'exit 9' INT; echo up; while :; do read -r _; done",
        ],
        env={**unlocked.env, "PYTHONPATH": str(REPO)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"up\n"
    child.send_signal(signal.SIGINT)
    with contextlib.suppress(BrokenPipeError):  # where the signal alone has ended the shell's read
        child.stdin.write(b"\n")
        child.stdin.close()
    assert child.wait(10) == 9
    child.stdout.close()


def test_a_terminal_stays_the_servers(unlocked: Lab) -> None:
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _RUN, "--", "sh", "-c", "test -t 0 && test -t 1 && exit 5"],
        env={**unlocked.env, "PYTHONPATH": str(REPO)},
        stdin=theirs,
        stdout=theirs,
    )
    assert child.wait(15) == 5
    os.close(ours)
    os.close(theirs)


# ── failures ────────────────────────────────────────────────────────────────────────────────────────────────


def failed(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on stderr; stdout must be untouched."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_missing_entry_is_named_with_what_to_do_and_recorded(unlocked: Lab) -> None:
    secret = "plain-" + "text-value"
    entry = {"command": "no-such", "env": {"TOKEN": "${SECRET:github_token}", "OTHER": secret}}
    line = failed(doctor_run(unlocked, config(unlocked, github=entry), "github"), 78)
    assert "env.TOKEN ${SECRET:github_token}" in line
    assert "mcp-secrets set github_token" in line
    assert "mcp-doctor github" in line
    record = read_failures(unlocked.host())[0]
    assert (record.exit_code, record.cause, record.field) == (78, "credential_not_found", "env.TOKEN")
    assert record.reference == "${SECRET:github_token}"
    assert record.server is not None
    assert record.server.endswith(":github")
    files = list((unlocked.host().state_dir / "failures").iterdir())
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert secret not in files[0].read_text()


def test_a_locked_keychain_ends_it_at_once_and_nothing_prompts(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret")
    unlocked.lock()
    began = time.monotonic()
    line = failed(doctor_run(unlocked, "--", "true", TOKEN="${SECRET:github_token}"), 78)
    assert time.monotonic() - began < 2
    assert "locked" in line
    assert "mcp-doctor unlock" in line
    assert read_failures(unlocked.host())[0].cause == "keyring_locked"
    assert unlocked.locked()
    assert not any("Prompter" in name for name in unlocked.names())


def test_a_hung_daemon_ends_it_in_seconds(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret")
    pid = unlocked.suspend_daemon()
    try:
        began = time.monotonic()
        failed(doctor_run(unlocked, "--", "true", TOKEN="${SECRET:github_token}"), 78)
        assert time.monotonic() - began < 5
    finally:
        os.kill(pid, signal.SIGCONT)
    assert read_failures(unlocked.host())[0].cause == "secret_service_unresponsive"


def test_no_collection_no_provider_no_bus_are_told_apart(lab: Lab) -> None:
    token = "${SECRET:github_token}"
    failed(doctor_run(lab, "--", "true", TOKEN=token), 78)
    lab.start_bus()
    failed(doctor_run(lab, "--", "true", TOKEN=token), 78)
    assert lab.daemon_pid == 0  # looking must not have started it
    lab.start_daemon()
    failed(doctor_run(lab, "--", "true", TOKEN=token), 78)
    causes = [each.cause for each in read_failures(lab.host())]
    assert causes == ["keyring_collection_missing", "secret_service_not_provided", "dbus_no_session_bus"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${OAUTH:github}", "the login for github"),
        ("${VAULT:a/b}", "Vault"),
        ("${AWS_SECRET:arn}", "AWS"),
        ("${KEYTAR:a/b}", "Could not look for a / b"),
        ("${input:token}", "client"),
        ("${NOT_SET_AT_ALL}", "NOT_SET_AT_ALL"),
        ("${TOKEN}", "TOKEN"),
        ("${secret:github_token}", "${SECRET:github_token}"),
    ],
)
def test_what_can_not_be_resolved_is_said(lab: Lab, value: str, said: str) -> None:
    assert said in failed(doctor_run(lab, "--", "true", TOKEN=value), 78)


def test_an_empty_entry_is_no_credential(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "")
    assert "empty" in failed(doctor_run(unlocked, "--", "true", TOKEN="${SECRET:github_token}"), 78)


def test_a_command_that_is_not_there_and_one_that_is_not_executable(lab: Lab) -> None:
    assert "no-such-command" in failed(doctor_run(lab, "--", "no-such-command"), 127)
    script = lab.home / "script"
    script.write_text("#!/bin/sh\n")
    assert "script" in failed(doctor_run(lab, "--", str(script)), 126)
    script.chmod(0o755)
    script.write_text("#!/no/such/interpreter\n")
    assert "interpreter" in failed(doctor_run(lab, "--", str(script)), 127)
    script.write_text("MZ")
    failed(doctor_run(lab, "--", str(script)), 126)


def test_an_entry_that_starts_itself_is_refused(lab: Lab) -> None:
    entry = {"command": "mcp-doctor", "args": ["run", "github"]}
    assert "itself" in failed(doctor_run(lab, config(lab, github=entry), "github"), 2)


def test_entries_of_one_name_that_differ_are_not_guessed_between(lab: Lab) -> None:
    first, second = lab.home / "a.json", lab.home / "b.json"
    first.write_text(json.dumps({"mcpServers": {"github": {"command": "true"}}}))
    second.write_text(json.dumps({"mcpServers": {"github": {"command": "false"}}}))
    failed(doctor_run(lab, f"--config={first}", f"--config={second}", "github"), 2)


@pytest.mark.parametrize(
    "words", [(), ("--",), ("--nonsense",), ("a", "b"), ("--config",), ("unknown-server",)]
)
def test_a_wrong_call_is_two(lab: Lab, words: tuple[str, ...]) -> None:
    failed(doctor_run(lab, *words), 2)


def test_control_characters_in_names_do_not_reach_the_terminal(lab: Lab) -> None:
    line = failed(doctor_run(lab, "--", "no-such\x1b[31m\ncommand"), 127)
    assert "\x1b" not in line


def test_old_records_go_and_broken_ones_are_left_out(lab: Lab) -> None:
    folder = lab.host().state_dir / "failures"
    folder.mkdir(parents=True)
    for number in range(60):
        (folder / f"2020{number:04}.json").write_text("not json")
    failed(doctor_run(lab, "--", "no-such-command"), 127)
    assert len(list(folder.glob("*.json"))) == 50
    assert len(read_failures(lab.host())) == 1


def test_a_state_folder_that_can_not_be_written_changes_nothing(lab: Lab) -> None:
    (lab.home / "file").write_text("")
    failed(doctor_run(lab, "--", "no-such-command", XDG_STATE_HOME=str(lab.home / "file")), 127)


def test_nothing_heavy_is_imported(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "s3cret")
    code = _RUN.replace(
        "sys.exit(run(", "import os\nos.execvpe = lambda *_: print(sorted(sys.modules))\nsys.exit(run("
    )
    done = unlocked.run(
        [sys.executable, "-c", code, "--", "true"],
        env={"PYTHONPATH": str(REPO), "TOKEN": "${SECRET:github_token}"},
        fresh=True,
    )
    loaded = done.stdout
    assert "'jeepney'" in loaded
    for heavy in ("keyring", "requests", "textual", "rich", "tomllib", "argparse", "asyncio", "subprocess"):
        assert f"'{heavy}'" not in loaded, heavy


def test_an_env_file_that_is_a_pipe_or_a_device_ends_the_start_at_once(lab: Lab) -> None:
    os.mkfifo(lab.home / "pipe.env")
    for place in (str(lab.home / "pipe.env"), "/dev/zero"):
        entry = {"command": "true", "envFile": place}
        (lab.home / "mcp.json").write_text(json.dumps({"servers": {"one": entry}}))
        line = failed(
            doctor_run(lab, "--client", "vscode", "--config", str(lab.home / "mcp.json"), "one"), 78
        )
        assert place in line
