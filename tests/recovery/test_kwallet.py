"""KWallet mended for real: started, opened and created without a screen, and nothing of what is written gets lost."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.model import Syntax
from diagnostics.secret import Secret
from diagnostics.stores import ProviderState
from diagnostics.stores.secret_service import probe
from recovery.backups.key import identities
from recovery.backups.making import collect, make
from recovery.backups.opening import Opened, open_backup
from recovery.backups.restoring import OnConflict, plan_restore
from recovery.journal import Journal
from recovery.model import RecoveryError, Remedy
from recovery.planner import unlock_remedy
from recovery.runner import Outcome, carry_out, undo
from recovery.steps.entry import SetEntry
from recovery.steps.kwallet import CreateWallet, OpenWallet
from recovery.unlocking import way_to_unlocked
from recovery.world import LocalWorld
from tests.recovery.backups.conftest import a_pair
from tests.recovery.conftest import judge
from tests.recovery.test_entry_form import Patient
from tests.support.desktops import WALLET, WALLET_COLLECTION, WALLET_PASSWORD, WalletLab
from tests.support.keytar import Keytar
from tests.support.lab import REPO, Lab
from tests.support.looking import look
from tests.support.tokens import github

TOKEN = github("kwallet")


def mended(lab: WalletLab, password: str = WALLET_PASSWORD) -> Outcome:
    world = LocalWorld(lab.real_host())
    remedy = unlock_remedy(world.host, world.keychain.state(), probe)
    return carry_out(remedy, {"password": Secret(password)}, world, Journal(world.host))


def steps_of(lab: WalletLab) -> list[str]:
    host = lab.real_host()
    return [step.kind for step in unlock_remedy(host, probe(host), probe).steps]


def end(lab: WalletLab) -> None:
    """As a logout: whatever was not written to the disk is lost."""
    lab.end_kwallet()


def test_a_closed_wallet_is_opened_and_a_new_process_can_use_it(wallet: WalletLab) -> None:
    assert steps_of(wallet) == ["open-wallet"]
    outcome = mended(wallet)
    assert outcome.ok, outcome.error
    assert wallet.is_open
    judge(wallet, LocalWorld(wallet.real_host()))
    assert look(wallet.real_host(), "none").outcome("permission.collection-locked") == "unlocked"


def test_a_wrong_password_opens_nothing_and_says_so(wallet: WalletLab) -> None:
    outcome = mended(wallet, "wrong")
    assert not outcome.ok
    assert "password is not the right one" in outcome.error
    assert not wallet.is_open


def test_undo_closes_it_again(wallet: WalletLab) -> None:
    assert mended(wallet).ok
    world = LocalWorld(wallet.real_host())
    assert undo(None, world, Journal(world.host)).ok
    assert not wallet.is_open


def test_one_that_is_open_is_handed_out_without_a_password(wallet: WalletLab) -> None:
    wallet.open_wallet()
    assert steps_of(wallet) == ["hand-out-wallet"]
    world = LocalWorld(wallet.real_host())
    remedy = unlock_remedy(world.host, world.keychain.state(), probe)
    assert remedy.asks == ()
    outcome = carry_out(remedy, {}, world, Journal(world.host))
    assert outcome.ok, outcome.error
    assert not wallet.locked(WALLET_COLLECTION)


def test_a_wallet_is_created_only_where_there_is_none(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    assert steps_of(kwallet) == ["create-wallet", "restart-kwallet", "open-wallet"]
    outcome = mended(kwallet)
    assert outcome.ok, outcome.error
    judge(kwallet, LocalWorld(kwallet.real_host()))
    assert (kwallet.wallets / f"{WALLET}.salt").stat().st_mode & 0o077 == 0
    with pytest.raises(RecoveryError, match="already"):
        CreateWallet(WALLET).apply(LocalWorld(kwallet.real_host()), {"password": Secret("another")})
    end(kwallet)
    kwallet.start_kwallet()
    assert kwallet.open_wallet()  # with the password that was chosen


def test_an_undo_of_creating_takes_away_what_is_empty_and_nothing_else(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    assert mended(kwallet).ok
    world = LocalWorld(kwallet.real_host())
    kwallet.keyring_set("github_token", TOKEN)
    undo(None, world, Journal(world.host))
    assert (kwallet.wallets / f"{WALLET}.kwl").exists()
    with pytest.raises(RecoveryError, match="holds entries"):
        CreateWallet(WALLET).undo(world, {})
    kwallet.lock(WALLET_COLLECTION)  # it is told of a closed one, too
    assert not kwallet.is_open
    with pytest.raises(RecoveryError, match="holds entries"):
        CreateWallet(WALLET).undo(world, {})
    kwallet.open_wallet()
    world.keychain.state()
    assert kwallet.keyring_get("github_token") == TOKEN
    (entry,) = world.keychain.entries({"service": "mcp-secrets"})
    world.keychain.delete(entry.path)
    CreateWallet(WALLET).undo(world, {})
    assert not (kwallet.wallets / f"{WALLET}.kwl").exists()


def test_a_wallet_of_any_name_is_created_opened_and_taken_away(kwallet: WalletLab) -> None:
    """KWallet spells its files in its own way."""
    name = "Brieftasche für 100 % ;/x"
    kwallet.settings(f"[Wallet]\nDefault Wallet={name}\n")
    kwallet.start_kwallet()
    assert mended(kwallet).ok
    judge(kwallet, LocalWorld(kwallet.real_host()))
    state = probe(kwallet.real_host())
    assert state.wallet is not None
    assert state.wallet.names == (name,)
    kwallet.end_kwallet()
    closed = probe(kwallet.real_host())
    assert closed.wallet is not None
    assert closed.wallet.names == (name,)
    assert mended(kwallet).ok


def test_opening_never_creates_a_wallet_that_is_not_there(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    with pytest.raises(RecoveryError, match="there is no wallet"):
        OpenWallet(WALLET).apply(LocalWorld(kwallet.real_host()), {"password": Secret("x")})
    assert not list(kwallet.wallets.glob("*"))


def test_an_empty_password_is_refused(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    with pytest.raises(RecoveryError, match="empty"):
        CreateWallet(WALLET).apply(LocalWorld(kwallet.real_host()), {"password": Secret("")})
    assert not (kwallet.wallets / f"{WALLET}.kwl").exists()


@pytest.mark.parametrize(
    ("at", "byte", "said"), [(14, 2, "GPG"), (15, 0, "old form"), (0, 0, "damaged"), (3, 9, "damaged")]
)
def test_a_wallet_that_no_password_opens_is_told(wallet: WalletLab, at: int, byte: int, said: str) -> None:
    file = wallet.wallets / f"{WALLET}.kwl"
    raw = bytearray(file.read_bytes())
    raw[at] = byte
    file.write_bytes(raw)
    outcome = mended(wallet)
    assert said in outcome.error
    assert not wallet.is_open


def test_without_its_salt_a_wallet_is_left_alone(wallet: WalletLab) -> None:
    (wallet.wallets / f"{WALLET}.salt").unlink()
    outcome = mended(wallet)
    assert "salt" in outcome.error
    assert not wallet.is_open


def test_it_is_started_without_a_screen_and_the_undo_ends_it(wallet: WalletLab) -> None:
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    handle = wallet.ask("open", "sxs", WALLET, 0, "test")
    wallet.ask("sync", "is", handle, "test")
    end(wallet)
    assert steps_of(wallet) == ["start-kwallet", "open-wallet"]
    outcome = mended(wallet)
    assert outcome.ok, outcome.error
    assert wallet.keyring_get("github_token") == TOKEN
    wallet.keyring_set("late", TOKEN)  # not on the disk yet
    world = LocalWorld(wallet.real_host())
    assert undo(None, world, Journal(world.host)).ok
    assert "org.kde.kwalletd5" not in wallet.names()
    wallet.start_kwallet()
    wallet.open_wallet()
    assert wallet.keyring_get("late") == TOKEN


def test_it_is_started_and_a_first_wallet_created(kwallet: WalletLab) -> None:
    outcome = mended(kwallet)
    assert outcome.ok, outcome.error
    judge(kwallet, LocalWorld(kwallet.real_host()))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[Wallet]\nEnabled=false\n", "switched off"),
        ("[org.freedesktop.secrets]\napiEnabled=0\n", "apiEnabled"),
    ],
)
def test_what_the_person_switched_off_is_not_started(kwallet: WalletLab, settings: str, said: str) -> None:
    kwallet.settings(settings)
    with pytest.raises(RecoveryError, match=said):
        steps_of(kwallet)


def test_a_stopped_daemon_runs_on_and_a_hung_one_is_not_ended(wallet: WalletLab) -> None:
    wallet.suspend_daemon()
    assert look(wallet.real_host()).outcome("backend.provider") == "stopped"
    assert steps_of(wallet) == ["continue-provider", "unlock"]
    assert mended(wallet).ok
    assert wallet.is_open
    hung = ProviderState(installed=True, running=True, program="kwalletd5", pid=7, hung=True)
    with pytest.raises(RecoveryError, match="left to you"):
        way_to_unlocked(replace(probe(wallet.real_host()), provider=hung), wallet.real_host(), probe)


def test_what_is_written_is_on_the_disk_when_the_step_is_done(wallet: WalletLab) -> None:
    assert mended(wallet).ok
    world = LocalWorld(wallet.real_host())
    journal = Journal(world.host)
    for value in (TOKEN, github("kwallet, new")):
        step = SetEntry("mcp-secrets", "github_token", f"undo-{value[-4:]}")
        outcome = carry_out(
            Remedy("store-credential", "Store", "", "", (step,)), {"token": Secret(value)}, world, journal
        )
        assert outcome.ok, outcome.error
        end(wallet)  # at once
        wallet.start_kwallet()
        wallet.open_wallet()
        assert wallet.keyring_get("github_token") == value  # which hands it out, too
    assert undo(outcome.operation, world, journal).ok
    end(wallet)
    wallet.start_kwallet()
    wallet.open_wallet()
    assert wallet.keyring_get("github_token") == TOKEN


def test_a_server_gets_its_entry_from_an_open_wallet_and_never_waits_for_a_closed_one(
    wallet: WalletLab, tmp_path: Path
) -> None:
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    handle = wallet.ask("open", "sxs", WALLET, 0, "test")
    wallet.ask("sync", "is", handle, "test")
    end(wallet)
    wallet.start_kwallet()
    wallet.open_wallet()
    assert wallet.locked(WALLET_COLLECTION)  # as after every login to KDE
    shown = "import os, json; print(json.dumps(os.environ['TOKEN']))"
    command = [sys.executable, "-m", "tui", "run", "--", sys.executable, "-c", shown]
    env = {"TOKEN": "${SECRET:github_token}", "PYTHONPATH": str(REPO)}
    done = wallet.run(command, env=env, seconds=10, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == TOKEN
    wallet.lock(WALLET_COLLECTION)
    done = wallet.run(command, env=env, seconds=10, cwd=tmp_path)
    assert done.returncode == 78
    assert "locked" in done.stderr
    assert not wallet.is_open


def test_real_keytar_gets_there_what_the_keyring_library_wrote(
    wallet: WalletLab, keytar_in: Callable[[Lab], Keytar]
) -> None:
    """KWallet keeps the schema that keytar asks for, where one was written."""
    wallet.open_wallet()
    wallet.keyring_set("session", TOKEN, "auth0-mcp")
    keytar = keytar_in(wallet)
    keytar.set("auth0-mcp", "own", TOKEN)
    assert keytar.get("auth0-mcp", "own") == TOKEN
    assert keytar.get("auth0-mcp", "session") is None
    patient = Patient(wallet, Syntax.KEYTAR, "auth0-mcp/session")
    patient.mend("lookup.keytar")
    assert keytar.get("auth0-mcp", "session") == TOKEN


def test_a_backup_of_gnome_keyring_is_restored_into_a_wallet_and_back(
    unlocked: Lab, wallet: WalletLab
) -> None:
    values = {"github_token": TOKEN, "umlaut": "ä€\U0001f511", "lines": "a\nb\n", "same_label": "x"}
    for name, value in values.items():
        unlocked.add_entry(name, value)
    schema = {
        "service": "mcp-secrets",
        "account": "of_keytar",
        "xdg:schema": "org.freedesktop.Secret.Generic",
    }
    unlocked.add(schema, b"keytar's", label="mcp-secrets/of_keytar")
    assert mended(wallet).ok
    first = backed_up(unlocked)
    world = LocalWorld(wallet.real_host())
    restore(first, world, unlocked.home / "pair.txt")
    end(wallet)  # at once: nothing may be lost
    wallet.start_kwallet()
    wallet.open_wallet()
    for name, value in values.items():
        assert wallet.keyring_get(name) == value
    second = backed_up(wallet)
    assert facts_of(second) == facts_of(first)


def backed_up(lab: Lab) -> Opened:
    world = LocalWorld(replace(lab.host(), root=None))
    pair = a_pair(lab.home, "pair")
    made = make(collect(world), pair.lock, world, Journal(world.host), lab.home / "made.age")
    return open_backup(made.path, identities([lab.home / "pair.txt"]), world.host)


def restore(opened: Opened, world: LocalWorld, key: Path) -> None:
    plan = plan_restore(opened, world, on_conflict=OnConflict.FAIL, identities=[key])
    outcome = carry_out(plan.remedy, {}, world, Journal(world.host))
    assert outcome.ok, outcome.error


def facts_of(opened: Opened) -> set[tuple[str, str, str]]:
    return {(each.service, each.account, each.value.reveal()) for each in opened.backup.entries}
