"""Reads the entries of a Secret Service: one search, one bulk read, attributes in batches.

Asking for 1,000 entries one by one takes the keyring library fifteen seconds; this way it takes a third of one. Most
of what is left is the daemon's: it gives an entry's attributes in 0.2 ms and all its properties in 0.8 ms, so label
and times are a second question, asked about the entries for which they matter (`read_for_diagnosis`).
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jeepney import DBusAddress

from diagnostics.secret import Secret
from diagnostics.stores.bus import Bus, BusError, garbled
from diagnostics.stores.listing import listed, own_attributes
from diagnostics.stores.protocol import HASHED, ITEM, NAME, PROPERTIES, ROOT, SERVICE_INTERFACE
from diagnostics.stores.state import Entry

SERVICE = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
READ_SECONDS = 4.0
"""For each of the questions; a healthy daemon gives 10,000 entries in less."""
_KEY_BYTES = 32
_BITS = 1024
_TRIES = 5
_KEYRING_LIBRARY = "Python keyring library"
"""What that library writes as `application`. Its labels only repeat service and user name (keyring 25)."""


def open_session(bus: Bus) -> Any:
    """An encrypted transport session on this connection (secretstorage's Diffie-Hellman), for secrets both ways.

    Raises:
        BusError: as `Bus.call`.
    """
    from secretstorage.defines import ALGORITHM_DH
    from secretstorage.dhcrypto import DH_PRIME_1024, Session

    session = Session.__new__(Session)
    session.object_path, session.aes_key, session.encrypted = None, None, True
    for _ in range(_TRIES):
        key = _new_key(session, DH_PRIME_1024)
        body = bus.call(SERVICE, "OpenSession", "sv", (ALGORITHM_DH, ("ay", key)))
        with garbled("OpenSession"):
            output, path = body
            theirs = int.from_bytes(output[1], "big")
            session.set_server_public_key(theirs)
            session.object_path = path
        if pow(theirs, session.my_private_key, DH_PRIME_1024).bit_length() > _BITS - 8:
            break
    return session


def _new_key(session: Any, prime: int) -> bytes:
    """A key pair that every provider makes the same of.

    kwalletd5 5.103 takes the numbers for signed ones and drops what a sign makes superfluous: with a public key that
    begins with nine bits of one, or a shared secret whose first byte is zero, it derives another key than everybody
    else (7 sessions of 1,000), and what is written then is lost without a word.
    """
    while True:
        # The library's own private key has 1,024 bits, which costs more time than all that is read with it. Short ones
        # are as safe in a group of this kind: RFC 7919, section 5.2, wants 160 bits where the prime has 1,024.
        session.my_private_key = int.from_bytes(os.urandom(_KEY_BYTES), "big")
        session.my_public_key = pow(2, session.my_private_key, prime)
        key: bytes = session.my_public_key.to_bytes(_BITS // 8, "big")
        if key[0] not in {0x00, 0xFF}:
            return key


def read_secret(session: Any, answer: Any) -> Secret:
    """The secret in one answer of GetSecret or GetSecrets, read with the session it was asked with.

    Raises:
        BusError: `garbled`, it can't be decrypted.
    """
    with garbled("the secret"):
        return Secret(_decrypt(session, answer).decode("utf-8", "surrogateescape"))


def read_everything(bus: Bus) -> list[Entry]:
    """Every item of every collection, without its label and times.

    Raises:
        BusError: a call failed, or what came is not what the interface promises. An item that vanished meanwhile
            is left out.
    """
    unlocked, locked = listed(bus)
    secrets = _secrets(bus, unlocked)
    paths = [*unlocked, *locked]
    answers = bus.call_all(
        [(DBusAddress(path, NAME, PROPERTIES), "Get", "ss", (ITEM, "Attributes")) for path in paths],
        seconds=READ_SECONDS,
    )
    if paths and all(isinstance(answer, BusError) for answer in answers):
        raise BusError("closed", f"none of {len(paths)} entries could be read: {answers[0]}")
    are_locked = frozenset(locked)
    return [
        _entry(path, answer, secrets.get(path), locked=path in are_locked)
        for path, answer in zip(paths, answers, strict=True)
        if not isinstance(answer, BusError)
    ]


def with_details(bus: Bus, entries: Sequence[Entry]) -> list[Entry]:
    """The same entries with label and times; those of an item that vanished meanwhile stay unknown.

    Raises:
        BusError: as `read_everything`.
    """
    answers = bus.call_all(
        [(DBusAddress(each.path, NAME, PROPERTIES), "GetAll", "s", (ITEM,)) for each in entries],
        seconds=READ_SECONDS,
    )
    return [
        one if isinstance(answer, BusError) else _detailed(one, answer)
        for one, answer in zip(entries, answers, strict=True)
    ]


def with_labels(bus: Bus, entries: Sequence[Entry]) -> list[Entry]:
    """The same entries with their labels alone, which is four times as quick.

    Raises:
        BusError: as `read_everything`.
    """
    answers = bus.call_all(
        [(DBusAddress(each.path, NAME, PROPERTIES), "Get", "ss", (ITEM, "Label")) for each in entries],
        seconds=READ_SECONDS,
    )
    return [
        one if isinstance(answer, BusError) else _labelled(one, answer)
        for one, answer in zip(entries, answers, strict=True)
    ]


def times_of_change(bus: Bus, entries: Sequence[Entry]) -> list[int]:
    """When each entry was changed last, seconds since the epoch; 0 = its store does not tell, or it vanished.

    Raises:
        BusError: as `read_everything`.
    """
    answers = bus.call_all(
        [(DBusAddress(each.path, NAME, PROPERTIES), "Get", "ss", (ITEM, "Modified")) for each in entries],
        seconds=READ_SECONDS,
    )
    with garbled("the times of change"):
        return [0 if isinstance(answer, BusError) else int(answer[0][1]) for answer in answers]


def read_for_diagnosis(bus: Bus) -> list[Entry]:
    """Every item of every collection; label and times of those for which they tell something.

    Times tell which of several entries with the same name is newer. A label tells who wrote an entry, or what a
    person calls it, unless it is the keyring library's. A collection that was never unlocked shows no labels.

    Raises:
        BusError: as `read_everything`.
    """
    found = read_everything(bus)
    shown = [each for each in found if not any(name.startswith(HASHED) for name in each.attributes)]
    same = Counter((each.service, each.account) for each in shown)
    twins = [each for each in shown if each.service and same[each.service, each.account] > 1]
    paths = {each.path for each in twins}
    odd = [
        each
        for each in shown
        if each.path not in paths and each.attributes.get("application") != _KEYRING_LIBRARY
    ]
    more = {each.path: each for each in (*with_details(bus, twins), *with_labels(bus, odd))}
    return [more.get(each.path, each) for each in found]


def _secrets(bus: Bus, paths: Sequence[str]) -> Mapping[str, Secret]:
    if not paths:
        return {}
    session = open_session(bus)
    body = bus.call(SERVICE, "GetSecrets", "aoo", (paths, session.object_path), seconds=READ_SECONDS)
    with garbled("GetSecrets"):
        return {str(path): read_secret(session, answer) for path, answer in body[0].items()}


def _entry(path: str, answer: Any, secret: Secret | None, *, locked: bool) -> Entry:
    with garbled(f"the entry {path}"):
        attributes = own_attributes({str(name): str(value) for name, value in answer[0][1].items()})
    return Entry(path, path.rpartition("/")[0], "", attributes, secret, locked)


def _detailed(one: Entry, answer: Any) -> Entry:
    with garbled(f"the entry {one.path}"):
        found = {str(name): value[1] for name, value in answer[0].items()}
        return dataclasses.replace(
            one,
            label=str(found.get("Label", "")),
            created=int(found.get("Created", 0)),
            modified=int(found.get("Modified", 0)),
        )


def _labelled(one: Entry, answer: Any) -> Entry:
    with garbled(f"the entry {one.path}"):
        return dataclasses.replace(one, label=str(answer[0][1]))


def _decrypt(session: Any, answer: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(session.aes_key), modes.CBC(bytes(answer[1]))).decryptor()
    padded = decryptor.update(bytes(answer[2])) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= 16:
        raise ValueError("the padding does not fit")
    return bytes(padded[: -padded[-1]])
