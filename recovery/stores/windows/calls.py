"""Writing and deleting credentials on Windows.

The library that keyring uses can write UTF-16 alone: putting back what keytar wrote takes bytes, so writing goes to
advapi32 itself. Reading and deleting are the library's.
"""

import ctypes
import sys
from typing import Protocol

from diagnostics.stores.windows.calls import Advapi, WindowsReader, library_of_keyring
from diagnostics.stores.windows.credential import GENERIC, Credential, CredentialError, CredentialReader
from diagnostics.stores.windows.layout import CredentialLayout, wide


class CredentialWriter(CredentialReader, Protocol):
    """Every call that is needed. Each raises CredentialError."""

    def write(self, credential: Credential) -> None:
        """Makes the credential, in place of the one of its name."""
        ...

    def delete(self, target: str) -> None:
        """Deletes the generic credential of this name; none is an error (1168)."""
        ...


def open_writer() -> CredentialWriter | None:
    """The Credential Manager of this process, None on another system."""
    return WindowsWriter() if sys.platform == "win32" else None


def write_with(advapi: Advapi, credential: Credential) -> None:
    """CredWriteW of these very bytes. Raises CredentialError."""
    target, user, comment = map(wide, (credential.target, credential.user, credential.comment))
    blob = ctypes.create_string_buffer(credential.blob, max(len(credential.blob), 1))
    one = CredentialLayout()
    one.type = GENERIC
    one.target, one.user = ctypes.addressof(target), ctypes.addressof(user)
    one.comment = ctypes.addressof(comment)
    one.blob, one.blob_size = ctypes.addressof(blob), len(credential.blob)
    one.persist = credential.persist
    try:
        if not advapi.library.CredWriteW(ctypes.byref(one), 0):
            raise CredentialError(advapi.last_error(), "CredWrite")
    finally:
        ctypes.memset(blob, 0, len(blob))


class WindowsWriter(WindowsReader):
    """See `CredentialWriter`."""

    def write(self, credential: Credential) -> None:
        """See `CredentialWriter`."""
        write_with(self._advapi, credential)

    def delete(self, target: str) -> None:
        """See `CredentialWriter`."""
        library, error = library_of_keyring()
        try:
            library.CredDelete(TargetName=target, Type=GENERIC)
        except error as refused:
            raise CredentialError(refused.winerror, "CredDelete") from None
