"""Credentials brought to where the program that asks for them looks, judged by the real libraries."""

import contextlib
import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.context import Context, Options
from diagnostics.model import Finding, Reference, Server, Syntax
from diagnostics.runner import diagnose
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from recovery.emergency import kernel_keyring
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import remedies_for
from recovery.runner import Outcome, carry_out, undo
from recovery.undo_copies import own
from recovery.world import LocalWorld
from tests.support.keytar import Keytar, Napi
from tests.support.lab import Lab
from tests.support.platforms import lacking

VALUE = "the-" + "value" * 4


class Patient:
    """A server with one reference, looked at and mended on a lab."""

    def __init__(self, lab: Lab, syntax: Syntax, name: str) -> None:
        self.host = dataclasses.replace(lab.host(), root=Path("/"))
        text = Secret(f"${{{syntax.name}:{name}}}")
        reference = Reference("t:s", "env.TOKEN", syntax, name, text, spelling=text.reveal())
        self.server = Server("t:s", "s", "test", Path("/c.json"), "stdio", references=(reference,))
        self.world, self.journal = LocalWorld(self.host), Journal(self.host)

    def look(self) -> tuple[Context, dict[str, Finding]]:
        context = Context(self.host, Options(offline=True), (), [self.server], open_store(self.host))
        return context, {each.check: each for each in diagnose(context)}

    def offered(self, check: str) -> Remedy:
        context, findings = self.look()
        return next(iter(remedies_for(findings[check], context)))

    def outcome(self, check: str) -> str:
        return self.look()[1][check].outcome

    def mend(self, check: str) -> Outcome:
        done = carry_out(self.offered(check), {}, self.world, self.journal)
        assert done.ok, done
        assert VALUE not in repr(done)
        return done

    def undo(self) -> Outcome:
        return undo(None, self.world, self.journal)

    def everything(self) -> set[tuple[str, str]]:
        # The daemon gives an entry without a schema the generic one, some time after it was written.
        given = ("xdg:schema", "org.freedesktop.Secret.Generic")
        found = self.world.keychain.entries({})
        return {
            (str(sorted(pair for pair in own(each.attributes).items() if pair != given)), each.collection)
            for each in found
        }


def test_keytar_finds_what_the_keyring_library_wrote(
    unlocked: Lab, keytar_in: Callable[[Lab], Keytar]
) -> None:
    unlocked.keyring_set("acc", VALUE, service="svc")
    keytar, patient = keytar_in(unlocked), Patient(unlocked, Syntax.KEYTAR, "svc/acc")
    before = patient.everything()
    assert patient.outcome("lookup.keytar") == "by-keyring"
    patient.mend("lookup.keytar")
    assert keytar.get("svc", "acc") == VALUE
    assert unlocked.keyring_get("acc", service="svc") == VALUE
    assert patient.outcome("lookup.keytar") == "found"
    assert patient.undo().ok
    assert patient.everything() == before


def test_an_entry_without_keytars_mark_gets_it_and_no_twin(
    unlocked: Lab, keytar_in: Callable[[Lab], Keytar]
) -> None:
    unlocked.add({"service": "svc", "account": "acc", "xdg:schema": "org.example.Own"}, VALUE.encode())
    patient = Patient(unlocked, Syntax.KEYTAR, "svc/acc")
    before = patient.everything()
    patient.mend("lookup.keytar")
    assert keytar_in(unlocked).get("svc", "acc") == VALUE
    assert len(patient.world.keychain.entries({"service": "svc"})) == 1
    assert patient.undo().ok
    assert patient.everything() == before


def test_what_is_in_another_keychain_comes_into_the_default_one(unlocked: Lab) -> None:
    other = unlocked.create_collection("other password", "other")
    unlocked.add({"service": "mcp-secrets", "username": "token"}, VALUE.encode(), collection=other)
    patient = Patient(unlocked, Syntax.SECRET, "token")
    before = patient.everything()
    assert unlocked.keyring_get("token") is None
    patient.mend("lookup.entry")
    assert unlocked.keyring_get("token") == VALUE
    assert patient.undo().ok
    assert patient.everything() == before


