"""KWallet as it stands on this host, seen without opening a wallet: every call here is one that never asks anybody.

KWallet's Secret Service calls a wallet locked even while it is open, and any call that opens a wallet brings up a window
(on a host without a screen: one that nobody can see, so that the caller waits for ever). Whether a wallet is open is
told by KWallet's own interface alone, so that is asked. What its calls do was observed on kwalletd5 5.103, and the
tests hold it against the daemon that is installed; kwalletd6 has the same interface under its own name.

Since KDE Frameworks 6.14 the wallets are ksecretd's, which says truly whether they are locked and has no interface of
KWallet's; kwalletd6 is a client of it that knows only what it opened itself, and starts ksecretd when it is asked. So it
is not asked (observed on 6.30).
"""

import contextlib
import re
import shutil
import string
from dataclasses import dataclass
from pathlib import Path

from jeepney import DBusAddress

from diagnostics.host import Host
from diagnostics.stores.bus import Bus, BusError, garbled
from diagnostics.stores.listing import KSECRETD_NAME
from diagnostics.stores.processes import data_home_in, environment_of
from diagnostics.stores.wallet import KSECRETD, WalletState

INTERFACE = "org.kde.KWallet"
_VERSIONS = ("6", "5")
_STARTS_KSECRETD = "org.kde.secretservicecompat"
"""The name by which the bus starts ksecretd, and so one that is known wherever that is installed."""
FOLDERS = ("/usr/bin", "/usr/local/bin", "/usr/lib/libexec", "/usr/libexec")
"""Where its daemons are, beside the PATH."""
_OFF = {"false", "0", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What `kwalletrc` says; everything is on where it says nothing."""

    path: Path
    enabled: bool = True
    """KWallet as a whole ([Wallet] Enabled). Switched off, its daemon ends as soon as it is started."""
    ksecretd: bool = True
    """Its own daemon ([KSecretD] Enabled). Switched off, programs of KDE use whatever Secret Service there is."""
    secret_service: bool = True
    """Its Secret Service ([org.freedesktop.secrets] apiEnabled)."""
    wallet: str = "kdewallet"
    """The default one ([Wallet] Default Wallet)."""


def address_of_version(version: str) -> DBusAddress:
    """Where kwalletd of this major version answers."""
    return DBusAddress(f"/modules/kwalletd{version}", f"org.kde.kwalletd{version}", INTERFACE)


_PLAIN_IN_FILES = f"{string.ascii_letters}{string.digits}^&'@{{}}[],$=!-#()%.+_\r\n\t\f\v "


def file_of(wallet: str) -> str:
    """A wallet's name as that of its files is spelt, without ending: `;` and hex for what KWallet has no plain sign for."""
    return "".join(
        each if each in _PLAIN_IN_FILES else "".join(f";{byte:02X}" for byte in each.encode())
        for each in wallet
    )


def _wallet_of(file: str) -> str:
    """The reverse of `file_of`."""
    raw = re.sub(
        rb";([0-9A-Fa-f]{2})",
        lambda found: bytes([int(found[1], 16)]),
        file.encode("utf-8", "surrogateescape"),
    )
    return raw.decode("utf-8", "replace")


def settings_of(config_home: Path) -> Settings:
    """What `kwalletrc` in this folder says. Never raises: KWallet, too, passes over what it can't read."""
    from configparser import Error, RawConfigParser

    path = config_home / "kwalletrc"
    parser = RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # KDE tells capitals apart
    with contextlib.suppress(OSError, Error), path.open("rb") as file:
        parser.read_string(file.read(65536).decode("utf-8", "replace"))

    def said(section: str, name: str) -> str:
        with contextlib.suppress(Error):
            return parser.get(section, name, fallback="").strip()
        return ""

    return Settings(
        path,
        enabled=said("Wallet", "Enabled").lower() not in _OFF,
        ksecretd=said("KSecretD", "Enabled").lower() not in _OFF,
        secret_service=said("org.freedesktop.secrets", "apiEnabled").lower() not in _OFF,
        wallet=said("Wallet", "Default Wallet") or "kdewallet",
    )


def look(bus: Bus, host: Host, owner: int) -> WalletState | None:
    """KWallet on this bus, None where it is neither there nor installed.

    In: the pid of the Secret Service's owner, 0 = nobody.

    Raises:
        BusError: the bus itself did not answer.
    """
    if bus.owner(KSECRETD_NAME) is not None:
        return _ksecretd(bus, host, owner)
    split = _STARTS_KSECRETD in bus.activatable()
    for version in _VERSIONS:
        if not split and bus.owner(f"org.kde.kwalletd{version}") is not None:
            return _running(bus, host, version, owner)
    found = _installed(host)
    settings = settings_of(config_home(host, {}))
    if found is None or (found[1].endswith(KSECRETD) and not settings.ksecretd):
        return None
    return WalletState(
        version=found[0],
        program=found[1],
        enabled=settings.enabled,
        secret_service=settings.secret_service,
        settings=str(settings.path),
        name=settings.wallet,
        names=_files(host.data_home),
    )


def config_home(host: Host, env: dict[str, str]) -> Path:
    """The folder of settings that a process with this environment reads; {} = one that we would start."""
    own = env or host.env
    if own.get("XDG_CONFIG_HOME"):
        return Path(own["XDG_CONFIG_HOME"])
    return Path(own.get("HOME") or host.home) / ".config"


def _running(bus: Bus, host: Host, version: str, owner: int) -> WalletState:
    name, to = f"org.kde.kwalletd{version}", address_of_version(version)
    pid = bus.pid_of(name)
    env = environment_of(pid)
    settings = settings_of(config_home(host, env))
    state = WalletState(
        version=version,
        program=f"kwalletd{version}",
        running=True,
        pid=pid,
        serves=owner == pid,
        enabled=settings.enabled,
        secret_service=settings.secret_service,
        settings=str(settings.path),
        offscreen=env.get("QT_QPA_PLATFORM") == "offscreen",
    )
    try:
        with garbled(f"the answers of {name}"):
            wallet = str(bus.call(to, "networkWallet")[0])
            wallets = tuple(str(each) for each in bus.call(to, "wallets")[0])
            is_open = bool(bus.call(to, "isOpen", "s", (wallet,))[0])
    except BusError as error:
        if error.name == "closed":
            raise
        return state.that_does_not_say(str(error))
    return state.with_wallet(wallet, wallets, is_open=is_open)


def _ksecretd(bus: Bus, host: Host, owner: int) -> WalletState:
    """What can be told of ksecretd without asking it: whether its wallets are locked, their collections say."""
    pid = bus.pid_of(KSECRETD_NAME)
    env = environment_of(pid)
    settings = settings_of(config_home(host, env))
    data_home = data_home_in(env)
    return WalletState(
        version="6",
        program=KSECRETD,
        running=True,
        pid=pid,
        serves=owner == pid,
        enabled=settings.enabled,
        secret_service=settings.secret_service,
        settings=str(settings.path),
        offscreen=env.get("QT_QPA_PLATFORM") == "offscreen",
        name=settings.wallet,
        names=_files(Path(data_home)) if data_home else (),
    )


def _installed(host: Host) -> tuple[str, str] | None:
    """Version and program of a KWallet that could be started."""
    if host.root is None:  # a sandbox has none
        return None
    folders = ":".join((host.env.get("PATH", ""), *FOLDERS))
    for name, version in ((KSECRETD, "6"), *((f"kwalletd{each}", each) for each in _VERSIONS)):
        program = shutil.which(name, path=folders)
        if program:
            return version, program
    return None


def _files(data_home: Path) -> tuple[str, ...]:
    """The wallets whose files lie in a data directory."""
    with contextlib.suppress(OSError):
        files = sorted((data_home / "kwalletd").glob("*.kwl"))
        return tuple(_wallet_of(each.stem) for each in files)
    return ()
