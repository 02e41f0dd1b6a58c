"""KeePassXC, the real program: what it hands out is read, and nothing that is asked makes it show a window."""

import subprocess
import time

import pytest

from diagnostics.secret import Secret
from diagnostics.stores import StoreError
from diagnostics.stores.bus import Bus
from diagnostics.stores.one_entry import Entries
from diagnostics.stores.reading import read_everything
from diagnostics.stores.secret_service import probe
from recovery.journal import Journal
from recovery.model import RecoveryError
from recovery.planner import unlock_remedy
from recovery.runner import carry_out
from recovery.world import LocalWorld
from tests.support.desktops import KeePassLab, windows_of
from tests.support.looking import Look, look
from tests.support.tokens import github

TOKEN = github("keepassxc")


def seen(lab: KeePassLab) -> Look:
    names, windows = lab.names(), windows_of(lab)
    found = look(lab.real_host())
    assert lab.names() == names
    assert windows_of(lab) == windows  # nothing came up
    return found


def way(lab: KeePassLab) -> list[str]:
    host = lab.real_host()
    return [step.kind for step in unlock_remedy(host, probe(host), probe).steps]


def test_an_exposed_group_of_an_open_database_is_read(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": TOKEN}))
    found = seen(keepassxc)
    assert found.fails == []
    assert "org.freedesktop.secrets belongs to keepassxc" in found.finding("backend.provider").evidence[0]
    assert found.outcome("lookup.entry") == "found"
    assert found.outcome("lookup.confirmation") == "not-asked"
    with Bus.connect(keepassxc.address) as bus:
        (entry,) = read_everything(bus)
    assert entry.attributes == {"service": "mcp-secrets", "username": "github_token"}
    assert entry.secret is not None
    assert entry.secret.reveal() == TOKEN
    assert "my private notes" not in found.text
    with Entries(keepassxc.host()) as entries:
        one = entries.read("github_token")
    assert one is not None
    assert one.secret.reveal() == TOKEN
    assert way(keepassxc) == []


def test_what_mcp_doctor_writes_there_is_found_and_not_doubled(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": "old"}))
    world = LocalWorld(keepassxc.real_host())
    state = world.keychain.state()
    assert state.default is not None
    attributes = {"service": "mcp-secrets", "username": "github_token"}
    world.keychain.put(state.default.path, "github_token", attributes, one_secret())
    assert keepassxc.keyring_get("github_token") == TOKEN
    assert len(world.keychain.entries(attributes)) == 1
    another = {**attributes, "username": "another"}
    path = world.keychain.put(state.default.path, "another", another, one_secret())
    assert keepassxc.keyring_get("another") == TOKEN
    world.keychain.delete(path)
    assert not world.keychain.entries(another)


def test_a_locked_database_is_told_and_not_asked(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": TOKEN}), opened=False)
    keepassxc.wait_for(lambda: bool(probe(keepassxc.host()).collections), "the database is shown")
    found = seen(keepassxc)
    assert found.fails == [("permission.collection-locked", "database-locked", "keyring_locked")]
    with Entries(keepassxc.host()) as entries:
        with pytest.raises(StoreError) as raised:
            entries.read("github_token")
        with pytest.raises(StoreError) as raised_too:
            entries.find({"service": "mcp-secrets", "account": "github_token"})
    assert (raised.value.cause, raised_too.value.cause) == (
        "keyring_locked",
        "keyring_locked",
    )  # a window would be told as a deadline
    with pytest.raises(RecoveryError, match="--pw-stdin"):
        way(keepassxc)


def test_no_exposed_group_is_told_and_would_have_hung_everybody(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": TOKEN}, exposed=False))
    found = seen(keepassxc)
    assert found.fails == [("permission.default-collection", "nothing-exposed", "keyring_collection_missing")]
    with pytest.raises(RecoveryError, match="expose entries"):
        way(keepassxc)
    with pytest.raises(subprocess.TimeoutExpired):  # what any other client gets
        keepassxc.run(["secret-tool", "lookup", "service", "mcp-secrets"], seconds=1)


def test_one_that_asks_its_user_before_each_entry_is_told(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": TOKEN}), confirm=True)
    found = seen(keepassxc)
    assert ("lookup.confirmation", "asked", "keyring_confirmation_needed") in found.fails
    with Entries(keepassxc.host()) as entries, pytest.raises(StoreError) as raised:
        entries.read("github_token")
    assert raised.value.cause == "keyring_locked"


def test_a_stopped_one_is_told_in_time_and_runs_on(keepassxc: KeePassLab) -> None:
    keepassxc.start_keepassxc(keepassxc.make_database({"github_token": TOKEN}), opened=False)
    keepassxc.suspend_daemon()
    found = seen(keepassxc)
    assert found.fails == [("backend.provider", "stopped", "secret_service_unresponsive")]
    began = time.monotonic()
    with Entries(keepassxc.host()) as entries, pytest.raises(StoreError) as raised:
        entries.read("github_token")
    assert raised.value.cause == "secret_service_unresponsive"
    assert time.monotonic() - began < 40  # its own deadline is far below
    world = LocalWorld(keepassxc.real_host())
    remedy = unlock_remedy(world.host, probe(world.host), probe)
    assert [step.kind for step in remedy.steps] == ["continue-provider"]
    assert remedy.asks == ()  # no password of its database is asked for: it takes none
    assert carry_out(remedy, {}, world, Journal(world.host)).ok
    assert seen(keepassxc).outcome("backend.provider") == "answers"


def one_secret() -> Secret:
    return Secret(TOKEN)
