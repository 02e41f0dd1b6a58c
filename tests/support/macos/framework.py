"""The Security framework of the stand-in Mac, as ctypes finds it in a Python that its environment leads here."""

import ctypes
from typing import Any

from tests.support.macos.state import Mac, MacError

PATH = "/System/Library/Frameworks/Security.framework/Security"
MAC = Mac.here()
"""This process: the library's stand-in (`keyring_backend`) asks it whether questions may be put."""
_PATHS: list[str] = []


class Framework:
    """The calls that are made of it, with the types of the C functions."""

    def SecKeychainSetUserInteractionAllowed(self, allowed: ctypes.c_ubyte) -> int:  # noqa: N802 - the C function's name
        if (MAC.root / "cannot-be-silenced").exists():
            return -50
        MAC.asks = bool(allowed.value)
        return 0

    def SessionGetInfo(self, _which: ctypes.c_uint32, session: Any, bits: Any) -> int:  # noqa: N802 - the C function's name
        session._obj.value = 100_000
        bits._obj.value = {"screen": 0x30, "ssh": 0x1000}.get(MAC.session, 0)
        return 0

    def SecKeychainOpen(self, path: bytes, reference: Any) -> int:  # noqa: N802 - the C function's name
        _PATHS.append(path.decode("utf-8", "surrogateescape"))
        reference._obj.value = len(_PATHS)
        return 0  # also for a file that is not there

    def SecKeychainGetStatus(self, reference: ctypes.c_void_p, state: Any) -> int:  # noqa: N802 - the C function's name
        path = _PATHS[(reference.value or 0) - 1]
        try:
            state._obj.value = 7 if MAC.is_open(path) else 2
        except MacError as error:
            return error.status
        return 0


def install() -> None:
    """Has `ctypes.CDLL` give it for its path."""
    real = ctypes.CDLL

    def load(name: str | None = None, *arguments: Any, **named: Any) -> Any:
        return Framework() if name == PATH else real(name, *arguments, **named)

    ctypes.CDLL = load  # type: ignore[assignment,misc]
