"""The age format: what the plain `age` program opens, and how files that can't be opened are told apart."""

import contextlib
import re
import subprocess
from pathlib import Path

import pexpect
import pytest

from diagnostics.host import Host
from diagnostics.secret import Secret
from recovery.backups.age import LARGEST, decrypt, encrypt
from recovery.backups.error import BackupError, Reason
from recovery.backups.header import header_of, unarmored
from recovery.backups.key import identities, new_passphrase, recipients, usable_passphrase
from tests.recovery.backups.conftest import PASSPHRASE, Pair, a_pair, ssh_key
from tests.support.lab import require

TEXT = "what only the right key shows: ü\n"


def age(*words: object, given: bytes = b"") -> bytes:
    """The output of the real program."""
    require("age")
    return subprocess.run(
        ["age", *map(str, words)], input=given, capture_output=True, check=True, timeout=30
    ).stdout


def reason(call: object) -> Reason:
    """Why it was refused."""
    with pytest.raises(BackupError) as raised:
        call()  # type: ignore[operator]
    return raised.value.reason


def test_age_opens_what_is_encrypted_for_a_recipient(host: Host, pair: Pair) -> None:
    sealed = encrypt(Secret(TEXT), pair.lock, host)
    assert age("-d", "-i", pair.path, given=sealed).decode() == TEXT
    assert header_of(sealed).kinds == ("X25519",)
    assert header_of(sealed).words == "1 recipient"


@pytest.mark.parametrize("armor", [(), ("-a",)])
def test_what_age_encrypts_for_a_recipient_is_opened(host: Host, pair: Pair, armor: tuple[str, ...]) -> None:
    sealed = age("-r", pair.public, *armor, given=TEXT.encode())
    assert decrypt(sealed, pair.key, host).decode() == TEXT


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_ssh_keys_both_ways(host: Host, tmp_path: Path, kind: str) -> None:
    path = ssh_key(tmp_path, kind)
    public = path.with_suffix(".pub")
    sealed = encrypt(Secret(TEXT), recipients([str(public)]), host)
    assert header_of(sealed).kinds == (f"ssh-{kind}",)
    assert age("-d", "-i", path, given=sealed).decode() == TEXT
    theirs = age("-R", public, given=TEXT.encode())
    assert decrypt(theirs, identities([path]), host).decode() == TEXT


def test_several_recipients_each_open_it(host: Host, tmp_path: Path) -> None:
    one, other = a_pair(tmp_path, "one"), a_pair(tmp_path, "other")
    listed = tmp_path / "team.txt"
    listed.write_text(f"# the team\n{one.public}\n\n{other.public}\n")
    sealed = encrypt(Secret(TEXT), recipients([str(listed)]), host)
    assert header_of(sealed).words == "2 recipients"
    assert [decrypt(sealed, each.key, host).decode() for each in (one, other)] == [TEXT, TEXT]


def test_age_opens_a_passphrase_of_ours_and_we_open_one_of_its(host: Host, tmp_path: Path) -> None:
    require("age")
    ours = tmp_path / "ours.age"
    ours.write_bytes(encrypt(Secret(TEXT), Secret(PASSPHRASE), host))
    child = pexpect.spawn("age", ["-d", "-o", str(tmp_path / "out"), str(ours)], timeout=60, encoding="utf-8")
    child.expect("passphrase")
    child.sendline(PASSPHRASE)
    child.expect(pexpect.EOF)
    assert (tmp_path / "out").read_text() == TEXT
    (tmp_path / "in").write_text(TEXT)
    theirs = tmp_path / "theirs.age"
    child = pexpect.spawn(
        "age", ["-p", "-o", str(theirs), str(tmp_path / "in")], timeout=60, encoding="utf-8"
    )
    for _ in range(2):
        child.expect("passphrase")
        child.sendline(PASSPHRASE)
    child.expect(pexpect.EOF)
    sealed = theirs.read_bytes()
    assert header_of(sealed).has_passphrase
    assert decrypt(sealed, Secret(PASSPHRASE), host).decode() == TEXT
    assert reason(lambda: decrypt(sealed, Secret(PASSPHRASE + "x"), host)) is Reason.WRONG_PASSPHRASE
    assert reason(lambda: decrypt(sealed[:-1], Secret(PASSPHRASE), host)) is Reason.DAMAGED


def test_what_can_not_be_opened_is_told_apart(host: Host, tmp_path: Path, pair: Pair) -> None:
    sealed = encrypt(Secret(TEXT), pair.lock, host)
    assert reason(lambda: decrypt(b"PK\x03\x04 a zip", pair.key, host)) is Reason.NOT_AGE
    assert reason(lambda: decrypt(b"", pair.key, host)) is Reason.NOT_AGE
    newer = sealed.replace(b"encryption.org/v1", b"encryption.org/v2")
    assert reason(lambda: decrypt(newer, pair.key, host)) is Reason.NEWER_AGE
    assert reason(lambda: decrypt(sealed, a_pair(tmp_path, "x").key, host)) is Reason.WRONG_IDENTITY
    assert reason(lambda: decrypt(sealed, Secret(PASSPHRASE), host)) is Reason.NEEDS_IDENTITY
    assert reason(lambda: decrypt(sealed[:-1], pair.key, host)) is Reason.DAMAGED
    assert reason(lambda: decrypt(sealed[:40], pair.key, host)) is Reason.DAMAGED
    with_passphrase = (
        b"age-encryption.org/v1\n-> scrypt " + b"A" * 22 + b" 18\n" + b"A" * 43 + b"\n--- " + b"A" * 43
    )
    assert (
        reason(lambda: decrypt(with_passphrase + b"\n" + bytes(48), pair.key, host))
        is Reason.NEEDS_PASSPHRASE
    )


