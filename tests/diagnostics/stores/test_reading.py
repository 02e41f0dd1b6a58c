"""The bulk read gives every entry as it is, byte for byte, whatever is in it and however many there are."""

import threading

import pytest

from diagnostics.stores import Entry, StoreError, open_store
from diagnostics.stores.bus import Bus
from diagnostics.stores.reading import read_for_diagnosis
from tests.support.lab import Lab, a_lab

AWKWARD = {
    "newline": b"value\n",
    "carriage": b"value\r\n",
    "not-utf8": b"\xff\xfeabc",
    "nul": b"a\0b",
    "utf16": "value".encode("utf-16-le"),
    "bom": b"\xef\xbb\xbfvalue",
    "empty": b"",
    "blanks": b"  value  ",
    "block": b"x" * 16,
    "large": b"x" * 3_000_000,
}


def entries_of(lab: Lab) -> dict[str, Entry]:
    return {each.account: each for each in open_store(lab.host()).entries()}


def test_every_byte_survives(unlocked: Lab) -> None:
    for name, raw in AWKWARD.items():
        unlocked.add_entry(name, raw)
    found = entries_of(unlocked)
    assert set(found) == set(AWKWARD)
    for name, raw in AWKWARD.items():
        secret = found[name].secret
        assert secret is not None
        assert secret.reveal().encode("utf-8", "surrogateescape") == raw, name


def test_attributes_and_places(unlocked: Lab) -> None:
    path = unlocked.add_entry("github_token", "value", kind="ünïcode & <b>")
    entry = entries_of(unlocked)["github_token"]
    assert entry.path == path
    assert entry.collection == path.rpartition("/")[0]
    assert entry.attributes["kind"] == "ünïcode & <b>"
    assert not entry.locked


def test_label_and_times_are_read_where_they_tell_something(unlocked: Lab) -> None:
    """A person's own label, and which of two twins is newer; what the keyring library wrote once needs neither."""
    unlocked.add_entry("plain", "value")
    other = unlocked.add({"service": "s", "username": "other"}, b"value", label="My ünïcode <b>")
    unlocked.add_entry("twin", "old")
    unlocked.add({"service": "mcp-secrets", "username": "twin"}, b"new", label="keyring:x@y", replace=False)
    unlocked.add_entry("twin", "elsewhere", service="another")
    found = {each.path: each for each in open_store(unlocked.host()).entries()}
    twins = {each.label: each for each in found.values() if each.modified}
    assert set(twins) == {"Password for 'twin' on 'mcp-secrets'", "keyring:x@y"}
    assert all(each.modified >= each.created > 1_500_000_000 for each in twins.values())
    assert found.pop(other).label == "My ünïcode <b>"
    assert {(each.service, each.account) for each in found.values() if not each.label} == {
        ("mcp-secrets", "plain"),
        ("another", "twin"),
    }
    assert all(each.secret is not None for each in found.values())


@pytest.mark.parametrize("stock_limits", [True, False])
def test_more_entries_than_the_bus_takes_calls_at_once(stock_limits: bool) -> None:
    with a_lab(stock_limits=stock_limits) as lab:
        lab.start("lab-password")
        for number in range(200):
            lab.add_entry(f"name-{number}", f"value-{number}")
        found = entries_of(lab)
    assert len(found) == 200
    assert all(
        each.secret is not None and each.secret.reveal() == name.replace("name", "value")
        for name, each in found.items()
    )


def test_an_empty_keychain(unlocked: Lab) -> None:
    assert entries_of(unlocked) == {}


def test_locked_entries_are_listed_without_their_secrets(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "value")
    unlocked.lock()
    entry = entries_of(unlocked)["github_token"]
    assert entry.locked
    assert entry.secret is None


def test_nothing_of_a_secret_is_in_the_words_of_an_entry(unlocked: Lab) -> None:
    unlocked.add_entry("github_token", "very-secret-value")
    entry = entries_of(unlocked)["github_token"]
    assert "very-secret-value" not in repr(entry) + str(entry)


def test_many_threads_ask_and_the_store_is_read_once(unlocked: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked.add_entry("github_token", "value")
    reads: list[int] = []

    def counted(bus: Bus) -> list[Entry]:
        reads.append(1)
        return read_for_diagnosis(bus)

    monkeypatch.setattr("diagnostics.stores.secret_service.read_for_diagnosis", counted)
    store = open_store(unlocked.host())
    threads = [threading.Thread(target=store.entries) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(reads) == 1


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("silent", "secret_service_unresponsive"),
        ("breaks-off", "secret_service_unresponsive"),
        ("garbled", "secret_service_unresponsive"),
    ],
)
def test_a_provider_that_misbehaves_is_a_store_error(lab: Lab, how: str, cause: str) -> None:
    lab.start_bus()
    lab.start_odd_provider(how)
    with pytest.raises(StoreError) as raised:
        open_store(lab.host()).entries()
    assert raised.value.cause == cause


def test_no_bus_is_a_store_error(lab: Lab) -> None:
    with pytest.raises(StoreError) as raised:
        open_store(lab.host()).entries()
    assert raised.value.cause == "dbus_no_session_bus"


def test_many_clients_at_once_neither_confuse_nor_end_the_daemon(unlocked: Lab) -> None:
    """A client starts all its servers together. A property as the first question of many has ended the daemon."""
    unlocked.add_entry("github_token", "value")
    pid = unlocked.daemon_pid
    seen: list[tuple[bool, int]] = []

    def ask() -> None:
        for _ in range(15):
            store = open_store(unlocked.host())
            seen.append((store.state().usable, len(store.entries())))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [(True, 1)] * 120
    assert unlocked.daemon_pid == pid
