"""What is said about the connection URLs in a server's entry, and where they are found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.check import Verdict
from diagnostics.context import Context
from diagnostics.model import Status
from tests.support.configs import KeptStore, a_context, a_host, ask, one_file, worded, write

WORD = "Qx7" + "vB2" + "mK9"
CHECK = "format.connection-url"


def context_of(
    tmp_path: Path, row: Mapping[str, Any], secrets: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
) -> Context:  # fmt: skip
    path = write(tmp_path / "x.json", {"mcpServers": {"it": row}})
    host = a_host(tmp_path, env)
    return a_context([one_file(path, "claude-code", host)], host, store=KeptStore(secrets))


def verdicts(context: Context) -> list[Verdict]:
    said = [verdict for server in context.servers for verdict in ask(CHECK, context, server)]
    assert WORD not in " ".join(worded(CHECK, context))
    assert WORD not in repr(said)
    return said


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"command": "npx", "args": ["-y", "server-postgres", f"postgres://a:{WORD}/x@db/app"]}, "args[2]"),
        ({"command": "dbhub", "args": [f"--dsn=postgres://a:{WORD}/x@db/app"]}, "args[0]"),
        ({"command": "dbhub", "args": ["--dsn", f"postgres://a:{WORD}/x@db/app"]}, "args[1]"),
        ({"command": "x", "env": {"ANYTHING": f"postgres://a:{WORD}/x@db/app"}}, "env.ANYTHING"),
        (
            {"command": "docker", "args": ["run", "-e", f"URL=postgres://a:{WORD}/x@db/app", "image"]},
            "args[2]",
        ),
    ],
)
def test_it_is_found_wherever_it_stands(tmp_path: Path, row: Mapping[str, Any], field: str) -> None:
    (verdict,) = verdicts(context_of(tmp_path, row))
    assert (verdict.status, verdict.outcome, verdict.cause) == (
        Status.FAIL,
        "unencoded",
        "connection_url_malformed",
    )
    assert verdict.facts["field"] == field


def test_a_kept_address_is_looked_at(tmp_path: Path) -> None:
    row = {"command": "mcp-doctor", "args": ["run", "--", "x", "${SECRET:db}"]}
    (verdict,) = verdicts(context_of(tmp_path, row, {"db": f"postgres://a:{WORD}@db:54321x/app"}))
    assert (verdict.outcome, verdict.facts["field"]) == ("port", "args[3]")


def test_a_kept_password_is_put_in(tmp_path: Path) -> None:
    row = {"command": "x", "env": {"DATABASE_URL": "postgres://a:${SECRET:pw}@db/app"}}
    (verdict,) = verdicts(context_of(tmp_path, row, {"pw": f"{WORD}/x"}))
    assert verdict.outcome == "unencoded"


def test_what_has_no_value_yet_is_left_to_the_checks_of_references(tmp_path: Path) -> None:
    row = {"command": "x", "env": {"DATABASE_URL": "postgres://a:${SECRET:pw}@db/app", "HOME_DIR": "${HOME}"}}
    assert verdicts(context_of(tmp_path, row)) == []


def test_a_variable_that_holds_the_address(tmp_path: Path) -> None:
    row = {"command": "x", "env": {"DATABASE_URL": "${DB}"}}
    (verdict,) = verdicts(context_of(tmp_path, row, env={"DB": f"postgre://a:{WORD}@db/app"}))
    assert verdict.outcome == "scheme"


def test_an_examples_password_is_said_once(tmp_path: Path) -> None:
    row = {"command": "x", "env": {"DATABASE_URL": "postgres://a:YOUR_PASSWORD@db/app"}}
    (verdict,) = verdicts(context_of(tmp_path, row))
    assert verdict.status is Status.OK


def test_localhost_within_docker(tmp_path: Path) -> None:
    args = ["run", "-i", "--rm", "mcp/postgres", f"postgres://a:{WORD}@localhost:5432/app"]
    (verdict,) = verdicts(context_of(tmp_path, {"command": "docker", "args": args}))
    assert verdict.outcome == "localhost-in-container"
    args.insert(1, "--network=host")
    (verdict,) = verdicts(context_of(tmp_path, {"command": "docker", "args": args}))
    assert verdict.status is Status.OK


def test_a_switched_off_server_is_left_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.json",
        {"mcpServers": {"it": {"command": "x", "args": ["postgre://a:b@c/d"], "disabled": True}}},
    )
    host = a_host(tmp_path)
    context = a_context([one_file(path, "windsurf", host)], host)
    assert not verdicts(context)


def test_an_ordinary_server_is_not_spoken_of(tmp_path: Path) -> None:
    row = {
        "command": "npx",
        "args": ["-y", "x", "--url=https://example.com"],
        "env": {"A": "b", "DSN": "nothing"},
    }
    assert verdicts(context_of(tmp_path, row)) == []