@pytest.mark.parametrize("work", ["23", "30", "64", "999"])
def test_a_giant_work_factor_is_not_tried(host: Host, work: str) -> None:
    head = f"age-encryption.org/v1\n-> scrypt {'A' * 22} {work}\n{'A' * 43}\n--- {'A' * 43}\n".encode()
    assert reason(lambda: decrypt(head + bytes(48), Secret(PASSPHRASE), host)) is Reason.TOO_MUCH_WORK


def test_a_file_that_is_too_large_is_not_tried(host: Host, pair: Pair) -> None:
    assert reason(lambda: decrypt(bytes(LARGEST + (2 << 20)), pair.key, host)) is Reason.TOO_LARGE
    assert reason(lambda: encrypt(Secret("x" * (LARGEST + 1)), pair.lock, host)) is Reason.TOO_LARGE


def test_a_changed_byte_anywhere_is_noticed(host: Host, pair: Pair) -> None:
    sealed = encrypt(Secret(TEXT), pair.lock, host)
    for at in range(0, len(sealed), 11):
        changed = bytearray(sealed)
        changed[at] ^= 0x01
        with pytest.raises(BackupError):
            decrypt(bytes(changed), pair.key, host)


def test_no_byte_of_a_header_makes_its_reader_break(host: Host, pair: Pair) -> None:
    sealed = encrypt(Secret(TEXT), pair.lock, host)
    for at in range(len(sealed)):
        for value in (0, 10, 32, 45, 65, 255):
            changed = bytearray(sealed)
            changed[at] = value
            with contextlib.suppress(BackupError):
                header_of(bytes(changed))


def test_armor_that_is_cut_off_is_damage(host: Host, pair: Pair) -> None:
    sealed = age("-r", pair.public, "-a", given=TEXT.encode())
    assert unarmored(sealed).startswith(b"age-encryption.org/v1\n")
    assert reason(lambda: decrypt(sealed[:-10], pair.key, host)) is Reason.DAMAGED


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugins"),
        ("age1" + "q" * 58, "whole and unchanged"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "whole and unchanged"),
        ("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=", "ssh-ed25519 and ssh-rsa only"),
        (
            "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t",
            "ssh-ed25519 and ssh-rsa only",
        ),
        ("/nowhere/key.pub", "neither a recipient nor a file"),
        ("/dev/zero", "is not a file"),
    ],
)
def test_a_recipient_that_is_none_is_refused_in_words(word: str, said: str) -> None:
    with pytest.raises(BackupError, match=re.escape(said)) as raised:
        recipients([word])
    assert raised.value.reason is Reason.BAD_RECIPIENT


def test_a_private_key_given_as_recipient_is_refused_and_not_shown(pair: Pair) -> None:
    with pytest.raises(BackupError, match="holds a private key") as raised:
        recipients([str(pair.path)])
    assert "AGE-SECRET-KEY-1" not in str(raised.value)


def test_a_line_that_is_no_recipient_is_named_by_its_number(tmp_path: Path, pair: Pair) -> None:
    path = tmp_path / "team"
    path.write_text(f"# team\n{pair.public}\nnot a key\n")
    with pytest.raises(BackupError, match="line 3"):
        recipients([str(path)])


def test_identities_that_can_not_be_used_are_refused_in_words(tmp_path: Path) -> None:
    locked = ssh_key(tmp_path, "ed25519", "a passphrase")
    with pytest.raises(BackupError, match="passphrase of its own"):
        identities([locked])
    with pytest.raises(BackupError, match="ssh-ed25519 and ssh-rsa"):
        identities([ssh_key(tmp_path, "ecdsa")])
    plugin = tmp_path / "plugin.txt"
    plugin.write_text("AGE-PLUGIN-YUBIKEY-1QQPQ\n")
    with pytest.raises(BackupError, match="plugins"):
        identities([plugin])
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    with pytest.raises(BackupError, match="holds no identity"):
        identities([empty])
    sealed = tmp_path / "sealed.txt"
    sealed.write_text("age-encryption.org/v1\n")
    with pytest.raises(BackupError, match="itself encrypted"):
        identities([sealed])


@pytest.mark.parametrize(
    "weak",
    ["", "short", "elevenchars", "aaaaaaaaaaaaaaaaaaaa", "tab\tin the middle of", "\udcffnot utf-8 at all"],
)
def test_a_passphrase_that_is_too_weak_or_can_not_be_typed_is_refused(weak: str) -> None:
    assert reason(lambda: new_passphrase(Secret(weak))) is Reason.BAD_PASSPHRASE


def test_a_short_passphrase_of_someone_else_still_opens() -> None:
    assert usable_passphrase(Secret("short")) == Secret("short")
