"""What macOS's programs print, read back; the lines are written as Apple's sources print them."""

import plistlib
from itertools import pairwise

import pytest

from diagnostics.model import Session
from diagnostics.stores.macos import parsing
from diagnostics.stores.macos.access import Access, Program, access_of, signature
from diagnostics.stores.macos.child import States
from diagnostics.stores.macos.picture import picture_of
from diagnostics.stores.macos.status import NAMES, cause_of_status, named, status_of_exit

LOGIN = "/Users/me/Library/Keychains/login.keychain-db"
PYTHON = "/opt/homebrew/bin/python3"
DIGEST = "0" * 39 + "1"


def dumped(programs: str, listed: str, asks: str = "don't-require-password", account: str = '"a"b"') -> str:
    return f"""keychain: "{LOGIN}"
version: 512
class: "genp"
attributes:
    0x00000007 <blob>="a label"
    0x00000008 <blob>=<NULL>
    "acct"<blob>={account}
    "cdat"<timedate>=0x32303236303630333137343032385A00  "20260603174028Z\\000"
    "svce"<blob>=0x6D63702DC3A4  "mcp-\\303\\244"
access: 3 entries
    entry 0:
        authorizations (1): encrypt
        don't-require-password
        description: a label
        applications: <null>
    entry 1:
        authorizations (6): decrypt derive export_clear export_wrapped mac sign
        {asks}
        description: a label
{programs}
    entry 2:
        authorizations (1): partition_id
        don't-require-password
        description: {listed}
        applications: <null>
keychain: "{LOGIN}"
version: 512
class: 0x0000000F
attributes:
    0x00000001 <blob>="a key"
"""


def trusting(path: str, status: str = "OK") -> str:
    return f'        applications (1):\n            0: {path} ({status})\n                requirement: cdhash H"00"'


def test_paths() -> None:
    printed = f'    "{LOGIN}"\n    "/Library/Keychains/System.keychain"\n'
    assert parsing.keychain_paths(printed) == [LOGIN, "/Library/Keychains/System.keychain"]
    assert parsing.keychain_paths('    "/a "quoted" name"\n') == ['/a "quoted" name']
    assert parsing.keychain_paths("security: SecKeychainCopyDefault: kaputt\n\n") == []


@pytest.mark.parametrize(
    ("words", "sleep", "timeout"),
    [("no-timeout", False, None), ("lock-on-sleep timeout=300s", True, 300), ("lock-on-sleep no-timeout", True, None),
     ("use-lock-interval timeout=5s", False, 5)],
)  # fmt: skip
def test_settings(words: str, sleep: bool, timeout: int | None) -> None:
    assert parsing.settings(f'Keychain "{LOGIN}" {words}\n') == parsing.Settings(sleep, timeout)


def test_other_words_are_no_settings() -> None:
    assert parsing.settings("security: SecKeychainCopySettings: …\n") is None
    assert parsing.settings(f'Keychain "{LOGIN}"\n') is None


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ('"plain"', b"plain"),
        ('"it said "no""', b'it said "no"'),
        ('"0x41"', b"0x41"),
        ('0x410A  "A\\012"', b"A\n"),
        ("0xFF", b"\xff"),
        ("<NULL>", None),
        ("0xZZ", None),
        ("what", None),
    ],
)
def test_values(printed: str, value: bytes | None) -> None:
    assert parsing.value_of(printed) == value


def test_the_password_line() -> None:
    assert parsing.password('password: "dead"\n') == b"dead"
    assert parsing.password('password: 0x646561640A  "dead\\012"\n') == b"dead\n"
    assert parsing.password("password: \n") == b""
    assert parsing.password("nothing\n") is None


def test_records_keep_hostile_names_apart() -> None:
    one, key = parsing.items(dumped(trusting(PYTHON), "apple:"))
    assert (one.keychain, one.kind, one.service, one.account, one.label) == (
        LOGIN,
        "genp",
        "mcp-ä",
        'a"b',
        "a label",
    )
    assert key.kind == ""
    assert key.access is None
    forged = parsing.items(dumped(trusting(PYTHON), "apple:", account='0x0A616363657373  "\\012access"'))
    assert forged[0].account == "\naccess"
    assert parsing.items("") == []


