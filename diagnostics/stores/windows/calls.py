"""Reading the Credential Manager: single entries through the library that keyring itself uses, lists directly.

That library (pywin32-ctypes 0.2) lists without the time of the last change and leaves the list, with its secrets, in
memory; pywin32 in its place may not be installed. So the list is asked of advapi32 and freed.
"""

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any

from diagnostics.stores.windows.credential import GENERIC, Credential, CredentialError, CredentialReader
from diagnostics.stores.windows.error_codes import NOT_FOUND
from diagnostics.stores.windows.layout import CredentialLayout, credential_in, wide


def open_calls() -> CredentialReader | None:
    """The Credential Manager of this process, None on another system."""
    return WindowsReader() if sys.platform == "win32" else None


class Advapi:
    """advapi32, with its error code right after each call. Tests bring a stand-in for the library."""

    def __init__(self, library: Any = None, last_error: Callable[[], int] | None = None) -> None:
        self.library: Any = library
        if library is None:
            self.library = getattr(ctypes, "WinDLL")("advapi32", use_last_error=True)  # noqa: B009 - Windows alone has it
        self.last_error: Callable[[], int] = last_error or getattr(ctypes, "get_last_error")  # noqa: B009

    def enumerate(self, prefix: str = "") -> list[Credential]:
        """See `CredentialReader`. Raises CredentialError."""
        count = ctypes.c_uint32()
        found = ctypes.POINTER(ctypes.POINTER(CredentialLayout))()
        wanted = ctypes.byref(wide(f"{prefix}*")) if prefix else None
        if not self.library.CredEnumerateW(wanted, 0, ctypes.byref(count), ctypes.byref(found)):
            code = self.last_error()
            if code == NOT_FOUND:
                return []
            raise CredentialError(code, "CredEnumerate")
        try:
            all_found = [found[number].contents for number in range(count.value)]
            return [credential_in(each) for each in all_found if each.type == GENERIC]
        finally:
            self.library.CredFree(found)


class WindowsReader:
    """See `CredentialReader`."""

    def __init__(self) -> None:
        self._advapi = Advapi()

    def enumerate(self, prefix: str = "") -> Sequence[Credential]:
        """See `CredentialReader`."""
        return self._advapi.enumerate(prefix)

    def read(self, target: str) -> Credential | None:
        """See `CredentialReader`."""
        library, error = library_of_keyring()
        try:
            found = library.CredRead(TargetName=target, Type=GENERIC)
        except error as refused:
            if refused.winerror == NOT_FOUND:
                return None
            raise CredentialError(refused.winerror, "CredRead") from None
        return Credential(
            target=found["TargetName"] or target,
            user=found["UserName"] or "",
            blob=bytes(found["CredentialBlob"] or b""),
            persist=int(found["Persist"]),
            comment=found["Comment"] or "",
        )


def library_of_keyring() -> tuple[Any, type[Any]]:
    """The library that keyring uses, and its error: pywin32-ctypes before pywin32. Raises ImportError."""
    from importlib import import_module

    try:
        return (
            import_module("win32ctypes.pywin32.win32cred"),
            import_module("win32ctypes.pywin32.pywintypes").error,
        )
    except ImportError:
        return import_module("win32cred"), import_module("pywintypes").error