def test_what_mcp_secrets_plugin_stores_comes_to_where_the_config_asks(unlocked: Lab) -> None:
    """That plugin calls the keyring library with a service of its own (`MyMCPServer` unless told else)."""
    unlocked.keyring_set("api_key", VALUE, "MyMCPServer")
    patient = Patient(unlocked, Syntax.SECRET, "api_key")
    _, findings = patient.look()
    assert findings["lookup.entry"].outcome == "other-service"
    assert "MyMCPServer" in repr(findings["lookup.entry"])
    patient.mend("lookup.entry")
    assert patient.outcome("lookup.entry") == "found"
    assert unlocked.keyring_get("api_key") == VALUE
    assert unlocked.keyring_get("api_key", "MyMCPServer") == VALUE  # for the programs that use the plugin


def test_all_of_auth0s_login_comes_into_the_form_that_its_server_reads(
    unlocked: Lab, keytar_in: Callable[[Lab], Keytar]
) -> None:
    keytar, patient = keytar_in(unlocked), Patient(unlocked, Syntax.SECRET, "other")
    patient.server = Server(
        "t:s",
        "s",
        "cursor",
        Path("/c.json"),
        "stdio",
        "npx",
        (Secret("@auth0/auth0-mcp-server"), Secret("run")),
    )
    ends = str(int((time.time() + 7200) * 1000))
    login = {"AUTH0_TOKEN": VALUE, "AUTH0_DOMAIN": "lab.eu.auth0.com", "AUTH0_TOKEN_EXPIRES_AT": ends}
    for account, value in login.items():
        unlocked.keyring_set(account, value, service="auth0-mcp")
    assert patient.outcome("lookup.auth0-session") == "wrong-form"
    patient.mend("lookup.auth0-session")
    assert {each: keytar.get("auth0-mcp", each) for each in login} == login
    assert patient.outcome("lookup.auth0-session") == "signed-in"


# ── the kernel's memory ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def service(lab: Lab, kernel_keys_alone: None) -> Iterator[str]:
    """A name of its own, for the kernel's keyring is one for all tests of this user."""
    if trouble := kernel_keyring.trouble(lab.host()):
        lacking(trouble)
    name = f"svc-{uuid.uuid4().hex[:12]}"
    yield name
    kernel_keyring.let_go_left_behind(f"keyring:acc@{name}")


def test_what_a_library_left_in_the_kernel_is_kept(
    lab: Lab, napi_in: Callable[[Lab], Napi], service: str
) -> None:
    """@napi-rs/keyring without a keychain, for real; it may say that it failed, and the secret is there."""
    napi = napi_in(lab)
    with contextlib.suppress(OSError):
        napi.set(service, "acc", VALUE)
    patient = Patient(lab, Syntax.SECRET, "acc")
    (finding,) = [each for each in patient.look()[1].values() if each.check == "lookup.kernel-keyring"]
    assert finding.outcome == "keychain-not-read"
    assert f"acc ({service})" in finding.title
    lab.start("lab-password")
    patient = Patient(lab, Syntax.SECRET, "acc")
    remedy = patient.offered("lookup.kernel-keyring")
    (mine,) = [each for each in remedy.steps if service in each.title]
    one = dataclasses.replace(remedy, steps=(mine,))
    assert carry_out(one, {}, patient.world, patient.journal).ok
    assert napi.get(service, "acc") == VALUE
    assert lab.keyring_get("acc", service=service) == VALUE
    kernel_keyring.let_go_left_behind(f"keyring:acc@{service}")
    refused = patient.undo()
    assert not refused.ok
    assert "has forgotten" in " ".join((refused.error, *refused.notes))
    assert lab.keyring_get("acc", service=service) == VALUE
