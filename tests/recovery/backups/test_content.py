"""What is inside a backup: everything comes back as it was, and nothing hostile gets in."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.secret import Secret
from recovery.backups.content import SCHEMA, Backup, BackupEntry, digest_of, read, written
from recovery.backups.error import BackupError, Reason

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.just(""),
    st.just("x" * 65_536),
    st.binary(min_size=65_536, max_size=65_536).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
ENTRIES = st.builds(
    BackupEntry,
    attributes=st.dictionaries(NAMES, NAMES, min_size=1, max_size=5),
    label=NAMES,
    collection=NAMES,
    value=VALUES.map(Secret),
    created=st.integers(0, 4_000_000_000),
    modified=st.integers(0, 4_000_000_000),
)


def a_backup(*entries: BackupEntry) -> Backup:
    return Backup("2026-11-23T12:00:00Z", "mcp-doctor 0", "host", "linux", "ada", "secret-service", entries)


def raw(backup: Backup) -> bytes:
    return written(backup).reveal().encode()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ENTRIES, max_size=4))
def test_everything_comes_back_as_it_was(entries: list[BackupEntry]) -> None:
    backup = a_backup(*entries)
    assert read(raw(backup)) == backup
    assert read(written(backup, on_one_line=True).reveal().encode()) == backup


def test_a_person_can_read_it() -> None:
    entry = BackupEntry(
        {"service": "mcp-secrets", "username": "github_token"}, "Label", "login", Secret("täxt\n")
    )
    text = written(a_backup(entry)).reveal()
    assert text.isascii()
    assert len(text.splitlines()) > 15
    told = json.loads(text)["entries"][0]
    assert (told["service"], told["account"], told["value"]) == ("mcp-secrets", "github_token", "täxt\n")


def test_bytes_that_are_no_text_are_base64() -> None:
    value = Secret(b"\xff\xfe\x00a".decode("utf-8", "surrogateescape"))
    told = json.loads(written(a_backup(BackupEntry({"a": "b"}, "", "", value))).reveal())["entries"][0]
    assert (told["encoding"], told["value"]) == ("base64", "//4AYQ==")


def a_document(**changes: Any) -> dict[str, Any]:
    entry = BackupEntry({"service": "s", "username": "u"}, "L", "login", Secret("value"))
    document: dict[str, Any] = json.loads(written(a_backup(entry)).reveal())
    for name, value in changes.items():
        if name in document:
            document[name] = value
        else:
            document["entries"][0][name] = value
    return document


def reason(content: bytes) -> Reason:
    with pytest.raises(BackupError) as raised:
        read(content)
    assert "\x1b" not in str(raised.value)
    return raised.value.reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schema": "mcp-doctor.backup/2"}, Reason.NEWER_BACKUP),
        ({"schema": "someone.else/1"}, Reason.NOT_A_BACKUP),
        ({"schema": 1}, Reason.NOT_A_BACKUP),
        ({"entries": None}, Reason.NOT_A_BACKUP),
        ({"entries": ["entry"]}, Reason.NOT_A_BACKUP),
        ({"entries": [{}] * 10_001}, Reason.TOO_LARGE),
        ({"attributes": {}}, Reason.NOT_A_BACKUP),
        ({"attributes": []}, Reason.NOT_A_BACKUP),
        ({"attributes": {"service": 1}}, Reason.NOT_A_BACKUP),
        ({"attributes": {"service": "a\0b"}}, Reason.NOT_A_BACKUP),
        ({"attributes": {"service": "\udc80"}}, Reason.NOT_A_BACKUP),
        ({"attributes": {"service": "x" * 5000}}, Reason.NOT_A_BACKUP),
        ({"attributes": {str(each): "" for each in range(100)}}, Reason.NOT_A_BACKUP),
        ({"label": ["x"]}, Reason.NOT_A_BACKUP),
        ({"collection": "\0"}, Reason.NOT_A_BACKUP),
        ({"value": None}, Reason.NOT_A_BACKUP),
        ({"value": "\ud800"}, Reason.NOT_A_BACKUP),
        ({"encoding": "rot13"}, Reason.NOT_A_BACKUP),
        ({"value": "x" * (9 << 20)}, Reason.TOO_LARGE),
        ({"value": "another", "label": "\x1b[31mred"}, Reason.DAMAGED),
        ({"digest": "sha256:00"}, Reason.DAMAGED),
        ({"value": "!", "encoding": "base64"}, Reason.NOT_A_BACKUP),
    ],
)
def test_what_is_odd_is_refused_as_a_whole(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(json.dumps(a_document(**changes)).encode()) is expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b"9" * 100_000,
        b'{"schema":"' + SCHEMA.encode() + b'","schema":"x","entries":[]}',
        b'{"schema":"' + SCHEMA.encode() + b'"}',
    ],
)
def test_what_is_no_backup_is_said(content: bytes) -> None:
    assert reason(content) is Reason.NOT_A_BACKUP


def test_what_a_later_version_adds_is_passed_over() -> None:
    document = a_document()
    document["comment"] = {"new": True}
    document["entries"][0]["colour"] = "red"
    assert len(read(json.dumps(document).encode()).entries) == 1


def test_times_that_are_none_are_unknown() -> None:
    for odd in ("yesterday", 5, None, "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z"):
        assert read(json.dumps(a_document(created=odd)).encode()).entries[0].created == 0


def test_a_backup_shows_no_value() -> None:
    entry = BackupEntry({"service": "s"}, "L", "login", Secret("canary-value"))
    assert "canary" not in repr(a_backup(entry)) + str(entry) + digest_of(entry.value)
