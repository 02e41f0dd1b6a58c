"""From whatever state KWallet or KeePassXC is in to a store that programs can read: steps, or what only the person can do."""

from diagnostics.stores import ProviderState, StoreState, WalletState
from diagnostics.text import clean
from recovery.model import Ask, AskKind, RecoveryError, Step
from recovery.steps.keychain import PASSWORD
from recovery.steps.kwallet import (
    CreateWallet,
    HandOutWallet,
    LogInToWallet,
    OpenWallet,
    RestartKWallet,
    StartKWallet,
)

Steps = tuple[tuple[Step, ...], tuple[Ask, ...]]

_SWITCH = "Another way is gnome-keyring, which is unlocked without a window: stop {program}, install it, look again."


def from_nobody(state: StoreState) -> Steps | None:
    """The way where nobody keeps secrets on the bus; None where KWallet is not the answer.

    Raises:
        RecoveryError: KWallet is there, and what keeps it from serving is the person's own setting.
    """
    wallet = state.wallet
    if wallet is None or state.provider.installed:
        return None
    _refuse_switched_off(wallet)
    if wallet.is_ksecretd and not wallet.running and wallet.exists:
        return (LogInToWallet(wallet.name, wallet.program),), (_ask(wallet.name),)
    if wallet.is_ksecretd and not wallet.running:
        raise RecoveryError(
            "KWallet does not run and has no wallet yet; this version of it makes one only when you log in at the desktop, or "
            "in its own window. Another way is gnome-keyring, which is unlocked without a window: install it, look again"
        )
    if wallet.running:
        raise RecoveryError(
            f"{wallet.program} (process {wallet.pid}) runs without offering its wallets to other programs: end it, and "
            "look again"
        )
    if wallet.exists:
        return (StartKWallet(wallet.program), OpenWallet(wallet.name)), (_ask(wallet.name),)
    return (StartKWallet(wallet.program), *_made(wallet.name)[0]), _made(wallet.name)[1]


def from_kwallet(state: StoreState) -> Steps:
    """The way where KWallet keeps the secrets. Raises RecoveryError."""
    wallet = state.wallet
    if wallet is None or wallet.said or not wallet.name:
        said = f" ({clean(wallet.said)})" if wallet is not None and wallet.said else ""
        raise RecoveryError(
            f"KWallet does not say whether its wallet is open{said}: open it in its own window"
        )
    default = state.default
    if default is not None and default.exists and not default.locked:
        return (), ()
    if state.provider.is_ksecretd:
        if default is not None and default.exists:
            return (LogInToWallet(default.label or wallet.name),), (_ask(default.label or wallet.name),)
        raise RecoveryError(_of_ksecretd(wallet))
    if not wallet.exists:
        return _made(wallet.name)
    offered = any(each.label == wallet.name and each.exists for each in state.collections)
    restart: tuple[Step, ...] = () if offered else (RestartKWallet(wallet.name),)
    if wallet.open and offered:
        return (HandOutWallet(wallet.name),), ()
    return (*restart, OpenWallet(wallet.name)), (_ask(wallet.name),)


def refuse_keepassxc(state: StoreState) -> None:
    """Raises RecoveryError with what to do in KeePassXC's window; returns where its store can be used as it is."""
    default = state.default
    if default is None or not default.exists:
        raise RecoveryError(
            "KeePassXC runs and shows no group to other programs, which can be set in its window only: Database > "
            "Database Settings > Secret Service Integration > expose entries under this group. "
            + _SWITCH.format(program="KeePassXC's Secret Service")
        )
    if default.locked:
        raise RecoveryError(
            "KeePassXC's database is locked, and it opens in KeePassXC's own window only, or where KeePassXC is started "
            "with --pw-stdin and the database's file. " + _SWITCH.format(program="KeePassXC's Secret Service")
        )


def refuse_to_end(provider: ProviderState) -> None:
    """Raises RecoveryError for a program that hangs and would lose something, or not come back, if it were ended."""
    if provider.stopped:
        return  # it can run on
    if provider.is_kwallet:
        raise RecoveryError(
            f"{provider.program} (process {provider.pid}) hangs. What it was given in the last seconds is lost when it is "
            f"ended, so that is left to you: kill -KILL {provider.pid}, then `mcp-doctor unlock`"
        )
    if provider.program == "keepassxc":
        raise RecoveryError(
            f"KeePassXC (process {provider.pid}) does not answer: a window of it may wait. Answer that, or save and end "
            "KeePassXC, start it again, and look again"
        )


def _of_ksecretd(wallet: WalletState) -> str:
    """What only the person can do where ksecretd has no wallet; nothing on the bus makes one without a window."""
    where = (
        f"End its daemon, which has no screen for that (kill {wallet.pid}), and log in at the desktop. "
        if wallet.offscreen
        else "Do that at the desktop: log out and in again with your password, or use KWalletManager. "
    )
    return (
        "KWallet has no wallet yet, and this version of it makes one only when you log in, or in its own window. "
        f"{where}{_SWITCH.format(program='KWallet')}"
    )


def _refuse_switched_off(wallet: WalletState) -> None:
    if not wallet.enabled:
        raise RecoveryError(
            f"KWallet is switched off in {clean(wallet.settings)} ([Wallet] Enabled=false). To switch it on: "
            f"kwriteconfig{wallet.version} --file kwalletrc --group Wallet --key Enabled true. "
            + _SWITCH.format(program="KWallet")
        )
    if not wallet.secret_service:
        raise RecoveryError(
            f"KWallet may not offer its wallets to other programs: {clean(wallet.settings)} says apiEnabled=false in "
            f"[org.freedesktop.secrets]. To allow it: kwriteconfig{wallet.version} --file kwalletrc --group "
            "org.freedesktop.secrets --key apiEnabled true. Then end its daemon, and look again"
        )


def _made(name: str) -> Steps:
    ask = Ask(
        PASSWORD,
        AskKind.NEW_PASSWORD,
        f"Password for the new wallet “{clean(name)}”",
        "Use your login password where it should be opened at login. It can't be recovered if it is forgotten.",
    )
    return (CreateWallet(name), RestartKWallet(name), OpenWallet(name, fresh=True)), (ask,)


def _ask(name: str) -> Ask:
    return Ask(
        PASSWORD,
        AskKind.PASSWORD,
        f"Password of the wallet “{clean(name)}”",
        "Often your login password. A hash of it goes to KWallet, as at a login, and is written nowhere.",
    )
