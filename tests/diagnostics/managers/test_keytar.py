"""`${KEYTAR:service/account}`: what real keytar writes is read, and what it can't see is named."""

import dataclasses
import time
from collections.abc import Callable

import pytest

from diagnostics.context import Options
from diagnostics.managers import Answer, Found, Question, Trouble, ask
from diagnostics.managers.keytar import Keytar as Manager
from diagnostics.managers.keytar import Place, place_of
from diagnostics.model import Platform, Status
from diagnostics.secret import Secret
from diagnostics.stores import open_store
from tests.support.keytar import Keytar
from tests.support.lab import LOGIN, Lab
from tests.support.looking import undisturbed
from tests.support.worded import words_of

Make = Callable[[Lab], Keytar]
VALUE = "the-" + "value" * 4


def both_ways(lab: Lab, name: str) -> Answer:
    """What the checks' way and the launcher's way say, which must be the same."""
    host = lab.host()
    with undisturbed(lab):
        in_a_check = ask(Manager(), Question(name, host, Options(), store=open_store(host)))
        in_a_start = ask(Manager(), Question(name, host, Options()))
    assert type(in_a_check) is type(in_a_start)
    assert VALUE not in words_of(Manager(), in_a_check) + words_of(Manager(), in_a_start)
    if isinstance(in_a_check, Trouble) and isinstance(in_a_start, Trouble):
        assert in_a_check.outcome == in_a_start.outcome
    return in_a_check


def trouble(lab: Lab, name: str = "svc/acc") -> Trouble:
    found = both_ways(lab, name)
    assert isinstance(found, Trouble)
    return found


def value(lab: Lab, name: str = "svc/acc") -> str:
    found = both_ways(lab, name)
    assert isinstance(found, Found), found
    return found.value.reveal()


# ── real keytar ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("written", ["s3cret", "ünï ✓", "line\nline\n", "x" * 5000])
def test_what_keytar_writes_is_read(unlocked: Lab, keytar_in: Make, written: str) -> None:
    keytar_in(unlocked).set("svc", "acc", written)
    assert value(unlocked) == written


def test_service_with_slashes(unlocked: Lab, keytar_in: Make) -> None:
    keytar_in(unlocked).set("https://example.com/api", "me@example.com", VALUE)
    assert value(unlocked, "https://example.com/api/me@example.com") == VALUE


