"""What can be saved of a keyring file with its password, without ever passing a damaged value off as a right one.

The digest of the decrypted part proves all of it. Where it does not fit, one damaged byte is looked for whose
correction makes it fit. Otherwise each entry has to prove itself: its attributes must have the digests that the clear
part holds, its secret, label and times must hold no odd byte (a damaged block becomes sixteen random ones), and damage
before it must not reach its secret (it spills over one block at most).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from diagnostics.secret import Secret
from diagnostics.stores.keyring_file import KeyringItem
from recovery.salvage.cipher import BLOCK, decrypted, healed, is_whole, key_of
from recovery.salvage.clear_part import ClearPart, hashes, read_clear_part
from recovery.salvage.decrypted_part import NoItemError, RawItem, first_item_at, item_at, places_after

HEALING_SECONDS = 4.0
_MOST_SUSPECTS = 64


class Verdict(StrEnum):
    """What the password tells about the file."""

    WHOLE = "whole"
    """The password is right, and every entry as it was written."""
    HEALED = "healed"
    """The password is right; one byte was damaged and could be put right with certainty."""
    DAMAGED = "damaged"
    """The password is right, and not everything could be saved."""
    NOTHING_FITS = "nothing-fits"
    """The password is not the right one, or nothing that it could prove itself by is left."""
    NOT_READABLE = "not-readable"
    """It is not even legible how the file is encrypted: no password can help."""


@dataclass(frozen=True, slots=True)
class SavedItem:
    """An entry as it was written."""

    label: str
    attributes: dict[str, str]
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of each entry."""

    verdict: Verdict
    name: str = ""
    saved: tuple[SavedItem, ...] = ()
    lost: tuple[KeyringItem, ...] = ()
    """By the digests of their attributes, as far as the clear part has them."""
    lost_names: tuple[str, ...] = ()
    """Of those whose attributes could still be read although the secret could not."""

    @property
    def password_fits(self) -> bool:
        """Whether it is proven that the password is the right one."""
        return self.verdict in {Verdict.WHOLE, Verdict.HEALED, Verdict.DAMAGED}


def salvage(content: bytes, password: Secret, seconds: float = HEALING_SECONDS) -> Salvage:
    """Never raises, whatever the content is; writes nothing. In: how long one damaged byte may be looked for."""
    clear = read_clear_part(content)
    if clear is None or not clear.places:
        return Salvage(Verdict.NOT_READABLE, clear.name if clear else "", (), clear.items if clear else ())
    key, vector = key_of(password, clear.salt, clear.iterations)
    best: Salvage | None = None
    for at, length in clear.places:
        plain = decrypted(content[at : at + length], key, vector)
        if is_whole(plain):
            return _proven(Verdict.WHOLE, clear, plain)
    for at, length in clear.places:
        encrypted = content[at : at + length]
        is_cut = len(encrypted) < length or length % BLOCK != 0
        plain = decrypted(encrypted, key, vector)
        found, suspects = _each_for_itself(clear, plain, is_cut=is_cut)
        if not is_cut and (found.password_fits or _has_traces(clear, plain)):
            better = healed(encrypted, key, vector, suspects, seconds)
            if better is not None:
                return _proven(Verdict.HEALED, clear, better)
        if (
            best is None
            or len(found.saved) > len(best.saved)
            or (found.password_fits and not best.password_fits)
        ):
            best = found
    return best or Salvage(Verdict.NOTHING_FITS, clear.name, (), clear.items)


def _proven(verdict: Verdict, clear: ClearPart, plain: bytes) -> Salvage:
    """The digest fits, so the clear part need not: the entries are counted by what stands there."""
    at, found = first_item_at(), []
    try:
        while at < len(plain) and any(plain[at:]):
            item = item_at(plain, at, strict=False)
            found.append(item)
            at = item.end
    except NoItemError:
        if len(found) < len(clear.items):
            verdict = Verdict.DAMAGED  # a form of entry that is not known here
    saved = tuple(_saved(each) for each in found)
    lost = clear.items[len(found) :]
    return Salvage(verdict, clear.name, saved, lost)


