"""KWallet as recovery touches it: its daemon is started without a screen, wallets are opened as a login does it.

`pamOpen` is how PAM opens the wallet at a login: it takes a hash of the password, never brings up a window, and never
says whether it worked; `isOpen` does. It creates a wallet that is not there, with whatever password, so it is only
called for one that is, or must be new. KWallet writes passwords to the disk some seconds after it took them, and their
names at once, so whoever ends it in between has lost them: every write is followed by `sync`. Observed on kwalletd5
5.103, and held by the tests against the daemon that is installed.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from diagnostics.secret import Secret
from diagnostics.stores.bus import Bus, BusError, garbled
from diagnostics.stores.kwallet import address_of_version, file_of
from diagnostics.stores.listing import KWALLET_NAMES, is_served_by
from diagnostics.stores.processes import data_home_in, environment_of
from diagnostics.stores.protocol import COLLECTION, NAME, ROOT, SERVICE_INTERFACE
from diagnostics.text import clean
from recovery.model import RecoveryError, UnavailableError
from recovery.stores.kwallet_daemon import until

_APPLICATION = "mcp-doctor"
ROUNDS, HASH_BYTES, _SALT_BYTES = 50_000, 56, 56
_MAGIC = b"KWALLET\n\r\0\r\n"
_GPG = 2
"""The cipher's number in a wallet's file; such a wallet has no password."""
_PBKDF2 = 2
"""The number of the hash that `pamOpen` takes. Wallets of before 2014 have another."""
OPEN_SECONDS = 5.0
SAVE_SECONDS = 9.0


def is_kwallet(bus: Bus) -> bool:
    """Whether the Secret Service on this bus is KWallet's. Raises BusError."""
    return is_served_by(bus, *KWALLET_NAMES)


def hand_out(bus: Bus, collection: str) -> bool:
    """Whether a collection is unlocked after this: KWallet's is, where its wallet is open. No window comes up.

    Raises:
        BusError, RecoveryError: it could not be asked.
    """
    if not is_kwallet(bus):
        return False
    wallet = str(bus.get_property(collection, NAME, COLLECTION, "Label"))
    kwallet = KWallet(bus)
    return kwallet.is_open(wallet) and kwallet.announce(wallet) == collection


