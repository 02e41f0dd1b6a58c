"""The unencrypted part of a damaged keyring file, as far as it can still be made out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.stores.keyring_file import MAGIC, KeyringItem
from recovery.salvage.cipher import BLOCK, MOST_ITERATIONS

_NO_STRING = 0xFFFFFFFF
_MOST_ITEMS = 200_000
_MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class ClearPart:
    """What is legible without the password."""

    name: str
    iterations: int
    salt: bytes
    items: tuple[KeyringItem, ...]
    """Those before the first place that makes no sense."""
    places: tuple[tuple[int, int], ...]
    """Where the encrypted part may begin and how long it should be, the likeliest first; () = it could not be found."""
    is_whole: bool = False
    """Whether the items were read to their end."""


def read_clear_part(content: bytes) -> ClearPart | None:
    """None where not even what the password needs (salt, iterations) can be read, so that nothing can be saved.

    The first sixteen bytes (the file's mark) are not needed for that, so they may be damaged.
    """
    reader = _Reader(content, len(MAGIC))
    try:
        if reader.take(4) != b"\0\0\0\0" and not content.startswith(MAGIC):
            return None
        name = reader.text() or ""
        reader.take(24)
        iterations, salt = reader.number(), reader.take(8)
        reader.take(16)
        count = reader.number()
    except (EOFError, ValueError):
        return None
    if not 0 < iterations <= MOST_ITERATIONS:
        return None
    items: list[KeyringItem] = []
    places: list[tuple[int, int]] = []
    is_whole = False
    try:
        for _ in range(min(count, _MOST_ITEMS)):
            items.append(_item(reader))  # noqa: PERF401 - what was read before the damage counts
        length, at = reader.number(), reader.at
        is_whole = len(items) == count
        if length % BLOCK == 0:
            places.append((at, length))
        places.append((at, len(content) - at))  # the length itself may be what is damaged
    except (EOFError, ValueError):
        pass
    places += [each for each in _from_the_end(content) if each not in places]
    return ClearPart(name, iterations, salt, tuple(items), tuple(places), is_whole)


def hashes(attributes: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Attributes as the clear part shows them: MD5 of each value."""
    return {
        name.decode("utf-8", "replace"): hashlib.md5(value, usedforsecurity=False).hexdigest()
        for name, value in attributes
    }


def _from_the_end(content: bytes) -> list[tuple[int, int]]:
    """Encrypted parts that would end with the file: four bytes before each say its length."""
    smallest = len(MAGIC) + 60
    found = []
    for length in range(BLOCK * 2, len(content) - smallest, BLOCK):
        at = len(content) - length
        if content[at - 4 : at] == length.to_bytes(4, "big"):
            found.append((at, length))
    return found[-_MOST_PLACES:]


def _item(reader: "_Reader") -> KeyringItem:
    number = reader.number()
    reader.number()
    attributes: dict[str, str] = {}
    for _ in range(reader.count()):
        name, kind = reader.text() or "", reader.number()
        if kind == 0:
            attributes[name] = reader.text() or ""
        elif kind == 1:
            reader.number()
        else:
            raise ValueError("an attribute of an unknown kind")
    return KeyringItem(number, attributes)


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self.at = at

    def take(self, length: int) -> bytes:
        if length > len(self._content) - self.at:
            raise EOFError
        self.at += length
        return self._content[self.at - length : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def count(self) -> int:
        number = self.number()
        if number * 12 > len(self._content) - self.at:
            raise EOFError
        return number

    def text(self) -> str | None:
        length = self.number()
        if length == _NO_STRING:
            return None
        return self.take(length).decode("utf-8", "replace")