def test_keytar_reads_what_has_the_attributes_that_we_look_for(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.add(Place("svc", "acc").attributes, VALUE.encode(), label="svc/acc")
    assert keytar_in(unlocked).get("svc", "acc") == VALUE
    assert value(unlocked) == VALUE


def test_keytar_and_we_look_into_every_collection(unlocked: Lab, keytar_in: Make) -> None:
    other = unlocked.create_collection("other password", "other")
    unlocked.add(Place("svc", "acc").attributes, VALUE.encode(), collection=other)
    assert keytar_in(unlocked).get("svc", "acc") == VALUE
    assert value(unlocked) == VALUE


def test_what_the_keyring_library_wrote_is_invisible_to_keytar(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.keyring_set("acc", VALUE, service="svc")
    assert keytar_in(unlocked).get("svc", "acc") is None
    found = trouble(unlocked)
    assert (found.outcome, found.cause) == ("by-keyring", "credential_not_found")
    assert "username='acc'" in str(found.facts["found_as"])


def test_without_the_schema_keytar_sees_nothing(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.add({"service": "svc", "account": "acc"}, VALUE.encode())
    assert keytar_in(unlocked).get("svc", "acc") is None
    assert trouble(unlocked).outcome == "no-schema"


def test_with_another_schema_too(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.add({"service": "svc", "account": "acc", "xdg:schema": "org.example.Own"}, VALUE.encode())
    assert keytar_in(unlocked).get("svc", "acc") is None
    assert trouble(unlocked).outcome == "no-schema"


def test_an_account_with_a_slash_can_not_be_told(unlocked: Lab, keytar_in: Make) -> None:
    keytar_in(unlocked).set("svc", "team/acc", VALUE)
    found = trouble(unlocked, "svc/team/acc")
    assert found.outcome == "other-split"
    assert (found.facts["found_service"], found.facts["found_account"]) == ("svc", "team/acc")


@pytest.mark.parametrize("name", ["SVC/acc", "svc/Acc", "acc/svc", "s-v-c/acc"])
def test_another_spelling(unlocked: Lab, keytar_in: Make, name: str) -> None:
    keytar_in(unlocked).set("s_v_c" if "-" in name else "svc", "acc", VALUE)
    found = trouble(unlocked, name)
    assert found.outcome == "spelling"
    assert keytar_in(unlocked).get(*name.split("/")) is None


def test_missing_names_the_accounts_of_the_service(unlocked: Lab, keytar_in: Make) -> None:
    keytar_in(unlocked).set("svc", "another", VALUE)
    found = trouble(unlocked)
    assert found.outcome == "missing"
    assert any("'another'" in each for each in found.evidence)


@pytest.mark.parametrize("restart", [False, True])
def test_locked_is_not_missing(unlocked: Lab, keytar_in: Make, restart: bool) -> None:
    keytar_in(unlocked).set("svc", "acc", VALUE)
    if restart:
        unlocked.restart_daemon()
    else:
        unlocked.lock()
    assert keytar_in(unlocked).get("svc", "acc") is None
    found = trouble(unlocked)
    assert (found.outcome, found.cause) == ("locked", "keyring_locked")


def test_empty(unlocked: Lab, keytar_in: Make) -> None:
    unlocked.add(Place("svc", "acc").attributes, b"")
    assert trouble(unlocked).outcome == "empty"


@pytest.mark.parametrize("stored", [b"abc\0def", b"\xff\xfeabc"])
def test_what_keytar_would_damage(unlocked: Lab, keytar_in: Make, stored: bytes) -> None:
    unlocked.add(Place("svc", "acc").attributes, stored)
    assert keytar_in(unlocked).get("svc", "acc") != stored.decode("utf-8", "surrogateescape")
    assert trouble(unlocked).outcome == "not-text"


def test_two_values(unlocked: Lab) -> None:
    other = unlocked.create_collection("other password", "other")
    unlocked.add(Place("svc", "acc").attributes, VALUE.encode())
    unlocked.add(Place("svc", "acc").attributes, b"another", collection=other)
    found = both_ways(unlocked, "svc/acc")
    assert isinstance(found, Found)
    host = unlocked.host()
    checked = ask(Manager(), Question("svc/acc", host, Options(), store=open_store(host)))
    assert isinstance(checked, Found)
    assert [each.outcome for each in checked.warnings] == ["twins"]
    assert checked.warnings[0].status is Status.WARN


# ── no keychain ─────────────────────────────────────────────────────────────────────────────────────────────


def test_no_bus(lab: Lab) -> None:
    found = ask(Manager(), Question("svc/acc", lab.host(), Options()))
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause, found.status) == ("not-read", "dbus_no_session_bus", Status.UNKNOWN)
    assert words_of(Manager(), found)


def test_a_hanging_daemon_is_not_waited_for(unlocked: Lab) -> None:
    unlocked.suspend_daemon()
    began = time.monotonic()
    found = ask(Manager(), Question("svc/acc", unlocked.host(), Options()))
    assert isinstance(found, Trouble)
    assert found.status is Status.UNKNOWN
    assert time.monotonic() - began < 8


# ── the name ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["svc", "/acc", "svc/", "/"])
def test_malformed(lab: Lab, name: str) -> None:
    found = ask(Manager(), Question(name, lab.host(), Options()))
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause) == ("malformed", "reference_malformed")
    assert words_of(Manager(), found)


def test_the_last_slash_divides() -> None:
    assert place_of("a/b/c") == Place("a/b", "c")


def test_a_value_is_not_in_the_answers_text(unlocked: Lab) -> None:
    unlocked.add(Place("svc", "acc").attributes, VALUE.encode())
    found = both_ways(unlocked, "svc/acc")
    assert VALUE not in repr(found)
    assert isinstance(found, Found)
    assert found.value == Secret(VALUE)
    assert LOGIN in str(found.facts["item"])


# ── macOS and Windows: the keyring library at keytar's names ────────────────────────────────────────────────


def elsewhere(lab: Lab) -> Answer:
    """As on macOS, where the library's service and user name are keytar's service and account."""
    host = dataclasses.replace(lab.host(), platform=Platform.MACOS)
    return ask(Manager(), Question("svc/acc", host, Options()))


def test_the_library_is_asked_elsewhere(unlocked: Lab) -> None:
    missing = elsewhere(unlocked)
    assert isinstance(missing, Trouble)
    assert missing.outcome == "missing"
    unlocked.keyring_set("acc", VALUE, service="svc")
    found = elsewhere(unlocked)
    assert isinstance(found, Found)
    assert found.value == Secret(VALUE)
    assert words_of(Manager(), found)


def test_the_librarys_refusal_is_told(unlocked: Lab) -> None:
    unlocked.lock()
    found = elsewhere(unlocked)
    assert isinstance(found, Trouble)
    assert (found.outcome, found.cause) == ("locked", "keyring_locked")
