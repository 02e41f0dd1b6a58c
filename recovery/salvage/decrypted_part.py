"""The entries of a decrypted keyring, each with all that tells whether it is as it was written."""

import re
from dataclasses import dataclass, field

from recovery.salvage.cipher import BLOCK, DIGEST

_NO_STRING = b"\xff\xff\xff\xff"
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800
"""Seconds since the epoch: the years 2000 and 2100."""
_TEXT = re.compile(rb"[\x20-\x7e]*")
_SEARCHED = 256 * 1024
"""Bytes that are looked through for the next entry behind a damaged one."""


class NoItemError(Exception):
    """No entry stands at this place, or it is damaged so that it can't be read."""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One entry as it stands. `start` and `end` are offsets in the decrypted part."""

    start: int
    end: int
    secret_at: int
    label: bytes
    secret: bytes = field(repr=False)
    attributes: tuple[tuple[bytes, bytes], ...]
    numbers: tuple[tuple[bytes, int], ...]
    """Attributes that are numbers; other programs cannot read them over the bus."""
    created: int
    modified: int

    @property
    def is_plausible(self) -> bool:
        """Whether what never holds odd bytes holds none: damage of a block would have put sixteen random ones there."""
        times = all(each == 0 or _EARLIEST < each < _LATEST for each in (self.created, self.modified))
        return times and bool(_TEXT.fullmatch(self.secret)) and _is_text(self.label)

    def is_clear_of(self, start: int) -> bool:
        """Whether the secret begins two blocks behind that place, where no damage before it reaches."""
        return self.secret_at >= (start // BLOCK + 2) * BLOCK


def item_at(plain: bytes, start: int, *, strict: bool) -> RawItem:
    """The entry that begins there. In: `strict` = what gnome-keyring always writes alike must be so.

    Raises:
        NoItemError: there is none.
    """
    reader = _Reader(plain, start)
    label = reader.string()
    secret_at = reader.at + 4
    secret = reader.string()
    created, modified = reader.time(), reader.time()
    reserved = reader.take(4)
    if reserved != _NO_STRING:
        if strict:
            raise NoItemError
        reader.take(int.from_bytes(reserved, "big"))
    if reader.take(16) != bytes(16) and strict:
        raise NoItemError
    texts: list[tuple[bytes, bytes]] = []
    numbers: list[tuple[bytes, int]] = []
    for _ in range(reader.count(12)):
        name, kind = reader.string(), reader.number()
        if kind == 0:
            texts.append((name, reader.string()))
        elif kind == 1:
            numbers.append((name, reader.number()))
        else:
            raise NoItemError
    for _ in range(reader.count(20)):  # access control, which gnome-keyring no longer uses
        reader.number()
        for _ in range(3):
            reader.string()
        reader.number()
    return RawItem(
        start, reader.at, secret_at, label, secret, tuple(texts), tuple(numbers), created, modified
    )


def first_item_at() -> int:
    """Where the first entry begins."""
    return DIGEST


def places_after(plain: bytes, start: int) -> range:
    """Where the next entry may begin behind one that can't be read."""
    return range(start + 1, min(len(plain), start + _SEARCHED))


def _is_text(raw: bytes) -> bool:
    try:
        return raw.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


class _Reader:
    def __init__(self, plain: bytes, at: int) -> None:
        self._plain = plain
        self.at = at

    def take(self, length: int) -> bytes:
        if length > len(self._plain) - self.at:
            raise NoItemError
        self.at += length
        return self._plain[self.at - length : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def time(self) -> int:
        high, low = self.number(), self.number()
        return (high << 32) | low

    def count(self, smallest: int) -> int:
        number = self.number()
        if number * smallest > len(self._plain) - self.at:
            raise NoItemError
        return number

    def string(self) -> bytes:
        length = self.number()
        if length == int.from_bytes(_NO_STRING, "big"):
            return b""
        return self.take(length)
