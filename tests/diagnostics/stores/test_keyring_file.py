"""Keyring files are read without their password, and nothing that is in one can break the reader."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.stores.keyring_file import MAGIC, KeyringFileError, parse_header, read_header
from tests.support.lab import Lab


@pytest.fixture
def real(unlocked: Lab) -> bytes:
    unlocked.add_entry("github_token", "value")
    unlocked.add_entry("slack_token", "value")
    return (unlocked.keyrings / "login.keyring").read_bytes()


def outcome_of(content: bytes) -> str:
    try:
        parse_header(content)
    except KeyringFileError as error:
        return error.outcome
    return "read"


def test_a_real_file(real: bytes) -> None:
    header = parse_header(real)
    assert header.name == "login"
    assert not header.plain
    assert header.iterations > 0
    assert len(header.salt) == 8
    assert header.encrypted_at + header.encrypted_length == len(real)
    hashes = {item.attributes["username"] for item in header.items}
    names = ("github_token", "slack_token")
    assert hashes == {hashlib.md5(name.encode()).hexdigest() for name in names}


def test_a_file_cut_anywhere_is_cut_off(real: bytes) -> None:
    for end in range(1, len(real)):
        with pytest.raises(KeyringFileError) as raised:
            parse_header(real[:end])
        assert raised.value.outcome == "truncated", end


def test_appended_bytes_do_no_harm(real: bytes) -> None:
    """The daemon loads such a file, too."""
    assert parse_header(real + b"trailing").items == parse_header(real).items


def test_any_flipped_byte_is_read_or_refused(real: bytes) -> None:
    for at in range(len(real)):
        flipped = bytearray(real)
        flipped[at] ^= 0xFF
        assert outcome_of(bytes(flipped)) in {"read", "truncated", "garbled"}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_read_or_refused(content: bytes, begins_well: bool) -> None:
    outcome = outcome_of(MAGIC + bytes(4) + content if begins_well else content)
    assert outcome in {"read", "empty", "truncated", "garbled"}


def test_a_wild_count_costs_nothing() -> None:
    clear = MAGIC + bytes(4) + b"\xff\xff\xff\xff" + bytes(16 + 8 + 4 + 8 + 16) + b"\xff\xff\xff\xf0"
    with pytest.raises(KeyringFileError, match="should follow"):
        parse_header(clear)


def test_the_plain_form() -> None:
    header = parse_header(
        b"[keyring]\ndisplay-name=login\n\n[3]\nitem-type=0\nsecret=x\n\n[3:attribute0]\nname=a\n"
    )
    assert header.plain
    assert header.name == "login"
    assert [item.number for item in header.items] == [3]


def test_what_is_no_plain_file(tmp_path: Path) -> None:
    with pytest.raises(KeyringFileError) as raised:
        read_header(tmp_path)
    assert raised.value.outcome == "unreadable"
    with pytest.raises(KeyringFileError):
        read_header(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KeyringFileError):
        read_header(tmp_path / "pipe")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.keyring"
    with path.open("wb") as file:
        file.truncate(70 * 1024 * 1024)
    with pytest.raises(KeyringFileError) as raised:
        read_header(path)
    assert raised.value.outcome == "too-large"
