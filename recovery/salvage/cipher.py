"""The encryption of gnome-keyring files (egg/egg-symkey.c and pkcs11/secret-store/file-format.txt of gnome-keyring)."""

import hashlib
import time
from collections.abc import Sequence

from diagnostics.secret import Secret

BLOCK = 16
DIGEST = 16
"""Bytes at the beginning of the decrypted part: MD5 of all that follows them."""
MOST_ITERATIONS = 100_000
"""gnome-keyring takes 1,000 to 4,096; a damaged number must not keep us busy for hours."""


def key_of(password: Secret, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """Key and initialisation vector that a password gives: SHA-256 of password and salt, again and again."""
    digest = hashlib.sha256(password.reveal().encode("utf-8", "surrogateescape") + salt).digest()
    for _ in range(1, min(iterations, MOST_ITERATIONS)):
        digest = hashlib.sha256(digest).digest()
    return digest[:16], digest[16:]


def decrypted(encrypted: bytes, key: bytes, vector: bytes) -> bytes:
    """The whole blocks of it, decrypted. Nothing says here whether they are right."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    whole = encrypted[: len(encrypted) // BLOCK * BLOCK]
    engine = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return engine.update(whole) + engine.finalize()


def is_whole(plain: bytes) -> bool:
    """Whether the digest at its beginning fits: then every byte of it is as it was written, and the password right."""
    if len(plain) <= DIGEST:
        return False
    return hashlib.md5(plain[DIGEST:], usedforsecurity=False).digest() == plain[:DIGEST]


def healed(
    encrypted: bytes, key: bytes, vector: bytes, suspects: Sequence[int], seconds: float
) -> bytes | None:
    """The decrypted part with one damaged byte put right, None where no single byte explains the damage.

    Each candidate is held against the digest, so what comes out is certain. In: numbers of the blocks that are looked
    at first; the limit. Single bits come before whole bytes, which is how memory and disks fail.
    """
    if len(encrypted) % BLOCK or len(encrypted) <= DIGEST:
        return None
    until = time.monotonic() + seconds
    plain = decrypted(encrypted, key, vector)
    every = range(len(encrypted) // BLOCK)
    near = [each for each in suspects if each in every]
    for changes, blocks in ((_BITS, near), (_OTHERS, near), (_BITS, every), (_OTHERS, every)):
        for number in blocks:
            if time.monotonic() > until:
                return None
            found = _mended(plain, encrypted, number, changes, key, vector)
            if found is not None:
                return found
    return None


_BITS = tuple(1 << bit for bit in range(8))
_OTHERS = tuple(each for each in range(1, 256) if each not in _BITS)


def _mended(
    plain: bytes, encrypted: bytes, number: int, changes: Sequence[int], key: bytes, vector: bytes
) -> bytes | None:
    """The decrypted part had one byte of this block been another: its block changes, and one byte of the next."""
    start = number * BLOCK
    block = encrypted[start : start + BLOCK]
    before = encrypted[start - BLOCK : start] if start else vector
    ways = [(place, change) for change in changes for place in range(BLOCK)]
    opened = _opened([_changed(block, place, change) for place, change in ways], key)
    after = plain[start + BLOCK :]
    begun = hashlib.md5(plain[DIGEST:start], usedforsecurity=False)
    for (place, change), raw in zip(ways, opened, strict=True):
        new = bytes(a ^ b for a, b in zip(raw, before, strict=True))
        rest = _changed(after, place, change) if after else after
        digest = begun.copy()
        if number:
            digest.update(new)
        digest.update(rest)
        if digest.digest() == (plain[:DIGEST] if number else new):
            return plain[:start] + new + rest
    return None


def _opened(blocks: Sequence[bytes], key: bytes) -> list[bytes]:
    """Blocks decrypted each for itself, without what chains them."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    engine = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305 - the file's own chaining is done by hand
    raw = engine.update(b"".join(blocks)) + engine.finalize()
    return [raw[at : at + BLOCK] for at in range(0, len(raw), BLOCK)]


def _changed(raw: bytes, place: int, change: int) -> bytes:
    return raw[:place] + bytes((raw[place] ^ change,)) + raw[place + 1 :]
