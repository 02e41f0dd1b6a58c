"""One credential of the Windows Credential Manager, and what may be asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

GENERIC = 1
"""CRED_TYPE_GENERIC: the only type whose content programs may read, and the one that all keyring libraries write."""
SESSION, LOCAL_MACHINE, ENTERPRISE = 1, 2, 3
"""CRED_PERSIST_*: until the sign-out, on this computer, or with a roaming profile on others too."""
LARGEST_BLOB = 2560
"""CRED_MAX_CREDENTIAL_BLOB_SIZE, bytes (wincred.h: 5 * 512)."""
KEYRING_COMMENT = "Stored using python-keyring"
"""What the keyring library writes beside each of its entries (keyring/backends/Windows.py)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A generic credential as Windows keeps it."""

    target: str
    """Its name; Windows compares names without regard to case."""
    user: str
    blob: bytes = field(repr=False)
    persist: int = ENTERPRISE
    comment: str = ""
    modified: int = 0
    """Seconds since the epoch; 0 = unknown."""


class CredentialError(Exception):
    """Windows refused. `code` is its error code, from 0 on (an HRESULT as an unsigned number)."""

    def __init__(self, code: int, call: str) -> None:
        self.code = code & 0xFFFFFFFF
        self.call = call
        shown = str(self.code) if self.code < 0x80000000 else f"0x{self.code:08X}"
        super().__init__(f"{call} failed with Windows error {shown}")


class CredentialReader(Protocol):
    """The calls that only read. Each raises CredentialError."""

    def enumerate(self, prefix: str = "") -> Sequence[Credential]:
        """Every generic credential whose name begins so, "" = all; none is no error."""
        ...

    def read(self, target: str) -> Credential | None:
        """The generic credential of this name, None where there is none."""
        ...