def rules(programs: str, listed: str, asks: str = "don't-require-password") -> Access:
    (one, _) = parsing.items(dumped(programs, listed, asks))
    return access_of(one.access, Program((PYTHON,), DIGEST))


def test_who_is_let_in() -> None:
    mine = f"apple-tool:, apple:, cdhash:{DIGEST}"
    assert rules(trusting(PYTHON), mine) is Access.ALLOWED
    assert rules("        applications: <null>", mine) is Access.ALLOWED
    assert rules(trusting(PYTHON, "status -67068"), mine) is Access.CHANGED
    assert rules(trusting("/Applications/A.app"), mine) is Access.NOT_LISTED
    assert rules(trusting(PYTHON), "apple:, cdhash:" + "f" * 40) is Access.PARTITION
    assert rules(trusting(PYTHON), mine, "require-password") is Access.PASSWORD
    listed = plistlib.dumps({"Partitions": ["apple:", f"cdhash:{DIGEST}"]}).hex()
    assert rules(trusting(PYTHON), listed) is Access.ALLOWED
    assert rules(trusting(PYTHON), "3c3f") is Access.UNKNOWN
    assert access_of(None, Program((PYTHON,))) is Access.UNKNOWN
    assert access_of((), Program((PYTHON,))) is Access.UNKNOWN
    (one, _) = parsing.items(dumped(trusting(PYTHON), mine))
    assert access_of(one.access, Program((PYTHON,))) is Access.UNKNOWN
    assert access_of(one.access, Program((PYTHON,), "e" * 40, "ABCDE12345")) is Access.PARTITION


def test_signatures() -> None:
    said = f"Executable=/x\nCDHash={DIGEST}\nTeamIdentifier=not set\n"
    assert signature(said) == (DIGEST, "")
    assert signature(said.replace("not set", "ABCDE12345")) == (DIGEST, "ABCDE12345")
    assert signature("/x: code object is not signed at all\n") == ("", "")


def test_numbers() -> None:
    """The exit code is the low byte of the status: 36 is what an SSH session gets, 51 a wrong password."""
    seen = {
        36: -25308,
        44: -25300,
        51: -25293,
        50: -25294,
        37: -25307,
        128: -128,
        30: -34018,
        93: -26275,
        49: -25295,
    }
    assert {code: status_of_exit(code) for code in seen} == seen
    assert [status_of_exit(code) for code in (0, 1, 2)] == [None, None, None]
    assert named(-25308) == "-25308 (errSecInteractionNotAllowed)"
    assert named(7) == "7"
    codes = sorted(status & 0xFF for status in NAMES if status_of_exit(status & 0xFF) == status)
    assert all(a != b for a, b in pairwise(codes))
    assert cause_of_status(-25308) == "macos_keychain_locked"
    assert cause_of_status(-25293) == "macos_keychain_access_denied"


@pytest.mark.parametrize(
    ("bits", "session", "seen"),
    [
        (0x30, Session.LOCAL, "screen"),
        (0x1000, Session.LOCAL, "ssh"),
        (0, Session.SSH, "ssh"),
        (0, Session.LOCAL, "background"),
        (None, Session.SSH, "ssh"),
        (None, Session.LOCAL, "unknown"),
    ],
)
def test_sessions(bits: int | None, session: Session, seen: str) -> None:
    states = States(bits, {LOGIN: (0, 7)})
    found = picture_of([LOGIN], LOGIN, LOGIN, {LOGIN: ""}, states, {}, session)
    assert found.session == seen
    assert found.state().usable


def test_what_nobody_told_is_unknown_and_never_open() -> None:
    found = picture_of([LOGIN], LOGIN, LOGIN, {LOGIN: ""}, None, {}, Session.LOCAL)
    assert found.keychains[0].locked is None
    assert found.state().error
    damaged = picture_of(
        [LOGIN], LOGIN, LOGIN, {LOGIN: ""}, States(0, {LOGIN: (-25295, 0)}), {}, Session.LOCAL
    )
    assert damaged.keychains[0].damage == "-25295 (errSecInvalidKeychain)"
    assert not damaged.state().usable