class KWallet:
    """KWallet on one connection to a bus, where it runs. Every call ends in time; none brings up a window.

    Raises:
        BusError: (every method) the daemon or the bus did not answer.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        found = next((name for name in KWALLET_NAMES if bus.owner(name) is not None), "")
        if not found:
            raise UnavailableError("KWallet does not run")
        self._to = address_of_version(found[-1])
        self.pid = bus.pid_of(found)
        self._env = environment_of(self.pid)

    def is_open(self, wallet: str) -> bool:
        """Whether it is open."""
        with garbled("isOpen"):
            return bool(self._bus.call(self._to, "isOpen", "s", (wallet,))[0])

    def exists(self, wallet: str) -> bool:
        """Whether KWallet knows it, or a file of its name is there."""
        with garbled("wallets"):
            known = wallet in [str(each) for each in self._bus.call(self._to, "wallets")[0]]
        return known or os.path.lexists(self._file(wallet, "kwl"))

    def open(self, wallet: str, password: Secret) -> None:
        """Opens a wallet that is there. Raises RecoveryError where the password does not fit, or can't."""
        if self.is_open(wallet):
            return  # it takes any password now
        if not self.exists(wallet):
            raise RecoveryError(
                f"there is no wallet “{clean(wallet)}”: opening it would make one with this password"
            )
        self._refuse_another_kind(wallet)
        self._pam_open(wallet, password, self._salt(wallet))
        if not self.is_open(wallet):
            raise RecoveryError(
                f"the wallet “{clean(wallet)}” was not opened: the password is not the right one. (While a window of "
                "KWallet waits for an answer it takes no password either; answer or close that first.)"
            )

    def create(self, wallet: str, password: Secret) -> None:
        """Makes a wallet and leaves it open. Its entries can be reached once the daemon was started afresh."""
        if self.exists(wallet):
            raise RecoveryError(f"there is a wallet “{clean(wallet)}” already: open that one")
        salt = self._file(wallet, "salt")
        try:
            salt.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                handle = os.open(salt, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(os.urandom(_SALT_BYTES))
                    os.fsync(handle)
        except OSError as error:
            raise UnavailableError(f"{salt} can't be written: {error.strerror}") from error
        self._pam_open(wallet, password, self._salt(wallet))
        if not self.is_open(wallet):
            raise UnavailableError(
                f"the wallet “{clean(wallet)}” was not made: its folder {salt.parent} may not be writable"
            )
        self.save(wallet)

    def remove(self, wallet: str) -> None:
        """Takes away a wallet that holds nothing; one that holds entries, or can't tell, is refused."""
        if not self.exists(wallet):
            return
        holds = self._holds_entries(wallet) if self.is_open(wallet) else _is_filled(self._file(wallet, "kwl"))
        if holds:
            raise RecoveryError(f"the wallet “{clean(wallet)}” holds entries by now, so it is not taken away")
        self._call("deleteWallet", "s", (wallet,))
        if self.exists(wallet):
            raise RecoveryError(f"the wallet “{clean(wallet)}” is still there")

    def _holds_entries(self, wallet: str) -> bool:
        handle = self._handle(wallet)
        with garbled("folderList"):
            folders = [str(each) for each in self._call("folderList", "is", (handle, _APPLICATION))[0]]
            held = any(self._call("entryList", "iss", (handle, each, _APPLICATION))[0] for each in folders)
        self._close(handle)
        return held

    def announce(self, wallet: str) -> str:
        """Lets the Secret Service know that a wallet is open, which it is not told by itself. Out: its collection.

        Raises RecoveryError where the wallet is closed: a window would come up then.
        """
        if not self.is_open(wallet):
            raise UnavailableError(f"the wallet “{clean(wallet)}” is closed")
        path = self.collection(wallet)
        if not path:
            raise UnavailableError(
                f"KWallet has not taken the wallet “{clean(wallet)}” into its Secret Service; it does so when it starts"
            )
        if self._locked(path):
            self._unlock_silently(path)
        return path

    def collection(self, wallet: str) -> str:
        """The Secret Service's path of a wallet, "" where it has none (yet)."""
        paths = self._bus.get_property(ROOT, NAME, SERVICE_INTERFACE, "Collections")
        for path in paths:
            with contextlib.suppress(BusError):
                if self._bus.get_property(str(path), NAME, COLLECTION, "Label") == wallet:
                    return str(path)
        return ""

    def save(self, wallet: str) -> None:
        """Has everything written to the disk. Returns when it is there."""
        if not self.is_open(wallet):
            return  # closing saved it
        try:
            handle = self._handle(wallet)
        except (BusError, RecoveryError):
            # It wants the person's leave to let us in; it saves by itself a few seconds after a write.
            time.sleep(SAVE_SECONDS)
            return
        self._call("sync", "is", (handle, _APPLICATION), seconds=SAVE_SECONDS)
        self._close(handle)

    def save_all(self) -> None:
        """As `save`, for every wallet that is open; before its daemon is ended."""
        with garbled("wallets"):
            wallets = [str(each) for each in self._bus.call(self._to, "wallets")[0]]
        for each in wallets:
            self.save(each)

    # ── below ───────────────────────────────────────────────────────────────────────────────────────────────

    def _call(
        self, method: str, signature: str, body: tuple[object, ...], seconds: float = 2.0
    ) -> tuple[Any, ...]:
        return self._bus.call(self._to, method, signature, body, seconds=seconds)

    def _handle(self, wallet: str) -> int:
        """Of a wallet that is open: of a closed one this would bring up a window."""
        if not self.is_open(wallet):
            raise UnavailableError(f"the wallet “{clean(wallet)}” is closed")
        body = self._bus.call(self._to, "open", "sxs", (wallet, 0, _APPLICATION), seconds=2.0)
        with garbled("open"):
            handle = int(body[0])
        if handle < 0:
            raise UnavailableError(f"KWallet does not let mcp-doctor into the wallet “{clean(wallet)}”")
        return handle

    def _close(self, handle: int) -> None:
        with contextlib.suppress(BusError):
            self._bus.call(self._to, "close", "ibs", (handle, False, _APPLICATION))

    def _pam_open(self, wallet: str, password: Secret, salt: bytes) -> None:
        if not password:
            raise RecoveryError("an empty password is refused: everybody could open the wallet")
        raw = password.reveal().encode("utf-8", "surrogateescape")
        digest = hashlib.pbkdf2_hmac("sha512", raw, salt, ROUNDS, HASH_BYTES)
        self._bus.call(self._to, "pamOpen", "sayi", (wallet, digest, 0), seconds=OPEN_SECONDS)

    def _salt(self, wallet: str) -> bytes:
        path = self._file(wallet, "salt")
        try:
            salt = path.read_bytes()
        except OSError as error:
            raise RecoveryError(
                f"{path} can't be read ({error.strerror}), and without it nothing fits the wallet: open it in its own "
                "window (KWalletManager)"
            ) from error
        if len(salt) != _SALT_BYTES:
            raise RecoveryError(f"{path} has {len(salt)} bytes instead of {_SALT_BYTES}: it is damaged")
        return salt

    def _refuse_another_kind(self, wallet: str) -> None:
        path = self._file(wallet, "kwl")
        try:
            with path.open("rb") as file:
                head = file.read(len(_MAGIC) + 4)
        except OSError as error:
            raise RecoveryError(f"{path} can't be read: {error.strerror}") from error
        if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + 4:
            raise RecoveryError(
                f"{path} is damaged: it does not begin as a wallet does. Bring back a copy of it"
            )
        if head[len(_MAGIC) + 2] == _GPG:
            raise RecoveryError(
                f"the wallet “{clean(wallet)}” is locked with a GPG key, not with a password: it opens in its own "
                "window only (KWalletManager)"
            )
        if head[len(_MAGIC) + 3] != _PBKDF2:
            raise RecoveryError(
                f"the wallet “{clean(wallet)}” is in an old form that opens in its own window only (KWalletManager); "
                "opened there once, it is brought up to date"
            )

    def _file(self, wallet: str, ending: str) -> Path:
        home = data_home_in(self._env)
        if not home:
            raise UnavailableError(f"where KWallet (process {self.pid}) keeps its files can't be told")
        return Path(home) / "kwalletd" / f"{file_of(wallet)}.{ending}"

    def _locked(self, path: str) -> bool:
        return bool(self._bus.get_property(path, NAME, COLLECTION, "Locked"))

    def _unlock_silently(self, path: str) -> None:
        from jeepney import DBusAddress

        service = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
        body = self._bus.call(service, "Unlock", "ao", ([path],))
        with garbled("Unlock"):
            prompt = str(body[1])
        if prompt != "/":
            window = DBusAddress(prompt, NAME, "org.freedesktop.Secret.Prompt")
            self._bus.call(window, "Prompt", "s", ("",))
            if not until(lambda: not self._locked(path), OPEN_SECONDS):
                with contextlib.suppress(BusError):
                    self._bus.call(window, "Dismiss")
        if self._locked(path):
            raise UnavailableError("KWallet does not hand out the wallet although it is open")


def _is_filled(file: Path) -> bool:
    """Whether a closed wallet holds entries: how many each folder has is not encrypted, only their names' digests follow.

    Raises RecoveryError where the file does not say.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(len(_MAGIC) + 8)
            folders = int.from_bytes(head[-4:])
            plain = opened.read(20 * folders) if folders < 1_000 else b""
    except OSError as error:
        raise RecoveryError(f"{file} can't be read: {error.strerror}") from error
    if not head.startswith(_MAGIC) or len(plain) != 20 * folders:
        raise RecoveryError(f"{file} does not tell what the wallet holds, so it is not taken away")
    # The first folder with entries is followed by their digests; until then, folder stands behind folder.
    return any(int.from_bytes(plain[at + 16 : at + 20]) for at in range(0, len(plain), 20))
