"""Reads the entries of a Secret Service: one search, one bulk read, attributes in batches.

Asking for 1,000 secrets one by one takes the better part of a minute; this way it takes a tenth of a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jeepney import DBusAddress

from diagnostics.secret import Secret
from diagnostics.stores import Entry
from diagnostics.stores.bus import Bus, BusError, garbled
from diagnostics.stores.protocol import ITEM, NAME, PROPERTIES, ROOT, SERVICE_INTERFACE

SERVICE = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
READ_SECONDS = 4.0
"""For each of the three calls; a healthy daemon gives 10,000 entries in less."""


def open_session(bus: Bus) -> Any:
    """An encrypted transport session on this connection (secretstorage's Diffie-Hellman), for secrets both ways.

    Raises:
        BusError: as `Bus.call`.
    """
    from secretstorage.defines import ALGORITHM_DH
    from secretstorage.dhcrypto import Session

    session = Session()
    key = session.my_public_key.to_bytes(128, "big")
    body = bus.call(SERVICE, "OpenSession", "sv", (ALGORITHM_DH, ("ay", key)))
    with garbled("OpenSession"):
        output, path = body
        session.set_server_public_key(int.from_bytes(output[1], "big"))
        session.object_path = path
    return session


def read_secret(session: Any, answer: Any) -> Secret:
    """The secret in one answer of GetSecret or GetSecrets, read with the session it was asked with.

    Raises:
        BusError: `garbled`, it can't be decrypted.
    """
    with garbled("the secret"):
        return Secret(_decrypt(session, answer).decode("utf-8", "surrogateescape"))


def read_everything(bus: Bus) -> list[Entry]:
    """Every item of every collection.

    Raises:
        BusError: a call failed, or what came is not what the interface promises. An item that vanished meanwhile
            is left out.
    """
    body = bus.call(SERVICE, "SearchItems", "a{ss}", ({},), seconds=READ_SECONDS)
    with garbled("SearchItems"):
        unlocked, locked = ([str(path) for path in paths] for paths in body)
    secrets = _secrets(bus, unlocked)
    paths = [*unlocked, *locked]
    calls: list[tuple[DBusAddress, str, str | None, tuple[Any, ...]]] = [
        (DBusAddress(path, NAME, PROPERTIES), "GetAll", "s", (ITEM,)) for path in paths
    ]
    answers = bus.call_all(calls, seconds=READ_SECONDS)
    if paths and all(isinstance(answer, BusError) for answer in answers):
        raise BusError("closed", f"none of {len(paths)} entries could be read: {answers[0]}")
    return [
        _entry(path, answer[0], secrets.get(path))
        for path, answer in zip(paths, answers, strict=True)
        if not isinstance(answer, BusError)
    ]


def _secrets(bus: Bus, paths: Sequence[str]) -> Mapping[str, Secret]:
    if not paths:
        return {}
    session = open_session(bus)
    body = bus.call(SERVICE, "GetSecrets", "aoo", (paths, session.object_path), seconds=READ_SECONDS)
    with garbled("GetSecrets"):
        return {str(path): read_secret(session, answer) for path, answer in body[0].items()}


def _entry(path: str, answer: Any, secret: Secret | None) -> Entry:
    with garbled(f"the entry {path}"):
        found = {str(name): value[1] for name, value in answer.items()}
        return Entry(
            path=path,
            collection=path.rpartition("/")[0],
            label=str(found.get("Label", "")),
            attributes={str(name): str(value) for name, value in dict(found.get("Attributes", {})).items()},
            secret=secret,
            locked=bool(found.get("Locked", False)),
            created=int(found.get("Created", 0)),
            modified=int(found.get("Modified", 0)),
        )


def _decrypt(session: Any, answer: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(session.aes_key), modes.CBC(bytes(answer[1]))).decryptor()
    padded = decryptor.update(bytes(answer[2])) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= 16:
        raise ValueError("the padding does not fit")
    return bytes(padded[: -padded[-1]])
