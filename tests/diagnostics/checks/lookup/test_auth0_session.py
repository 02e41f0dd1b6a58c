"""The login of Auth0's server: entries by real keytar, and the real server's own words beside ours."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from diagnostics.check import all_checks
from diagnostics.checks.lookup import auth0_session
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding, Platform, Status
from diagnostics.runner import diagnose
from diagnostics.stores import open_store
from tests.support.keytar import Keytar
from tests.support.lab import Lab

Make = Callable[[Lab], Keytar]
TENANT = "dev-lab.us.auth0.com"
SERVICE = "auth0-mcp"
NO_TOKEN = "No valid authorization token found"


def token_for(tenant: str = TENANT, ends: float | None = None) -> str:
    payload: dict[str, Any] = {"aud": [f"https://{tenant}/api/v2/"], "iss": "https://auth0.auth0.com/"}
    payload["exp"] = int(time.time() + 7200 if ends is None else ends)
    parts = [json.dumps(each).encode() for each in ({"alg": "none"}, payload)] + [b"signature" * 4]
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts)


def stamp(seconds: float) -> str:
    return str(int((time.time() + seconds) * 1000))


def signed_in(keytar: Keytar, **changes: str | None) -> None:
    entries = {
        "AUTH0_TOKEN": token_for(),
        "AUTH0_DOMAIN": TENANT,
        "AUTH0_REFRESH_TOKEN": "refresh" * 4,
        "AUTH0_TOKEN_EXPIRES_AT": stamp(7200),
    }
    for account, value in {**entries, **changes}.items():
        if value is not None:
            keytar.set(SERVICE, account, value)


def look(
    lab: Lab, *, env: Mapping[str, str] | None = None, args: list[str] | None = None, command: str = "npx"
) -> Finding:
    """What the check says of an entry that starts the server."""
    path = lab.home / "mcp.json"
    entry = {
        "command": command,
        "args": args or ["-y", "@auth0/auth0-mcp-server", "run"],
        "env": dict(env or {}),
    }
    path.write_text(json.dumps({"mcpServers": {"auth0": entry}}))
    host, options = lab.host(), Options(config=(path,), client="cursor")
    files = discover(host, options)
    servers = [each for one in files for each in one.servers]
    context = Context(host, options, files, servers, open_store(host))
    check = [each for each in all_checks() if each.id == "lookup.auth0-session"]
    (found,) = diagnose(context, check)
    assert "signature" * 4 not in repr(found)
    assert "refresh" * 4 not in repr(found)
    return found


def server_says(lab: Lab, keytar: Keytar, words: str, env: Mapping[str, str] | None = None) -> str:
    """What the real server writes when its client goes away at once, until these words come or it ends."""
    own = {"AUTH0_MCP_ANALYTICS": "false", **(env or {})}
    log = lab.root / "auth0.log"
    server = lab.spawn([*keytar.auth0_server, "run"], given=b"", env=own, log=log.name)
    lab.wait_for(lambda: words in log.read_text() or server.poll() is not None, words, 20)
    server.kill()
    return log.read_text()


def both(lab: Lab, make: Make, outcome: str, words: str, env: Mapping[str, str] | None = None) -> Finding:
    found = look(lab, env=env)
    assert found.outcome == outcome
    assert words in server_says(lab, make(lab), words, env)
    return found


# ── beside the real server ──────────────────────────────────────────────────────────────────────────────────


def test_signed_in(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked))
    found = both(unlocked, keytar_in, "signed-in", "running on stdio")
    assert found.status is Status.OK
    assert TENANT in found.title


def test_not_signed_in(unlocked: Lab, keytar_in: Make) -> None:
    found = both(unlocked, keytar_in, "not-signed-in", NO_TOKEN)
    assert (found.status, found.cause) == (Status.FAIL, "credential_not_found")
    assert "$ npx @auth0/auth0-mcp-server init --client cursor" in found.fix


@pytest.mark.parametrize("restart", [False, True])
def test_locked(unlocked: Lab, keytar_in: Make, restart: bool) -> None:
    signed_in(keytar_in(unlocked))
    if restart:
        unlocked.restart_daemon()
    else:
        unlocked.lock()
    found = both(unlocked, keytar_in, "locked", NO_TOKEN)
    assert found.cause == "keyring_locked"
    assert "$ mcp-doctor unlock" in found.fix


def test_locked_and_not_signed_in(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.lock()
    found = both(unlocked, keytar_in, "locked-and-not-signed-in", NO_TOKEN)
    assert found.cause == "keyring_locked"
    with pytest.raises(
        OSError, match="locked collection"
    ):  # what the server's own login meets, and keeps to itself
        keytar_in(unlocked).set(SERVICE, "AUTH0_TOKEN", "x")


def test_written_by_the_keyring_library(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.keyring_set("AUTH0_TOKEN", token_for(), service=SERVICE)
    found = both(unlocked, keytar_in, "wrong-form", NO_TOKEN)
    assert "username='AUTH0_TOKEN'" in found.detail


@pytest.mark.parametrize("seconds", [-60, 240])
def test_ended(unlocked: Lab, keytar_in: Make, seconds: int) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN_EXPIRES_AT=stamp(seconds))
    found = both(unlocked, keytar_in, "over", "Token has expired")
    assert found.cause == "token_expired"
    assert "a refresh token is there" in found.evidence


@pytest.mark.parametrize("value", [None, "soon", "0"])
def test_without_an_end(unlocked: Lab, keytar_in: Make, value: str | None) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN_EXPIRES_AT=value)
    both(unlocked, keytar_in, "no-end", "Token has expired (on unknown)")


def test_without_a_domain(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked), AUTH0_DOMAIN=None)
    both(unlocked, keytar_in, "no-domain", "No Auth0 domain found")


def test_half_signed_in(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN=None)
    both(unlocked, keytar_in, "half-signed-in", NO_TOKEN)


def test_no_session_bus(lab: Lab, keytar_in: Make) -> None:
    found = both(lab, keytar_in, "no-keychain", NO_TOKEN)
    assert found.cause == "dbus_no_session_bus"


def test_a_token_without_its_domain(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked))
    env = {"AUTH0_TOKEN": token_for()}
    both(unlocked, keytar_in, "token-without-domain", "AUTH0_DOMAIN is required", env)


def test_the_environment_wins(unlocked: Lab, keytar_in: Make) -> None:
    env = {"AUTH0_TOKEN": token_for(), "AUTH0_DOMAIN": TENANT}
    both(unlocked, keytar_in, "signed-in-by-environment", "running on stdio", env)


def test_the_environments_token_has_ended(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked))
    env = {"AUTH0_TOKEN": token_for(ends=time.time() + 100), "AUTH0_DOMAIN": TENANT}
    both(unlocked, keytar_in, "token-over-in-environment", "Invalid Auth0 configuration", env)


# ── what the server does not notice ─────────────────────────────────────────────────────────────────────────


def test_another_tenants_token(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN=token_for("other.eu.auth0.com"))
    found = both(unlocked, keytar_in, "wrong-domain", "running on stdio")
    assert (found.status, found.cause) == (Status.FAIL, "config_wrong_endpoint")
    assert "other.eu.auth0.com" in found.title


def test_another_tenants_token_in_the_environment(unlocked: Lab) -> None:
    env = {"AUTH0_TOKEN": token_for("other.eu.auth0.com"), "AUTH0_DOMAIN": TENANT}
    assert look(unlocked, env=env).outcome == "wrong-domain"


def test_a_token_that_ended_before_its_entry_says(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN=token_for(ends=time.time() - 60))
    both(unlocked, keytar_in, "over-by-itself", "running on stdio")


def test_a_domain_that_does_not_count(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked))
    found = both(
        unlocked, keytar_in, "domain-ignored", "running on stdio", {"AUTH0_DOMAIN": "x.eu.auth0.com"}
    )
    assert found.status is Status.WARN


def test_a_token_that_is_no_jwt(unlocked: Lab, keytar_in: Make) -> None:
    signed_in(keytar_in(unlocked), AUTH0_TOKEN="opaque-token")
    assert look(unlocked).outcome == "signed-in"


# ── around it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_other_servers_are_not_asked_about(unlocked: Lab) -> None:
    with pytest.raises(ValueError, match="unpack"):
        look(unlocked, args=["-y", "@modelcontextprotocol/server-github"])


def test_a_reference_that_has_no_value(unlocked: Lab) -> None:
    args = ["run", "--", "npx", "@auth0/auth0-mcp-server", "run"]
    found = look(unlocked, args=args, command="mcp-doctor", env={"AUTH0_TOKEN": "${SECRET:nothing_there}"})
    assert (found.outcome, found.status) == ("unresolved", Status.SKIP)
    assert "env.AUTH0_TOKEN" in found.title


def test_the_keychain_counts_where_only_this_server_is_configured(unlocked: Lab) -> None:
    path = unlocked.home / "mcp.json"
    entry = {"command": "npx", "args": ["@auth0/auth0-mcp-server", "run"]}
    path.write_text(json.dumps({"mcpServers": {"auth0": entry}}))
    host, options = unlocked.host(), Options(config=(path,), client="cursor")
    files = discover(host, options)
    servers = [each for one in files for each in one.servers]
    assert Context(host, options, files, servers, open_store(host)).needs_store


def test_the_library(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth0_session, "LIBRARIES", (str(tmp_path),))
    assert not auth0_session._has_libsecret(Platform.LINUX)
    assert auth0_session._has_libsecret(Platform.MACOS)
    (tmp_path / "x86_64-linux-gnu").mkdir()
    (tmp_path / "x86_64-linux-gnu/libsecret-1.so.0").touch()
    assert auth0_session._has_libsecret(Platform.LINUX)
