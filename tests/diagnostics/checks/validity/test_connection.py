"""When a database is asked, and what its answer means."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.check import Verdict
from diagnostics.context import Context, Options
from diagnostics.model import Status
from tests.support.configs import KeptStore, a_host, ask, one_file, worded, write
from tests.support.databases import PASSWORD, Database, free_port, open_redis, postgres, redis, tls_redis

__all__ = ["open_redis", "postgres", "redis", "tls_redis"]
CHECK = "validity.connection"


def context_of(
    tmp_path: Path, url: str, env: Mapping[str, str] | None = None, command: str = "x", **options: Any
) -> Context:
    path = write(tmp_path / "x.json", {"mcpServers": {"it": {"command": command, "args": ["run", url]}}})
    host = a_host(tmp_path, env)
    file = one_file(path, "claude-code", host)
    return Context(host, Options(**options), [file], file.servers, KeptStore())  # type: ignore[arg-type]


def verdict(context: Context) -> Verdict:
    (said,) = ask(CHECK, context, context.servers[0])
    assert PASSWORD not in repr(said) + " ".join(worded(CHECK, replace(context)))
    return said


def test_nobody_is_asked_before_the_person_agrees(tmp_path: Path, open_redis: Database) -> None:
    url = f"redis://127.0.0.1:{open_redis.port}"
    context = context_of(tmp_path, url)
    said = verdict(context)
    assert (said.status, said.outcome) == (Status.SKIP, "needs-agreement")
    assert not context.answers.values()
    other = context_of(tmp_path, url, provider_urls={"redis_url": "db.example.com"})
    assert verdict(other).outcome == "other-address"
    assert not other.answers.values()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:{port}"])
def test_agreement_names_host_or_host_and_port(tmp_path: Path, open_redis: Database, host: str) -> None:
    agreed = {"redis_url": host.format(port=open_redis.port)}
    context = context_of(tmp_path, f"redis://127.0.0.1:{open_redis.port}", provider_urls=agreed)
    assert verdict(context).outcome == "open-to-all"


@pytest.mark.parametrize(
    ("user", "outcome", "status"),
    [
        (f":{PASSWORD}@", "logged-in", Status.OK),
        (":wrong-one@", "password-refused", Status.FAIL),
        ("", "password-needed", Status.FAIL),
    ],
)
def test_redis_with_agreement(
    tmp_path: Path, redis: Database, user: str, outcome: str, status: Status
) -> None:
    context = context_of(
        tmp_path, f"redis://{user}127.0.0.1:{redis.port}", provider_urls={"redis_url": "127.0.0.1"}
    )
    said = verdict(context)
    assert (said.outcome, said.status) == (outcome, status)


def test_starting_servers_agrees_to_a_greeting_and_to_no_password(tmp_path: Path, redis: Database) -> None:
    context = context_of(tmp_path, f"redis://:wrong-one@127.0.0.1:{redis.port}", start=True)
    assert verdict(context).outcome == "answers"


def test_a_password_that_nobody_asked_for(tmp_path: Path, open_redis: Database) -> None:
    agreed = {"redis_url": "127.0.0.1"}
    context = context_of(tmp_path, f"redis://:{PASSWORD}@127.0.0.1:{open_redis.port}", provider_urls=agreed)
    assert verdict(context).outcome == "no-password-there"


def test_redis_over_tls(tmp_path: Path, tls_redis: Database) -> None:
    agreed = {"redis_url": "localhost"}
    url = f"rediss://:{PASSWORD}@localhost:{tls_redis.port}"
    env = {"SSL_CERT_FILE": str(tls_redis.authorities)}
    assert verdict(context_of(tmp_path, url, env, provider_urls=agreed)).outcome == "logged-in"
    assert verdict(context_of(tmp_path, url, provider_urls=agreed)).outcome == "tls"


def test_postgres(tmp_path: Path, postgres: Database) -> None:
    url = f"postgres://ada:{PASSWORD}@127.0.0.1:{postgres.port}/app"
    assert verdict(context_of(tmp_path, url, start=True)).outcome == "answers"
    wants = context_of(tmp_path, f"{url}?sslmode=require", start=True)
    assert (verdict(wants).outcome, verdict(wants).status) == ("no-tls-there", Status.FAIL)


def test_a_database_that_does_not_run(tmp_path: Path) -> None:
    said = verdict(context_of(tmp_path, f"postgres://ada:{PASSWORD}@127.0.0.1:{free_port()}/app", start=True))
    assert (said.status, said.cause) == (Status.FAIL, "connection_refused")


def test_addresses_that_come_from_the_dns(tmp_path: Path) -> None:
    url = f"mongodb+srv://ada:{PASSWORD}@cluster0.ab12c.mongodb.net/"
    assert verdict(context_of(tmp_path, url, start=True)).outcome == "srv"


def test_a_broken_address_is_not_asked(tmp_path: Path) -> None:
    context = context_of(tmp_path, f"postgres://ada:{PASSWORD}/x@127.0.0.1:{free_port()}/app", start=True)
    from diagnostics.check import all_checks
    from diagnostics.runner import diagnose

    checks = [each for each in all_checks() if each.id in {CHECK, "format.connection-url"}]
    assert [each.outcome for each in diagnose(context, checks)] == ["unencoded", "runner.waits"]
