"""Where one signs in, what is asked and agreed to beforehand, and that the login ends in the keychain."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from diagnostics.catalog.logins import known_login, known_logins
from diagnostics.context import Context, Options
from diagnostics.discovery import discover
from diagnostics.model import Finding, Status
from diagnostics.oauth.login import Login, account_of, read_login
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.journal import Journal
from recovery.login.error import LoginError
from recovery.login.sign_in import SignIn
from recovery.model import Ask, AskKind, RecoveryError, Remedy
from recovery.operation import ask_data, read_ask
from recovery.planner import names_for, remedies_for
from recovery.runner import carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.login.test_refresh import login_at
from tests.support.lab import Lab
from tests.support.oauth_server import OAuthServer

Start = Callable[..., OAuthServer]


def look(
    lab: Lab, name: str, url: str | None = None, **options: Any
) -> tuple[Finding, Remedy | None, Context]:
    """The finding about the login of this name, and the remedy that signs in."""
    own: dict[str, Any] = {"command": "true", "env": {"TOKEN": f"${{OAUTH:{name}}}"}}
    if url is not None:
        own = {"type": "http", "url": url, "headers": {"Authorization": f"Bearer ${{OAUTH:{name}}}"}}
    config = lab.home / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"one": own}}), encoding="utf-8")
    host = lab.host()
    asked = Options(config=(config,), client="claude-desktop", **options)
    files = discover(host, asked)
    context = Context(host, asked, files, [each for file in files for each in file.servers], open_store(host))
    found = [each for each in diagnose(context) if each.check == "lookup.oauth"]
    finding = next((each for each in found if each.status is not Status.OK), found[0])
    remedies = [each for each in remedies_for(finding, context) if each.id == "sign-in"]
    return finding, next(iter(remedies), None), context


def signed_in(
    lab: Lab, server: OAuthServer, remedy: Remedy, answers: Mapping[str, Secret] | None = None
) -> Login:
    """The whole way: what the person types, the code, the yes, the journal, the keychain."""
    world = LocalWorld(lab.host())
    preview(remedy, world)
    given = dict(answers or {})
    ask = remedy.asks[-1]
    flow = SignIn(ask, given, world, pause=lambda _seconds: False)
    code = flow.begin()
    server.person(code.user_code)
    given[ask.name] = flow.wait(code)
    outcome = carry_out(remedy, given, world, Journal(world.host))
    assert outcome.ok, outcome.error
    trail = Journal(world.host).path.read_text()
    for secret in (given[ask.name], kept(lab, remedy).access_token):
        assert secret.reveal() not in trail
    return kept(lab, remedy)


def kept(lab: Lab, remedy: Remedy) -> Login:
    (step,) = remedy.steps
    text = lab.keyring_get(step.username)  # type: ignore[attr-defined]
    assert text is not None
    return read_login(Secret(text))


def test_the_remote_server_says_where_and_a_client_is_registered_after_consent(
    unlocked: Lab, oauth_server: Start
) -> None:
    server = oauth_server()
    finding, remedy, _ = look(unlocked, "guarded", server.resource)
    assert finding.outcome == "missing"
    assert remedy is not None
    assert [each.kind for each in remedy.asks] == [AskKind.LOGIN]
    changes = preview(remedy, LocalWorld(unlocked.host()))
    assert any("registered" in each.what and "mcp-doctor" in each.after for each in changes)
    assert not [each for each in server.seen() if each["path"] == "/reg"]
    login = signed_in(unlocked, server, remedy)
    assert server.takes(login.access_token.reveal())
    assert login.resource == server.resource
    assert login.refresh_token is not None
    assert look(unlocked, "guarded", server.resource)[0].outcome == "found"


def test_the_earlier_login_says_where_and_comes_back_with_an_undo(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    old = dataclasses.replace(login_at(server), refresh_token=None)
    unlocked.add_entry(account_of("guarded"), old.to_secret().reveal())
    finding, remedy, _ = look(unlocked, "guarded")
    assert finding.outcome == "expired"
    assert remedy is not None
    login = signed_in(unlocked, server, remedy)
    assert login.client_id == old.client_id
    assert not [each for each in server.seen() if each["path"] == "/reg"][1:]  # only the test's own
    assert server.takes(login.access_token.reveal())
    world = LocalWorld(unlocked.host())
    assert undo(None, world, Journal(world.host)).ok
    assert kept(unlocked, remedy) == old


def test_a_client_that_the_server_has_forgotten_is_registered_anew(
    unlocked: Lab, oauth_server: Start
) -> None:
    server = oauth_server()
    old = dataclasses.replace(login_at(server), refresh_token=None, client_id="forgotten")
    unlocked.add_entry(account_of("guarded"), old.to_secret().reveal())
    _, remedy, _ = look(unlocked, "guarded")
    assert remedy is not None
    (change,) = [each for each in preview(remedy, LocalWorld(unlocked.host())) if "client" in each.what]
    assert "only if" in change.after
    assert signed_in(unlocked, server, remedy).client_id not in {"forgotten", ""}


@pytest.mark.parametrize("value", ["no JSON", '{"access_token": "x"}'])
def test_a_damaged_entry_is_replaced(unlocked: Lab, oauth_server: Start, value: str) -> None:
    server = oauth_server()
    unlocked.add_entry(account_of("guarded"), value)
    _, remedy, _ = look(unlocked, "guarded", server.resource)
    assert remedy is not None
    assert server.takes(signed_in(unlocked, server, remedy).access_token.reveal())


def test_nobody_knows_where_so_the_person_is_asked(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    _, remedy, _ = look(unlocked, "company")
    assert remedy is not None
    assert [(each.name, each.optional) for each in remedy.asks] == [
        ("issuer", False),
        ("client_id", True),
        ("token", False),
    ]
    answers = {"issuer": Secret(server.issuer), "client_id": Secret("")}
    login = signed_in(unlocked, server, remedy, answers)
    assert login.issuer == server.issuer
    wrong = {"issuer": Secret("http://login.example"), "client_id": Secret("")}
    with pytest.raises(LoginError, match="not https"):
        SignIn(remedy.asks[-1], wrong, LocalWorld(unlocked.host())).begin()


def test_a_server_without_registration_wants_a_client_id(unlocked: Lab, oauth_server: Start) -> None:
    grants = ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
    client = {"client_id": "made-by-hand", "redirect_uris": [], "response_types": [], "grant_types": grants}
    server = oauth_server(registration=False, clients=[client])
    _, remedy, _ = look(unlocked, "guarded", server.resource)
    assert remedy is not None
    assert [(each.name, each.optional) for each in remedy.asks] == [("client_id", False), ("token", False)]
    login = signed_in(unlocked, server, remedy, {"client_id": Secret("made-by-hand")})
    assert login.client_id == "made-by-hand"


def test_a_server_without_the_device_flow_is_told_before_anything_is_asked(
    unlocked: Lab, oauth_server: Start
) -> None:
    server = oauth_server(device=False)
    _, remedy, _ = look(unlocked, "guarded", server.resource)
    assert remedy is not None
    with pytest.raises(RecoveryError, match="no login by code"):
        preview(remedy, LocalWorld(unlocked.host()))


def test_a_locked_keychain_is_told_before_anybody_signs_in(unlocked: Lab, oauth_server: Start) -> None:
    server = oauth_server()
    _, remedy, _ = look(unlocked, "guarded", server.resource)
    assert remedy is not None
    unlocked.lock()
    with pytest.raises(RecoveryError, match="locked"):
        preview(remedy, LocalWorld(unlocked.host()))


def test_offline_nobody_is_asked(unlocked: Lab) -> None:
    assert look(unlocked, "guarded", offline=True)[1] is None


def test_other_references_are_not_signed_in_for(unlocked: Lab) -> None:
    finding, _, context = look(unlocked, "guarded")
    other = dataclasses.replace(finding, subject="another", check="validity.provider", outcome="invalid")
    assert "sign-in" in names_for(other)
    assert [each.id for each in remedies_for(other, context) if each.id in {"sign-in", "renew-login"}] == []


@pytest.mark.parametrize("name", ["github", "github-work", "google", "azure", "gitlab", "auth0", "okta"])
def test_known_servers_ask_for_what_only_the_person_has(unlocked: Lab, name: str) -> None:
    _, remedy, _ = look(unlocked, name)
    assert remedy is not None
    names = [each.name for each in remedy.asks]
    known = known_logins()[name.partition("-")[0]]
    assert names == [
        *(["site"] if known.site else []),
        "client_id",
        *(["client_secret"] if known.client_secret else []),
        "token",
    ]
    changes = preview(remedy, LocalWorld(unlocked.host()))  # asks nobody: its places are known
    assert not any("registered" in each.what for each in changes)


def test_the_question_goes_into_the_trail_and_comes_back(unlocked: Lab) -> None:
    _, remedy, _ = look(unlocked, "github")
    assert remedy is not None
    for ask in remedy.asks:
        assert read_ask(json.loads(json.dumps(ask_data(ask)))) == ask
    old = {
        name: value for name, value in ask_data(remedy.asks[0]).items() if name not in {"about", "optional"}
    }
    assert read_ask(old).name == remedy.asks[0].name


@pytest.mark.parametrize(
    ("name", "site", "issuer"),
    [
        (
            "microsoft",
            "contoso.onmicrosoft.com",
            "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0",
        ),
        ("auth0", "me.eu.auth0.com", "https://me.eu.auth0.com/"),
        ("okta", "me.okta.com", "https://me.okta.com/oauth2/default"),
    ],
)
def test_a_site_leads_to_its_issuer_and_back(name: str, site: str, issuer: str) -> None:
    filled = known_logins()[name].at(site)
    assert filled.issuer == issuer
    assert "{" not in filled.token_endpoint + filled.device_endpoint
    assert known_login(issuer) == filled


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("auth0", "evil.example"),
        ("auth0", "evil.example/.auth0.com"),
        ("auth0", "x@evil.example#.auth0.com"),
        ("okta", ""),
        ("microsoft", "../../evil"),
        ("microsoft", "a b"),
    ],
)
def test_what_is_no_site_leads_nowhere(name: str, site: str) -> None:
    with pytest.raises(ValueError, match=r"no .* site"):
        known_logins()[name].at(site)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://github.com.evil.example/login/oauth",
        "https://evil.example/",
        "https://evil.example/oauth2/default",
    ],
)
def test_a_stranger_is_not_taken_for_a_known_server(issuer: str) -> None:
    assert known_login(issuer) is None


def test_a_question_of_another_version_is_refused(unlocked: Lab) -> None:
    ask = Ask("token", AskKind.LOGIN, "Sign in", about={"something": "else"})
    with pytest.raises(LoginError, match="another version"):
        SignIn(ask, {}, LocalWorld(unlocked.host()))


def test_a_login_that_the_remote_server_refuses_is_renewed_or_replaced(
    unlocked: Lab, oauth_server: Start
) -> None:
    server = oauth_server()
    wrong = Secret("not-what-it-gave-" * 2)
    old = dataclasses.replace(login_at(server), access_token=wrong, expires_at=time.time() + 3600)
    unlocked.add_entry(account_of("guarded"), old.to_secret().reveal())
    assert look(unlocked, "guarded", server.resource)[0].outcome == "found"
    context = look(unlocked, "guarded", server.resource, start=True)[2]
    (finding,) = [each for each in diagnose(context) if each.check == "start.handshake"]
    assert finding.outcome.startswith("remote-token")
    remedies = remedies_for(finding, context)
    assert [each.id for each in remedies] == ["renew-login", "sign-in"]
    world = LocalWorld(unlocked.host())
    outcome = carry_out(remedies[0], {}, world, Journal(world.host))
    assert outcome.ok, outcome.error
    assert server.takes(kept(unlocked, remedies[1]).access_token.reveal())