def _each_for_itself(clear: ClearPart, plain: bytes, *, is_cut: bool) -> tuple[Salvage, list[int]]:
    """The entries that prove themselves, in the order in which they stand; and the blocks that look damaged."""
    left = list(clear.items)
    saved: list[SavedItem] = []
    lost_names: list[str] = []
    suspects: list[int] = []
    is_proof = False
    at = first_item_at()
    after_damage = (
        not is_cut
    )  # before the first entry is the digest, and nothing else may explain why it does not fit
    while left and at < len(plain):
        found = _next(plain, at, left)
        if found is None:
            suspects += _blocks(at, len(plain))
            break
        item, known = found
        is_proof = True
        if item.start != at:
            suspects += _blocks(at, item.start)
            after_damage = True
        left = left[left.index(known) + 1 :]
        # Where the end of the file is missing, that explains the digest: what stands before the cut is whole.
        sound = item.is_plausible or (is_cut and not suspects)
        if sound and (not after_damage or item.is_clear_of(item.start)):
            saved.append(_saved(item))
            after_damage = False
        else:
            suspects += _blocks(item.start, item.end)
            lost_names.append(_name_of(item))
            after_damage = True
        at = item.end
    if not is_proof:
        return Salvage(Verdict.NOTHING_FITS, clear.name, (), clear.items), suspects
    lost = _not_among(clear.items, saved)
    return Salvage(Verdict.DAMAGED, clear.name, tuple(saved), lost, tuple(lost_names)), suspects


def _blocks(start: int, end: int) -> list[int]:
    return list(range(max(0, start // BLOCK - 1), min(end // BLOCK + 1, start // BLOCK + _MOST_SUSPECTS)))


def _next(plain: bytes, at: int, left: Sequence[KeyringItem]) -> tuple[RawItem, KeyringItem] | None:
    for place in (at, *places_after(plain, at)):
        try:
            item = item_at(plain, place, strict=True)
        except NoItemError:
            continue
        shown = hashes(item.attributes)
        known = next((each for each in left if shown and _agrees(shown, each)), None)
        if known is not None:
            return item, known
    return None


def _agrees(shown: dict[str, str], known: KeyringItem) -> bool:
    return shown == dict(known.attributes)


def _has_traces(clear: ClearPart, plain: bytes) -> bool:
    """Whether attribute names of the clear part stand in the decrypted part: then the password is the right one."""
    names = {name.encode() for each in clear.items for name in each.attributes if len(name) >= 4}
    return any(name in plain for name in names)


def _saved(item: RawItem) -> SavedItem:
    attributes = {name.decode("utf-8", "replace"): str(number) for name, number in item.numbers} | {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in item.attributes
    }
    secret = Secret(item.secret.decode("utf-8", "surrogateescape"))
    return SavedItem(item.label.decode("utf-8", "replace"), attributes, secret)


def _not_among(items: Sequence[KeyringItem], saved: Sequence[SavedItem]) -> tuple[KeyringItem, ...]:
    left = [hashes((k.encode(), v.encode()) for k, v in each.attributes.items()) for each in saved]
    lost = []
    for each in items:
        match = next((one for one in left if dict(each.attributes).items() <= one.items()), None)
        if match is not None:
            left.remove(match)
        else:
            lost.append(each)
    return tuple(lost)


def _name_of(item: RawItem) -> str:
    attributes = {name.decode("utf-8", "replace"): value for name, value in item.attributes}
    account = attributes.get("username", attributes.get("account", b"")).decode("utf-8", "replace")
    service = attributes.get("service", b"").decode("utf-8", "replace")
    return f"{account} ({service})" if account else item.label.decode("utf-8", "replace")
