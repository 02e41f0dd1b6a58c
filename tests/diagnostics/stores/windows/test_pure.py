"""What needs no Windows: bytes as text, names by the table, error codes, how a credential lies in memory."""

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from diagnostics.catalog.causes import causes
from diagnostics.secret import Secret
from diagnostics.stores.windows.blob import blob_of, content_of, seen_by_keyring
from diagnostics.stores.windows.calls import Advapi
from diagnostics.stores.windows.credential import (
    ENTERPRISE,
    KEYRING_COMMENT,
    SESSION,
    Credential,
    CredentialError,
)
from diagnostics.stores.windows.entry import document, entries_of, parts_of
from diagnostics.stores.windows.error_codes import MEANINGS, meaning_of
from diagnostics.stores.windows.layout import CredentialLayout, credential_in, wide
from diagnostics.stores.windows.target import Name, Scheme, name_of, target_of
from recovery.stores.windows.calls import write_with

EVEN, ODD = "s3cr3t!!", "s3cr3t!"


@pytest.mark.parametrize(
    ("blob", "text", "encoding", "keyring"),
    [
        (EVEN.encode("utf-16-le"), EVEN, "utf-16", EVEN),
        (EVEN.encode(), EVEN, "utf-8", "㍳牣琳℡"),
        (ODD.encode(), ODD, "utf-8", ODD),
        ("värde!!".encode(), "värde!!", "utf-8", "썶犤敤℡"),
        ("värde".encode("utf-16-le"), "värde", "utf-16", "värde"),
        ("token\n".encode("utf-16-le"), "token\n", "utf-16", "token\n"),
        (b"token\r\n!", "token\r\n!", "utf-8", "潴敫൮ℊ"),
        ("token".encode("utf-16"), "token", "utf-16-bom", "token"),
        ("a\0b".encode("utf-16-le"), "a\0b", "utf-16", "a\0b"),
        (EVEN.encode("utf-16-le")[:-1], EVEN.encode("utf-16-le")[:-1].decode(), "bytes", EVEN.encode("utf-16-le")[:-1].decode()),
        (b"\xff\xd8\xff", "\udcff\udcd8\udcff", "bytes", None),
        (b"", "", "utf-16", ""),
    ],
)  # fmt: skip
def test_bytes_as_text(blob: bytes, text: str, encoding: str, keyring: str | None) -> None:
    found = content_of(blob)
    assert (found.text, found.encoding) == (text, encoding)
    assert seen_by_keyring(blob) == keyring
    assert blob_of(found.text, found.encoding) == blob


@given(some.binary(max_size=64))
def test_no_byte_is_ever_lost(blob: bytes) -> None:
    found = content_of(blob)
    assert blob_of(found.text, found.encoding) == blob


