"""The same on a real Mac, with a throw-away keychain: what the stand-in claims of macOS must be true of it.

The person's own keychains are not touched; the search list is put back.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.host import this_host
from diagnostics.secret import Secret
from diagnostics.stores.macos.access import Access
from diagnostics.stores.macos.child import states_of, values_of
from diagnostics.stores.macos.looking import damage_of, look
from diagnostics.stores.macos.parsing import items, password, settings
from diagnostics.stores.macos.program import ask_security, this_python
from diagnostics.stores.macos.status import AUTH_FAILED, ITEM_NOT_FOUND
from diagnostics.stores.macos.store import rights
from recovery.keyring_file import digest_of
from recovery.steps.macos_keychain import MoveMacKeychainAside
from recovery.stores.macos.keychain import search_list, set_search_list
from recovery.stores.macos.terminal import answer_at_terminal
from recovery.world import LocalWorld

pytestmark = pytest.mark.platform_macos

PROGRAM = "/usr/bin/security"
HOST = this_host()
PASSWORD = Secret("throw-away password")


def at_terminal(*arguments: str, answers: list[Secret]) -> int:
    return answer_at_terminal([PROGRAM, *arguments], answers, HOST.env)


@pytest.fixture
def keychain(tmp_path: Path) -> Iterator[str]:
    """A new one, open, on the search list."""
    path = str(tmp_path.resolve() / "throw-away.keychain-db")
    before = search_list(HOST)
    assert at_terminal("create-keychain", path, answers=[PASSWORD, PASSWORD]) == 0
    try:
        set_search_list(HOST, list(dict.fromkeys([*before, path])))
        yield path
    finally:
        set_search_list(HOST, before)
        Path(path).unlink()


def is_open(path: str) -> bool:
    status, bits = states_of(HOST, [path]).keychains[path]
    assert status == 0
    return bool(bits & 1)


def test_a_keychain_is_opened_and_closed_through_a_terminal(keychain: str) -> None:
    assert damage_of(Path(keychain)) == ""
    assert is_open(keychain)
    told = ask_security(HOST, "show-keychain-info", keychain)
    assert (told.code, settings(told.errors) is not None) == (0, True)
    assert ask_security(HOST, "lock-keychain", keychain).code == 0
    assert not is_open(keychain)
    assert at_terminal("unlock-keychain", keychain, answers=[Secret("wrong")]) == AUTH_FAILED & 0xFF
    assert not is_open(keychain)
    assert at_terminal("unlock-keychain", keychain, answers=[PASSWORD]) == 0
    assert is_open(keychain)


def test_the_system_adds_a_keychain_that_is_on_nobodys_own_list(keychain: str) -> None:
    """What programs look in is more than what `-d user` prints and `-s` sets; setting one list leaves the other alone."""
    system = "/Library/Keychains/System.keychain"
    mine = search_list(HOST)
    assert (keychain in mine, system in mine) == (True, False)
    assert set(mine) | {system} <= set(look(HOST).searched)


def test_a_copied_and_renamed_keychain_opens_as_before(keychain: str) -> None:
    """The file is all there is of it: moved aside and back again, the same password opens the same entries."""
    add = ("add-generic-password", "-s", "mcp-doctor-test", "-a", "kept", "-w", "value", keychain)
    assert ask_security(HOST, *add).code == 0
    world = LocalWorld(HOST)
    step = MoveMacKeychainAside(keychain, f"{keychain}.damaged-1", digest_of(keychain))
    step.apply(world, {})
    step.verify(world)
    assert not Path(keychain).exists()
    step.undo(world, {})
    assert at_terminal("unlock-keychain", keychain, answers=[PASSWORD]) == 0
    found = items(ask_security(HOST, "dump-keychain", keychain).output)
    assert [each.account for each in found if each.kind == "genp"] == ["kept"]


def test_entries_are_listed_with_names_and_access(keychain: str) -> None:
    value = "a value with ä and\\backslash"
    add = ("add-generic-password", "-s", "mcp-doctor-test", "-a", 'acc "x"', "-w", value, keychain)
    assert ask_security(HOST, *add).code == 0
    found = [
        each for each in items(ask_security(HOST, "dump-keychain", keychain).output) if each.kind == "genp"
    ]
    assert [(each.service, each.account) for each in found] == [("mcp-doctor-test", 'acc "x"')]
    access, one = rights(HOST, keychain, "mcp-doctor-test", 'acc "x"', this_python(HOST))
    assert one is not None
    assert access not in {Access.ALLOWED, Access.UNKNOWN}, "it trusts security, not this Python"
    shown = ask_security(HOST, "find-generic-password", "-s", "mcp-doctor-test", "-g", keychain)
    assert password(shown.errors) == value.encode()
    missing = ask_security(HOST, "find-generic-password", "-s", "mcp-doctor-none", keychain)
    assert missing.status == ITEM_NOT_FOUND
    wanted = ("-S", "apple-tool:,apple:", "-s", "mcp-doctor-test", "-a", 'acc "x"', keychain)
    assert at_terminal("set-generic-password-partition-list", *wanted, answers=[PASSWORD]) == 0


def test_questions_can_be_switched_off_and_what_is_missing_is_none() -> None:
    assert values_of(HOST, [("mcp-doctor-test", "certainly-not-there")]) == [None]


def test_a_look_at_this_mac() -> None:
    found = look(HOST)
    assert found.trouble == ""
    assert found.session in {"screen", "ssh", "background"}
    assert found.searched
    assert sys.executable in this_python(HOST).paths
