"""A real keyring file, made by a real daemon once a session, to damage in every way."""

from collections.abc import Iterator

import pytest

from tests.support.lab import a_lab

PASSWORD = "file-password"


@pytest.fixture(scope="session")
def keyring_file() -> Iterator[bytes]:
    """Six entries, of three programs' kinds."""
    with a_lab() as lab:
        lab.start(PASSWORD)
        for number in range(4):
            lab.add_entry(f"name_{number}", f"value-{number}-" + "abcdefgh" * number)
        lab.add({"service": "gh:github.com", "username": "octo"}, b"another program's", label="gh")
        lab.add(
            {"service": "mcp-secrets", "account": "keytar"}, b"keytar's value", label="mcp-secrets/keytar"
        )
        yield (lab.keyrings / "login.keyring").read_bytes()


@pytest.fixture(scope="session")
def binary_file() -> Iterator[bytes]:
    """Two entries, the second with bytes that are no text."""
    with a_lab() as lab:
        lab.start(PASSWORD)
        lab.add_entry("first", "text")
        lab.add({"program": "other"}, bytes(range(256)), label="Bytes of another program")
        lab.add_entry("last", "text")
        yield (lab.keyrings / "login.keyring").read_bytes()
