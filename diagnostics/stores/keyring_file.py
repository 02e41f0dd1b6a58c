"""GNOME keyring files, read without their password: what a file is, whether it is whole, which entries it holds.

Layout as documented in gnome-keyring (pkcs11/secret-store/file-format.txt): big-endian numbers, strings with their
length before them; a clear part with the entries' hashed attributes, then the encrypted part.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnostics.regular_file import NotRegularError, open_regular

MAGIC = b"GnomeKeyring\n\r\0\n"
LARGEST = 64 * 1024 * 1024
"""Bytes. A larger file is not read: 10,000 entries make about five million."""
_NO_STRING = 0xFFFFFFFF


class KeyringFileError(Exception):
    """The file can't be a keyring. `outcome` is `empty`, `truncated`, `garbled`, `too-large` or `unreadable`."""

    def __init__(self, outcome: str, said: str) -> None:
        super().__init__(said)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class KeyringItem:
    """One entry as the clear part shows it."""

    number: int
    attributes: Mapping[str, str]
    """Name -> MD5 of the value in hex; numbers (schema flags) are left out."""


@dataclass(frozen=True, slots=True)
class KeyringHeader:
    """What a keyring file says without its password."""

    plain: bool = False
    """It is the unencrypted text form, which an empty password gives."""
    name: str = ""
    """The collection's label."""
    items: tuple[KeyringItem, ...] = ()
    iterations: int = 0
    salt: bytes = b""
    encrypted_at: int = 0
    """Offset of the encrypted part."""
    encrypted_length: int = 0


def read_header(path: Path) -> KeyringHeader:
    """A keyring file's clear part. Follows links, never blocks on what isn't a plain file.

    Raises:
        KeyringFileError: it can't be read, or is no keyring.
    """
    return parse_header(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """A keyring file's content.

    Raises:
        KeyringFileError: `unreadable` or `too-large`.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise KeyringFileError("too-large", f"{size} bytes")
            return file.read(LARGEST)
    except NotRegularError as error:
        raise KeyringFileError("unreadable", "not a plain file") from error
    except OSError as error:
        raise KeyringFileError("unreadable", error.strerror or str(error)) from error


def parse_header(content: bytes) -> KeyringHeader:
    """The clear part of a keyring file's content.

    Raises:
        KeyringFileError: `empty`, `truncated` (it begins well) or `garbled`.
    """
    if not content.strip(b"\0"):
        raise KeyringFileError("empty", f"{len(content)} bytes, none of them anything but zero")
    if content.lstrip().startswith(b"["):
        return _plain(content)
    if not content.startswith(MAGIC):
        cut = MAGIC.startswith(content)
        raise KeyringFileError("truncated" if cut else "garbled", "it does not begin as a keyring does")
    try:
        return _binary(_Reader(content, len(MAGIC)))
    except EOFError as error:
        raise KeyringFileError("truncated", str(error)) from error
    except (ValueError, struct.error) as error:
        raise KeyringFileError("garbled", str(error)) from error


def _plain(content: bytes) -> KeyringHeader:
    text = content.decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines()]
    if "[keyring]" not in lines:
        raise KeyringFileError("garbled", "a text file without a [keyring] section")
    name = next((line.partition("=")[2].strip() for line in lines if line.startswith("display-name=")), "")
    numbers = [line[1:-1] for line in lines if line.startswith("[") and line[1:-1].isdigit()]
    return KeyringHeader(plain=True, name=name, items=tuple(KeyringItem(int(each), {}) for each in numbers))


def _binary(reader: "_Reader") -> KeyringHeader:
    version = reader.take(4)
    if version != b"\0\0\0\0":
        raise ValueError(f"version and algorithms {tuple(version)} are not the ones that are known")
    name = reader.string() or ""
    reader.take(16)  # times of creation and change
    reader.take(8)  # flags, lock timeout
    iterations, salt = reader.number(), reader.take(8)
    reader.take(16)  # reserved
    items = tuple(_item(reader) for _ in range(reader.count(12)))
    length = reader.number()
    if length % 16:
        raise ValueError(f"the encrypted part's length {length} is no multiple of 16")
    if length > reader.left:
        raise EOFError(f"the encrypted part should have {length} bytes and has {reader.left}")
    return KeyringHeader(
        name=name,
        items=items,
        iterations=iterations,
        salt=salt,
        encrypted_at=reader.at,
        encrypted_length=length,
    )


def _item(reader: "_Reader") -> KeyringItem:
    number = reader.number()
    reader.number()  # type
    attributes = {}
    for _ in range(reader.count(12)):
        name, kind = reader.string() or "", reader.number()
        if kind == 0:
            attributes[name] = reader.string() or ""
        elif kind == 1:
            reader.number()
        else:
            raise ValueError(f"an attribute of the unknown kind {kind}")
    return KeyringItem(number, attributes)


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self.at = at

    @property
    def left(self) -> int:
        return len(self._content) - self.at

    def take(self, length: int) -> bytes:
        if length > self.left:
            raise EOFError(f"it ends at byte {len(self._content)}, in the middle of the clear part")
        self.at += length
        return self._content[self.at - length : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def count(self, smallest: int) -> int:
        """A number of things that follow. Each takes at least `smallest` bytes, so a wild number is seen at once."""
        number = self.number()
        if number * smallest > self.left:
            raise EOFError(f"{number} things should follow in {self.left} bytes")
        return number

    def string(self) -> str | None:
        length = self.number()
        if length == _NO_STRING:
            return None
        if length >= 0x7FFFFFFF:
            raise ValueError(f"a text of {length} bytes")
        return self.take(length).decode("utf-8", "replace")
