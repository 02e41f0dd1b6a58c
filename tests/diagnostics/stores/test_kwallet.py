"""KWallet, the real daemon: its states are told apart, none of them makes it ask, and what it holds is read."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from jeepney import DBusAddress

from diagnostics.stores.bus import Bus
from diagnostics.stores.kwallet import settings_of
from diagnostics.stores.protocol import ITEM, NAME
from diagnostics.stores.reading import open_session, read_everything, read_secret
from diagnostics.stores.secret_service import probe
from tests.support.desktops import WALLET, WALLET_COLLECTION, WalletLab
from tests.support.lab import require
from tests.support.looking import Look, look
from tests.support.tokens import github

TOKEN = github("kwallet")


def seen(lab: WalletLab, *names: str) -> Look:
    with untouched(lab):
        return look(lab.real_host(), *names)


@contextmanager
def untouched(lab: WalletLab) -> Iterator[None]:
    """Holds that nothing was started, owned, opened or closed."""
    names = lab.names()
    running = any(each.startswith("org.kde.kwalletd") for each in names)
    was_open = running and lab.is_open
    yield
    assert lab.names() == names
    if running:
        assert lab.is_open == was_open


def test_installed_and_not_running(kwallet: WalletLab) -> None:
    found = seen(kwallet)
    assert found.fails == [
        ("backend.provider", "kwallet-not-running", "secret_service_not_running"),
    ]


def test_switched_off_in_its_settings(kwallet: WalletLab) -> None:
    kwallet.settings("[Wallet]\nEnabled=false\n")
    daemon = kwallet.spawn(["kwalletd5"], env={"QT_QPA_PLATFORM": "offscreen"})
    assert daemon.wait(20) == 0  # it ends by itself: nothing else would tell
    finding = seen(kwallet).finding("backend.provider")
    assert finding.outcome == "kwallet-switched-off"
    assert any("kwalletrc" in each and "Enabled=false" in each for each in finding.evidence)


def test_runs_for_kde_alone(kwallet: WalletLab) -> None:
    kwallet.settings("[org.freedesktop.secrets]\napiEnabled=false\n")
    kwallet.start_kwallet(serves=False)
    assert seen(kwallet).outcome("backend.provider") == "kwallet-keeps-to-itself"


def test_its_daemon_aborts_without_a_screen(kwallet: WalletLab) -> None:
    assert kwallet.run(["kwalletd5"], seconds=20).returncode != 0
    assert "backend.provider" in {each[0] for each in seen(kwallet).fails}


def test_a_sandbox_has_no_kwallet(kwallet: WalletLab) -> None:
    assert probe(kwallet.host()).wallet is None


def test_no_wallet_yet(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    found = seen(kwallet)
    assert found.fails == [("permission.default-collection", "no-wallet", "keyring_collection_missing")]
    assert "org.freedesktop.secrets belongs to kwalletd5" in found.finding("backend.provider").evidence[0]


def test_a_wallet_that_was_made_meanwhile_is_not_offered(kwallet: WalletLab) -> None:
    kwallet.start_kwallet()
    assert kwallet.open_wallet()
    found = seen(kwallet)
    assert found.fails == [("permission.default-collection", "wallet-not-offered", "keyring_object_missing")]


def test_closed(wallet: WalletLab) -> None:
    found = seen(wallet)
    assert found.fails == [("permission.collection-locked", "wallet-closed", "keyring_locked")]
    state = probe(wallet.real_host())
    assert state.wallet is not None
    assert (state.wallet.name, state.wallet.open, state.wallet.offscreen) == (WALLET, False, True)


def test_open_and_not_handed_out_is_told_apart_and_read_by_the_keyring_library(wallet: WalletLab) -> None:
    assert wallet.open_wallet()
    found = seen(wallet)
    assert found.fails == []
    assert found.warnings == [
        ("permission.collection-locked", "wallet-not-handed-out", "kwallet_not_handed_out")
    ]
    wallet.keyring_set("github_token", TOKEN)  # unlocks it by itself, without a window
    found = seen(wallet)
    assert (found.fails, found.warnings) == ([], [])
    assert found.outcome("permission.collection-locked") == "unlocked"
    assert found.outcome("lookup.entry") == "found"
    with Bus.connect(wallet.address) as bus:
        (entry,) = read_everything(bus)
    assert entry.secret is not None
    assert entry.secret.reveal() == TOKEN


def test_an_entry_in_the_folder_of_the_librarys_kwallet_part(wallet: WalletLab) -> None:
    wallet.open_wallet()
    wallet.keyring_set("another", TOKEN)
    wallet.put_in_folder("mcp-secrets", "github_token", TOKEN)
    assert seen(wallet, "github_token").outcome("lookup.entry") == "in-wallet-folder"
    assert seen(wallet, "another").outcome("lookup.entry") == "found"
    assert seen(wallet, "third").outcome("lookup.entry") == "missing"


def test_a_value_lost_by_an_early_end_is_a_finding_of_its_own(wallet: WalletLab) -> None:
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    wallet.end_kwallet()  # within the seconds that it takes to write
    wallet.start_kwallet()
    wallet.open_wallet()
    assert wallet.keyring_get("github_token") == ""  # no error, no value
    found = seen(wallet)
    assert ("lookup.wallet-value", "lost", "kwallet_value_lost") in found.fails


def test_without_its_encryption_plugin_it_can_hand_out_nothing(wallet: WalletLab) -> None:
    wallet.end_kwallet()
    wallet.start_kwallet({"QT_QPA_PLATFORM": "offscreen", "QCA_NO_PLUGINS": "1"})
    wallet.open_wallet()
    found = seen(wallet)
    assert ("backend.encryption", "missing", "secret_service_no_encryption") in found.fails


def test_keytar_finds_nothing_of_the_keyring_librarys(wallet: WalletLab) -> None:
    require("secret-tool")
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    command = ["secret-tool", "lookup", "service", "mcp-secrets", "username", "github_token"]
    assert wallet.run(command, seconds=10).stdout == TOKEN
    # KWallet stores no schema, and keytar asks for one.
    command += ["xdg:schema", "org.freedesktop.Secret.Generic"]
    assert wallet.run(command, seconds=10).stdout == ""


def test_every_session_agrees_on_its_key(wallet: WalletLab) -> None:
    """kwalletd derives another key for 7 of 1,000 key pairs; of ours for none."""
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    with Bus.connect(wallet.address) as bus:
        (entry,) = read_everything(bus)
        for _ in range(400):
            session = open_session(bus)
            item = DBusAddress(entry.path, NAME, ITEM)
            answer = bus.call(item, "GetSecret", "o", (session.object_path,))
            assert read_secret(session, answer[0]).reveal() == TOKEN


def test_a_secret_that_is_asked_of_a_closed_wallet_is_empty_and_never_believed(wallet: WalletLab) -> None:
    wallet.open_wallet()
    wallet.keyring_set("github_token", TOKEN)
    handle = wallet.ask("open", "sxs", WALLET, 0, "test")
    wallet.ask("sync", "is", handle, "test")
    wallet.lock(WALLET_COLLECTION)
    with Bus.connect(wallet.address) as bus:
        (entry,) = read_everything(bus)
    assert entry.locked
    assert entry.secret is None


@pytest.mark.parametrize(
    ("text", "enabled", "served", "name"),
    [
        ("", True, True, "kdewallet"),
        ("[Wallet]\nEnabled=false\nDefault Wallet=mine\n", False, True, "mine"),
        ("[org.freedesktop.secrets]\napiEnabled=false\n", True, False, "kdewallet"),
        ("[Wallet\nnonsense", True, True, "kdewallet"),
    ],
)
def test_settings(
    tmp_path_factory: pytest.TempPathFactory, text: str, enabled: bool, served: bool, name: str
) -> None:
    folder = tmp_path_factory.mktemp("config")
    (folder / "kwalletrc").write_text(text)
    found = settings_of(folder)
    assert (found.enabled, found.secret_service, found.wallet) == (enabled, served, name)
