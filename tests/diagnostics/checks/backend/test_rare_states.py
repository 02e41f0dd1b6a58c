"""States that need another desktop, another system or luck: made from the probe's own nouns, judged by the real checks."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from diagnostics.catalog.wording import wording
from diagnostics.model import Store
from diagnostics.stores import (
    BusState,
    CollectionState,
    Entry,
    ProviderState,
    StoreError,
    StoreState,
)
from diagnostics.stores.keyring_folder import troubles_in
from diagnostics.stores.protocol import LOGIN_COLLECTION
from tests.support.lab import Lab
from tests.support.looking import Look, look

CHECKS = Path(__file__).parents[4] / "diagnostics/checks"
BUS = BusState("unix:path=/nowhere", "variable")


class FixedStore:
    """A store whose answers are given."""

    def __init__(self, state: StoreState, entries: Sequence[Entry] | StoreError = ()) -> None:
        self._state, self._entries = state, entries

    @property
    def subject(self) -> Store:
        return Store("secret-service")

    def state(self) -> StoreState:
        return self._state

    def entries(self) -> Sequence[Entry]:
        if isinstance(self._entries, StoreError):
            raise self._entries
        return self._entries


def provider(lab: Lab, program: str = "gnome-keyring-daemon", uid: int | None = None) -> ProviderState:
    own = lab.host().uid
    return ProviderState(
        installed=True, running=True, program=program, pid=7, uid=own if uid is None else uid
    )


def seen(lab: Lab, state: StoreState, entries: Sequence[Entry] | StoreError = ()) -> Look:
    if state.bus.trouble is None:
        lab.start_bus()  # for the keyring library, which is asked in earnest
    return look(lab.host(), store=FixedStore(state, entries))


def collection(locked: bool = False, label: str = "login") -> CollectionState:
    return CollectionState(LOGIN_COLLECTION, label, locked, 3)


def test_keepassxc_that_exposes_no_group(lab: Lab) -> None:
    state = StoreState(BUS, provider(lab, "keepassxc"), alias="/")
    (fail,) = seen(lab, state).fails
    assert fail == ("permission.default-collection", "nothing-exposed", "keyring_collection_missing")


def test_kwallet_does_not_say_whether_it_is_open(lab: Lab) -> None:
    state = StoreState(BUS, provider(lab, "kwalletd5"), collection(locked=True, label="kdewallet"))
    found = seen(lab, state)
    assert found.fails == []
    assert found.outcome("backend.encryption") == "not-told"
    assert found.finding("permission.collection-locked").status == "unknown"
    assert found.finding("lookup.entry").status == "unknown"  # nothing seen is not nothing there
    assert found.outcome("permission.keyring-files") == "other-program"


def test_a_provider_of_another_user(lab: Lab) -> None:
    state = StoreState(BUS, provider(lab, uid=lab.host().uid + 1), collection())
    assert seen(lab, state).fails == [("backend.user", "other-users-provider", "wrong_user_context")]


def test_sudo_with_a_session_of_roots_own(lab: Lab) -> None:
    state = StoreState(BUS, provider(lab, uid=0), collection())
    found = look(lab.host(uid=0, SUDO_UID="1000"), store=FixedStore(state))
    assert ("backend.user", "sudo-with-own-store", "wrong_user_context") in found.warnings


def test_a_bus_that_hangs_up(lab: Lab) -> None:
    state = StoreState(BusState("unix:path=/nowhere", "variable", "closed", "gone"))
    assert seen(lab, state).fails == [("backend.session-bus", "closed", "dbus_bus_unresponsive")]


def test_an_abstract_bus_that_does_not_admit_us(lab: Lab) -> None:
    state = StoreState(BusState("unix:abstract=/x", "variable", "other-user", "rejected"))
    assert seen(lab, state).fails == [("backend.user", "other-users-bus", "wrong_user_context")]


def test_a_store_that_refuses(lab: Lab) -> None:
    state = StoreState(BUS, provider(lab), collection())
    found = seen(lab, state, StoreError("macos_keychain_access_denied", "(-25293)"))
    assert found.fails == [("lookup.readable", "refused", "macos_keychain_access_denied")]


def test_twins_with_impossible_dates(lab: Lab) -> None:
    entries = [
        Entry(f"{LOGIN_COLLECTION}/{number}", LOGIN_COLLECTION, "", NAMED, None, modified=10**18 * number)
        for number in range(2)
    ]
    found = seen(lab, StoreState(BUS, provider(lab), collection()), entries)
    assert found.outcome("lookup.twins") == "different"


NAMED = {"service": "mcp-secrets", "username": "github_token"}


def test_checks_that_are_asked_alone_say_what_they_see(lab: Lab) -> None:
    foreign = StoreState(BusState("unix:path=/nowhere", "variable", "other-user", "rejected"))
    bus = look(lab.host(), store=FixedStore(foreign), only="backend.session-bus")
    assert bus.fails == [("backend.session-bus", "other-user", "dbus_no_session_bus")]
    bare = StoreState(BUS, provider(lab))
    locked = look(lab.host(), store=FixedStore(bare), only="permission.collection-locked")
    assert locked.outcome("permission.collection-locked") == "no-collection"


def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "keyrings").write_text("")
    (trouble,) = troubles_in(tmp_path / "keyrings", tmp_path.stat().st_uid)
    assert (trouble.outcome, trouble.keeps_out) == ("folder-is-a-file", True)


def test_the_folder_is_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "keyrings").symlink_to(tmp_path / "gone")
    (trouble,) = troubles_in(tmp_path / "keyrings", tmp_path.stat().st_uid)
    assert trouble.outcome == "folder-out-of-reach"


def outcomes_of(path: Path) -> set[str]:
    """The outcomes that a check's source names in its calls."""
    return set(
        re.findall(r"\b(?:ok|warn|fail|unknown|skip)\(\s*\"([a-z-]+)\"", path.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("stage", ["backend", "permission", "lookup"])
def test_every_outcome_that_a_check_names_has_words(stage: str) -> None:
    for path in (CHECKS / stage).glob("[a-z]*.py"):
        check = f"{stage}.{path.stem.replace('_', '-')}"
        for outcome in outcomes_of(path):
            assert f"{check}.{outcome}" in wording(), f"{check}.{outcome}"


def test_every_trouble_of_a_file_has_words() -> None:
    source = (CHECKS.parent / "stores/keyring_folder.py").read_text(encoding="utf-8")
    named = set(re.findall(r"\"((?:file|folder)-[a-z-]+)\"", source))
    named |= {f"file-{each}" for each in ("empty", "truncated", "garbled", "too-large", "unreadable")}
    assert len(named) > 15
    for outcome in named:
        assert f"permission.keyring-files.{outcome}" in wording(), outcome
