"""`${VAULT:path#field}`: read from a server that keeps Vault's rules, and every state it can be in named."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from diagnostics.context import Options
from diagnostics.host import Host
from diagnostics.managers import Answer, Found, Question, Trouble, ask
from diagnostics.managers.extra import install_line
from diagnostics.managers.vault import Vault
from diagnostics.managers.vault_setting import Wanted, wanted_of
from diagnostics.model import Platform, Session, Status
from tests.support.provider_server import closed_port
from tests.support.vault_server import ROOT_TOKEN, VaultServer, Version, vault_server
from tests.support.worded import words_of

VALUE = "the-" + "value" * 4


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[VaultServer]:
    with vault_server(tmp_path) as found:
        found.two["secret/mcp"] = [Version({"token": VALUE})]
        found.one["kv1/mcp"] = {"token": VALUE}
        found.policies["reader"] = {"secret/data/mcp": ["read"], "kv1/*": ["read"], "database/*": ["read"]}
        yield found


def host_of(folder: Path, env: Mapping[str, str]) -> Host:
    return Host(Platform.LINUX, Session.LOCAL, folder, folder, dict(env))


def look_up(
    vault: VaultServer, name: str, token: str = ROOT_TOKEN, *, starting: bool = False, **env: str | None
) -> Answer:
    given: dict[str, str | None] = {**vault.env, "VAULT_TOKEN": token, **env}
    host = host_of(vault.ca_file.parent, {key: value for key, value in given.items() if value is not None})
    earlier = len(vault.seen)
    answer = ask(Vault(), Question(name, host, Options(), seconds=5, starting=starting))
    assert token not in repr(answer)
    assert VALUE not in repr(answer) + words_of(Vault(), answer)
    assert {each.token for each in vault.seen[earlier:]} <= {"", token}
    return answer


def value(*args: Any, **more: Any) -> str:
    found = look_up(*args, **more)
    assert isinstance(found, Found), found
    return found.value.reveal()


def trouble(*args: Any, **more: Any) -> tuple[str, str | None, Status]:
    found = look_up(*args, **more)
    assert isinstance(found, Trouble), found
    return found.outcome, found.cause, found.status


FAIL, UNKNOWN, SKIP = Status.FAIL, Status.UNKNOWN, Status.SKIP

# ── found ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["secret/data/mcp#token", "secret/data/mcp", "kv1/mcp#token", "/v1/kv1/mcp"])
def test_read(vault: VaultServer, name: str) -> None:
    assert value(vault, name) == VALUE
    assert value(vault, name, vault.add_token("reader", "reader")) == VALUE


def test_whole_numbers_are_text(vault: VaultServer) -> None:
    vault.one["kv1/pin"] = {"pin": 12345}
    assert value(vault, "kv1/pin#pin") == "12345"


def test_nothing_but_reads_is_asked(vault: VaultServer) -> None:
    value(vault, "secret/data/mcp#token", vault.add_token("reader", "reader"))
    trouble(vault, "secret/data/other#token", vault.add_token("reader", "reader"))
    asked = {(each.method, each.path) for each in vault.seen}
    assert {path for method, path in asked if method != "GET"} <= {"/v1/sys/capabilities-self"}


def test_the_health_is_asked_without_the_token(vault: VaultServer) -> None:
    value(vault, "secret/data/mcp#token", VAULT_NAMESPACE=None)
    assert [each.token for each in vault.seen if each.path == "/v1/sys/health"] == [""]


def test_the_token_of_vault_login_is_found(vault: VaultServer, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(f"{ROOT_TOKEN}\n")
    host = host_of(tmp_path, vault.env)
    assert isinstance(ask(Vault(), Question("secret/data/mcp", host, Options())), Found)


@pytest.mark.parametrize("status", [429, 473])
def test_a_standby_hands_on(vault: VaultServer, status: int) -> None:
    vault.health_status = status
    assert value(vault, "secret/data/mcp") == VALUE


def test_in_a_namespace(vault: VaultServer) -> None:
    token = vault.add_token("ns", "reader", namespace="team/a")
    assert value(vault, "secret/data/mcp", token, VAULT_NAMESPACE="team/a/") == VALUE


def test_a_token_that_may_not_look_at_itself(vault: VaultServer) -> None:
    token = vault.add_token("blind", "reader", may_look_up_self=False)
    vault.policies["reader"]["sys/capabilities-self"] = ["update"]
    assert value(vault, "secret/data/mcp", token) == VALUE


# ── the server's states ─────────────────────────────────────────────────────────────────────────────────────


def test_sealed(vault: VaultServer) -> None:
    vault.sealed = True
    assert trouble(vault, "secret/data/mcp") == ("sealed", "manager_sealed", FAIL)


def test_not_initialized(vault: VaultServer) -> None:
    vault.initialized = False
    assert trouble(vault, "secret/data/mcp") == ("not-initialized", "manager_sealed", FAIL)


def test_disaster_standby(vault: VaultServer) -> None:
    vault.health_status = 472
    assert trouble(vault, "secret/data/mcp") == ("dr-secondary", "manager_sealed", UNKNOWN)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            (429, {"errors": ["rate limit quota exceeded"]}, {"Retry-After": "7"}),
            ("rate-limited", "rate_limited"),
        ),
        ((500, {"errors": ["1 error occurred: internal error"]}, {}), ("server-error", "provider_down")),
        ((502, b"<html>bad gateway</html>", {}), ("server-error", "provider_down")),
        ((503, {"errors": ["Vault is sealed"]}, {}), ("sealed", "manager_sealed")),
        ((200, b"<html>sign in</html>", {}), ("not-vault", "config_wrong_endpoint")),
        (
            (307, {}, {"Location": "https://active.example.com:8200/v1/x"}),
            ("redirected", "config_wrong_endpoint"),
        ),
    ],
)
def test_other_answers(vault: VaultServer, answer: Any, expected: tuple[str, str]) -> None:
    vault.fails_with = answer
    assert trouble(vault, "secret/data/mcp")[:2] == expected
    assert {each.token for each in vault.seen} == {""}


def test_a_redirect_is_not_followed(vault: VaultServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with vault_server(tmp_path / "other") as other:
        vault.fails_with = (307, {}, {"Location": f"{other.url}/v1/sys/health"})
        found = look_up(vault, "secret/data/mcp")
        assert isinstance(found, Trouble)
        assert str(found.facts["target"]) in other.url
        assert not other.seen


def test_silence_has_an_end(vault: VaultServer) -> None:
    vault.silent = True
    host = host_of(vault.ca_file.parent, {**vault.env, "VAULT_TOKEN": ROOT_TOKEN})
    began = time.monotonic()
    found = ask(Vault(), Question("secret/data/mcp", host, Options(), seconds=0.5))
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.status) == ("no-answer", "provider_timeout", UNKNOWN)
    assert time.monotonic() - began < 3


def test_nobody_listens(vault: VaultServer) -> None:
    address = f"https://localhost:{closed_port()}"
    assert trouble(vault, "secret/data/mcp", VAULT_ADDR=address) == ("refused", "connection_refused", UNKNOWN)


def test_no_such_name(vault: VaultServer) -> None:
    found = trouble(vault, "secret/data/mcp", VAULT_ADDR="https://vault.no-such-name.invalid")
    assert found == ("dns", "dns_failure", UNKNOWN)


# ── the way there ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_untrusted_certificate(vault: VaultServer) -> None:
    assert trouble(vault, "secret/data/mcp", VAULT_CACERT=None) == ("certificate", "tls_interception", FAIL)
    assert not vault.seen


def test_skip_verify_is_told_and_not_followed(vault: VaultServer) -> None:
    found = trouble(vault, "secret/data/mcp", VAULT_CACERT=None, VAULT_SKIP_VERIFY="true")
    assert found == ("certificate-skip-verify", "tls_interception", FAIL)
    assert not vault.seen


def test_skip_verify_with_a_good_certificate_is_a_warning(vault: VaultServer) -> None:
    found = look_up(vault, "secret/data/mcp", VAULT_SKIP_VERIFY="1")
    assert isinstance(found, Found)
    assert [each.outcome for each in found.warnings] == ["skip-verify"]


def test_a_file_of_authorities_that_is_not_there(vault: VaultServer) -> None:
    found = trouble(vault, "secret/data/mcp", VAULT_CACERT="/nonexistent/ca.pem")
    assert found == ("authorities", "path_not_found", FAIL)


def test_plain_http_on_loopback_only(tmp_path: Path) -> None:
    with vault_server(tmp_path, tls=False) as vault:
        vault.one["kv1/mcp"] = {"token": VALUE}
        assert value(vault, "kv1/mcp") == VALUE
        found = trouble(vault, "kv1/mcp", VAULT_ADDR="http://vault.example.com:8200")
        assert found == ("not-https", "config_wrong_endpoint", FAIL)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"VAULT_ADDR": None}, ("no-address", "manager_not_set_up", FAIL)),
        ({"VAULT_ADDR": "vault:8200"}, ("address-malformed", "config_wrong_endpoint", FAIL)),
        ({"VAULT_ADDR": "https://a:b@vault"}, ("address-malformed", "config_wrong_endpoint", FAIL)),
        ({"VAULT_ADDR": "https://vault:99999"}, ("address-malformed", "config_wrong_endpoint", FAIL)),
        ({"VAULT_TOKEN": None}, ("no-token", "manager_not_set_up", FAIL)),
        ({"VAULT_TOKEN": "hvs.a\nb"}, ("token-garbled", "credential_corrupted", FAIL)),
    ],
)
def test_not_set_up(
    vault: VaultServer, env: dict[str, str | None], expected: tuple[str, str, Status]
) -> None:
    assert trouble(vault, "secret/data/mcp", **env) == expected
    assert not vault.seen


def test_offline_asks_nobody_and_still_tells_what_can_be_told(vault: VaultServer) -> None:
    host = host_of(vault.ca_file.parent, {**vault.env, "VAULT_TOKEN": ROOT_TOKEN})
    found = ask(Vault(), Question("secret/data/mcp", host, Options(offline=True)))
    assert isinstance(found, Trouble)
    assert (found.outcome, found.status) == ("offline", SKIP)
    bare = ask(Vault(), Question("secret/data/mcp", host_of(host.home, {}), Options(offline=True)))
    assert isinstance(bare, Trouble)
    assert bare.outcome == "no-address"
    assert not vault.seen


def test_the_library_is_not_installed(vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    found = look_up(vault, "secret/data/mcp")
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.status) == ("extra-missing", "manager_extra_missing", FAIL)
    assert found.facts["command"] == install_line("vault")


# ── the token ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_that_ended_or_was_never_there(vault: VaultServer) -> None:
    ended = vault.add_token("ended", "reader", ends=time.time() - 1)
    for token in (ended, "hvs." + "nobody" * 4):
        assert trouble(vault, "secret/data/mcp", token) == ("token-refused", "token_invalid", FAIL)


def test_the_wrong_namespace(vault: VaultServer) -> None:
    found = trouble(vault, "secret/data/mcp", VAULT_NAMESPACE="elsewhere")
    assert found == ("wrong-namespace", "config_wrong_endpoint", FAIL)


@pytest.mark.parametrize(
    ("left", "renewable", "expected"),
    [
        (600, False, ["token-ends"]),
        (600, True, ["token-ends-renewable"]),
        (10 * 3600, False, ["token-ends"]),
        (10 * 3600, True, []),
        (10 * 86400, False, []),
    ],
)
def test_a_token_near_its_end(vault: VaultServer, left: int, renewable: bool, expected: list[str]) -> None:
    token = vault.add_token("short", "reader", ends=time.time() + left, renewable=renewable)
    found = look_up(vault, "secret/data/mcp", token)
    assert isinstance(found, Found)
    assert [each.outcome for each in found.warnings] == expected
    assert {each.status for each in found.warnings} <= {Status.WARN}


def test_no_policy(vault: VaultServer) -> None:
    token = vault.add_token("weak", "reader")
    for name in ("secret/data/other", "elsewhere/data/x"):
        assert trouble(vault, name, token) == ("no-policy", "token_insufficient_scope", FAIL)


# ── the path and the field ──────────────────────────────────────────────────────────────────────────────────


def test_the_path_lacks_data(vault: VaultServer) -> None:
    found = look_up(vault, "secret/mcp#token")
    assert isinstance(found, Trouble)
    assert (found.outcome, found.facts["meant"]) == ("needs-data", "${VAULT:secret/data/mcp#token}")


def test_the_path_has_a_data_too_many(vault: VaultServer) -> None:
    found = look_up(vault, "kv1/data/mcp#token")
    assert isinstance(found, Trouble)
    assert (found.outcome, found.facts["meant"]) == ("no-data-needed", "${VAULT:kv1/mcp#token}")


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        (Version(None, deleted="2026-01-02T03:04:05Z"), "deleted"),
        (Version(None, destroyed=True), "destroyed"),
    ],
)
def test_a_version_that_is_gone(vault: VaultServer, version: Version, outcome: str) -> None:
    vault.two["secret/mcp"].append(version)
    found = look_up(vault, "secret/data/mcp")
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.facts["version"]) == (outcome, "credential_deleted", "2")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("secret/data/nothing", "missing"), ("kv1/nothing", "missing"), ("nowhere/data/x", "no-mount")],
)
def test_nothing_there(vault: VaultServer, name: str, outcome: str) -> None:
    assert trouble(vault, name) == (outcome, "credential_not_found", FAIL)


@pytest.mark.parametrize(
    ("fields", "key", "outcome"),
    [
        ({"a": "x", "b": "y"}, "", "several-fields"),
        ({"a": "x", "b": "y"}, "#c", "no-field"),
        ({}, "", "no-fields"),
        ({"a": ""}, "#a", "empty"),
        ({"a": {"b": "c"}}, "#a", "not-text"),
        ({"a": ["b"]}, "#a", "not-text"),
        ({"a": True}, "#a", "not-text"),
        ({"a": 1.5}, "#a", "not-text"),
        ({"a": None}, "#a", "not-text"),
    ],
)
def test_fields(vault: VaultServer, fields: dict[str, Any], key: str, outcome: str) -> None:
    vault.one["kv1/odd"] = fields
    vault.two["secret/odd"] = [Version(fields)]
    assert trouble(vault, f"kv1/odd{key}")[0] == outcome
    assert trouble(vault, f"secret/data/odd{key}")[0] == outcome


def test_what_is_made_on_read_is_only_read_for_a_start(vault: VaultServer) -> None:
    assert trouble(vault, "database/creds/x#password") == ("made-on-read", None, SKIP)
    assert vault.made == 0
    assert value(vault, "database/creds/x#password", starting=True) == "made-1"


@pytest.mark.parametrize(
    "name", ["secret", "secret/", "#token", "a/../b", "secret/data/mcp#", "a//b", "a/b?x=1"]
)
def test_malformed(vault: VaultServer, name: str) -> None:
    assert trouble(vault, name) == ("malformed", "reference_malformed", FAIL)
    assert not vault.seen


def test_the_last_sign_divides_path_and_field() -> None:
    assert wanted_of("a/b#c#d") == Wanted("a/b#c", "d")


def test_hostile_text_stays_harmless(vault: VaultServer) -> None:
    vault.one["kv1/odd"] = {"\x1b[31mred": "x", "b" * 5000: "y"}
    found = look_up(vault, "kv1/odd")
    assert isinstance(found, Trouble)
    assert "\x1b" not in str(found.facts)
    assert len(str(found.facts["fields"])) < 300
