"""The keyring library as a store: asked in a child, by name, and never longer than its limit."""

import dataclasses
import time

import pytest

from diagnostics.context import Context, Options
from diagnostics.host import Host
from diagnostics.model import Platform
from diagnostics.stores import StoreError, open_store
from diagnostics.stores.keyring_library import KeyringLibrary, cause_of
from tests.support.lab import Lab
from tests.support.looking import look, secret_server


def elsewhere(host: Host, platform: Platform = Platform.MACOS) -> Host:
    """The same session, taken for another system's; its keyring library answers as it does here."""
    return dataclasses.replace(host, platform=platform)


@pytest.mark.parametrize("platform", [Platform.MACOS, Platform.WINDOWS])
def test_other_systems_get_it(lab: Lab, platform: Platform) -> None:
    store = open_store(elsewhere(lab.host(), platform))
    assert store.subject.kind == "keyring"
    assert store.entries() == ()


def test_what_the_configs_name_is_looked_for(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "värde\n")
    host = elsewhere(unlocked.host())
    servers = [secret_server("github_token", "slack_token")]
    context = Context(host, Options(), files=(), servers=servers, store=open_store(host))
    (entry,) = context.entries_named("github_token")
    assert entry.secret is not None
    assert entry.secret.reveal() == "värde\n"
    assert context.entries_named("slack_token") == ()


def test_the_checks_on_it(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    seen = look(elsewhere(unlocked.host()), "github_token", "slack_token")
    assert [(each[0], each[1]) for each in seen.fails] == [("lookup.entry", "missing")]
    assert seen.outcome("backend.session-bus") == "runner.other-store"


def test_a_locked_store(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    store = KeyringLibrary(elsewhere(unlocked.host()))
    store.expect(["github_token"])
    with pytest.raises(StoreError) as raised:
        store.entries()
    assert raised.value.cause == "keyring_locked"


def test_a_store_that_hangs(unlocked: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.stores.keyring_library.ASK_SECONDS", 1.0)
    unlocked.suspend_daemon()
    store = KeyringLibrary(elsewhere(unlocked.host()))
    store.expect(["github_token"])
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.entries()
    assert time.monotonic() - began < 2.5


def test_no_store_at_all(lab: Lab) -> None:
    store = KeyringLibrary(elsewhere(lab.host()))
    store.expect(["github_token"])
    with pytest.raises(StoreError) as raised:
        store.entries()
    assert raised.value.cause == "keyring_no_backend"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "KeyringError: Can't get password from keychain: (-25308, 'Unknown Error')",
            "macos_keychain_locked",
        ),
        ("KeyringError: (-25293, 'Unknown Error')", "macos_keychain_access_denied"),
        ("KeyringLocked: Keychain Access Denied (-128)", "keyring_prompt_dismissed"),
        ("error: (1312, 'CredRead', 'A specified logon session does not exist')", "windows_no_logon_session"),
        ("NoKeyringError: No recommended backend was available", "keyring_no_backend"),
    ],
)
def test_what_other_systems_say(said: str, cause: str) -> None:
    assert cause_of(said) == cause
