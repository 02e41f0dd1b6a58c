"""Two whole keychains named login on the real daemon: one is made of them, and nothing of either is lost.

Killed at each write, it stands in the fault matrix (tests/recovery/faults).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from diagnostics.stores.similar import QUARANTINE_SERVICE, UNDO_SERVICE
from recovery.cleanup import items_of, look
from recovery.journal import Journal
from recovery.model import Remedy
from recovery.planner import remedies_for
from recovery.runner import Outcome, Result, carry_out, preview, undo
from recovery.world import LocalWorld
from tests.recovery.conftest import PASSWORD, judge
from tests.recovery.test_cleanup import context, do, everything
from tests.recovery.test_damaged_keyrings import findings
from tests.support.lab import Lab, a_lab

SECOND = "second-password"
OTHERS = {"server": "host", "protocol": "imap"}
ANSWERS = {"password": PASSWORD, "second-password": SECOND}


@pytest.fixture
def two() -> Iterator[Lab]:
    """`login` has first, both; `login_1` has second, both, and what another program wrote; the daemon was restarted."""
    with a_lab() as lab:
        lab.start(PASSWORD)
        second = lab.create_collection(SECOND, "login")
        for name in ("first", "both"):
            lab.add_entry(name, name)
        for name in ("second", "both"):
            lab.add({"service": "mcp-secrets", "username": name}, name.encode(), collection=second)
        lab.add(OTHERS, bytes(range(256)), label="Mail", collection=second)
        lab.restart_daemon()
        yield lab


def offered(lab: Lab) -> Remedy:
    found, seen = findings(lab)
    remedies = [each for finding in found for each in remedies_for(finding, seen)]
    return next(each for each in remedies if each.id == "merge-second-login")


def merge(lab: Lab, **answers: str) -> Outcome:
    world = LocalWorld(lab.host())
    remedy = offered(lab)
    preview(remedy, world)
    given = {name: Secret(value) for name, value in {**ANSWERS, **answers}.items()}
    return carry_out(remedy, given, world, Journal(world.host))


def second_of(lab: Lab) -> Path:
    return lab.keyrings / "login_1.keyring"


def test_two_whole_keychains_become_one_and_two_again(two: Lab) -> None:
    content, pid = second_of(two).read_bytes(), two.daemon_pid
    outcome = merge(two)
    assert outcome.ok, outcome
    assert any("2 of 3 entries were written" in each for each in outcome.notes), outcome.notes
    world = LocalWorld(two.host())
    assert {name: two.keyring_get(name) for name in ("first", "second", "both")} == {
        name: name for name in ("first", "second", "both")
    }
    (mail,) = world.keychain.entries(OTHERS)
    assert (mail.label, mail.secret) == ("Mail", Secret(bytes(range(256)).decode("utf-8", "surrogateescape")))
    assert len(world.keychain.entries({"service": "mcp-secrets"})) == 3
    assert not second_of(two).exists()
    assert (two.keyrings / "login_1.keyring.merged-1").read_bytes() == content
    assert two.daemon_pid == pid
    judge(two, world, "second")
    assert undo(outcome.operation, world, Journal(world.host)).ok
    assert second_of(two).read_bytes() == content
    assert {each.account for each in world.keychain.entries({"service": "mcp-secrets"})} == {"first", "both"}
    assert not world.keychain.entries({"service": UNDO_SERVICE})


def test_open_in_the_same_daemon(two: Lab) -> None:
    keychain = LocalWorld(two.host()).keychain
    for path, password in (("login", PASSWORD), ("login_5f1", SECOND)):
        keychain.unlock(f"/org/freedesktop/secrets/collection/{path}", Secret(password))
    outcome = merge(two)
    assert outcome.ok, outcome
    assert two.keyring_get("second") == "second"
    assert not any(each.path.endswith("login_5f1") for each in keychain.state().collections)


def test_a_wrong_password_changes_nothing(two: Lab) -> None:
    content = second_of(two).read_bytes()
    outcome = merge(two, **{"second-password": "wrong"})
    assert outcome.result is Result.NOTHING_CHANGED
    assert "password is not the right one" in outcome.error
    assert second_of(two).read_bytes() == content


def test_which_of_two_values_is_right_is_asked_before_anything_is_done(two: Lab) -> None:
    keychain = LocalWorld(two.host()).keychain
    first, second = (f"/org/freedesktop/secrets/collection/{each}" for each in ("login", "login_5f1"))
    keychain.unlock(first, Secret(PASSWORD))
    keychain.unlock(second, Secret(SECOND))
    two.add_entry("differs", "old")
    two.add({"service": "mcp-secrets", "username": "differs"}, b"new", collection=second)
    two.add(OTHERS, b"newer", label="Mail")
    before = everything(two)
    outcome = merge(two)
    assert outcome.result is Result.NOTHING_CHANGED
    assert "differs: the two keychains hold different values" in outcome.error
    assert everything(two) == before
    items = items_of(look(LocalWorld(two.host()), context(two)))
    keep = next(each for each in items if each.name == "differs").remedies[0]
    chosen = next(path for path, _ in keep.asks[0].choices if path.startswith(second))
    assert do(two, keep, twin=chosen).ok
    outcome = merge(two)
    assert outcome.ok, outcome
    assert two.keyring_get("differs") == "new"
    (mail,) = keychain.entries(OTHERS)
    assert mail.secret == Secret("newer")
    (aside,) = keychain.entries({"service": QUARANTINE_SERVICE})
    assert aside.secret == Secret(bytes(range(256)).decode("utf-8", "surrogateescape"))
    assert "second keychain" in aside.attributes["why"]
