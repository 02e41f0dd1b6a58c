"""A token that works, against what its server needs: which scope is missing, and what that closes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.model import Finding, Status
from tests.support import tokens
from tests.support.configured import ask, context_of
from tests.support.provider_server import ProviderServer, provider_server

CHECK = "validity.provider"
IMAGE = ["run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderServer]:
    with provider_server(tmp_path_factory.mktemp("ca")) as found:
        yield found


def finding(
    folder: Path, server: ProviderServer, command: list[str], variable: str, token: str, **env: str
) -> Finding:
    entry = {"command": command[0], "args": command[1:], "env": {variable: "${SECRET:t}", **env}}
    urls = dict.fromkeys(("github", "gitlab", "slack"), server.url)
    context = context_of(folder, {"it": entry}, {"t": token}, server.env, provider_urls=urls)
    return ask(context, CHECK)[f"{CHECK} env.{variable}"]


def github(folder: Path, server: ProviderServer, scopes: str | None, token: str = "") -> Finding:
    server.answers(200, {"login": "octo"}, {} if scopes is None else {"X-OAuth-Scopes": scopes})
    name = "GITHUB_PERSONAL_ACCESS_TOKEN"
    return finding(folder, server, ["docker", *IMAGE], name, token or tokens.github())


@pytest.mark.parametrize("scopes", ["repo, read:org", "repo, admin:org", "write:org, repo, gist"])
def test_all_that_is_needed(server: ProviderServer, tmp_path: Path, scopes: str) -> None:
    assert (found := github(tmp_path, server, scopes)).status is Status.OK, found


def test_exactly_what_is_missing_is_named(server: ProviderServer, tmp_path: Path) -> None:
    found = github(tmp_path, server, "read:org, public_repo")
    assert (found.status, found.outcome, found.cause) == (
        Status.WARN,
        "lacks-scope",
        "token_insufficient_scope",
    )
    assert found.title == "The token works, but lacks repo"
    assert "private repositories" in found.detail
    assert "teams" not in found.detail
    assert any("https://github.com/settings/tokens" in line for line in found.fix)
    assert "read:org" in github(tmp_path, server, "repo").title


def test_no_scope_at_all(server: ProviderServer, tmp_path: Path) -> None:
    found = github(tmp_path, server, "")
    assert (found.status, found.outcome) == (Status.WARN, "no-scopes")
    assert any("lacks repo" in line for line in found.evidence)


def test_a_token_that_tells_no_scopes_is_not_judged(server: ProviderServer, tmp_path: Path) -> None:
    found = github(tmp_path, server, None, tokens.github_fine_grained())
    assert found.status is Status.OK
    assert any("only using it shows" in line for line in found.evidence)


def gitlab(folder: Path, server: ProviderServer, scopes: list[str], **env: str) -> Finding:
    body: dict[str, Any] = {"name": "t", "revoked": False, "scopes": scopes}
    server.answers(200, body)
    name = "GITLAB_PERSONAL_ACCESS_TOKEN"
    return finding(folder, server, ["npx", "-y", "@zereight/mcp-gitlab"], name, tokens.gitlab(), **env)


def test_a_token_that_leaves_a_server_useless_fails(server: ProviderServer, tmp_path: Path) -> None:
    found = gitlab(tmp_path, server, ["read_user"])
    assert (found.status, found.outcome, found.cause) == (
        Status.FAIL,
        "lacks-essential-scope",
        "token_insufficient_scope",
    )
    assert "read_api" in found.title


def test_reading_alone_is_enough_where_the_server_only_reads(server: ProviderServer, tmp_path: Path) -> None:
    assert gitlab(tmp_path, server, ["read_api"]).outcome == "lacks-scope"
    assert gitlab(tmp_path, server, ["read_api"], GITLAB_READ_ONLY_MODE="true").status is Status.OK
    assert gitlab(tmp_path, server, ["api"]).status is Status.OK


def test_of_an_unknown_server_nothing_is_claimed(server: ProviderServer, tmp_path: Path) -> None:
    server.answers(200, {"login": "octo"}, {"X-OAuth-Scopes": "gist"})
    found = finding(tmp_path, server, ["my-own-server"], "GITHUB_TOKEN", tokens.github())
    assert found.status is Status.OK
