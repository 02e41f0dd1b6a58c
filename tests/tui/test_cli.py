"""The words of a call: what they mean, and what is said when they are wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics import __version__
from tests.support.forking import python
from tui import cli
from tui.arguments import parse
from tui.usage import UsageError


def doctor(
    *words: str, home: Path, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`mcp-doctor` as a program of its own, in an empty home."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | (env or {})
    return python("-m", "tui", *words, env=environment, cwd=home, given=stdin)


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"mcp-doctor {__version__}\n"


def test_words_without_a_command_are_servers_for_the_app() -> None:
    call = parse(["github", "--offline"])
    assert (call.command, call.names, call.options.offline) == ("app", ("github",), True)


def test_no_words_are_the_app_on_everything() -> None:
    assert (parse([]).command, parse([]).names) == ("app", ())


def test_an_options_value_is_not_taken_for_a_command() -> None:
    call = parse(["--config", "check", "github"])
    assert (call.command, call.options.config, call.names) == ("app", (Path("check"),), ("github",))


def test_options_may_stand_before_and_after_the_command() -> None:
    call = parse(
        ["--client", "cursor", "check", "--config", "a.json", "--config", "b.json", "--format", "json"]
    )
    assert (call.command, call.options.client) == ("check", "cursor")
    assert call.options.config == (Path("a.json"), Path("b.json"))


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--format", "pdf"],
        ["check", "--timeout", "soon"],
        ["check", "--timeout", "-1"],
        ["check", "--provider-url", "github"],
        ["check", "--provider-url", "github=http://example.org"],
        ["check", "--provider-url", "github=https://user:word@example.org"],
        ["check", "--provider-url", "github=https://example.org/?token=word"],
        ["check", "--provider-url", "github=https://example.org/#word"],
        ["check", "--provider-url", "github=https://example.org:99999/"],
        ["check", "--no-such-option"],
    ],
)
def test_a_wrong_call_is_refused_in_words(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert str(caught.value)


def test_loopback_may_be_plain_http() -> None:
    assert parse(["check", "--provider-url", "github=http://127.0.0.1:1"]).options.provider_urls == {
        "github": "http://127.0.0.1:1"
    }


@pytest.mark.parametrize(
    ("words", "launch"),
    [
        (["run", "github"], ["github"]),
        (["run", "--", "npx", "run"], ["--", "npx", "run"]),
        (["--config", "x.json", "run", "github"], ["--config", "x.json", "github"]),
        (["check", "run"], None),
        (["run-things"], None),
        (["--config", "run", "check"], None),
    ],
)
def test_the_launcher_is_told_apart_without_the_parser(words: list[str], launch: list[str] | None) -> None:
    assert cli._launcher_words(words) == launch


def test_a_wrong_call_ends_in_2_with_one_line(tmp_path: Path) -> None:
    done = doctor("check", "--format", "pdf", home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("mcp-doctor: ")
    assert "Traceback" not in done.stderr


def test_a_missing_config_file_ends_in_2(tmp_path: Path) -> None:
    done = doctor("check", "--config", "nowhere.json", home=tmp_path)
    assert done.returncode == 2
    assert "nowhere.json" in done.stderr


def test_an_unknown_server_ends_in_2_and_names_its_neighbour(tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"github": {"command": "true"}}}))
    done = doctor("check", "gihtub", "--config", str(config), home=tmp_path)
    assert done.returncode == 2
    assert "github" in done.stderr


def test_without_a_terminal_the_app_is_a_check(tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"files": {"command": "true"}}}))
    done = doctor("--config", str(config), "--offline", home=tmp_path)
    assert "files" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_report_can_go_to_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    config, output = tmp_path / "mcp.json", tmp_path / "report.json"
    config.write_text(json.dumps({"mcpServers": {"files": {"command": "true"}}}))
    doctor(
        "check",
        "--config",
        str(config),
        "--offline",
        "--format",
        "json",
        "--output",
        str(output),
        home=tmp_path,
    )
    assert json.loads(output.read_text())["schema"] == "mcp-doctor.report/1"
    assert output.stat().st_mode & 0o777 == 0o600


def metrics(home: Path, output: str, *more: str) -> subprocess.CompletedProcess[str]:
    config = home / "mcp.json"
    env = {"GITHUB_TOKEN": "${SECRET:github_token}"}
    config.write_text(json.dumps({"mcpServers": {"github": {"command": "true", "env": env}}}))
    words = ("check", "--config", str(config), "--client", "cursor", "--offline", "--format", "prometheus")
    return doctor(*words, "--output", output, *more, home=home, env={"USER": "ann"})


def test_metrics_are_put_where_another_user_collects_them(tmp_path: Path) -> None:
    output = tmp_path / "mcp-doctor.prom"
    output.write_text("# from before\n")
    done = metrics(tmp_path, str(output))
    assert (done.stdout, done.stderr) == ("", "")
    assert output.stat().st_mode & 0o777 == 0o644
    assert 'mcp_doctor_server_status{user="ann",client="cursor",server="github"' in output.read_text()
    assert "github_token" not in output.read_text()
    assert "mcp_doctor_last_run_duration_seconds" in output.read_text()
    assert {each.name for each in tmp_path.iterdir()} == {"mcp.json", "mcp-doctor.prom"}


def test_metrics_under_a_name_that_nobody_collects_are_said_to_be(tmp_path: Path) -> None:
    done = metrics(tmp_path, str(tmp_path / "metrics.txt"))
    assert ".prom" in done.stderr
    assert (tmp_path / "metrics.txt").exists()


def test_names_in_labels_are_asked_for_and_only_for_metrics(tmp_path: Path) -> None:
    metrics(tmp_path, str(tmp_path / "a.prom"), "--label-names")
    assert 'name="github_token"' in (tmp_path / "a.prom").read_text()
    wrong = doctor("check", "--label-names", home=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_a_report_never_replaces_a_pipe_or_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.prom"
    os.mkfifo(pipe)
    done = metrics(tmp_path, str(pipe))
    assert done.returncode == 2
    assert "no plain file" in done.stderr
    assert pipe.is_fifo()


def test_checking_writes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    text = json.dumps(
        {"mcpServers": {"github": {"command": "true", "env": {"GITHUB_TOKEN": "${SECRET:github_token}"}}}}
    )
    config.write_text(text)
    doctor("check", "--config", str(config), "--offline", home=tmp_path)
    assert [each.name for each in tmp_path.rglob("*")] == ["mcp.json"]


@pytest.mark.parametrize("name", ["clients", "providers"])
def test_the_catalogues_are_tables_and_json(tmp_path: Path, name: str) -> None:
    assert "github" in doctor(name, home=tmp_path).stdout or name == "clients"
    rows = json.loads(doctor(name, "--format", "json", home=tmp_path).stdout)
    assert {"id", "name"} <= set(rows[0])


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tui providers --format json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_a_database_is_agreed_to_by_its_host() -> None:
    assert parse(["check", "--provider-url", "postgres_url=db.example.com:5432"]).options.provider_urls == {
        "postgres_url": "db.example.com:5432"
    }


@pytest.mark.parametrize(
    "text", ["redis_url=", "redis_url=redis://h", "redis_url=user:pass@h", "redis_url=h:x", "redis_url=h/x"]
)
def test_a_database_address_with_more_than_a_host_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(["check", "--provider-url", text])
    assert "HOST:PORT" in str(refused.value)
    assert "pass@" not in str(refused.value)
