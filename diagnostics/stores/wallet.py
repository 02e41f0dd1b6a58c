"""What a look at KWallet found. Beside `StoreState`, because the Secret Service does not tell it."""

import dataclasses
from dataclasses import dataclass
from typing import Self

KSECRETD = "ksecretd"
"""KWallet's daemon since KDE Frameworks 6.14. What is still called kwalletd6 there is but a client of it."""


@dataclass(frozen=True, slots=True)
class WalletState:
    """KWallet on a bus, or installed and not running."""

    version: str
    """Major version of its daemon: `5` or `6`."""
    program: str
    """The daemon's name while it runs, else the path of what could be started."""
    running: bool = False
    pid: int = 0
    serves: bool = False
    """The Secret Service on this bus is its."""
    enabled: bool = True
    """[Wallet] Enabled in its settings; switched off, its daemon ends as soon as it is started."""
    secret_service: bool = True
    """[org.freedesktop.secrets] apiEnabled in its settings."""
    settings: str = ""
    """Path of its settings, whether or not the file is there."""
    offscreen: bool = False
    """It runs without a screen, so a window of its can never be seen."""
    name: str = ""
    """The default wallet."""
    names: tuple[str, ...] = ()
    """All wallets that it knows."""
    open: bool = False
    """Whether the default wallet is open."""
    said: str = ""
    """Why whether it is open could not be asked, "" = it was."""

    @property
    def is_ksecretd(self) -> bool:
        """Whether its daemon is the one that nothing but a login, or its own window, opens a wallet of."""
        return self.program.rpartition("/")[2] == KSECRETD

    @property
    def exists(self) -> bool:
        """Whether the default wallet has been created."""
        return self.name in self.names

    def with_wallet(self, name: str, names: tuple[str, ...], *, is_open: bool) -> Self:
        """The same, with what it said of its wallets."""
        return dataclasses.replace(self, name=name, names=names, open=is_open)

    def that_does_not_say(self, said: str) -> Self:
        """The same, where it did not answer."""
        return dataclasses.replace(self, said=said)
