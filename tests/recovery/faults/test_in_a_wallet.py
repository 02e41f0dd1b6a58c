"""What is done to KWallet, the real daemon, cut off on its way: the next start finishes it or takes it back."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.secret import Secret
from diagnostics.stores.secret_service import probe
from recovery.operation import Event
from recovery.outcome import Outcome
from recovery.planner import unlock_remedy
from recovery.runner import carry_out, resume
from recovery.steps import step_kinds
from recovery.world import LocalWorld
from tests.recovery.faults.stage import journal_of
from tests.recovery.faults.strike import die, strike
from tests.support.desktops import KWALLET, WALLET, WALLET_COLLECTION, WALLET_PASSWORD, WalletLab
from tests.support.tokens import github

Seen = tuple[bool, bool, bool]
DONE: Seen = (True, True, True)
VALUE = github("wallet faults")
PASSWORD = {"password": Secret(WALLET_PASSWORD)}


@dataclass(frozen=True)
class Deed:
    """One row: the state, and the kinds of steps that the product mends it with."""

    arrange: Callable[[WalletLab], None]
    kinds: tuple[str, ...]
    stays: bool = False
    """Whether an open wallet stays handed out when it is taken back: locking it would close it."""


def _made(lab: WalletLab) -> None:
    """A wallet with one entry, its daemon ended."""
    lab.start_kwallet()
    lab.open_wallet()
    lab.put_in_folder("mcp-secrets", "github_token", VALUE)
    lab.end_kwallet()


def _closed(lab: WalletLab) -> None:
    _made(lab)
    lab.start_kwallet()


def _open(lab: WalletLab) -> None:
    _closed(lab)
    lab.open_wallet()


def _none(lab: WalletLab) -> None:
    lab.start_kwallet()


DEEDS = {
    "opened": Deed(_closed, ("open-wallet",)),
    "handed out": Deed(_open, ("hand-out-wallet",), stays=True),
    "started": Deed(_made, ("start-kwallet", "open-wallet")),
    "created": Deed(_none, ("create-wallet", "restart-kwallet", "open-wallet")),
}


def _carried_out(lab: WalletLab) -> Outcome:
    world = LocalWorld(lab.real_host())
    remedy = unlock_remedy(world.host, world.keychain.state(), probe)
    return carry_out(remedy, PASSWORD if remedy.asks else {}, world, journal_of(world.host))


def _seen(lab: WalletLab) -> Seen:
    """Whether the daemon runs, the wallet is there, and programs can read it."""
    if str(KWALLET.bus_name) not in lab.names():
        return False, (lab.wallets / f"{WALLET}.kwl").exists(), False
    state = probe(lab.real_host())
    assert state.wallet is not None
    return True, state.wallet.exists, state.default is not None and not state.default.locked


def _begin_anew(lab: WalletLab, deed: Deed) -> None:
    with contextlib.suppress(Exception):
        lab.end_kwallet()
    for each in lab.home.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    deed.arrange(lab)


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_killed_at_its_points(name: str, kwallet: WalletLab, tmp_path: Path) -> None:
    """At a few of them, spread over all: each costs a daemon, and a password is hashed on purpose slowly."""
    deed = DEEDS[name]
    deed.arrange(kwallet)
    world = LocalWorld(kwallet.real_host())
    kinds = tuple(each.kind for each in unlock_remedy(world.host, world.keychain.state(), probe).steps)
    assert kinds == deed.kinds
    before = _seen(kwallet)
    done = strike(tmp_path, lambda: _carried_out(kwallet))
    assert done.result == "done", done.error
    after = _seen(kwallet)
    assert after == DONE
    for number, at in enumerate(_some(len(done.points))):
        _begin_anew(kwallet, deed)
        assert strike(tmp_path, lambda: _carried_out(kwallet), at, die).died
        back = after if deed.stays else before
        _settle(kwallet, (name, at, done.points[at - 1]), before, back, finish=bool(number % 2))


def _some(points: int) -> list[int]:
    return sorted({max(1, points * part // 6) for part in range(1, 7)})


def _settle(lab: WalletLab, where: object, before: Seen, back: Seen, *, finish: bool) -> None:
    """The next start: it finishes what was cut off, or takes it back (to `back`)."""
    world = LocalWorld(lab.real_host())
    journal = journal_of(world.host)
    for operation in journal.interrupted():
        # One that was told to end may still be on its way out, and is then neither there nor gone.
        outcomes: list[Outcome] = []

        def is_settled(which: str = operation.id, seen: list[Outcome] = outcomes) -> bool:
            seen.append(resume(which, world, journal, finish=finish, answers=PASSWORD))
            return seen[-1].ok or "KWallet does not" not in str(seen[-1])

        lab.wait_for(is_settled, "what was cut off is settled")
        outcome = outcomes[-1]
        undoing = operation.state is Event.UNDOING or not finish
        # That KWallet was started afresh stays; all else is taken back.
        stays = undoing and all("was started afresh" in each for each in outcome.notes) and outcome.notes
        assert outcome.ok or stays, (where, finish, outcome)
        assert _seen(lab) == (back if undoing else DONE), (where, finish)
    assert journal.interrupted() == [], where
    assert journal.verify() == []
    if before[1] and _seen(lab) == DONE:
        assert lab.locked(WALLET_COLLECTION) is False
        assert len(world.keychain.entries({})) == 1, where


def test_every_kind_of_a_wallet_is_here() -> None:
    of_a_wallet = {kind for kind, step in step_kinds().items() if step.__module__.endswith("steps.kwallet")}
    assert of_a_wallet - {"log-in-to-wallet"} == {kind for each in DEEDS.values() for kind in each.kinds}
