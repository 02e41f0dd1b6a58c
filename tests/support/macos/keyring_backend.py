"""What keyring's macOS backend does, over the stand-in Mac: an old entry is deleted before the new one is added."""

import os
import signal
import sys

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError, PasswordSetError

from tests.support.macos.framework import MAC
from tests.support.macos.state import DENIED, NOT_FOUND, MacError


class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        try:
            return MAC.read(service, username, sys.executable)
        except MacError as error:
            if error.status == NOT_FOUND:
                return None
            if error.status == -128:
                raise KeyringLocked(f"Can't get password from keychain: {error}") from error
            raise KeyringError(f"Can't get password from keychain: {error}") from error

    def set_password(self, service: str, username: str, password: str) -> None:
        try:
            try:
                MAC.delete(service, username)
            except MacError as error:
                if error.status != NOT_FOUND:
                    raise
            if (MAC.root / "adding-fails").exists():
                raise MacError(DENIED)
            _die_between(service)
            MAC.add(service, username, password, sys.executable)
        except MacError as error:
            raise PasswordSetError(f"Can't store password on keychain: {error}") from error

    def delete_password(self, service: str, username: str) -> None:
        try:
            MAC.delete(service, username)
        except MacError as error:
            raise PasswordDeleteError(f"Can't delete password in keychain: {error}") from error


def _die_between(service: str) -> None:
    """Once, where the file `dies-between` names the service; the second word is how many processes above go with it."""
    flag = MAC.root / "dies-between"
    wanted, above = flag.read_text().split() if flag.exists() else ("", "0")
    if wanted == service:
        flag.unlink()
        if above == "1":
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
