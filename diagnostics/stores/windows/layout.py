"""How a credential lies in memory (wincred.h, CREDENTIALW). Nothing here needs Windows."""

import ctypes

from diagnostics.stores.windows.credential import Credential

_EPOCH = 11_644_473_600
"""Seconds from 1601, where Windows begins to count, to 1970."""
_LONGEST = 32_768


class CredentialLayout(ctypes.Structure):
    """CREDENTIALW. Strings are addresses: a wide character has another size elsewhere."""

    _fields_ = (
        ("flags", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("target", ctypes.c_void_p),
        ("comment", ctypes.c_void_p),
        ("written_low", ctypes.c_uint32),
        ("written_high", ctypes.c_uint32),
        ("blob_size", ctypes.c_uint32),
        ("blob", ctypes.c_void_p),
        ("persist", ctypes.c_uint32),
        ("attribute_count", ctypes.c_uint32),
        ("attributes", ctypes.c_void_p),
        ("alias", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
    )


def credential_in(one: CredentialLayout) -> Credential:
    """The credential that lies there; everything is copied."""
    written = (one.written_high << 32 | one.written_low) // 10_000_000 - _EPOCH
    return Credential(
        target=_text_at(one.target),
        user=_text_at(one.user),
        blob=ctypes.string_at(one.blob, one.blob_size) if one.blob and one.blob_size else b"",
        persist=one.persist,
        comment=_text_at(one.comment),
        modified=max(written, 0),
    )


def wide(text: str) -> ctypes.Array[ctypes.c_char]:
    """A text as Windows takes it, with its end. Raises ValueError for one with a NUL within."""
    if "\0" in text:
        raise ValueError("a name can't hold a NUL")
    return ctypes.create_string_buffer(text.encode("utf-16-le", "surrogatepass") + b"\0\0")


def _text_at(address: int | None) -> str:
    if not address:
        return ""
    units = (ctypes.c_uint16 * _LONGEST).from_address(address)
    raw = bytearray()
    for number in range(_LONGEST):
        unit = units[number]
        if unit == 0:
            break
        raw += unit.to_bytes(2, "little")
    return raw.decode("utf-16-le", "replace")
