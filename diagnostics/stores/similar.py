"""Finds the entry that a person meant: other spelling, other split of service and key, another tool's attributes.

Stores match byte by byte, so each of these is invisible to the program that asks for the right name.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnostics.stores.protocol import HASHED
from diagnostics.stores.state import Entry

_SEPARATORS = str.maketrans(dict.fromkeys("-. /:@\t\n\r", "_"))


@dataclass(frozen=True, slots=True)
class Similar:
    """An entry that is not the one asked for, and in what it differs."""

    entry: Entry
    how: str
    """`spelling`, `other-attribute`, `split` (service and key divided otherwise) or `other-service`."""


UNDO_SERVICE = "mcp-doctor-undo"
"""Service of the copies that recovery keeps for an undo; nobody means one of them."""
QUARANTINE_SERVICE = "mcp-doctor-quarantine"
"""Service of damaged entries that were set aside; nobody means one of them either."""


class SimilarEntries:
    """The entries of a store, indexed by what they could be meant as. Built once a run."""

    def __init__(self, entries: Iterable[Entry], service: str) -> None:
        self._service = service
        self._by_account: dict[str, list[Entry]] = {}
        self._by_pair: dict[str, list[Entry]] = {}
        self._by_value: dict[str, list[Entry]] = {}
        self._hashed: list[Entry] = []
        for entry in entries:
            if entry.service in {UNDO_SERVICE, QUARANTINE_SERVICE}:
                continue
            if any(name.startswith(HASHED) for name in entry.attributes):
                self._hashed.append(entry)
                continue
            _note(self._by_account, entry.account, entry)
            _note(self._by_pair, f"{entry.service}_{entry.account}", entry)
            _note(self._by_pair, entry.service, entry)
            for value in {*entry.attributes.values(), entry.label}:
                _note(self._by_value, value, entry)

    def to(self, name: str) -> Iterator[Similar]:
        """Entries that could be meant by a name below our service, the nearest first; the exact one is not among them."""
        seen = set()
        for how, entry in self._candidates(name):
            is_exact = (
                entry.service == self._service
                and entry.account == name
                and entry.account_attribute == "username"
            )
            if not is_exact and entry.path not in seen:
                seen.add(entry.path)
                yield Similar(entry, how)

    def hashed(self, name: str) -> list[Entry]:
        """Locked entries of exactly this name, told by the hashes that a locked collection still shows."""
        wanted = {f"{HASHED}service": md5_of(self._service), f"{HASHED}username": md5_of(name)}
        return [entry for entry in self._hashed if wanted.items() <= entry.attributes.items()]

    def _candidates(self, name: str) -> Iterator[tuple[str, Entry]]:
        key = _fold(name)
        for entry in self._by_account.get(key, ()):
            if _fold(entry.service) == _fold(self._service):
                exact = entry.account == name and entry.service == self._service
                yield "other-attribute" if exact else "spelling", entry
        for entry in self._by_pair.get(key, ()):
            yield "split", entry
        for entry in self._by_account.get(key, ()):
            yield "other-service", entry
        for entry in self._by_value.get(key, ()):
            yield "other-attribute", entry


def md5_of(value: str) -> str:
    """The digest that gnome-keyring stores of an attribute's value."""
    return hashlib.md5(value.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _note(index: dict[str, list[Entry]], text: str, entry: Entry) -> None:
    key = _fold(text)
    if key:
        index.setdefault(key, []).append(entry)


def _fold(text: str) -> str:
    return text.strip().casefold().translate(_SEPARATORS).strip("_")
