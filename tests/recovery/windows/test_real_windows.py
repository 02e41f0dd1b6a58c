"""The real Credential Manager, where there is one: what the keyring library writes we read, and the other way round."""

import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.host import this_host
from diagnostics.secret import Secret
from diagnostics.stores.windows.credential import Credential, CredentialError
from recovery.entries import delete_entry, get_entry, set_entry
from recovery.journal import Journal
from recovery.runner import undo
from recovery.stores.windows.calls import WindowsWriter
from recovery.stores.windows.keychain import WindowsKeychain
from recovery.world import LocalWorld
from tests.support.tokens import github

pytestmark = pytest.mark.platform_windows
TOKEN = github("real windows")


@pytest.fixture
def service() -> Iterator[str]:
    """A service of this test's own; everything of it is gone afterwards."""
    name = f"mcp-doctor-test-{secrets.token_hex(6)}"
    yield name
    calls = WindowsWriter()
    for each in calls.enumerate():
        if name in each.target.lower():
            calls.delete(each.target)


def test_what_keyring_stores_is_read_and_what_is_written_keyring_reads(service: str) -> None:
    import keyring

    keyring.set_password(service, "a", TOKEN)
    keyring.set_password(service, "b", "värde 🔑")
    keychain = WindowsKeychain(WindowsWriter())
    found = {each.account: each.secret for each in keychain.entries({"service": service})}
    assert found == {"a": Secret(TOKEN), "b": Secret("värde 🔑")}
    for name in "abc":
        keychain.put("", "", {"service": service, "username": name}, Secret(f"new {name}"))
    assert [keyring.get_password(service, each) for each in "abc"] == ["new a", "new b", "new c"]


def test_the_list_tells_what_reading_tells_and_bytes_stay_bytes(service: str) -> None:
    calls = WindowsWriter()
    calls.write(Credential(f"{service}/k", "k", b"odd", comment="ä"))
    (listed,) = calls.enumerate(service)
    read = calls.read(f"{service}/k")
    assert read is not None
    assert (listed.target, listed.user, listed.blob, listed.persist, listed.comment) == (
        read.target, read.user, read.blob, read.persist, read.comment,
    )  # fmt: skip
    assert listed.modified > 1_700_000_000
    assert calls.enumerate(f"{service}-none") == []
    assert calls.read(f"{service}-none") is None
    with pytest.raises(CredentialError) as refused:
        calls.delete(f"{service}-none")
    assert refused.value.code == 1168


def test_the_limit_is_where_we_say(service: str) -> None:
    calls = WindowsWriter()
    calls.write(Credential(service, "x", b"x" * 2560))
    with pytest.raises(CredentialError) as refused:
        calls.write(Credential(service, "x", b"x" * 2561))
    assert refused.value.code == 1783


def test_a_name_in_another_case_is_the_same_name_to_windows_and_to_keyring(service: str) -> None:
    import keyring

    calls = WindowsWriter()
    calls.write(Credential(f"GH@{service.upper()}", "GH", "x".encode("utf-16-le")))
    assert keyring.get_password(service, "gh") == "x"
    keychain = WindowsKeychain(calls)
    attributes = {"service": service, "username": "gh"}
    (found,) = keychain.entries(attributes)
    assert keychain.put("", "", attributes, Secret("y")) == found.path
    assert keyring.get_password(service, "gh") == "y"
    assert len([each for each in calls.enumerate() if service in each.target.lower()]) == 1


def test_an_operation_is_done_and_taken_back(service: str, tmp_path: Path) -> None:
    host = this_host()
    env = {**host.env, "LOCALAPPDATA": str(tmp_path)}
    world = LocalWorld(dataclasses.replace(host, env=env))
    journal = Journal(world.host)
    assert set_entry("a", Secret(TOKEN), world, journal, service=service).ok
    assert delete_entry("a", world, journal, service=service).ok
    assert undo(None, world, journal).ok
    assert get_entry("a", world, service=service) == Secret(TOKEN)
    assert undo(None, world, journal).ok