@given(some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_token_is_recognised_in_either_encoding(token: str) -> None:
    assert content_of(token.encode()).text == token
    assert content_of(token.encode("utf-16-le")).text == token


@pytest.mark.parametrize(
    ("target", "user", "comment", "name"),
    [
        ("mcp-secrets", "github", KEYRING_COMMENT, Name("mcp-secrets", "github", Scheme.KEYRING)),
        ("github@mcp-secrets", "github", KEYRING_COMMENT, Name("mcp-secrets", "github", Scheme.COMPOUND)),
        ("auth0-mcp/AUTH0_TOKEN", "AUTH0_TOKEN", "", Name("auth0-mcp", "AUTH0_TOKEN", Scheme.KEYTAR)),
        ("gh:github.com:ada", "ada", "", Name("gh:github.com", "ada", Scheme.GO)),
        ("gh:github.com:", "", "", Name("gh:github.com", "", Scheme.GO)),
        ("secrets.goose", "secrets", "", Name("goose", "secrets", Scheme.RUST)),
        ("https://host/ada", "ada", KEYRING_COMMENT, Name("https://host/ada", "ada", Scheme.KEYRING)),
        ("git:https://github.com", "PersonalAccessToken", "", Name("git:https://github.com", "PersonalAccessToken", Scheme.KEYRING)),
        ("/x", "x", "", Name("/x", "x", Scheme.KEYRING)),
        ("x@", "x", "", Name("x@", "x", Scheme.KEYRING)),
    ],
)  # fmt: skip
def test_names_by_the_table(target: str, user: str, comment: str, name: Name) -> None:
    assert name_of(target, user, comment) == name
    assert target_of(name.scheme, name.service, name.account) == target


def test_every_code_has_a_known_cause() -> None:
    assert {each.cause for each in MEANINGS.values()} <= set(causes())
    assert meaning_of(1312).outcome == "no-logon-session"
    assert meaning_of(-2146893813).outcome == "undecryptable"  # 0x8009000B as a signed number
    assert meaning_of(4711).outcome == "refused"
    assert str(CredentialError(-2146893813, "CredRead")).endswith("0x8009000B")


def cred(target: str, user: str, text: str, comment: str = "", persist: int = ENTERPRISE) -> Credential:
    return Credential(target, user, text.encode("utf-16-le"), persist, comment)


def test_the_value_left_behind_is_no_entry_of_its_name() -> None:
    found = entries_of(
        [cred("S", "a", "new", KEYRING_COMMENT), cred("a@s", "a", "old"), cred("b@S", "b", "1")]
    )
    assert [dict(each.attributes) for each in found] == [
        {"service": "S", "username": "a", "application": "Python keyring library"},
        {"service": "s", "stale-username": "a"},
        {"service": "S", "username": "b"},
    ]
    assert [each.account_attribute for each in found] == ["username", "", "username"]


def test_odd_things_stand_in_the_attributes() -> None:
    (one, two) = entries_of([Credential("S", "a", b"even"), Credential("S/k", "k", b"x", SESSION)])
    assert dict(one.attributes) == {"service": "S", "username": "a", "encoding": "utf-8"}
    assert dict(two.attributes) == {
        "service": "S", "account": "k", "xdg:schema": "org.freedesktop.Secret.Generic", "persist": "session",
    }  # fmt: skip


def test_a_document_in_parts_is_one_entry_and_half_of_one_has_no_value() -> None:
    value = Secret("väl\udcffue" * 1000)
    raw = document("Kept", {"service": "mcp-doctor-undo", "username": "1/0"}, value)
    parts = [Credential(name, "1/0", part) for name, part in parts_of("mcp-doctor-undo/1/0~ab", raw)]
    assert len(parts) == 4
    assert all(len(each.blob) <= 2560 for each in parts)
    (whole,) = entries_of(parts)
    assert (whole.label, whole.secret) == ("Kept", value)
    (half,) = entries_of(parts[1:])
    assert half.secret is None
    assert not entries_of(parts[:-1])


# ── memory ──────────────────────────────────────────────────────────────────────────────────────────────────


class FakeAdvapi32:
    """The library's four functions, in the memory of this process."""

    def __init__(self) -> None:
        self.kept: dict[str, Credential] = {}
        self.error = 0
        self.freed = 0
        self._held: list[object] = []

    def CredWriteW(self, given: Any, flags: int) -> int:  # noqa: N802 - the name that Windows has
        one = credential_in(given._obj)
        self.error = 1783 if len(one.blob) > 2560 else 0
        if not self.error:
            self.kept[one.target] = one
        return int(not self.error)

    def CredEnumerateW(self, prefix: object, flags: int, count: Any, found: Any) -> int:  # noqa: N802
        assert flags == 0
        if not self.kept:
            self.error = 1168
            return 0
        made = [self._layout(each) for each in self.kept.values()]
        array = (ctypes.POINTER(CredentialLayout) * len(made))(*map(ctypes.pointer, made))
        self._held += [made, array]
        count._obj.value = len(made)
        ctypes.memmove(
            ctypes.addressof(found._obj),
            ctypes.byref(ctypes.c_void_p(ctypes.addressof(array))),
            ctypes.sizeof(ctypes.c_void_p),
        )
        return 1

    def CredFree(self, found: object) -> None:  # noqa: N802
        self.freed += 1

    def _layout(self, one: Credential) -> CredentialLayout:
        made = CredentialLayout()
        texts = [wide(each) for each in (one.target, one.user)]
        blob = ctypes.create_string_buffer(one.blob)
        self._held += [*texts, blob]
        made.type, made.persist, made.blob_size = 1, one.persist, len(one.blob)
        made.target, made.user, made.blob = (ctypes.addressof(each) for each in (*texts, blob))
        made.written_low, made.written_high = (
            116_444_736_000_000_000 + 17 * 10**7 & 0xFFFFFFFF,
            116_444_736_170_000_000 >> 32,
        )
        return made


@pytest.fixture
def advapi() -> Advapi:
    library = FakeAdvapi32()
    return Advapi(library, lambda: library.error)


def test_what_is_written_is_listed_and_the_list_is_freed(advapi: Advapi) -> None:
    assert advapi.enumerate() == []
    assert advapi.library.freed == 0
    write_with(advapi, Credential("näme 🔑", "ada", b"\0\xff", SESSION))
    write_with(advapi, Credential("empty", "", b""))
    assert advapi.enumerate("n") == [
        Credential("näme 🔑", "ada", b"\0\xff", SESSION, "", 17), Credential("empty", "", b"", ENTERPRISE, "", 17),
    ]  # fmt: skip
    assert advapi.library.freed == 1
    with pytest.raises(CredentialError, match="1783"):
        write_with(advapi, Credential("long", "ada", b"x" * 2561))
    with pytest.raises(ValueError, match="NUL"):
        write_with(advapi, Credential("a\0b", "ada", b""))


def test_a_credential_lies_in_memory_as_windows_says() -> None:
    """sizeof(CREDENTIALW) and offsets on 64-bit Windows (wincred.h)."""
    assert ctypes.sizeof(CredentialLayout) == 80
    assert (CredentialLayout.target.offset, CredentialLayout.blob.offset, CredentialLayout.user.offset) == (
        8,
        40,
        72,
    )
